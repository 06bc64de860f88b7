#include "cli/things.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bug.h"
#include "base/lookup.h"
#include "cli/cli.h"
#include "lab/program.h"
#include "mta/profile.h"
#include "mta/rules.h"
#include "mta/stub.h"
#include "report/format.h"
#include "resolver/policy.h"
#include "server/server.h"

/* ---- profiles ---- */

static size_t profiles_count(const struct profile_set *set)
{
	return profile_set_size(set);
}

static struct thing profiles_at(const struct profile_set *set, size_t i)
{
	const struct mta_profile *p = profile_at(set, i);

	return (struct thing){ profile_name(p), profile_versions(p) };
}

static void profiles_explain(struct str *s, const struct profile_set *set, size_t i)
{
	profile_explain(s, profile_at(set, i));
}

/* ---- resolvers ---- */

static size_t resolvers_count(const struct profile_set *set)
{
	(void)set;
	return resolver_policies_n;
}

static struct thing resolvers_at(const struct profile_set *set, size_t i)
{
	(void)set;
	return (struct thing){ resolver_policies[i].name, resolver_policies[i].help };
}

static void resolvers_explain(struct str *s, const struct profile_set *set, size_t i)
{
	(void)set;
	resolver_policy_explain(s, &resolver_policies[i]);
}

/* ---- what the explanations are made of ---- */

static void put_field(struct str *s, const char *label, const char *text)
{
	size_t from = s->len;

	if (text == NULL)
		return;
	str_puts(s, "  ");
	str_puts(s, label);
	str_pad(s, from, 26);
	str_put_wrapped(s, from, 26, 100, text);
	str_putc(s, '\n');
}

static void put_head(
	struct str *s, const char *kind, const char *name, const char *help)
{
	str_printf(s, "%s (%s)\n%s\n\n", name, kind, help);
}

/* ---- stubs ---- */

static size_t stubs_count(const struct profile_set *set)
{
	(void)set;
	return stubs_n;
}

static struct thing stubs_at(const struct profile_set *set, size_t i)
{
	(void)set;
	return (struct thing){ stubs[i].name, stubs[i].help };
}

static void put_outcome(struct str *s, const char *label, uint8_t outcome)
{
	put_field(s, label, outcome_name((enum outcome)outcome));
}

static void stubs_explain(struct str *s, const struct profile_set *set, size_t i)
{
	const struct stub_row *r = &stubs[i];
	struct str n = STR_INIT;

	(void)set;
	put_head(s, "stub resolver", r->name, r->help);
	str_puts(s, "What its client sees of an answer:\n");
	put_outcome(s, "NXDOMAIN", r->nxdomain);
	put_outcome(s, "SERVFAIL", r->servfail);
	put_outcome(s, "REFUSED", r->refused);
	put_outcome(s, "NOTIMP", r->notimp);
	put_outcome(s, "FORMERR", r->formerr);
	put_outcome(s, "another rcode", r->other);
	put_outcome(s, "no answer", r->timeout);
	put_outcome(s, "a CNAME and no more", r->cname_only);
	str_putc(s, '\n');
	put_field(s, "any record counts", r->any_rr_counts ? "yes" : "no");
	put_field(s, "checks owners", r->owner_check ? "yes" : "no");
	if (r->follow > 0)
		str_printf(&n, "up to %u", r->follow);
	else
		str_puts(&n, "no");
	put_field(s, "follows CNAMEs", n.data);
	put_field(s, "follows DNAMEs", r->follow_dname ? "yes" : "no");
	put_field(s, "source", r->source);
	str_clear(&n);
}

/* ---- modes ---- */

static size_t modes_count(const struct profile_set *set)
{
	(void)set;
	return server_modes_n;
}

static struct thing modes_at(const struct profile_set *set, size_t i)
{
	(void)set;
	return (struct thing){ server_modes[i].name, server_modes[i].help };
}

static void modes_explain(struct str *s, const struct profile_set *set, size_t i)
{
	static const char *const beside[] = {
		[BESIDE_CNAME_WINS] = "the CNAME, as if it stood alone",
		[BESIDE_EXACT_TYPE] = "the asked type if it is there, else the CNAME",
		[BESIDE_BOTH] = "the CNAME, then the asked type",
		[BESIDE_BOTH_MX_FIRST] = "the asked type, then the CNAME",
	};
	const struct server_mode *m = &server_modes[i];

	(void)set;
	put_head(s, "mode of a name server", m->name, m->help);
	put_field(s, "beside a CNAME it gives", beside[m->beside]);
	put_field(s, "zones with a conflict",
		m->refuses_conflicts ? "are not served: SERVFAIL" : "are served");
	put_field(s, "flattens CNAMEs", m->flattens ? "yes" : "no");
	put_field(s, "knows ALIAS", m->has_alias ? "yes" : "no");
	put_field(s, "source", m->source);
}

