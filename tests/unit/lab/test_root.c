#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "lab/program.h"
#include "lab/root-clean.h"
#include "lab/root.h"

/* In place of mmdebstrap, as root.sh calls it: --format=tar makes a file, any other a
 * root with the recipe, and what FAKE says is done before. */
#define FAKE_MMDEBSTRAP                                                                \
	"#!/bin/sh\n"                                                                  \
	"echo \"$*\" >>\"$FAKE_LOG\"\n"                                                \
	"eval \"$FAKE\"\n"                                                             \
	"for word; do case $word in --format=*) format=${word#*=};; esac; done\n"      \
	"while [ $# -gt 2 ]; do shift; done\n"                                         \
	"mkdir -p made/lab && cp recipe made/lab && echo 'acl 1.2' "                   \
	">made/lab/versions\n"                                                         \
	"case $1 in\n"                                                                 \
	"base.tar) touch \"$1\";;\n"                                                  \
	"*.tar) tar -C made -cf \"$1\" .;;\n"                                          \
	"*) mv made \"$1\";;\n"                                                        \
	"esac\n"

static const struct root_recipe plain = {
	.name = "plain",
	.suite = "bookworm",
	.packages = "acl,attr",
};

/* A folder that roots and the machine's programs are in, for a test. */
struct place {
	struct arena *a;
	char dir[32];
	const char *path; /* PATH as it was */
	char why[ROOT_WHY_MAX];
};

