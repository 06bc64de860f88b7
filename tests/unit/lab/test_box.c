#include "support/test.h"

#include <string.h>

#include "lab/box.h"

/* No machine under load takes longer; a right program never waits it out. */
#define PATIENCE_US UINT64_C(10000000)

static void skip_because(const char *why)
{
	print_message("skipped: %s\n", why);
	skip();
}

static void output_and_status(void **state)
{
	static const char *const args[] = { "it's \"$HOME\"\n*", NULL };
	struct netns_options world = { 0 };
	char why[BOX_WHY_MAX];
	struct netns *ns = netns_new(&world, why);
	struct box_options o = { .root = "/", .netns = ns, .hostname = "mx.example" };
	struct box *b = ns == NULL ? NULL : box_new(&o, why);
	struct box_result r;

	(void)state;
	if (b == NULL)
		skip_because(why);
	box_run(b, "hostname; cat; printf %s \"$1\"; exit 3", args, "in\n", PATIENCE_US,
		&r);
	assert_string_equal(r.output, "mx.example\nin\nit's \"$HOME\"\n*");
	assert_int_equal(r.status, 3);
	box_free(b);
	netns_free(ns);
}

int main(void)
{
	tests_add("output and status come back", output_and_status);
	return tests_run("lab-box");
}