/* ---- quirks ---- */

static size_t quirks_count(const struct profile_set *set)
{
	(void)set;
	return quirk_rows_n;
}

static struct thing quirks_at(const struct profile_set *set, size_t i)
{
	(void)set;
	return (struct thing){ quirk_rows[i].name, quirk_rows[i].help };
}

static void quirks_explain(struct str *s, const struct profile_set *set, size_t i)
{
	static const char *const args[] = {
		[QUIRK_ARG_NONE] = "none",
		[QUIRK_ARG_DURATION] = "a duration: 500ms, 3s",
		[QUIRK_ARG_RECORDS] = "records with absolute names",
		[QUIRK_ARG_HEX] = "octets in hexadecimal",
	};
	const struct quirk_row *q = &quirk_rows[i];

	(void)set;
	put_head(s, "quirk of a name server", q->name, q->help);
	put_field(s, "value", args[q->arg]);
	put_field(s, "source", q->source);
}

/* ---- rules ---- */

static size_t rules_count(const struct profile_set *set)
{
	(void)set;
	return mta_rules_n;
}

static struct thing rules_at(const struct profile_set *set, size_t i)
{
	(void)set;
	return (struct thing){ mta_rules[i].name, mta_rules[i].text };
}

static void rules_explain(struct str *s, const struct profile_set *set, size_t i)
{
	struct str who = STR_INIT;

	put_head(s, "rule for mail clients", mta_rules[i].name, mta_rules[i].text);
	put_field(s, "source", mta_rules[i].source);
	for (size_t k = 0; k < profile_set_size(set); k++) {
		const struct mta_profile *p = profile_at(set, k);

		if (mta_breaks(p, mta_rules[i].name))
			str_printf(
				&who, "%s%s", who.len > 0 ? ", " : "", profile_name(p));
	}
	if (who.len > 0)
		put_field(s, "not done by", who.data);
	str_clear(&who);
}

/* ---- real programs ---- */

/* Nobody frees them: they are as lasting as the rows they are made of. */
static char **program_helps;

static const char *release_of(const struct program *p)
{
	return strcmp(p->root.suite, "bookworm") == 0 ? "Debian 12"
	       : strcmp(p->root.suite, "trixie") == 0 ? "Debian 13"
						      : p->root.suite;
}

static const char *program_help(size_t i)
{
	const struct program *p = &programs[i];
	struct str s = STR_INIT;

	if (program_helps == NULL)
		program_helps = calloc(programs_n, sizeof(*program_helps));
	if (program_helps == NULL)
		bug("out of memory");
	if (program_helps[i] == NULL) {
		str_printf(&s, "%s of %s; its emulation: %s", p->package,
			p->root.npm == NULL ? release_of(p) : "npm", p->emulation);
		program_helps[i] = s.data;
	}
	return program_helps[i];
}

static size_t programs_count(const struct profile_set *set)
{
	(void)set;
	return programs_n;
}

static struct thing programs_at(const struct profile_set *set, size_t i)
{
	(void)set;
	return (struct thing){ programs[i].name, program_help(i) };
}

static void programs_explain(struct str *s, const struct profile_set *set, size_t i)
{
	const struct program *p = &programs[i];

	(void)set;
	put_head(s, "real program", p->name,
		p->kind == PROGRAM_MTA ? "a mail server, for the lab"
				       : "a resolver, for the lab");
	put_field(s, "stands for", p->emulation);
	put_field(s, "runs in", release_of(p));
	put_field(s, "Debian packages", p->root.packages);
	put_field(s, "npm packages", p->root.npm);
	put_field(s, "as of", p->root.npm_before);
	put_field(s, "package root", p->root.name);
	put_field(s, "settings", p->settings);
	put_field(s, "order of its questions",
		p->parallel_questions ? "side by side, or by chance" : "its own");
	put_field(s, "needs root", p->needs_root ? "yes" : "no");
	str_puts(s, "\nIts driver, which runs in a box:\n\n");
	str_puts(s, p->driver);
}

/* ---- verdicts ---- */

static const struct thing verdicts[VERDICTS] = {
	[VERDICT_DELIVERED] = { "delivered",
		"the intended host accepted it, with the recipient unchanged" },
	[VERDICT_REWRITTEN] = { "rewritten",
		"the intended host accepted it, but the recipient was changed" },
	[VERDICT_MISDELIVERED] = { "misdelivered", "another host accepted it" },
	[VERDICT_REJECTED] = { "rejected",
		"a host refused the recipient for good, say because it was rewritten" },
	[VERDICT_DEFERRED] = { "deferred", "the client will try again later" },
	[VERDICT_BOUNCED] = { "bounced",
		"the client gave up for good before any host saw the recipient" },
	[VERDICT_UNKNOWN] = { "unknown",
		"it could not be told; never taken for a bad result" },
	[VERDICT_SKIPPED] = { "skipped", "the case was not run; the reason is given" },
};

