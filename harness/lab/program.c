#include "lab/program.h"

#include <string.h>
#include <strings.h>

#include "base/lookup.h"

/* The text of a file of drivers/, with a NUL, in the program itself. */
#define EMBED(symbol, file)                                                            \
	__asm__(".pushsection .rodata\n"                                               \
		".global driver_" #symbol "\n"                                         \
		"driver_" #symbol ":\n"                                                \
		".incbin \"harness/lab/drivers/" file "\"\n"                           \
		".byte 0\n"                                                            \
		".popsection\n");                                                      \
	extern const char driver_##symbol[]

EMBED(common, "common.sh");
EMBED(unbound, "unbound.sh");
EMBED(bind, "bind.sh");
EMBED(knot_resolver, "knot-resolver.sh");
EMBED(powerdns_recursor, "powerdns-recursor.sh");
EMBED(dnsmasq, "dnsmasq.sh");
EMBED(systemd_resolved, "systemd-resolved.sh");
EMBED(postfix, "postfix.sh");
EMBED(exim, "exim.sh");
EMBED(sendmail, "sendmail.sh");
EMBED(opensmtpd, "opensmtpd.sh");
EMBED(courier, "courier.sh");
EMBED(dma, "dma.sh");
EMBED(chasquid, "chasquid.sh");
EMBED(haraka, "haraka.sh");
EMBED(mx_connect, "mx-connect.sh");

#define BOOKWORM(root_name, list, script)                                              \
	{                                                                              \
		.name = (root_name), .suite = "bookworm", .packages = (list),          \
		.driver = (script)                                                     \
	}
#define TRIXIE(root_name, list, script)                                                \
	{                                                                              \
		.name = (root_name), .suite = "trixie", .packages = (list),            \
		.driver = (script)                                                     \
	}

/* No two of them conflict, so that one root does for all. */
#define RESOLVERS                                                                      \
	{                                                                              \
		.name = "resolvers-bookworm", .suite = "bookworm",                     \
		.packages = "unbound,bind9,knot-resolver,pdns-recursor,dnsmasq,"       \
			    "systemd-resolved,faketime,iproute2"                       \
	}

#define SENDMAIL "sendmail-bin,sendmail-cf,m4,make,procmail"

/* Node 20 is in Debian 13; mx-connect asks for 22 and runs with it. */
#define NPM(root_name, list, script)                                                   \
	{                                                                              \
		.name = (root_name), .suite = "trixie", .packages = "nodejs",          \
		.npm = (list), .npm_before = "2026-09-16", .driver = (script)          \
	}

/* Its plugins are optional packages: the one that is used is named. */
#define HARAKA "Haraka@3.1.7,haraka-plugin-relay@1.0.2"

