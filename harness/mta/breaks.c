/* Which client does not do what a rule asks: read off its profile, so that there is no
 * second list to keep true. */
#include "mta/rules.h"

#include "base/lookup.h"
#include "mta/knobs.h"

static bool asks_something_first(const struct mta_profile *p)
{
	return p->canon != CANON_NONE;
}

static bool follows_no_alias(const struct mta_profile *p)
{
	bool follows = p->cname_rounds > 0 || p->stub->follow > 0 || p->cname_query ||
		       p->canon == CANON_SENDMAIL || p->canon == CANON_MOX;

	return !follows;
}

static bool goes_on_after_nxdomain(const struct mta_profile *p)
{
	return p->on_nxdomain.action == ACTION_ADDRESS;
}

static bool takes_failure_for_absence(const struct mta_profile *p)
{
	bool hidden = p->stub->servfail == OUTCOME_NO_DATA ||
		      p->stub->servfail == OUTCOME_HOST_NOT_FOUND;

	return hidden || p->on_soft.action == ACTION_ADDRESS ||
	       p->on_soft.action == ACTION_BOUNCE ||
	       p->on_no_address_soft.action == ACTION_BOUNCE;
}

static bool has_no_implicit_mx(const struct mta_profile *p)
{
	return p->on_nodata.action != ACTION_ADDRESS;
}

static bool falls_back_past_mx(const struct mta_profile *p)
{
	return p->fallback_address;
}

static bool keeps_the_order(const struct mta_profile *p)
{
	return p->order != ORDER_SHUFFLE && p->pool != POOL_SHUFFLE;
}

static bool tries_one_connection(const struct mta_profile *p)
{
	return p->first_connection_final;
}

static bool does_not_know_itself(const struct mta_profile *p)
{
	return p->local == LOCAL_NONE;
}

static bool knows_ipv4_only(const struct mta_profile *p)
{
	return p->ask == ASK_A;
}

static bool rewrites(const struct mta_profile *p)
{
	return p->rewrite != REWRITE_NONE;
}

static bool knows_no_null_mx(const struct mta_profile *p)
{
	return p->null_mx == NULL_UNKNOWN;
}

static bool cannot_hold_long_answers(const struct mta_profile *p)
{
	return p->answer_limit > 0;
}

static const struct break_row {
	const char *rule;
	bool (*breaks)(const struct mta_profile *p);
} breaks[] = {
	{ "R2", asks_something_first },
	{ "R3", follows_no_alias },
	{ "R4", goes_on_after_nxdomain },
	{ "R5", takes_failure_for_absence },
	{ "R6", has_no_implicit_mx },
	{ "R8", falls_back_past_mx },
	{ "R11", keeps_the_order },
	{ "R13", tries_one_connection },
	{ "R14", does_not_know_itself },
	{ "R15", knows_ipv4_only },
	{ "R16", rewrites },
	{ "R26", knows_no_null_mx },
	{ "R28", cannot_hold_long_answers },
};

bool mta_breaks(const struct mta_profile *p, const char *rule)
{
	const struct break_row *row =
		lookup_row(breaks, ARRAY_LEN(breaks), sizeof(breaks[0]), rule);

	/* Validators send nothing: the rules for senders do not bind them. */
	return row != NULL && p->kind == KIND_MTA && row->breaks(p);
}
