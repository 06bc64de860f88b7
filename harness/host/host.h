/* host.h - the mail hosts and web hosts of a world: they accept, refuse or redirect. */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "base/ip.h"
#include "dns/name.h"

struct arena;

enum smtp_behaviour {
	HOST_SMTP_NONE,	  /* port 25 is closed: connection refused */
	HOST_SMTP_OPEN,	  /* listens */
	HOST_SMTP_SILENT, /* drops packets: connection times out */
};

struct smtp_host {
	enum smtp_behaviour behaviour;
	int greeting; /* 220, or 421, 554, ...: what it greets with; 0 counts as 220 */
	int rcpt;     /* 0: by the lists below; 450, 550: every recipient */
	/* Domains whose recipients it takes; case ignored. "[192.0.2.1]" takes
	 * recipients with this address literal. */
	const char *const *accepts;
	unsigned n_accepts;
	/* If any: only these of those domains; of any domain when none is listed. */
	const char *const *recipients;
	unsigned n_recipients;
	bool accepts_all; /* no list of domains given */
};

struct http_host {
	bool listens;
	const char *const *serves; /* Host: names it knows; none listed: any */
	unsigned n_serves;
	const char *redirect; /* 301 to this host name, or NULL */
};

struct host {
	const char *name;
	const struct ip *at;
	unsigned n_at;
	struct smtp_host smtp;
	struct http_host http;
};

struct hosts {
	const struct host *list;
	unsigned n;
};

/* The host that has the address, or NULL. */
const struct host *hosts_at(const struct hosts *hosts, const struct ip *ip);

/* How far a delivery attempt gets. An address without a host: silence. Enhanced codes
 * as real hosts give them: 5.1.1 unknown recipient, 5.7.1 relaying denied (RFC 3463).
 * A greeting has none (RFC 2034 4). mta/mta.h has the same five facts; this is host's
 * own shape. */
struct host_smtp_reply {
	enum {
		HOST_NO_CONNECTION,
		HOST_GREETED_AWAY,
		HOST_RCPT_REFUSED,
		HOST_TOOK_IT
	} stage;
	bool timed_out;
	int code;	    /* 0 without a connection */
	const char *status; /* enhanced code, or NULL where the reply has none */
	const char *text;   /* static */
};

/* What this host says to rcpt, whatever the address it is met at. */
void host_smtp_one(struct arena *a, const struct host *h, const char *rcpt,
	struct host_smtp_reply *ret);

/* What the host at the address says. The texts are static, so nothing is allocated; the
 * arena is there for hosts to come that answer with more. */
void host_smtp(struct arena *a, const struct hosts *hosts, const struct ip *ip,
	const char *rcpt, struct host_smtp_reply *ret);

/* True when the web host serves the Host: name (none listed: any). */
bool host_serves(const struct http_host *h, const char *name);

#endif
