#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "cli/index.h"
#include "cli/output.h"
#include "cli/refused.h"
#include "cli/select.h"
#include "dns/idn.h"
#include "mta/profile.h"
#include "net/endpoint.h"
#include "resolver/policy.h"
#include "run/live.h"
#include "run/run.h"

/* Where the zones are served in the simulated world: benchmarking space (RFC 2544),
 * which no zone of a user has reason to name. */
#define SERVER_AT "198.18.0.53"

#define DNS_PORT 53

struct args {
	struct run_options options;
	struct outputs outputs;
	const char *zones;
	const struct server_mode *mode;
	enum colour_when colour;
	bool verbose;
	const char *server; /* as it was given; NULL: --zones */
	struct endpoint at;
	const char **addresses, **self_names;
	struct ip *self_ips;
	const struct name **search;
	unsigned n_addresses, n_self_names, n_self_ips, n_search;
	struct arena *arena;
};

enum {
	OPT_ZONES = 256,
	OPT_SERVER,
	OPT_MODE,
	OPT_CLIENT,
	OPT_RESOLVER,
	OPT_FORMAT,
	OPT_SELF,
	OPT_SEARCH,
	OPT_COLOR
};

static const struct argp_option rows[] = {
	{ NULL, 0, NULL, 0, "Where the names are:", 1 },
	{ "zones", OPT_ZONES, "INDEX", 0,
		"a file with one zone a line: origin<TAB>master-file[<TAB>mode]; paths "
		"are "
		"relative to it",
		1 },
	{ "mode", OPT_MODE, "MODE", 0,
		"how the server treats data beside a CNAME; default: strict (`harness "
		"list "
		"modes')",
		1 },
	{ "server", OPT_SERVER, "ADDR[:PORT]", 0,
		"a real resolver: the names are what it says. Nothing else is asked, "
		"and each question once, for all clients",
		1 },
	{ NULL, 0, NULL, 0, "Who looks:", 2 },
	{ "client", OPT_CLIENT, "GLOB", 0, "only these mail clients", 2 },
	{ "resolver", OPT_RESOLVER, "NAME", 0,
		"behind this resolver; default: ideal. Not with --server", 2 },
	{ "self", OPT_SELF, "ADDR|NAME", 0,
		"an address or a name the client takes for its own host; may be "
		"repeated",
		2 },
	{ "search", OPT_SEARCH, "DOMAIN", 0,
		"of the client's resolv.conf; may be repeated", 2 },
	{ NULL, 0, NULL, 0, "What is shown:", 3 },
	{ "format", OPT_FORMAT, "FMT[:FILE]", 0, "table (default), ndjson or json", 3 },
	{ "verbose", 'v', NULL, 0, "every question, answer and decision", 3 },
	{ "color", OPT_COLOR, "WHEN", 0, "auto (default), always or never", 3 },
	{ 0 },
};

static void set_mode(struct args *args, const char *name, struct argp_state *state)
{
	const char *near = lookup_nearest(
		server_modes, server_modes_n, sizeof(server_modes[0]), name);

	args->mode = server_mode(name);
	if (args->mode == NULL)
		argp_error(state, "unknown mode \"%s\"%s%s%s", name,
			near == NULL ? "" : " (did you mean \"",
			near == NULL ? "" : near, near == NULL ? "" : "\"?)");
}

static const struct name *domain(
	struct args *args, const char *text, struct argp_state *state)
{
	const char *why = NULL;
	const struct name *name = name_from_text(args->arena, text, NULL, &why);

	if (name == NULL)
		argp_error(state, "\"%s\" is not a domain name: %s", text, why);
	return name;
}

static void add_self(struct args *args, const char *text, struct argp_state *state)
{
	struct ip ip;

	if (ip_from_text(text, &ip) == 0) {
		args->self_ips[args->n_self_ips++] = ip;
		return;
	}
	domain(args, text, state);
	args->self_names[args->n_self_names++] = text;
}

static void add_address(struct args *args, const char *text, struct argp_state *state)
{
	const char *at = strrchr(text, '@');

	if (at == NULL || at == text || at[1] == '\0')
		argp_error(state, "\"%s\" is not a mail address (local@domain)", text);
	args->addresses[args->n_addresses++] = text;
}