const struct program programs[] = {
	{ "unbound-1.17", PROGRAM_RESOLVER, "unbound-1.17", "unbound", RESOLVERS,
		"LAB_QMIN=yes", .driver = driver_unbound },
	{ "unbound-1.17-noqmin", PROGRAM_RESOLVER, "unbound-noqmin", "unbound",
		RESOLVERS, "LAB_QMIN=no", .driver = driver_unbound },
	{ "bind-9.18", PROGRAM_RESOLVER, "bind-9.18", "bind9", RESOLVERS,
		.driver = driver_bind },
	{ "knot-resolver-5.6", PROGRAM_RESOLVER, "knot-resolver-5.6", "knot-resolver",
		RESOLVERS, .driver = driver_knot_resolver },
	{ "powerdns-recursor-4.8", PROGRAM_RESOLVER, "powerdns-recursor-4.8",
		"pdns-recursor", RESOLVERS, .driver = driver_powerdns_recursor },
	{ "systemd-resolved-252", PROGRAM_RESOLVER, "systemd-resolved-252",
		"systemd-resolved", RESOLVERS, .forwards = true,
		.driver = driver_systemd_resolved },
	{ "dnsmasq-2.90", PROGRAM_RESOLVER, "dnsmasq-2.90", "dnsmasq", RESOLVERS,
		.forwards = true, .driver = driver_dnsmasq },

	{ "postfix-3.7", PROGRAM_MTA, "postfix", "postfix",
		BOOKWORM("postfix-bookworm", "postfix", driver_postfix),
		.needs_root = true, .driver = driver_postfix },
	{ "postfix-3.10", PROGRAM_MTA, "postfix", "postfix",
		TRIXIE("postfix-trixie", "postfix", driver_postfix), .needs_root = true,
		.driver = driver_postfix },
	{ "sendmail-8.17", PROGRAM_MTA, "sendmail", "sendmail-bin",
		BOOKWORM("sendmail-bookworm", SENDMAIL, driver_sendmail),
		"LAB_EXPAND=yes", .needs_root = true, .driver = driver_sendmail },
	{ "sendmail-8.17-dontexpand", PROGRAM_MTA, "sendmail-dontexpand",
		"sendmail-bin",
		BOOKWORM("sendmail-bookworm", SENDMAIL, driver_sendmail),
		"LAB_EXPAND=no", .needs_root = true, .driver = driver_sendmail },
	{ "sendmail-8.18", PROGRAM_MTA, "sendmail", "sendmail-bin",
		TRIXIE("sendmail-trixie", SENDMAIL, driver_sendmail), "LAB_EXPAND=yes",
		.needs_root = true, .driver = driver_sendmail },
	{ "exim-4.96", PROGRAM_MTA, "exim-4.96", "exim4-daemon-heavy",
		BOOKWORM("exim-bookworm", "exim4-daemon-heavy", driver_exim),
		.needs_root = true, .driver = driver_exim },
	{ "exim-4.98", PROGRAM_MTA, "exim-4.98", "exim4-daemon-heavy",
		TRIXIE("exim-trixie", "exim4-daemon-heavy", driver_exim),
		.needs_root = true, .driver = driver_exim },
	{ "opensmtpd-6.8", PROGRAM_MTA, "opensmtpd-6.8", "opensmtpd",
		BOOKWORM("opensmtpd-bookworm", "opensmtpd", driver_opensmtpd),
		.parallel_questions = true, .needs_root = true,
		.driver = driver_opensmtpd },
	/* It does not start without a file of certificate authorities. */
	{ "opensmtpd-7.6", PROGRAM_MTA, "opensmtpd", "opensmtpd",
		TRIXIE("opensmtpd-trixie", "opensmtpd,ca-certificates",
			driver_opensmtpd),
		.parallel_questions = true, .needs_root = true,
		.driver = driver_opensmtpd },
	{ "dma-0.13", PROGRAM_MTA, "dma", "dma",
		BOOKWORM("dma-bookworm", "dma", driver_dma), .hosts_file = true,
		.needs_root = true, .driver = driver_dma },
	{ "courier-1.0", PROGRAM_MTA, "courier-1.0.16", "courier-mta",
		BOOKWORM("courier-bookworm", "courier-mta", driver_courier),
		.parallel_questions = true, .needs_root = true,
		.driver = driver_courier },
	{ "courier-1.4", PROGRAM_MTA, "courier", "courier-mta",
		TRIXIE("courier-trixie", "courier-mta", driver_courier),
		.parallel_questions = true, .needs_root = true,
		.driver = driver_courier },
	{ "haraka-3.1", PROGRAM_MTA, "haraka", "Haraka",
		NPM("haraka-trixie", HARAKA, driver_haraka), .parallel_questions = true,
		.needs_root = true, .driver = driver_haraka },
	{ "mx-connect-2.0", PROGRAM_MTA, "mx-connect", "mx-connect",
		NPM("mx-connect-trixie", "mx-connect@2.0.0", driver_mx_connect),
		.parallel_questions = true, .needs_root = true,
		.driver = driver_mx_connect },
	{ "chasquid-1.11", PROGRAM_MTA, "chasquid", "chasquid",
		BOOKWORM("chasquid-bookworm", "chasquid,openssl", driver_chasquid),
		.parallel_questions = true, .hosts_file = true, .needs_root = true,
		.driver = driver_chasquid },
	{ "chasquid-1.15", PROGRAM_MTA, "chasquid", "chasquid",
		TRIXIE("chasquid-trixie", "chasquid,openssl", driver_chasquid),
		.parallel_questions = true, .hosts_file = true, .needs_root = true,
		.driver = driver_chasquid },
};
const size_t programs_n = ARRAY_LEN(programs);

static bool named_by(const struct program *p, const char *word, size_t n)
{
	char after = strlen(p->name) > n ? p->name[n] : '\0';

	if (n == 0)
		return false;
	if (strlen(p->emulation) == n && strncasecmp(p->emulation, word, n) == 0)
		return true;
	return strlen(p->name) >= n && strncasecmp(p->name, word, n) == 0 &&
	       (after == '\0' || after == '-' || after == '.');
}

bool program_named_by(const struct program *p, const char *word)
{
	return named_by(p, word, strlen(word));
}

const struct program *program_find(const char *name)
{
	for (size_t i = 0; i < programs_n; i++) {
		if (strcmp(programs[i].name, name) == 0)
			return &programs[i];
	}
	return NULL;
}