static size_t verdicts_count(const struct profile_set *set)
{
	(void)set;
	return VERDICTS;
}

static struct thing verdicts_at(const struct profile_set *set, size_t i)
{
	(void)set;
	return verdicts[i];
}

static void verdicts_explain(struct str *s, const struct profile_set *set, size_t i)
{
	(void)set;
	put_head(s, "verdict", verdicts[i].name, verdicts[i].help);
	str_puts(s,
		"What became of a message, held against the host it was meant for.\n");
}

/* ---- formats ---- */

static size_t formats_count(const struct profile_set *set)
{
	(void)set;
	return report_formats_n;
}

static struct thing formats_at(const struct profile_set *set, size_t i)
{
	(void)set;
	return (struct thing){ report_formats[i].name, report_formats[i].help };
}

static void formats_explain(struct str *s, const struct profile_set *set, size_t i)
{
	const struct report_format *f = &report_formats[i];

	(void)set;
	put_head(s, "report format", f->name, f->help);
	put_field(s, "for",
		f->use == FOR_RUN      ? "harness run"
		: f->use == FOR_LOOKUP ? "harness lookup"
				       : "harness run, harness lookup");
	put_field(s, "questions and decisions", f->details ? "recorded" : "not needed");
}

/* ---- commands ---- */

static size_t commands_count(const struct profile_set *set)
{
	(void)set;
	return commands_n;
}

static struct thing commands_at(const struct profile_set *set, size_t i)
{
	(void)set;
	return (struct thing){ commands[i].name, commands[i].help };
}

static void commands_explain(struct str *s, const struct profile_set *set, size_t i)
{
	(void)set;
	put_head(s, "command", commands[i].name, commands[i].help);
	str_printf(s, "harness %s %s\n`harness help %s' shows its options.\n",
		commands[i].name, commands[i].args, commands[i].name);
}

#define KIND(plural, single, prefix, text)                                             \
	{                                                                              \
		plural, single, text, prefix##_count, prefix##_at, prefix##_explain    \
	}

#define EMULATION(plural, single, prefix, text, kind)                                  \
	{                                                                              \
		plural, single, text, prefix##_count, prefix##_at, prefix##_explain,   \
			kind                                                           \
	}

const struct thing_kind thing_kinds[] = {
	EMULATION("profiles", "profile", profiles, "mail clients, emulated", "client"),
	EMULATION("clients", "client", profiles, "the same", "client"),
	EMULATION("resolvers", "resolver", resolvers, "recursive resolvers, emulated",
		"resolver"),
	KIND("stubs", "stub", stubs, "resolver libraries inside mail clients"),
	KIND("modes", "mode", modes, "how name servers treat data beside a CNAME"),
	KIND("quirks", "quirk", quirks, "how name servers misbehave"),
	KIND("rules", "rule", rules, "what the standards ask of a mail client"),
	KIND("programs", "program", programs,
		"mail servers and resolvers that really run, in the lab"),
	KIND("verdicts", "verdict", verdicts, "what can become of a message"),
	KIND("formats", "format", formats, "reports of a run or a look-up"),
	KIND("commands", "command", commands, "subcommands of harness"),
};
const size_t thing_kinds_n = ARRAY_LEN(thing_kinds);

const struct thing_kind *thing_kind(const char *name)
{
	for (size_t i = 0; i < thing_kinds_n; i++) {
		if (strcmp(thing_kinds[i].name, name) == 0 ||
			strcmp(thing_kinds[i].singular, name) == 0)
			return &thing_kinds[i];
	}
	return NULL;
}

/* The clients know their aliases ("exim-4.95"). */
static long find_alias(const struct profile_set *profiles, const char *name)
{
	const struct mta_profile *p = profile_find(profiles, name);

	for (size_t i = 0; p != NULL && i < profile_set_size(profiles); i++) {
		if (profile_at(profiles, i) == p)
			return (long)i;
	}
	return -1;
}

long thing_find(const struct thing_kind *kind, const struct profile_set *profiles,
	const char *name)
{
	for (size_t i = 0; i < kind->count(profiles); i++) {
		if (strcasecmp(kind->at(profiles, i).name, name) == 0)
			return (long)i;
	}
	return kind->at == profiles_at ? find_alias(profiles, name) : -1;
}