static void set_server(struct args *args, const char *text, struct argp_state *state)
{
	args->server = text;
	if (endpoint_from_text(text, DNS_PORT, &args->at) != 0 || args->at.port == 0)
		argp_error(state,
			"--server is the address of a resolver, as 192.0.2.1, "
			"192.0.2.1:53 or [2001:db8::1]:53, not \"%s\"",
			text);
}

static void check_complete(const struct args *args, struct argp_state *state)
{
	if (args->n_addresses == 0)
		argp_error(state, "no mail address given");
	if (args->zones == NULL && args->server == NULL)
		argp_error(state, "where are the names? give --zones INDEX or "
				  "--server ADDR[:PORT]");
	if (args->server == NULL)
		return;
	if (args->zones != NULL || args->mode != NULL)
		argp_error(state,
			"--server asks a real resolver: --%s does not go with it",
			args->zones != NULL ? "zones" : "mode");
	if (args->options.resolvers != NULL)
		argp_error(state,
			"--server is the resolver: --resolver does not go with it");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case OPT_ZONES:
		args->zones = arg;
		return 0;
	case OPT_SERVER:
		set_server(args, arg, state);
		return 0;
	case OPT_MODE:
		set_mode(args, arg, state);
		return 0;
	case OPT_CLIENT:
		args->options.clients = arg;
		return 0;
	case OPT_RESOLVER:
		args->options.resolvers = arg;
		return 0;
	case OPT_SELF:
		add_self(args, arg, state);
		return 0;
	case OPT_SEARCH:
		args->search[args->n_search++] = domain(args, arg, state);
		return 0;
	case OPT_FORMAT:
		option_format(&args->outputs, arg, FOR_LOOKUP, state);
		return 0;
	case 'v':
		args->verbose = true;
		return 0;
	case OPT_COLOR:
		args->colour = option_colour(arg, state);
		return 0;
	case ARGP_KEY_ARG:
		add_address(args, arg, state);
		return 0;
	case ARGP_KEY_END:
		check_complete(args, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = rows,
	.parser = parse,
	.args_doc = "ADDRESS...",
	.doc = "Shows where each mail client would take mail for an address: to which "
	       "hosts, with which recipient, or why not."
	       "\vExample:\n"
	       "  printf 'mywebservice.com\\tdb.mywebservice.com\\n' >zones.index\n"
	       "  harness lookup --zones zones.index user@customer.mywebservice.com\n"
	       "  harness lookup --server 192.0.2.1 user@customer.mywebservice.com\n\n"
	       "Verdicts compare with what a client does that follows RFC 5321 "
	       "behind a resolver that follows the standards, or that real one "
	       "(`harness list verdicts'). Every host accepts every recipient: no "
	       "mail is sent.",
};

static void init_world(struct args *args, struct stage *stage, struct scenario *ret)
{
	*stage = (struct stage){ .n_servers = 0 };
	*ret = (struct scenario){
		.file = args->zones,
		.id = "lookup",
		.title = "Where the mail goes",
		.group = "lookup",
		.clients = "*",
		.resolvers = "*",
		.self_names = args->self_names,
		.n_self_names = args->n_self_names,
		.self_ips = args->self_ips,
		.n_self_ips = args->n_self_ips,
		.search = args->search,
		.n_search = args->n_search,
		.sender = "sender@sender.example.net",
		.stages = stage,
		.n_stages = 1,
	};
}

/* The user's zones on one server, and nothing else. */
static void put_zones(struct args *args, struct server *server, struct stage *stage)
{
	struct ip *at = arena_alloc(args->arena, sizeof(*at));

	ip_from_text(SERVER_AT, at);
	server->name = "zones";
	server->at = at;
	server->n_at = 1;
	server_prepare(args->arena, server);
	stage->servers = server;
	stage->n_servers = 1;
}

static int look(struct args *args, struct scenario *world,
	const struct profile_set *profiles, struct errs *errs)
{
	struct run_sink sink = outputs_sink(&args->outputs);
	struct scenario_address *addresses =
		arena_array(args->arena, args->n_addresses, sizeof(*addresses));
	struct run_totals totals;

	for (unsigned i = 0; i < args->n_addresses; i++)
		addresses[i].address = args->addresses[i];
	world->addresses = addresses;
	world->n_addresses = args->n_addresses;
	if (run_lookup(world, profiles, &args->options, &sink, &totals, errs) !=
		RUN_DONE)
		return STATUS_ENVIRONMENT;
	if (outputs_finish(&args->outputs) != 0)
		return STATUS_ENVIRONMENT;
	return STATUS_OK;
}

/* Nothing but root and zones is in this world: a slip in the address looks like a
 * domain that does not exist. */
static void warn_of_strangers(struct args *args, const struct server *server)
{
	/* With a search list a client may ask for another name. */
	for (unsigned i = 0; i < args->n_addresses && args->n_search == 0; i++) {
		const char *domain = strrchr(args->addresses[i], '@') + 1, *why = NULL;
		const char *ascii = idn_to_ascii(args->arena, domain);
		struct question q = { .type = TYPE_MX, .class = CLASS_IN };

		if (domain[0] == '[' || ascii == NULL)
			continue;
		q.name = name_from_text(args->arena, ascii, NULL, &why);
		if (q.name != NULL && answer_zone_for(&server->every, &q) == NULL)
			cli_complain("%s is in none of the zones of %s: it does not "
				     "exist here",
				domain, args->zones);
	}
}

static int report(struct args *args, struct scenario *world,
	const struct profile_set *profiles, struct errs *errs)
{
	struct report_options ro = { .verbose = args->verbose };

	outputs_guard();
	if (outputs_open(&args->outputs, &ro, colour_wanted(args->colour, stdout)) != 0)
		return STATUS_ENVIRONMENT;
	args->options.details = args->verbose || outputs_want_details(&args->outputs);
	return look(args, world, profiles, errs);
}

static int look_into_zones(
	struct args *args, const struct profile_set *profiles, struct errs *errs)
{
	struct scenario world;
	struct server server;
	struct stage stage;

	if (args->mode == NULL)
		args->mode = server_mode(SERVER_MODE_DEFAULT);
	if (args->options.resolvers == NULL)
		args->options.resolvers = RESOLVER_POLICY_DEFAULT;
	if (index_load(args->arena, args->zones, args->mode, errs, &server) != 0)
		return STATUS_USAGE;
	if (!select_clients(profiles, args->options.clients) ||
		!select_resolvers(args->options.resolvers))
		return STATUS_NOTHING;
	init_world(args, &stage, &world);
	put_zones(args, &server, &stage);
	refused_warn(&server, "--mode exact-type shows a patched one");
	warn_of_strangers(args, &server);
	return report(args, &world, profiles, errs);
}

static int ask_server(
	struct args *args, const struct profile_set *profiles, struct errs *errs)
{
	struct scenario world;
	struct stage stage;
	struct live *live;
	int status;

	if (!select_clients(profiles, args->options.clients))
		return STATUS_NOTHING;
	init_world(args, &stage, &world);
	live = live_new(&args->at);
	args->options.network = NETWORK_LIVE;
	args->options.live = live;
	status = report(args, &world, profiles, errs);
	if (live_is_no_resolver(live))
		cli_complain("%s says that it looks nothing up (no RA): it knows only "
			     "the zones it serves",
			live_name(live));
	live_free(live);
	return status;
}

int cmd_lookup(int argc, char **argv)
{
	struct arena *a = arena_new();
	size_t n =
		(size_t)argc; /* no option is given more often than there are words */
	struct args args = {
		.arena = a,
		.options = { .seed = 1, .jobs = 1 },
		.addresses = arena_array(a, n, sizeof(*args.addresses)),
		.self_names = arena_array(a, n, sizeof(*args.self_names)),
		.self_ips = arena_array(a, n, sizeof(*args.self_ips)),
		.search = arena_array(a, n, sizeof(*args.search)),
	};
	const struct profile_set *profiles = profile_set_new(a);
	char why[OUTPUT_WHY_MAX];
	struct errs errs;
	int status;

	errs_init(&errs, a);
	argp_parse(&argp, argc, argv, 0, NULL, &args);
	if (!outputs_use_stdout(&args.outputs) && args.outputs.n == 0)
		outputs_add(&args.outputs, "table", FOR_LOOKUP, why);
	status = args.server != NULL ? ask_server(&args, profiles, &errs)
				     : look_into_zones(&args, profiles, &errs);
	outputs_drop(&args.outputs);
	errs_print(&errs, stderr, colour_wanted(args.colour, stderr));
	arena_free(a);
	return status;
}
