#include "scenario/reader.h"

#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "mta/profile.h"
#include "resolver/policy.h"

/* No name of a client or resolver has more parts, and fnmatch() gets slow with many. */
#define GLOB_STARS_MAX 6

/* A catalogue as a list of names. */
struct names {
	const char *what; /* "client" */
	size_t (*size)(const struct reader *r);
	const char *(*at)(const struct reader *r, size_t i);
	/* The canonical name of an alias or name, or NULL. */
	const char *(*find)(const struct reader *r, const char *name);
	const char *(*nearest)(const struct reader *r, const char *name);
};

static size_t clients_size(const struct reader *r)
{
	return profile_set_size(r->profiles);
}

static const char *clients_at(const struct reader *r, size_t i)
{
	return profile_name(profile_at(r->profiles, i));
}

static const char *clients_find(const struct reader *r, const char *name)
{
	const struct mta_profile *p = profile_find(r->profiles, name);

	return p == NULL ? NULL : profile_name(p);
}

static const char *clients_nearest(const struct reader *r, const char *name)
{
	return profile_nearest(r->profiles, name);
}

static size_t resolvers_size(const struct reader *r)
{
	(void)r;
	return resolver_policies_n;
}

static const char *resolvers_at(const struct reader *r, size_t i)
{
	(void)r;
	return resolver_policies[i].name;
}

static const char *resolvers_find(const struct reader *r, const char *name)
{
	(void)r, (void)name;
	return NULL;
}

static const char *resolvers_nearest(const struct reader *r, const char *name)
{
	(void)r;
	return lookup_nearest(resolver_policies, resolver_policies_n,
		sizeof(*resolver_policies), name);
}

static const struct names clients = { "client", clients_size, clients_at, clients_find,
	clients_nearest };
static const struct names resolvers = { "resolver", resolvers_size, resolvers_at,
	resolvers_find, resolvers_nearest };

static bool matches_one(
	const struct reader *r, const struct names *names, const char *glob)
{
	for (size_t i = 0; i < names->size(r); i++) {
		if (glob_match(glob, names->at(r, i)))
			return true;
	}
	return false;
}

/* "unbound" of "unbound-1.17", "exim" of "exim-*": up to the version or wildcard. */
static const char *stem_of(const struct reader *r, const char *name)
{
	size_t n = strcspn(name, "*?[");

	for (size_t i = 0; i + 1 < n; i++) {
		if (name[i] == '-' && name[i + 1] >= '0' && name[i + 1] <= '9')
			n = i;
	}
	while (n > 0 && name[n - 1] == '-')
		n--;
	return arena_strndup(r->arena, name, n);
}

/* A name, or a glob on the versions of one. */
static const char *nearest(
	const struct reader *r, const struct names *names, const char *glob)
{
	const char *near = names->nearest(r, glob);
	size_t n = names->size(r);
	const char **stems;

	if (near != NULL)
		return near;
	stems = arena_array(r->arena, n + 1, sizeof(*stems));
	for (size_t i = 0; i < n; i++)
		stems[i] = stem_of(r, names->at(r, i));
	near = lookup_nearest(stems, n, sizeof(*stems), stem_of(r, glob));
	return near == NULL ? NULL : arena_printf(r->arena, "%s-*", near);
}

static bool check_alternative(
	struct reader *r, const struct names *names, const char *glob, struct place at)
{
	unsigned stars = 0;
	const char *canonical;
	struct err *e;

	for (const char *p = glob; *p != '\0'; p++)
		stars += *p == '*';
	if (stars > GLOB_STARS_MAX) {
		complain(r, at, "\"%s\" has more than %d stars", glob, GLOB_STARS_MAX);
		return false;
	}
	if (matches_one(r, names, glob))
		return true;
	e = complain(r, at, "\"%s\" matches no %s", glob, names->what);
	canonical = names->find(r, glob);
	if (canonical != NULL)
		err_hint(r->errs, e, "it is called \"%s\" here", canonical);
	else
		suggest(r, e, nearest(r, names, glob));
	return false;
}

static bool check_glob(
	struct reader *r, const struct names *names, const char *glob, struct place at)
{
	bool good = true;

	while (*glob != '\0') {
		size_t n = strcspn(glob, ",");
		const char *one = arena_strndup(r->arena, glob, n);

		if (!check_alternative(r, names, one, at))
			good = false;
		glob += n;
		glob += strspn(glob, ", ");
	}
	return good;
}

bool check_client_glob(struct reader *r, const char *glob, struct place at)
{
	return check_glob(r, &clients, glob, at);
}

bool check_resolver_glob(struct reader *r, const char *glob, struct place at)
{
	return check_glob(r, &resolvers, glob, at);
}
