#include "cli/cli.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/duration.h"
#include "base/lookup.h"
#include "base/newfile.h"
#include "cli/output.h"
#include "cli/refused.h"
#include "cli/select.h"
#include "cli/serve.h"
#include "net/loop.h"

enum {
	OPT_ZONES = 256,
	OPT_MODE,
	OPT_AT,
	OPT_UPSTREAM,
	OPT_LISTEN,
	OPT_PORT,
	OPT_PORT_FILE,
	OPT_TRUST_ANCHOR,
	OPT_WORKERS,
	OPT_VERSION,
	OPT_MINIMAL_ANY,
	OPT_TRANSFER,
	OPT_KEY,
	OPT_JOURNAL,
	OPT_PCAP,
	OPT_QUERY_LOG,
	OPT_QUIET
};

static const struct argp_option rows[] = {
	{ NULL, 0, NULL, 0, "What is served:", 1 },
	{ "zones", OPT_ZONES, "INDEX", 0,
		"in place of a scenario, one server with all zones of a file: "
		"origin<TAB>master-file[<TAB>mode[<TAB>key]], one a line; paths are "
		"relative to it",
		1 },
	{ "mode", OPT_MODE, "MODE", 0,
		"how that server treats data beside a CNAME; default: strict "
		"(`harness list modes')",
		1 },
	{ "at", OPT_AT, "DURATION", 0,
		"the scenario's world at this time of its steps; default: its start",
		1 },
	{ "upstream", OPT_UPSTREAM, "ADDR[:PORT]", 0,
		"a resolver, for the targets of flattened CNAMEs and ALIAS records "
		"that lie outside the zones; default: a scenario's own world, else "
		"none",
		1 },
	{ NULL, 0, NULL, 0, "Where:", 2 },
	{ "listen", OPT_LISTEN, "ADDR", 0,
		"in place of 127.0.0.1 and ::1; may be repeated. The further servers "
		"of a scenario count on from the last",
		2 },
	{ "port", OPT_PORT, "N", 0,
		"for UDP and TCP at every address; default: 5300; 0 picks one", 2 },
	{ "port-file", OPT_PORT_FILE, "FILE", 0,
		"write the port here when everything answers", 2 },
	{ "trust-anchor", OPT_TRUST_ANCHOR, "FILE", 0,
		"write the DNSKEY and DS records that validators of signed zones "
		"need here",
		2 },
	{ "workers", OPT_WORKERS, "N", 0, "threads; default: 1", 2 },
	{ NULL, 0, NULL, 0, "How:", 3 },
	{ "allow-transfer", OPT_TRANSFER, NULL, 0,
		"AXFR and IXFR at addresses that are not loopback, too", 3 },
	{ "key", OPT_KEY, "ZONE=[HMAC:]NAME:SECRET", 0,
		"who signs with this key (nsupdate -y) may change the zone; may be "
		"repeated; default: nobody may",
		3 },
	{ "journal", OPT_JOURNAL, "DIR", 0,
		"write updates to a journal in this folder, and do them again when "
		"the zones are loaded; default: they last until then",
		3 },
	{ "minimal-any", OPT_MINIMAL_ANY, NULL, 0,
		"ANY gets one RRset over UDP (RFC 8482)", 3 },
	{ "version-string", OPT_VERSION, "TEXT", 0,
		"the answer to version.bind; empty: refused, and hostname.bind with "
		"it",
		3 },
	{ "pcap", OPT_PCAP, "FILE", 0,
		"every message as packets, for Wireshark; the file is there when this "
		"ends",
		3 },
	{ "query-log", OPT_QUERY_LOG, "FILE", 0,
		"what was asked and answered, one JSON object a line; a file that "
		"there is already goes on",
		3 },
	{ "quiet", 'q', NULL, 0, "print the ready line and what is wrong, no more", 3 },
	{ 0 },
};

static void set_mode(
	struct serve_options *o, const char *name, struct argp_state *state)
{
	const char *near = lookup_nearest(
		server_modes, server_modes_n, sizeof(server_modes[0]), name);

	o->mode = server_mode(name);
	if (o->mode == NULL)
		argp_error(state, "unknown mode \"%s\"%s%s%s", name,
			near == NULL ? "" : " (did you mean \"",
			near == NULL ? "" : near, near == NULL ? "" : "\"?)");
}

static void add_listen(
	struct serve_options *o, const char *text, struct argp_state *state)
{
	struct endpoint at;

