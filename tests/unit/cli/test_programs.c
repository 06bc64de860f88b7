/* Names of real programs on the command line. */
#include "cli/programs.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "lab/program.h"
#include "support/test.h"

struct row {
	const char *name, *names, *text; /* text: the programs, or why not */
};

static const struct row rows[] = {
	{ "a name is one program", "postfix-3.7", "postfix-3.7" },
	{ "a name that others begin with is itself", "unbound-1.17", "unbound-1.17" },
	{ "a beginning is all that begin so", "postfix", "postfix-3.7 postfix-3.10" },
	{ "an emulation is all it stands for", "sendmail-dontexpand",
		"sendmail-8.17-dontexpand" },
	{ "a glob is all that fit", "*-noqmin", "unbound-1.17-noqmin" },
	{ "several come in the catalogue's order, once", "exim-4.96,bind,exim-4.96",
		"bind-9.18 exim-4.96" },
	{ "a name nobody has is refused, with the nearest", "postfix-3.9",
		"no program \"postfix-3.9\" (did you mean \"postfix-3.7\"?)" },
	{ "a name like no other is refused", "exchange",
		"no program \"exchange\"; `harness env' shows them" },
	{ "an empty name is refused", "bind,",
		"no program \"\"; `harness env' shows them" },
};

static void names(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	char why[PROGRAMS_WHY_MAX];
	struct str s = STR_INIT;
	size_t n = 0;
	const struct program **list = programs_named(a, row->names, &n, why);

	for (size_t i = 0; list != NULL && i < n; i++)
		str_printf(&s, "%s%s", i > 0 ? " " : "", list[i]->name);
	assert_string_equal(list == NULL ? why : s.data, row->text);
	str_clear(&s);
	arena_free(a);
}

static void no_names_are_all_programs(void **state)
{
	struct arena *a = arena_new();
	char why[PROGRAMS_WHY_MAX];
	size_t n;

	(void)state;
	assert_non_null(programs_named(a, NULL, &n, why));
	assert_int_equal(n, programs_n);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, names);
	TESTS_ADD(no_names_are_all_programs);
	return tests_run("cli-programs");
}
