#include "support/test.h"

#include "base/arena.h"
#include "support/zones.h"

#define ZONE                                                                           \
	"@ ALIAS apex.example.org.\n"                                                  \
	"own ALIAS own.example.org.\n"                                                 \
	"own MX 10 mail\n"                                                             \
	"plain A 192.0.2.1\n"                                                          \
	"*.wild ANAME wild.example.org.\n"                                             \
	"there.wild TXT x\n"                                                           \
	"*.dry A 192.0.2.2\n"                                                          \
	"cut NS ns.example.org.\n"                                                     \
	"cut ALIAS cut.example.org.\n"                                                 \
	"glue.cut ALIAS cut.example.org.\n"                                            \
	"*.cut ALIAS cut.example.org.\n"                                               \
	"tree DNAME example.org.\n"                                                    \
	"tree ALIAS tree.example.org.\n"                                               \
	"*.tree ALIAS tree.example.org.\n"

static const struct row {
	const char *name, *asked;
	const char *target; /* NULL: none */
} rows[] = {
	{ "a name's own ALIAS holds", "own.example.net", "own.example.org" },
	{ "letter case is ignored", "OWN.Example.NET", "own.example.org" },
	{ "the apex may have one", "example.net", "apex.example.org" },
	{ "a name with other records has none", "plain.example.net", NULL },
	{ "a name that does not exist has none", "none.example.net", NULL },
	{ "a wildcard's holds for names below", "x.wild.example.net",
		"wild.example.org" },
	{ "a wildcard's holds further below", "y.x.wild.example.net",
		"wild.example.org" },
	{ "a wildcard's does not hold for a name that exists", "there.wild.example.net",
		NULL },
	{ "a wildcard's does not hold below a name that exists",
		"x.there.wild.example.net", NULL },
	{ "a wildcard's does not hold for the name above it", "wild.example.net",
		NULL },
	{ "a wildcard without ALIAS has none", "x.dry.example.net", NULL },
	{ "a delegation has none", "cut.example.net", NULL },
	{ "a name below a delegation has none", "glue.cut.example.net", NULL },
	{ "a wildcard below a delegation does not hold", "x.cut.example.net", NULL },
	{ "the owner of a DNAME may have one", "tree.example.net", "tree.example.org" },
	{ "a wildcard below a DNAME does not hold", "x.tree.example.net", NULL },
};

static void alias_is(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct zone *z = zone_with_apex(a, "example.net", ZONE);
	const struct rr *rr = zone_alias(z, name_literal(a, row->asked));

	if (row->target == NULL) {
		assert_null(rr);
	} else {
		assert_non_null(rr);
		assert_int_equal(rr->type, TYPE_ALIAS);
		assert_string_equal(name_text(a, rr_target(rr)), row->target);
	}
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, alias_is);
	return tests_run("zone-alias");
}
