#include "support/test.h"

#include <string.h>

#include "base/arena.h"
#include "mta/profile.h"
#include "support/answers.h"

static struct arena *arena;
static struct profile_set *set;

/* What most domains of the tests have: an MX whose host has an address. */
#define M "A m: m A 192.0.2.25"
#define T "MX t: t MX 10 m; " M

struct row {
	const char *name;
	const char *client;
	const char *script; /* see support/answers.h */
	const char *questions, *result;
	const char *rcpt; /* NULL: unchanged */
};

static const struct row rows[] = {
	/* postfix: mta-behaviour of smtp_addr.c and dns_lookup.c */
	{ "postfix asks MX, A, AAAA", "postfix", "MX c: c MX 10 m; " M,
		"MX c, A m, AAAA m", "delivered m 192.0.2.25", NULL },
	{ "postfix takes MX of any owner in a chased answer", "postfix",
		"MX c: c CNAME t, t MX 10 m; " M, "MX c, A m, AAAA m",
		"delivered m 192.0.2.25", NULL },
	{ "postfix follows a bare CNAME", "postfix", "MX c: c CNAME t; " T,
		"MX c, MX t, A m, AAAA m", "delivered m 192.0.2.25", NULL },
	{ "postfix goes to the address after NXDOMAIN and bounces 5.4.4", "postfix", "",
		"MX c, A c, AAAA c", "bounced 5.4.4", NULL },
	{ "postfix defers a failed MX look-up", "postfix", "MX c SERVFAIL", "MX c",
		"deferred 4.4.3", NULL },
	{ "postfix bounces FORMERR 5.4.3", "postfix", "MX c FORMERR", "MX c",
		"bounced 5.4.3", NULL },
	{ "postfix takes a null MX beside others for null", "postfix",
		"MX c: c MX 10 ., c MX 5 m; " M, "MX c", "bounced 5.1.0", NULL },
	{ "postfix delivers to an address as exchange", "postfix",
		"MX c: c MX 10 192.0.2.9", "MX c", "delivered 192.0.2.9 192.0.2.9",
		NULL },
	{ "postfix finds its own address best: loop", "postfix",
		"MX c: c MX 10 m; A m: m A 203.0.113.10", "MX c, A m, AAAA m",
		"bounced 5.4.6", NULL },
	{ "postfix finds its own address behind a host that is gone", "postfix",
		"MX c: c MX 5 gone, c MX 10 m; A gone NXDOMAIN; AAAA gone NXDOMAIN; "
		"A m: m A 203.0.113.10",
		"MX c, A gone, AAAA gone, A m, AAAA m", "deferred 4.4.4", NULL },
	{ "postfix: soft then hard is 4.4.4", "postfix",
		"MX c: c MX 5 s, c MX 10 h; A s SERVFAIL; A h NXDOMAIN; AAAA h "
		"NXDOMAIN",
		"MX c, A s, AAAA s, A h, AAAA h", "deferred 4.4.4", NULL },
	{ "postfix: hard then soft is 4.4.3", "postfix",
		"MX c: c MX 5 h, c MX 10 s; A s SERVFAIL; A h NXDOMAIN; AAAA h "
		"NXDOMAIN",
		"MX c, A h, AAAA h, A s, AAAA s", "deferred 4.4.3", NULL },
	{ "postfix delivers past an unresolvable host", "postfix",
		"MX c: c MX 5 h, c MX 10 m; A h NXDOMAIN; AAAA h NXDOMAIN; " M,
		"MX c, A h, AAAA h, A m, AAAA m", "delivered m 192.0.2.25", NULL },
	{ "postfix does not mind AAAA failing", "postfix",
		"MX c: c MX 10 m; AAAA m SERVFAIL; " M, "MX c, A m, AAAA m",
		"delivered m 192.0.2.25", NULL },

	{ "postfix takes 0.0.0.0 for its own address", "postfix",
		"MX c: c MX 10 m; A m: m A 0.0.0.0", "MX c, A m, AAAA m",
		"bounced 5.4.6", NULL },
	{ "postfix: FORMERR of the exchange is 5.4.3", "postfix",
		"MX c: c MX 10 m; A m FORMERR; AAAA m FORMERR", "MX c, A m, AAAA m",
		"bounced 5.4.3", NULL },
	{ "postfix asks the next address after a 554 greeting", "postfix",
		"MX c: c MX 5 n, c MX 10 m; A n: n A 192.0.2.7; try n g554; " M,
		"MX c, A n, AAAA n, A m, AAAA m", "delivered m 192.0.2.25", NULL },

	/* sendmail: canonify, then MX, then AAAA before A, host by host */
	{ "sendmail canonifies by AAAA, A, MX", "sendmail", "MX c: c MX 10 m; " M,
		"AAAA c, A c, MX c, MX c, AAAA m, A m", "delivered m 192.0.2.25",
		NULL },
	{ "sendmail rewrites to the end of the chain", "sendmail",
		"AAAA c: c CNAME t; A t: t A 192.0.2.1; " T,
		"AAAA c, AAAA t, A t, MX t, AAAA m, A m", "delivered m 192.0.2.25",
		"user@t" },
	{ "sendmail with DontExpandCnames keeps the name", "sendmail-dontexpand",
		"AAAA c: c CNAME t; MX c: c CNAME t, t MX 10 m; " M,
		"AAAA c, MX c, AAAA m, A m", "delivered m 192.0.2.25", NULL },
	{ "sendmail bounces an unknown name 5.1.2", "sendmail", "",
		"AAAA c, MX c, AAAA c", "bounced 5.1.2", NULL },
	{ "sendmail does not ask A after AAAA failed softly", "sendmail",
		"A c: c A 192.0.2.1; MX c: c MX 10 m; AAAA m SERVFAIL; " M,
		"AAAA c, A c, MX c, AAAA m", "deferred 4.4.3", NULL },
	{ "sendmail does not mind AAAA of the domain failing", "sendmail",
		"AAAA c SERVFAIL; MX c: c MX 10 m; " M,
		"AAAA c, A c, MX c, MX c, AAAA m, A m", "delivered m 192.0.2.25",
		NULL },
	{ "sendmail defers when nothing but failures come", "sendmail",
		"AAAA c SERVFAIL; A c SERVFAIL; MX c SERVFAIL", "AAAA c, A c, MX c",
		"deferred 4.4.3", NULL },
	{ "sendmail takes a null MX", "sendmail", "MX c: c MX 0 .",
		"AAAA c, A c, MX c, MX c", "bounced 5.1.10", NULL },
	{ "sendmail finds itself by name", "sendmail",
		"A c: c A 192.0.2.1; MX c: c MX 10 mx.sender.example.net",
		"AAAA c, A c, MX c", "bounced 5.3.5", NULL },
	{ "sendmail asks the second host only when the first fails", "sendmail",
		"A c: c A 192.0.2.1; MX c: c MX 5 n, c MX 10 m; A n: n A 192.0.2.7; "
		"try n refused; " M,
		"AAAA c, A c, MX c, AAAA n, A n, AAAA m, A m", "delivered m 192.0.2.25",
		NULL },

	{ "sendmail defers a soft MX with 4.0.0", "sendmail",
		"A c: c A 192.0.2.1; MX c SERVFAIL", "AAAA c, A c, MX c",
		"deferred 4.0.0", NULL },
	{ "sendmail canonifies again when there is no MX", "sendmail",
		"A c: c A 192.0.2.1; MX c: ", "AAAA c, A c, MX c, AAAA c, A c, AAAA c, A c",
		"delivered c 192.0.2.1", NULL },
	{ "sendmail does not canonify again after FORMERR", "sendmail",
		"A c: c A 192.0.2.1; MX c FORMERR", "AAAA c, A c, MX c, AAAA c, A c",
		"delivered c 192.0.2.1", NULL },
	{ "sendmail asks for an exchange that is an address, then uses it", "sendmail",
		"A c: c A 192.0.2.1; MX c: c MX 10 192.0.2.9",
		"AAAA c, A c, MX c, AAAA 192.0.2.9, A 192.0.2.9",
		"delivered 192.0.2.9 192.0.2.9", NULL },
	{ "sendmail bounces a 554 greeting with its own code", "sendmail",
		"A c: c A 192.0.2.1; MX c: c MX 10 m; try m g554; " M,
		"AAAA c, A c, MX c, AAAA m, A m", "bounced 5.5.0", NULL },

	/* exim */
	{ "exim asks AAAA before A", "exim-4.96", "MX c: c MX 10 m; " M,
		"MX c, AAAA m, A m", "delivered m 192.0.2.25", NULL },
	{ "exim leaves a chain of one alone", "exim-4.96",
		"MX c: c CNAME t, t MX 10 m; " M, "MX c, AAAA m, A m",
		"delivered m 192.0.2.25", NULL },
	{ "exim rewrites to the penultimate name and routes again", "exim-4.96",
		"MX c: c CNAME b, b CNAME t, t MX 10 m; MX b: b CNAME t, t MX 10 m; " M,
		"MX c, AAAA m, A m, MX b, A m", "delivered m 192.0.2.25", "user@b" },
	{ "exim 4.96 defers a bare chain of two", "exim-4.96",
		"MX c: c CNAME b; MX b: b CNAME t; " T, "MX c, MX b", "deferred -",
		NULL },
	{ "exim 4.98 bounces a bare chain of two", "exim-4.98",
		"MX c: c CNAME b; MX b: b CNAME t; " T, "MX c, MX b", "bounced -",
		NULL },
	{ "exim follows one bare CNAME", "exim-4.98", "MX c: c CNAME t; " T,
		"MX c, MX t, AAAA m, A m", "delivered m 192.0.2.25", NULL },
	{ "exim asks no address after NXDOMAIN", "exim-4.96", "", "MX c", "bounced -",
		NULL },
	{ "exim uses other MX beside a null one", "exim-4.96",
		"MX c: c MX 0 ., c MX 10 m; " M, "MX c, AAAA m, A m",
		"delivered m 192.0.2.25", NULL },
	{ "exim does not take an address as exchange", "exim-4.96",
		"MX c: c MX 10 192.0.2.9", "MX c", "bounced -", NULL },
	{ "exim passes over an exchange that is an address", "exim-4.96",
		"MX c: c MX 5 192.0.2.9, c MX 10 m; " M, "MX c, AAAA m, A m",
		"delivered m 192.0.2.25", NULL },
	{ "exim bounces when its own address stands behind hosts that are gone",
		"exim-4.96",
		"MX c: c MX 10 h, c MX 20 m; A h NXDOMAIN; AAAA h NXDOMAIN; "
		"A m: m A 203.0.113.10",
		"MX c, AAAA h, A h, AAAA m, A m", "bounced -", NULL },
	{ "exim defers when a soft host stands before its own address", "exim-4.96",
		"MX c: c MX 10 s, c MX 20 m; A s SERVFAIL; AAAA s SERVFAIL; "
		"A m: m A 203.0.113.10",
		"MX c, AAAA s, A s, AAAA m, A m", "deferred -", NULL },
	{ "exim uses neither loopback nor 0.0.0.0", "exim-4.96",
		"MX c: c MX 10 l; A l: l A 127.0.0.1, l A 0.0.0.0", "MX c, AAAA l, A l",
		"bounced -", NULL },
	{ "exim tries the next address after a 554 greeting", "exim-4.96",
		"MX c: c MX 5 n, c MX 10 m; A n: n A 192.0.2.7; try n g554; " M,
		"MX c, AAAA n, A n, AAAA m, A m", "delivered m 192.0.2.25", NULL },
	{ "exim bounces when all greet with 554", "exim-4.96",
		"MX c: c MX 10 m; try m g554; " M, "MX c, AAAA m, A m", "bounced -",
		NULL },
	{ "exim defers an answer of neither MX nor CNAME", "exim-4.96",
		"MX c: c TXT x; A c: c A 192.0.2.1", "MX c", "deferred -", NULL },
	{ "exim 4.98 bounces it", "exim-4.98", "MX c: c TXT x; A c: c A 192.0.2.1",
		"MX c", "bounced -", NULL },
	{ "exim defers when only a soft host is left", "exim-4.96",
		"MX c: c MX 10 m; A m SERVFAIL", "MX c, AAAA m, A m", "deferred -",
		NULL },
	{ "exim calls the host by the owner of its address", "exim-4.96",
		"MX c: c MX 10 m; A m: m CNAME n, n A 192.0.2.25", "MX c, AAAA m, A m",
		"delivered n 192.0.2.25", NULL },

	/* opensmtpd */
	{ "opensmtpd does not follow a bare CNAME", "opensmtpd", "MX c: c CNAME t; " T,
		"MX c, AAAA c, A c", "deferred -", NULL },
	{ "opensmtpd takes NXDOMAIN with a CNAME for a success", "opensmtpd",
		"MX c NXDOMAIN: c CNAME t", "MX c, AAAA c, A c", "deferred -", NULL },
	{ "opensmtpd bounces NXDOMAIN", "opensmtpd", "", "MX c", "bounced -", NULL },
	{ "opensmtpd bounces REFUSED", "opensmtpd", "MX c REFUSED", "MX c", "bounced -",
		NULL },
	{ "opensmtpd defers SERVFAIL", "opensmtpd", "MX c SERVFAIL", "MX c",
		"deferred -", NULL },
	{ "opensmtpd bounces a null MX", "opensmtpd", "MX c: c MX 0 .", "MX c",
		"bounced -", NULL },
	{ "opensmtpd takes localhost for a null MX", "opensmtpd",
		"MX c: c MX 7 localhost", "MX c", "bounced -", NULL },
	{ "opensmtpd 6.8 knows no null MX", "opensmtpd-6.8", "MX c: c MX 0 .",
		"MX c, AAAA ., A .", "deferred -", NULL },
	{ "opensmtpd asks AAAA before A", "opensmtpd", "MX c: c MX 10 m; " M,
		"MX c, AAAA m, A m", "delivered m 192.0.2.25", NULL },

	/* qmail */
	{ "qmail 1.03 asks ANY, MX of the original, A", "qmail-1.03",
		"ANY c: c CNAME t; MX c: c CNAME t, t MX 10 m; " M,
		"ANY c, ANY t, MX c, A m", "delivered m 192.0.2.25", "user@t" },
	{ "notqmail 1.08 asks CNAME", "notqmail-1.08",
		"CNAME c: c CNAME t; MX c: c CNAME t, t MX 10 m; " M,
		"CNAME c, CNAME t, MX c, A m", "delivered m 192.0.2.25", "user@t" },
	{ "notqmail 1.09 asks MX, A", "notqmail-1.09", "MX c: c CNAME t, t MX 10 m; " M,
		"MX c, A m", "delivered m 192.0.2.25", NULL },
	{ "qmail defers when ANY fails", "qmail-1.03", "ANY c SERVFAIL", "ANY c",
		"deferred 4.4.3", NULL },
	{ "qmail bounces an unknown host 5.1.2", "notqmail-1.09", "", "MX c, A c",
		"bounced 5.1.2", NULL },
	{ "qmail bounces a bare CNAME 5.4.4", "notqmail-1.09",
		"MX c: c CNAME t; A c: c CNAME t; " T, "MX c, A c", "bounced 5.4.4",
		NULL },
	{ "qmail bounces a null MX 5.4.4", "notqmail-1.09", "MX c: c MX 0 .",
		"MX c, A .", "bounced 5.4.4", NULL },
	{ "qmail defers a soft MX 4.1.2", "notqmail-1.09", "MX c SERVFAIL", "MX c",
		"deferred 4.1.2", NULL },
	{ "qmail walks the list in its order, literals too", "qmail-1.03",
		"ANY c: ; MX c: c MX 5 m, c MX 10 192.0.2.9; try m refused; " M,
		"ANY c, MX c, A m", "delivered 192.0.2.9 192.0.2.9", NULL },
	{ "qmail keeps a literal behind its own address", "notqmail-1.09",
		"MX c: c MX 5 m, c MX 10 192.0.2.9; A m: m A 203.0.113.10", "MX c, A m",
		"delivered 192.0.2.9 192.0.2.9", NULL },
	{ "qmail stops at the first host that accepts TCP", "notqmail-1.09",
		"MX c: c MX 5 n, c MX 10 m; A n: n A 192.0.2.7; try n g421; " M,
		"MX c, A n, A m", "deferred -", NULL },
	{ "qmail finds its own address", "notqmail-1.09",
		"MX c: c MX 10 m; A m: m A 203.0.113.10", "MX c, A m", "bounced 5.4.6",
		NULL },

	/* dma */
	{ "dma starts again at a CNAME that was chased", "dma",
		"MX c: c CNAME t, t MX 10 m; " T, "MX c, MX t, A m, AAAA m",
		"delivered m 192.0.2.25", NULL },
	{ "dma bounces NXDOMAIN without a code", "dma", "", "MX c", "bounced -", NULL },
	{ "dma defers a null MX", "dma", "MX c: c MX 0 .", "MX c, A ., AAAA .",
		"deferred -", NULL },
	{ "dma defers when no host has an address", "dma",
		"MX c: c MX 10 m; A m NXDOMAIN; AAAA m NXDOMAIN", "MX c, A m, AAAA m",
		"deferred -", NULL },

	{ "dma bounces when one family is empty and the other fails", "dma",
		"MX c: c MX 10 m; A m SERVFAIL; AAAA m: ", "MX c, A m, AAAA m",
		"bounced -", NULL },
	{ "dma defers when both families fail", "dma",
		"MX c: c MX 10 m; A m SERVFAIL; AAAA m SERVFAIL", "MX c, A m, AAAA m",
		"deferred -", NULL },
	{ "dma defers when both families get FORMERR", "dma",
		"MX c: c MX 10 m; A m FORMERR; AAAA m FORMERR", "MX c, A m, AAAA m",
		"deferred -", NULL },

	/* courier */
	{ "courier uses the additional section", "courier",
		"MX c: c MX 10 m | m A 192.0.2.25", "TXT _mta-sts.c, MX c, AAAA m",
		"delivered m 192.0.2.25", NULL },
	{ "courier 1.0.16 asks for no address when one came with the MX",
		"courier-1.0.16", "MX c: c MX 10 m | m A 192.0.2.25",
		"TXT _mta-sts.c, MX c", "delivered m 192.0.2.25", NULL },
	{ "courier 1.0.16 asks both families when none came with the MX",
		"courier-1.0.16", "MX c: c MX 10 m; " M,
		"TXT _mta-sts.c, MX c, A m, AAAA m", "delivered m 192.0.2.25", NULL },
	{ "courier tries IPv6 first", "courier",
		"MX c: c MX 10 m; AAAA m: m AAAA 2001:db8::25; " M,
		"TXT _mta-sts.c, MX c, A m, AAAA m", "delivered m 2001:db8::25", NULL },
	{ "courier finds its own address", "courier",
		"MX c: c MX 10 m; A m: m A 203.0.113.10",
		"TXT _mta-sts.c, MX c, A m, AAAA m", "bounced -", NULL },
	{ "courier finds its own name only where that has an address", "courier",
		"MX c: c MX 5 mx.sender.example.net, c MX 10 m; " M,
		"TXT _mta-sts.c, MX c, A mx.sender.example.net, AAAA "
		"mx.sender.example.net, A m, AAAA m",
		"delivered m 192.0.2.25", NULL },
	{ "courier finds its own address behind a host that is gone", "courier",
		"MX c: c MX 5 h, c MX 10 m; A h NXDOMAIN; AAAA h NXDOMAIN; "
		"A m: m A 203.0.113.10",
		"TXT _mta-sts.c, MX c, A h, AAAA h, A m, AAAA m", "bounced -", NULL },
	{ "courier does not take ::1 for itself", "courier",
		"MX c: c MX 5 l, c MX 10 m; AAAA l: l AAAA ::1; try l refused; " M,
		"TXT _mta-sts.c, MX c, A l, AAAA l, A m, AAAA m",
		"delivered m 192.0.2.25", NULL },
	{ "courier bounces at a loop of one exchange", "courier",
		"MX c: c MX 5 l, c MX 10 m; A l: l CNAME l; " M,
		"TXT _mta-sts.c, MX c, A l", "bounced -", NULL },
	{ "courier compares owners", "courier",
		"MX c: x MX 10 m; A c: c A 192.0.2.1; " M,
		"TXT _mta-sts.c, MX c, A c, AAAA c", "delivered c 192.0.2.1", NULL },
	{ "courier bounces when a soft host stands beside an absent one", "courier",
		"MX c: c MX 5 s, c MX 10 h; A s SERVFAIL; AAAA s SERVFAIL; "
		"A h NXDOMAIN; AAAA h NXDOMAIN",
		"TXT _mta-sts.c, MX c, A s, AAAA s, A h, AAAA h", "bounced -", NULL },
	{ "courier refuses an address as exchange", "courier",
		"MX c: c MX 10 192.0.2.9", "TXT _mta-sts.c, MX c", "bounced -", NULL },

	/* others */
	{ "haraka asks AAAA, A", "haraka", "MX c: c MX 10 m; " M, "MX c, AAAA m, A m",
		"delivered m 192.0.2.25", NULL },
	{ "haraka bounces an unknown domain 5.1.2", "haraka", "", "MX c, AAAA c, A c",
		"bounced 5.1.2", NULL },
	{ "mx-connect defers when A of the domain fails", "mx-connect",
		"MX c: ; A c SERVFAIL; AAAA c: c AAAA 2001:db8::1", "MX c, A c",
		"deferred -", NULL },
	{ "mx-connect asks AAAA of a domain only without A", "mx-connect",
		"MX c: ; A c: c A 192.0.2.1", "MX c, A c", "delivered c 192.0.2.1",
		NULL },
	{ "maddy meets a null MX in its turn", "maddy",
		"MX c: c MX 10 m, c MX 20 .; " M, "MX c, A m, AAAA m",
		"delivered m 192.0.2.25", NULL },
	{ "stalwart follows through hickory", "stalwart", "MX c: c CNAME t; " T,
		"MX c, MX t, A m, AAAA m", "delivered m 192.0.2.25", NULL },
	{ "stalwart takes SERVFAIL for no MX", "stalwart",
		"MX c SERVFAIL; A c: c A 192.0.2.1", "MX c, A c, AAAA c",
		"delivered c 192.0.2.1", NULL },
	{ "kumomta defers SERVFAIL", "kumomta", "MX c SERVFAIL", "MX c",
		"deferred 4.4.4", NULL },
	{ "postal mails the address after SERVFAIL", "postal",
		"MX c SERVFAIL; A c: c A 192.0.2.1", "MX c, AAAA c, A c",
		"delivered c 192.0.2.1", NULL },
	{ "james asks A only", "james", "MX c: c MX 10 m; " M, "MX c, A m",
		"delivered m 192.0.2.25", NULL },
	{ "james turns a soft address into a bounce", "james",
		"MX c: c MX 10 m; A m SERVFAIL", "MX c, A m", "bounced -", NULL },
	{ "mox asks A, AAAA, CNAME first, then MX of the end", "mox",
		"CNAME c: c CNAME t; " T,
		"A c, AAAA c, CNAME c, A t, AAAA t, CNAME t, MX t, A m, AAAA m, CNAME m, "
		"A m, AAAA m",
		"delivered m 192.0.2.25", NULL },
	{ "mox takes the owner of the address for the end of the chain", "mox",
		"A c: c CNAME b, b CNAME t, t A 192.0.2.1; " T,
		"A c, AAAA c, CNAME c, A t, AAAA t, CNAME t, MX t, A m, AAAA m, CNAME m, "
		"A m, AAAA m",
		"delivered m 192.0.2.25", NULL },
	{ "mox follows the alias of an exchange", "mox",
		"MX c: c MX 10 x; CNAME x: x CNAME m; " M,
		"A c, AAAA c, CNAME c, MX c, A x, AAAA x, CNAME x, A m, AAAA m, CNAME m, "
		"A m, AAAA m",
		"delivered x 192.0.2.25", NULL },
	{ "mox drops an exchange that is an address, and defers without another", "mox",
		"MX c: c MX 10 192.0.2.9", "A c, AAAA c, CNAME c, MX c", "deferred -",
		NULL },
	{ "mox bounces one empty exchange beside others", "mox",
		"MX c: c MX 10 ., c MX 20 m", "A c, AAAA c, CNAME c, MX c", "bounced -",
		NULL },
	{ "mox defers when nothing but a failure is known of the name", "mox",
		"A c SERVFAIL; AAAA c SERVFAIL; CNAME c SERVFAIL",
		"A c, AAAA c, CNAME c", "deferred -", NULL },
	{ "chasquid bounces REFUSED", "chasquid", "MX c REFUSED", "MX c", "bounced -",
		NULL },
	{ "hmailserver asks CNAME itself", "hmailserver",
		"MX c: ; CNAME c: c CNAME t; " T, "MX c, CNAME c, MX t, A m, AAAA m",
		"delivered m 192.0.2.25", NULL },
	{ "hmailserver sees only records of the name itself", "hmailserver",
		"MX c: c CNAME t, t MX 10 m; CNAME c: c CNAME t; " T,
		"MX c, CNAME c, MX t, A m, AAAA m", "delivered m 192.0.2.25", NULL },
	{ "hmailserver asks CNAME of an exchange without address", "hmailserver",
		"MX c: c MX 10 x; A x: x CNAME m, m A 192.0.2.25; CNAME x: x CNAME m; "
		M, "MX c, A x, AAAA x, CNAME x, A m, AAAA m", "delivered x 192.0.2.25",
		NULL },
	{ "hmailserver mails the followed name", "hmailserver",
		"CNAME c: c CNAME t; A t: t A 192.0.2.1",
		"MX c, CNAME c, MX t, CNAME t, A t, AAAA t", "delivered t 192.0.2.1",
		NULL },
	{ "hmailserver goes on when the CNAME question fails", "hmailserver",
		"CNAME c SERVFAIL; A c: c A 192.0.2.1", "MX c, CNAME c, A c, AAAA c",
		"delivered c 192.0.2.1", NULL },
	{ "hmailserver defers an unknown name", "hmailserver", "",
		"MX c, CNAME c, A c, AAAA c, CNAME c", "deferred -", NULL },
	{ "hmailserver defers a null MX", "hmailserver", "MX c: c MX 0 .", "MX c",
		"deferred -", NULL },
	{ "hmailserver delivers past an exchange that failed", "hmailserver",
		"MX c: c MX 5 s, c MX 10 m; A s SERVFAIL; AAAA s SERVFAIL; " M,
		"MX c, A s, AAAA s, CNAME s, A m, AAAA m", "delivered m 192.0.2.25",
		NULL },
	{ "masqmail mails the address after any failure", "masqmail",
		"MX c SERVFAIL; A c: c A 192.0.2.1", "MX c, A c",
		"delivered c 192.0.2.1", NULL },

	{ "masqmail mails the address when the first exchange has none", "masqmail",
		"MX c: c MX 5 h, c MX 10 m; A h NXDOMAIN; A c: c A 192.0.2.1; " M,
		"MX c, A h, A c", "delivered c 192.0.2.1", NULL },
	{ "masqmail passes over a later exchange without address", "masqmail",
		"MX c: c MX 5 m, c MX 10 h, c MX 15 n; A h NXDOMAIN; "
		"A n: n A 192.0.2.7; try m refused; " M,
		"MX c, A m, A h, A n", "delivered n 192.0.2.7", NULL },
	{ "masqmail asks twice for a name without MX and defers", "masqmail", "",
		"MX c, A c, A c", "deferred -", NULL },
	{ "masqmail takes an exchange that is an address for a name", "masqmail",
		"MX c: c MX 10 192.0.2.9; A c: c A 192.0.2.1",
		"MX c, A 192.0.2.9, A c", "delivered c 192.0.2.1", NULL },
	{ "masqmail mails the address of a domain with a null MX", "masqmail",
		"MX c: c MX 0 .; A c: c A 192.0.2.1", "MX c, A ., A c",
		"delivered c 192.0.2.1", NULL },

	/* one answer with CNAME and MX of one owner: what each library counts */
	{ "postfix takes all MX beside a CNAME", "postfix",
		"MX c: c CNAME t, c MX 5 n; A n: n A 192.0.2.7", "MX c, A n, AAAA n",
		"delivered n 192.0.2.7", NULL },
	{ "james follows the CNAME before an MX", "james",
		"MX c: c CNAME t, c MX 5 n; A n: n A 192.0.2.7; " T, "MX c, MX t, A m",
		"delivered m 192.0.2.25", NULL },
	{ "james follows the CNAME behind an MX", "james",
		"MX c: c MX 5 n, c CNAME t, t MX 10 m; A n: n A 192.0.2.7; " M,
		"MX c, A m", "delivered m 192.0.2.25", NULL },
	{ "postal does not count the MX behind its CNAME", "postal",
		"MX c: c CNAME t, c MX 5 n, t MX 10 m; A n: n A 192.0.2.7; " M,
		"MX c, AAAA m, A m", "delivered m 192.0.2.25", NULL },
	{ "postal counts the MX before its CNAME", "postal",
		"MX c: c MX 5 n, c CNAME t, t MX 10 m; A n: n A 192.0.2.7; " M,
		"MX c, AAAA n, A n", "delivered n 192.0.2.7", NULL },
	{ "postal counts the target's MX after the one before the CNAME", "postal",
		"MX c: c MX 5 n, c CNAME t, t MX 10 m; A n: n A 192.0.2.7; "
		"try n refused; " M,
		"MX c, AAAA n, A n, AAAA m, A m", "delivered m 192.0.2.25", NULL },
	{ "postal finds the target's MX before the CNAME, too", "postal",
		"MX c: t MX 10 m, c CNAME t; " M, "MX c, AAAA m, A m",
		"delivered m 192.0.2.25", NULL },
	{ "kumomta takes the MX of both names", "kumomta",
		"MX c: c CNAME t, c MX 5 n, t MX 10 m; A n: n A 192.0.2.7; " M,
		"MX c, A n, AAAA n, A m, AAAA m", "delivered n 192.0.2.7", NULL },
	{ "dnspython takes the name's own MX", "checkdmarc",
		"MX c: c CNAME t, t MX 10 m, c MX 5 n; A n: n A 192.0.2.7; " M,
		"MX c, A n, AAAA n", "delivered n 192.0.2.7", NULL },

	/* the reference client */
	{ "R3: a bare CNAME is followed", "rfc5321", "MX c: c CNAME t; " T,
		"MX c, MX t, A m, AAAA m", "delivered m 192.0.2.25", NULL },
	{ "R4: NXDOMAIN is no implicit MX", "rfc5321", "", "MX c", "bounced 5.1.2",
		NULL },
	{ "R5: SERVFAIL defers", "rfc5321", "MX c SERVFAIL", "MX c", "deferred 4.4.3",
		NULL },
	{ "R6: an empty list is an implicit MX", "rfc5321",
		"MX c: ; A c: c A 192.0.2.1", "MX c, A c, AAAA c",
		"delivered c 192.0.2.1", NULL },
	{ "R8: unusable MX do not lead to the address", "rfc5321",
		"MX c: c MX 10 h; A h NXDOMAIN; AAAA h NXDOMAIN; A c: c A 192.0.2.1",
		"MX c, A h, AAAA h", "bounced 5.4.4", NULL },
	{ "R25: a null MX bounces 5.1.10", "rfc5321", "MX c: c MX 0 .", "MX c",
		"bounced 5.1.10", NULL },
	{ "R14: own host drops itself and worse", "rfc5321",
		"MX c: c MX 5 m, c MX 10 mx.sender.example.net, c MX 20 z; " M,
		"MX c, A m, AAAA m", "delivered m 192.0.2.25", NULL },
	{ "R22: NXDOMAIN with a CNAME is about the target", "rfc5321",
		"MX c NXDOMAIN: c CNAME t", "MX c", "bounced 5.1.2", NULL },

	/* validators */
	{ "the naive script wants a CNAME", "naive-script", "MX c: c MX 10 m; " M,
		"CNAME c", "bounced -", NULL },
	{ "the naive script wants an MX, too", "naive-script",
		"CNAME c: c CNAME t; MX c: c CNAME t", "CNAME c, MX c", "bounced -",
		NULL },
	{ "the naive script is content with both", "naive-script",
		"CNAME c: c CNAME t; MX c: c CNAME t, t MX 10 m", "CNAME c, MX c",
		"delivered m", NULL },
	{ "python-email-validator trusts the MX", "python-email-validator",
		"MX c: c MX 10 m", "MX c", "delivered m", NULL },
	{ "python-email-validator asks A and SPF without MX", "python-email-validator",
		"MX c: ; A c: c A 192.0.2.1", "MX c, A c, TXT c",
		"delivered c 192.0.2.1", NULL },
	{ "python-email-validator refuses SPF -all", "python-email-validator",
		"MX c: ; A c: c A 192.0.2.1; TXT c: c TXT v=spf1 -all",
		"MX c, A c, TXT c", "bounced -", NULL },
};

