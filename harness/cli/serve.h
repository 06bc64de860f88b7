/* serve.h - the parts of `harness serve`: what is served, where it listens, and what is
 * said about both. For cmd_serve.c and the serve-*.c files. */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "base/err.h"
#include "cli/evidence.h"
#include "net/endpoint.h"
#include "server/service.h"

#define SERVE_PORT_DEFAULT 5300
#define SERVE_WORKERS_MAX 64

struct serve_options {
	const char *file;  /* a scenario, or NULL */
	const char *index; /* of zones, or NULL */
	const struct server_mode *mode;
	uint64_t at_us; /* in the scenario's timeline */
	const char **listen;
	unsigned n_listen;
	uint16_t port;
	unsigned workers;
	struct endpoint upstream;
	const char **keys; /* "zone=[hmac:]name:secret" */
	unsigned n_keys;
	const char *journal; /* a folder, or NULL */
	struct service_options service;
	const char *port_file, *anchor_file;
	struct evidence_files evidence;
	bool quiet;
};

/* ---- what is served (serve-data.c) ---- */

/* A server each, in the order they were described in; read anew at every SIGHUP. */
struct serve_data {
	struct service_data *list;
	unsigned n;
	/* A question that one of them answers, for the user to try, or NULL. */
	const char *example; /* "customer.mywebservice.com MX" */
	unsigned example_server;
	const char *anchors; /* of signed zones, in master-file form; "" for none */
	struct serve_memory *memory;
};

/* All mistakes go to errs: -1 then. When it returns 0 the arena belongs to the data,
 * each part of which has its share. */
int serve_data_load(const struct serve_options *o, struct arena *a, struct errs *errs,
	struct serve_data *ret);

/* When services have taken over what is in the list; and when none has. */
void serve_data_clear(struct serve_data *d);
void serve_data_discard(struct serve_data *d);

/* ---- who may change it (serve-update.c) ---- */

/* Gives the zones the keys of the options, before anything is served. -1 with mistakes.
 */
int serve_give_keys(const struct serve_options *o, struct arena *a, struct errs *errs,
	struct serve_data *d);

/* The journal of each server, or NULLs when there is to be none. NULL after
 * complaining. */
struct journal **serve_open_journals(
	const struct serve_options *o, const struct serve_data *d);
void serve_close_journals(struct journal **list, unsigned n);

/* ---- where it listens (serve-net.c) ---- */

struct serve_net;

/* An address of a server. */
struct serve_place {
	unsigned server;
	struct endpoint at;
	bool optional; /* left out where the machine has no such address */
	struct listener *listeners[SERVE_WORKERS_MAX];
};

/* Binds every address and starts the threads. Of several servers (more than one, and no
 * fewer than addresses are given) each gets one. NULL after complaining. */
struct serve_net *serve_net_start(
	const struct serve_options *o, struct service *const *services, unsigned n);

const struct serve_place *serve_net_places(const struct serve_net *net, unsigned *n);

/* Asks each address by UDP and TCP and waits for the replies, which count in no
 * statistics. -1 after complaining. */
int serve_net_check(struct serve_net *net);

/* Of all places since serve_net_check(). */
struct serve_counts {
	uint64_t udp, tcp, lost_in, lost_out, rcodes[SERVICE_RCODES], silent;
};
void serve_net_counts(const struct serve_net *net, struct serve_counts *ret);

/* From now on messages go into the options' capture and query log, where they are open.
 */
void serve_net_record(struct serve_net *net);

/* Ends the threads and closes the sockets; then the services may go, then this. */
void serve_net_stop(struct serve_net *net);
void serve_net_free(struct serve_net *net);

/* ---- what is said (serve-text.c) ---- */

/* What listens where, and a line to try. */
void serve_print_table(const struct serve_data *d, const struct serve_place *places,
	unsigned n_places);

/* The DS records among the trust anchors, with a line above; nothing when none. */
void serve_print_anchors(const struct serve_data *d);

void serve_print_counts(const struct serve_counts *c, double seconds);

#endif