	if (endpoint_from_text(text, 0, &at) != 0)
		argp_error(state, "--listen: \"%s\" is no address", text);
	o->listen[o->n_listen++] = text;
}

static unsigned number(const char *option, const char *text, unsigned min, unsigned max,
	struct argp_state *state)
{
	unsigned long long n = 0;

	if (number_from_text(text, min, max, &n) != 0)
		argp_error(state, "%s takes a number from %u to %u, not \"%s\"", option,
			min, max, text);
	return (unsigned)n;
}

static void set_upstream(
	struct serve_options *o, const char *text, struct argp_state *state)
{
	if (endpoint_from_text(text, 53, &o->upstream) != 0)
		argp_error(state, "--upstream: \"%s\" is no address", text);
	o->service.upstream = &o->upstream;
}

static void set_file(
	struct serve_options *o, const char *path, struct argp_state *state)
{
	if (o->file != NULL)
		argp_error(state, "one scenario can be served at a time");
	o->file = path;
}

static void check_complete(const struct serve_options *o, struct argp_state *state)
{
	if (o->file == NULL && o->index == NULL)
		argp_error(state,
			"what is to be served? give a scenario, or --zones INDEX");
	if (o->file != NULL && o->index != NULL)
		argp_error(state, "a scenario or --zones, not both");
	if (o->evidence.pcap != NULL && o->evidence.query_log != NULL &&
		newfile_is_same(o->evidence.pcap, o->evidence.query_log))
		argp_error(state, "--pcap and --query-log for one file: %s",
			o->evidence.pcap);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct serve_options *o = state->input;

	switch (key) {
	case OPT_ZONES:
		o->index = arg;
		return 0;
	case OPT_MODE:
		set_mode(o, arg, state);
		return 0;
	case OPT_AT:
		if (duration_from_text(arg, &o->at_us) != 0)
			argp_error(state, "--at: \"%s\" is no duration: write %s", arg,
				DURATION_FORMS);
		return 0;
	case OPT_UPSTREAM:
		set_upstream(o, arg, state);
		return 0;
	case OPT_LISTEN:
		add_listen(o, arg, state);
		return 0;
	case OPT_PORT:
		o->port = (uint16_t)number("--port", arg, 0, UINT16_MAX, state);
		return 0;
	case OPT_PORT_FILE:
		o->port_file = arg;
		return 0;
	case OPT_TRUST_ANCHOR:
		o->anchor_file = arg;
		return 0;
	case OPT_WORKERS:
		o->workers = number("--workers", arg, 1, SERVE_WORKERS_MAX, state);
		return 0;
	case OPT_KEY:
		o->keys[o->n_keys++] = arg;
		return 0;
	case OPT_JOURNAL:
		o->journal = arg;
		return 0;
	case OPT_TRANSFER:
		o->service.allow_transfer = true;
		return 0;
	case OPT_MINIMAL_ANY:
		o->service.minimal_any = true;
		return 0;
	case OPT_VERSION:
		o->service.version = arg[0] == '\0' ? NULL : arg;
		return 0;
	case OPT_PCAP:
		option_evidence(&o->evidence.pcap, "--pcap", arg, state);
		return 0;
	case OPT_QUERY_LOG:
		option_evidence(&o->evidence.query_log, "--query-log", arg, state);
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		set_file(o, arg, state);
		return 0;
	case ARGP_KEY_END:
		check_complete(o, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = rows,
	.parser = parse,
	.args_doc = "FILE\n--zones INDEX",
	.doc = "Serves the zones of a scenario, each of its servers on a loopback "
	       "address of its own, or those of an index: by UDP and TCP, for dig, a "
	       "resolver or a mail server to ask."
	       "\vExample:\n"
	       "  harness serve scenarios/cname-and-mx-exact-type.conf\n"
	       "  dig -p 5300 @127.0.0.1 customer.mywebservice.com MX\n\n"
	       "SIGHUP reads everything again; what is broken leaves the old in place. "
	       "SIGTERM and an interrupt end it. It is a test server: nothing limits "
	       "who asks how much.",
};

/* ---- serving ---- */

struct serving {
	struct serve_options *o;
	struct net_loop *loop; /* for signals; the workers have their own */
	struct service **services;
	struct journal **journals; /* of each; NULL: it has none */
	unsigned n;
	struct serve_net *net;
	int status;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* -1 after complaining. */
static int load(const struct serve_options *o, struct serve_data *ret)
{
	struct arena *a = arena_new();
	struct errs errs;

	errs_init(&errs, a);
	if (serve_data_load(o, a, &errs, ret) == 0)
		return 0;
	errs_print(&errs, stderr, colour_wanted(COLOUR_AUTO, stderr));
	arena_free(a);
	return -1;
}

/* -1 after complaining. */
static int write_file(const char *path, const char *text)
{
	struct newfile *f = newfile_open(path);
	bool written = f != NULL && dprintf(newfile_fd(f), "%s", text) >= 0;

	if (written && newfile_keep(f) == 0)
		return 0;
	cli_complain("%s: cannot write: %s", path, strerror(errno));
	if (!written)
		newfile_drop(f);
	return -1;
}

static int write_anchors(const struct serve_options *o, const struct serve_data *d)
{
	if (o->anchor_file == NULL)
		return 0;
	if (d->anchors[0] == '\0')
		cli_complain("%s: left empty, no zone is signed", o->anchor_file);
	return write_file(o->anchor_file, d->anchors);
}

static void warn_of_refused(const struct serve_options *o, const struct serve_data *d)
{
	for (unsigned i = 0; i < d->n; i++)
		refused_warn(&d->list[i].server,
			o->index != NULL
				? "--mode exact-type serves it as a patched one"
				: "mode: exact-type would serve it as a patched one");
}

static void reload(void *ctx)
{
	struct serving *s = ctx;
	struct serve_data d;

	if (load(s->o, &d) != 0) {
		cli_complain("not reloaded: what was served before still is");
		return;
	}
	if (d.n != s->n) {
		cli_complain("not reloaded: %u servers where %u listen; end it and "
			     "start anew",
			d.n, s->n);
		serve_data_discard(&d);
		return;
	}
	warn_of_refused(s->o, &d);
	write_anchors(s->o, &d);
	for (unsigned i = 0; i < s->n; i++)
		service_replace(s->services[i], &d.list[i]);
	serve_data_clear(&d);
	if (!s->o->quiet)
		cli_complain("reloaded");
}

static void end(struct serving *s, int status)
{
	s->status = status;
	net_loop_stop(s->loop);
}

static void on_terminate(void *ctx)
{
	end(ctx, STATUS_OK);
}

static void on_interrupt(void *ctx)
{
	end(ctx, STATUS_SIGNAL + SIGINT);
}

/* From here on: a signal that comes while zones are loaded is heeded after it. */
static void heed_signals(struct serving *s)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	net_loop_on_signal(s->loop, SIGHUP, reload, s);
	net_loop_on_signal(s->loop, SIGTERM, on_terminate, s);
	net_loop_on_signal(s->loop, SIGINT, on_interrupt, s);
}

static void warn_of_strangers(const struct serve_options *o)
{
	for (unsigned i = 0; i < o->n_listen; i++) {
		struct endpoint at;

		endpoint_from_text(o->listen[i], 0, &at);
		if (ip_is_loopback(&at.ip))
			continue;
		cli_complain("%s is no loopback address: this is a test server, not "
			     "one for the internet",
			o->listen[i]);
		return;
	}
}

static int write_port(const struct serve_options *o, uint16_t port)
{
	char text[8];

	if (o->port_file == NULL)
		return 0;
	snprintf(text, sizeof(text), "%u\n", port);
	return write_file(o->port_file, text);
}

/* The last thing said, when everything answers. */
static int announce(struct serving *s, const struct serve_data *d)
{
	unsigned n = 0;
	const struct serve_place *places = serve_net_places(s->net, &n);

	if (write_anchors(s->o, d) != 0 || write_port(s->o, places[0].at.port) != 0)
		return -1;
	if (!s->o->quiet) {
		serve_print_table(d, places, n);
		serve_print_anchors(d);
		putchar('\n');
	}
	printf("ready: %u server%s, %u address%s, port %u\n", s->n,
		s->n == 1 ? "" : "s", n, n == 1 ? "" : "es", places[0].at.port);
	return cli_flush_stdout();
}

static void tell(void *ctx, const char *text)
{
	(void)ctx;
	cli_complain("%s", text);
}

/* -1 after complaining. */
static int make_services(struct serving *s, const struct serve_data *d)
{
	s->journals = serve_open_journals(s->o, d);
	if (s->journals == NULL)
		return -1;
	s->n = d->n;
	s->services = calloc(d->n, sizeof(struct service *));
	if (s->services == NULL)
		bug("out of memory");
	s->o->service.tell = tell;
	for (unsigned i = 0; i < d->n; i++) {
		s->o->service.journal = s->journals[i];
		s->services[i] = service_new(&s->o->service, &d->list[i]);
	}
	return 0;
}

/* ---- evidence ---- */

/* A line is seen this soon. */
#define FLUSH_US 200000

static void flush_evidence(void *ctx)
{
	struct serving *s = ctx;

	evidence_files_flush(&s->o->evidence);
	net_loop_after(s->loop, FLUSH_US, flush_evidence, s);
}

/* What was asked to see whether everything answers is no part of it. */
static int begin_evidence(struct serving *s)
{
	struct evidence_files *f = &s->o->evidence;

	if (f->pcap == NULL && f->query_log == NULL)
		return 0;
	if (evidence_files_open(f, LOG_APPEND) != 0) {
		evidence_files_drop(f);
		return -1;
	}
	serve_net_record(s->net);
	flush_evidence(s);
	return 0;
}

/* ---- running ---- */

/* The memory of zones that were replaced goes back to the system: left to itself,
 * malloc learns from their blocks to keep ever larger ones, and each SIGHUP adds some.
 */
#define GIVEN_BACK_OCTETS (1 << 20)

/* Every connection takes a descriptor, and so does every question to the upstream. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static bool is_too_many_addresses(const struct serve_options *o, unsigned servers)
{
	if (servers == 1 || o->n_listen <= servers)
		return false;
	cli_complain("%u addresses for %u servers: give --listen once, and the others "
		     "count on from there",
		o->n_listen, servers);
	return true;
}

/* False after complaining. */
static bool start(struct serving *s, const struct serve_data *d)
{
	s->net = serve_net_start(s->o, s->services, s->n);
	return s->net != NULL && serve_net_check(s->net) == 0 &&
	       begin_evidence(s) == 0 && announce(s, d) == 0;
}

static int run(struct serving *s)
{
	struct serve_counts counts;
	double since = now();

	net_loop_run(s->loop);
	serve_net_counts(s->net, &counts);
	if (!s->o->quiet)
		serve_print_counts(&counts, now() - since);
	return s->status;
}

static int finish(struct serving *s, int status)
{
	if (s->net != NULL)
		serve_net_stop(s->net);
	if (evidence_files_finish(&s->o->evidence) != 0 && status == STATUS_OK)
		status = STATUS_ENVIRONMENT;
	for (unsigned i = 0; i < s->n; i++)
		service_free(s->services[i]);
	if (s->net != NULL)
		serve_net_free(s->net);
	free(s->services);
	serve_close_journals(s->journals, s->n);
	return status;
}

static int serve_it(struct serving *s, struct serve_data *d)
{
	bool started;

	if (make_services(s, d) != 0) {
		serve_data_discard(d);
		return finish(s, STATUS_ENVIRONMENT);
	}
	started = start(s, d);
	/* Its share of the memory, which a reload is to free. */
	serve_data_clear(d);
	return finish(s, started ? run(s) : STATUS_ENVIRONMENT);
}

static int serve(struct serve_options *o)
{
	struct serving s = { .o = o, .loop = net_loop_new() };
	struct serve_data d;
	int status = STATUS_USAGE;
	bool usable;

	mallopt(M_MMAP_THRESHOLD, GIVEN_BACK_OCTETS);
	raise_descriptors();
	heed_signals(&s);
	warn_of_strangers(o);
	usable = load(o, &d) == 0;
	if (usable && is_too_many_addresses(o, d.n)) {
		serve_data_discard(&d);
		usable = false;
	}
	if (usable) {
		warn_of_refused(o, &d);
		status = serve_it(&s, &d);
	}
	net_loop_free(s.loop);
	return status;
}

int cmd_serve(int argc, char **argv)
{
	struct serve_options o = {
		.mode = server_mode(SERVER_MODE_DEFAULT),
		.port = SERVE_PORT_DEFAULT,
		.workers = 1,
		.service.version = "harness " VERSION,
		/* No option is given more often than there are words. */
		.listen = calloc((size_t)argc, sizeof(*o.listen)),
		.keys = calloc((size_t)argc, sizeof(*o.keys)),
	};
	int status;

	if (o.listen == NULL || o.keys == NULL)
		bug("out of memory");
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	o.service.workers = o.workers;
	status = serve(&o);
	free(o.listen);
	free(o.keys);
	return status;
}