static const char *in(struct place *p, const char *name)
{
	return arena_printf(p->a, "%s/%s", p->dir, name);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *fp = fopen(path, "w");

	assert_non_null(fp);
	fputs(text, fp);
	assert_int_equal(fclose(fp), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static const char *text_of(struct place *p, const char *name)
{
	FILE *fp = fopen(in(p, name), "r");
	char *text = arena_alloc(p->a, 4096);

	assert_non_null(fp);
	text[fread(text, 1, 4095, fp)] = '\0';
	fclose(fp);
	return text;
}

/* With a mmdebstrap that does what `fake` says, or without one. */
static struct place *place_new(const char *fake)
{
	struct arena *a = arena_new();
	struct place *p = arena_alloc(a, sizeof(*p));

	p->a = a;
	strcpy(p->dir, "/tmp/roots.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->path = arena_strdup(a, getenv("PATH"));
	mkdir(in(p, "bin"), 0755);
	if (fake != NULL)
		write_file(in(p, "bin/mmdebstrap"), FAKE_MMDEBSTRAP, 0755);
	setenv("FAKE", fake == NULL ? "" : fake, 1);
	setenv("FAKE_LOG", in(p, "calls"), 1);
	setenv("HARNESS_LAB", in(p, "lab/roots"), 1);
	setenv("PATH",
		fake == NULL ? in(p, "bin")
			     : arena_printf(a, "%s:%s", in(p, "bin"), p->path),
		1);
	return p;
}

static void place_free(struct place *p)
{
	char why[ROOT_WHY_MAX] = "";

	setenv("PATH", p->path, 1);
	unsetenv("HARNESS_LAB");
	assert_int_equal(root_remove(p->dir, why), 0);
	arena_free(p->a);
}

static const char *get(struct place *p, const struct root_recipe *r)
{
	return root_get(p->a, r, true, NULL, NULL, p->why);
}

/* apt-config is of apt: where that is missing so is mmdebstrap. */
static bool has_apt(struct place *p)
{
	if (is_there("/usr/bin/apt-config") && is_there("/usr/bin/setpriv"))
		return true;
	place_free(p);
	print_message("skipped: no apt here\n");
	return false;
}

/* ---- building ----------------------------------------------------------- */

static void a_root_is_built_once(void **state)
{
	struct place *p = place_new(":");
	const char *root;
	size_t calls = 0;

	(void)state;
	if (!has_apt(p))
		skip();
	root = get(p, &plain);
	assert_non_null(root);
	assert_string_equal(root, in(p, "lab/roots/plain"));
	assert_true(is_there(in(p, "lab/roots/plain/lab/recipe")));
	assert_string_equal(root_version(p->a, root, "acl"), "1.2");
	assert_non_null(get(p, &plain));
	for (const char *s = text_of(p, "calls"); (s = strchr(s, '\n')) != NULL; s++)
		calls += s[1] == '-' || s[1] == '\0';
	/* Debian itself, then the root. */
	assert_int_equal(calls, 2);
	place_free(p);
}

static void nothing_is_left_but_the_root_its_log_and_the_base(void **state)
{
	struct place *p = place_new(":");

	(void)state;
	if (!has_apt(p))
		skip();
	assert_non_null(get(p, &plain));
	assert_false(is_there(in(p, "lab/roots/plain.tmp")));
	assert_true(is_there(in(p, "lab/roots/plain.log")));
	assert_true(is_there(in(p, "lab/roots/base-bookworm.tar")));
	assert_int_equal(root_clean(true, p->why), 2);
	assert_false(is_there(in(p, "lab/roots/plain")));
	assert_false(is_there(in(p, "lab/roots/plain.log")));
	assert_false(is_there(in(p, "lab/roots/base-bookworm.tar")));
	place_free(p);
}

static void a_root_for_another_recipe_is_built_anew(void **state)
{
	struct place *p = place_new(":");
	struct root_recipe other = plain;

	(void)state;
	if (!has_apt(p))
		skip();
	other.packages = "acl";
	assert_non_null(get(p, &plain));
	assert_null(root_get(p->a, &other, false, NULL, NULL, p->why));
	assert_string_equal(p->why,
		"plain was built for another recipe: `harness lab build plain'");
	assert_non_null(get(p, &other));
	assert_non_null(
		strstr(text_of(p, "lab/roots/plain/lab/recipe"), "\npackages acl\n"));
	assert_false(is_there(in(p, "lab/roots/plain.tmp")));
	place_free(p);
}

static void another_driver_is_another_recipe(void **state)
{
	struct place *p = place_new(":");
	struct root_recipe one = plain, two = plain;

	(void)state;
	if (!has_apt(p))
		skip();
	one.driver = "prepare() { :; }";
	two.driver = "prepare() { true; }";
	assert_non_null(get(p, &one));
	assert_non_null(root_get(p->a, &one, false, NULL, NULL, p->why));
	assert_null(root_get(p->a, &two, false, NULL, NULL, p->why));
	place_free(p);
}

static void a_root_that_is_missing_is_not_built_unasked(void **state)
{
	struct place *p = place_new(":");

	(void)state;
	assert_null(root_get(p->a, &plain, false, NULL, NULL, p->why));
	assert_string_equal(
		p->why, "plain is not built yet: `harness lab build plain'");
	assert_false(is_there(in(p, "lab")));
	place_free(p);
}

static void without_mmdebstrap_the_package_is_named(void **state)
{
	struct place *p = place_new(NULL);

	(void)state;
	assert_null(get(p, &plain));
	assert_string_equal(p->why, "plain is not built, and there is no mmdebstrap to "
				    "build it: install the package mmdebstrap");
	place_free(p);
}

static void without_npm_its_packages_are_not_tried(void **state)
{
	struct place *p = place_new(":");
	struct root_recipe r = plain;

	(void)state;
	setenv("PATH", in(p, "bin"), 1);
	r.npm = "a@1";
	assert_null(get(p, &r));
	assert_string_equal(p->why, "plain is not built, and there is no npm to build "
				    "it: install the package npm");
	place_free(p);
}

static void what_was_told(void *ctx, const char *text)
{
	strcpy(ctx, text);
}

static void it_is_said_before_it_takes_long(void **state)
{
	struct place *p = place_new("exit 1");
	char told[128] = "";

	(void)state;
	root_get(p->a, &plain, true, what_was_told, told, p->why);
	assert_string_equal(told, "building plain: half a minute, more for the first");
	place_free(p);
}

static const struct failure {
	const char *name, *fake, *line;
} failures[] = {
	{ "apt's first complaint is the reason",
		"echo Get:1; echo 'E: Unable to locate package acl'; echo 'E: "
		"mmdebstrap "
		"failed to run'; exit 1",
		"E: Unable to locate package acl" },
	{ "npm's complaint is the reason",
		"echo 'npm ERR! code E404'; echo more; exit 1", "npm ERR! code E404" },
	{ "a full disk is the reason",
		"echo 'tar: x: No space left on device'; echo 'tar: Exiting'; exit 2",
		"tar: x: No space left on device" },
	{ "without a complaint the last line is the reason",
		"echo one; echo two; echo; exit 1", "two" },
	{ "what would control a terminal does not", "printf 'E: \\033[2Jx\\n'; exit 1",
		"E:  [2Jx" },
	{ "silence is no reason", "exit 1", "" },
};

static void a_failure_leaves_no_more_than_its_log(void **state)
{
	const struct failure *f = *state;
	struct place *p = place_new(f->fake);

	if (!has_apt(p))
		skip();
	assert_null(get(p, &plain));
	assert_string_equal(
		p->why, arena_printf(p->a, "plain could not be built; %s says: %s",
				in(p, "lab/roots/plain.log"), f->line));
	assert_false(is_there(in(p, "lab/roots/plain")));
	assert_false(is_there(in(p, "lab/roots/plain.tmp")));
	place_free(p);
}

/* ---- left-overs --------------------------------------------------------- */

static void make_left_over(struct place *p)
{
	mkdir(in(p, "lab"), 0755);
	mkdir(in(p, "lab/roots"), 0755);
	mkdir(in(p, "lab/roots/plain.tmp"), 0755);
	mkdir(in(p, "lab/roots/plain.tmp/root"), 0755);
	write_file(in(p, "lab/roots/plain.tmp/root/file"), "x", 0);
	assert_int_equal(symlink("/", in(p, "lab/roots/plain.tmp/root/link")), 0);
	mkdir(in(p, "lab/roots/plain.tmp/root/closed"), 0755);
	write_file(in(p, "lab/roots/plain.tmp/root/closed/file"), "x", 0);
	chmod(in(p, "lab/roots/plain.tmp/root/closed"), 0);
}

static void what_a_killed_builder_left_is_cleaned(void **state)
{
	struct place *p = place_new(":");

	(void)state;
	make_left_over(p);
	mkdir(in(p, "lab/roots/mine"), 0755);
	assert_int_equal(root_clean(false, p->why), 1);
	assert_false(is_there(in(p, "lab/roots/plain.tmp")));
	assert_int_equal(root_clean(true, p->why), 0);
	assert_true(is_there(in(p, "lab/roots/mine")));
	place_free(p);
}

static void the_next_builder_cleans_too(void **state)
{
	struct place *p = place_new(":");

	(void)state;
	if (!has_apt(p))
		skip();
	make_left_over(p);
	assert_non_null(get(p, &plain));
	assert_false(is_there(in(p, "lab/roots/plain.tmp")));
	assert_false(is_there(in(p, "lab/roots/plain/closed")));
	place_free(p);
}

static void no_folder_is_clean(void **state)
{
	struct place *p = place_new(":");

	(void)state;
	assert_int_equal(root_clean(true, p->why), 0);
	place_free(p);
}

static void mounts_below_are_taken_away_first(void **state)
{
	struct place *p = place_new(":");
	const char *at;

	(void)state;
	make_left_over(p);
	at = in(p, "lab/roots/plain.tmp/root/a mount");
	mkdir(at, 0755);
	if (mount("none", at, "tmpfs", 0, "size=64k") != 0) {
		print_message("skipped: mount: %s\n", strerror(errno));
		place_free(p);
		skip();
	}
	assert_int_equal(root_clean(false, p->why), 1);
	assert_false(is_there(in(p, "lab/roots/plain.tmp")));
	place_free(p);
}

/* ---- the lock ----------------------------------------------------------- */

/* A child that holds the lock until the other end of the pipe is closed. */
static pid_t hold_lock(struct place *p, int *ret_end)
{
	int ready[2], go[2];
	char byte;
	pid_t pid;

	mkdir(in(p, "lab"), 0755);
	mkdir(in(p, "lab/roots"), 0755);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		int fd = open(in(p, "lab/roots/plain.lock"), O_RDWR | O_CREAT, 0644);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(go[1]);
		flock(fd, LOCK_EX);
		(void)!write(ready[1], "", 1);
		(void)!read(go[0], &byte, 1);
		_exit(0);
	}
	close(ready[1]);
	close(go[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*ret_end = go[1];
	return pid;
}

static void what_is_being_built_is_not_cleaned(void **state)
{
	struct place *p = place_new(":");
	int end;
	pid_t pid = hold_lock(p, &end);

	(void)state;
	make_left_over(p);
	assert_int_equal(root_clean(true, p->why), 0);
	assert_true(is_there(in(p, "lab/roots/plain.tmp")));
	close(end);
	waitpid(pid, NULL, 0);
	assert_int_equal(root_clean(true, p->why), 1);
	place_free(p);
}

static void say_so(void *ctx, const char *text)
{
	const int *to = ctx;

	(void)!write(*to, text, 1);
}

/* The second one finds what the first has built meanwhile. */
static void builders_of_one_root_wait_for_each_other(void **state)
{
	struct place *p = place_new(":");
	pid_t holder, pid;
	int end, status, told[2];
	char byte;

	(void)state;
	if (!has_apt(p))
		skip();
	assert_non_null(get(p, &plain));
	assert_int_equal(rename(in(p, "lab/roots/plain"), in(p, "lab/built")), 0);
	unlink(in(p, "calls"));
	holder = hold_lock(p, &end);
	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (pid == 0) {
		close(end);
		_exit(root_get(p->a, &plain, true, say_so, &told[1], p->why) == NULL);
	}
	close(told[1]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	assert_int_equal(byte, 'w');
	close(told[0]);
	rename(in(p, "lab/built"), in(p, "lab/roots/plain"));
	close(end);
	waitpid(holder, NULL, 0);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_false(is_there(in(p, "calls")));
	place_free(p);
}

/* ---- versions ----------------------------------------------------------- */

static void a_version_is_of_the_whole_name(void **state)
{
	struct place *p = place_new(":");

	(void)state;
	mkdir(in(p, "lab"), 0755);
	write_file(in(p, "lab/versions"), "postfix-doc 1\npostfix 3.7\nlast 9", 0644);
	assert_string_equal(root_version(p->a, p->dir, "postfix"), "3.7");
	assert_string_equal(root_version(p->a, p->dir, "last"), "9");
	assert_null(root_version(p->a, p->dir, "post"));
	assert_null(root_version(p->a, in(p, "bin"), "postfix"));
	place_free(p);
}

static void roots_are_where_the_environment_says(void **state)
{
	(void)state;
	unsetenv("HARNESS_LAB");
	assert_string_equal(root_dir(), "build/lab");
	setenv("HARNESS_LAB", "", 1);
	assert_string_equal(root_dir(), "build/lab");
	setenv("HARNESS_LAB", "/x", 1);
	assert_string_equal(root_dir(), "/x");
	unsetenv("HARNESS_LAB");
}

int main(void)
{
	TESTS_ADD(a_root_is_built_once);
	TESTS_ADD(nothing_is_left_but_the_root_its_log_and_the_base);
	TESTS_ADD(a_root_for_another_recipe_is_built_anew);
	TESTS_ADD(another_driver_is_another_recipe);
	TESTS_ADD(a_root_that_is_missing_is_not_built_unasked);
	TESTS_ADD(without_mmdebstrap_the_package_is_named);
	TESTS_ADD(without_npm_its_packages_are_not_tried);
	TESTS_ADD(it_is_said_before_it_takes_long);
	TESTS_ADD_ROWS(failures, a_failure_leaves_no_more_than_its_log);
	TESTS_ADD(what_a_killed_builder_left_is_cleaned);
	TESTS_ADD(the_next_builder_cleans_too);
	TESTS_ADD(no_folder_is_clean);
	TESTS_ADD(mounts_below_are_taken_away_first);
	TESTS_ADD(what_is_being_built_is_not_cleaned);
	TESTS_ADD(builders_of_one_root_wait_for_each_other);
	TESTS_ADD(a_version_is_of_the_whole_name);
	TESTS_ADD(roots_are_where_the_environment_says);
	return tests_run("lab-root");
}
