#include "cli/select.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "cli/cli.h"
#include "cli/files.h"
#include "mta/profile.h"
#include "resolver/policy.h"

static bool no_such(const char *what, const char *glob, const char *near)
{
	if (near != NULL)
		cli_complain("no %s matches \"%s\" (did you mean \"%s\"?)", what, glob,
			near);
	else
		cli_complain("no %s matches \"%s\"; `harness list %ss' shows them",
			what, glob, what);
	return false;
}

bool select_clients(const struct profile_set *set, const char *glob)
{
	if (glob == NULL || profile_find(set, glob) != NULL)
		return true;
	for (size_t i = 0; i < profile_set_size(set); i++) {
		if (glob_match(glob, profile_name(profile_at(set, i))))
			return true;
	}
	return no_such("client", glob, profile_nearest(set, glob));
}

bool select_resolvers(const char *glob)
{
	for (size_t i = 0; i < resolver_policies_n; i++) {
		if (glob == NULL || glob_match(glob, resolver_policies[i].name))
			return true;
	}
	return no_such("resolver", glob,
		lookup_nearest(resolver_policies, resolver_policies_n,
			sizeof(resolver_policies[0]), glob));
}

static void complain_filter(struct arena *a, const char *glob, const struct loaded *l)
{
	const char **names = arena_array(a, 2 * l->n, sizeof(*names)), *near;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		names[n++] = l->list[i]->id;
		if (l->list[i]->group != NULL)
			names[n++] = l->list[i]->group;
	}
	near = lookup_nearest(names, n, sizeof(*names), glob);
	cli_complain(near == NULL ? "no scenario matches \"%s\""
				  : "no scenario matches \"%s\" (did you mean \"%s\"?)",
		glob, near);
}

bool select_scenarios(struct arena *a, const struct loaded *l, const char *filter)
{
	for (size_t i = 0; i < l->n; i++) {
		if (filter == NULL || glob_match(filter, l->list[i]->id) ||
			(l->list[i]->group != NULL &&
				glob_match(filter, l->list[i]->group)))
			return true;
	}
	if (filter != NULL)
		complain_filter(a, filter, l);
	else
		cli_complain("no scenario in these files");
	return false;
}

int number_from_text(const char *text, unsigned long long min, unsigned long long max,
	unsigned long long *ret)
{
	unsigned long long n;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -1;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0' || n < min || n > max)
		return -1;
	*ret = n;
	return 0;
}