static void setting_init(struct mta_setting *s)
{
	static const struct name *names[1];
	static struct ip ip;

	names[0] = name_literal(arena, "mx.sender.example.net");
	ip_from_text("203.0.113.10", &ip);
	*s = (struct mta_setting){
		.self_names = names,
		.n_self_names = 1,
		.self_ips = &ip,
		.n_self_ips = 1,
		.mail_from = "sender@sender.example.net",
	};
}

static void test_row(void **state)
{
	const struct row *row = *state;
	const struct mta_profile *p = profile_find(set, row->client);
	struct mta_setting setting;
	struct mta *m;
	const char *questions;

	assert_non_null(p);
	setting_init(&setting);
	m = mta_new(arena, p, &setting, "user@c", 1, NULL);
	questions = answers_run(arena, m, row->script, false);
	assert_string_equal(answers_result(arena, mta_result(m)), row->result);
	assert_string_equal(questions, row->questions);
	assert_string_equal(mta_result(m)->rcpt, row->rcpt ? row->rcpt : "user@c");
}

int main(void)
{
	int failed;

	arena = arena_new();
	set = profile_set_new(arena);
	TESTS_ADD_ROWS(rows, test_row);
	failed = tests_run("mta-mta");
	arena_free(arena);
	return failed;
}
