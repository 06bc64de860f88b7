#include "support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/env.h"

/* A machine that has all but what is named. */
static struct env machine(int without)
{
	struct env e = { 0 };

	for (int i = 0; i < ENV_PARTS; i++) {
		e.parts[i].name = "part";
		e.parts[i].have = i != without;
		strcpy(e.parts[i].text, i == without ? "is not here" : "is here");
	}
	return e;
}

/* Neither row has a root: there is no folder. */
static const struct program of_debian = {
	.name = "a",
	.root = { .name = "a", .suite = "bookworm", .packages = "a" },
};
static const struct program of_npm = {
	.name = "b",
	.root = { .name = "b", .suite = "bookworm", .packages = "b", .npm = "b@1" },
};

static const struct row {
	const char *name;
	int without;
	const struct program *program;
	bool can_run;
} rows[] = {
	{ "with all parts a program can run", -1, &of_debian, true },
	{ "with all parts one of npm can run", -1, &of_npm, true },
	{ "without privilege none can run", ENV_PRIVILEGE, &of_debian, false },
	{ "without network namespaces none can run", ENV_NETNS, &of_debian, false },
	{ "without boxes none can run", ENV_OVERLAY, &of_debian, false },
	{ "without iproute2 none can run", ENV_IP, &of_debian, false },
	{ "without mmdebstrap no root can be built", ENV_MMDEBSTRAP, &of_debian,
		false },
	{ "without npm one of Debian can run", ENV_NPM, &of_debian, true },
	{ "without npm one of npm cannot run", ENV_NPM, &of_npm, false },
};

static void follows(void **state)
{
	const struct row *row = *state;
	struct env e = machine(row->without);
	char why[ENV_WHY_MAX] = "";

	setenv("HARNESS_LAB", "/nonexistent", 1);
	assert_int_equal(env_can_run(&e, row->program, why), row->can_run);
	assert_string_equal(why, row->can_run ? "" : "part: is not here");
}

static void a_long_reason_is_cut(void **state)
{
	struct env e = machine(ENV_NETNS);
	char why[ENV_WHY_MAX] = "";

	(void)state;
	memset(e.parts[ENV_NETNS].text, 'x', ENV_WHY_MAX - 1);
	assert_false(env_can_run(&e, &of_debian, why));
	assert_int_equal(strlen(why), ENV_WHY_MAX - 1);
}

static ino_t namespace(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static void probing_changes_nothing_here(void **state)
{
	ino_t net = namespace("/proc/self/ns/net"),
	      mnt = namespace("/proc/self/ns/mnt"),
	      user = namespace("/proc/self/ns/user");
	struct env e;

	(void)state;
	env_probe(&e);
	assert_true(namespace("/proc/self/ns/net") == net);
	assert_true(namespace("/proc/self/ns/mnt") == mnt);
	assert_true(namespace("/proc/self/ns/user") == user);
	for (int i = 0; i < ENV_PARTS; i++) {
		assert_true(strlen(e.parts[i].name) > 0);
		assert_true(strlen(e.parts[i].text) > 0);
	}
}

static void what_is_not_installed_is_named(void **state)
{
	const char *path = getenv("PATH");
	char *copy = strdup(path == NULL ? "" : path);
	struct env e;

	(void)state;
	setenv("PATH", "/nonexistent", 1);
	env_probe(&e);
	setenv("PATH", copy, 1);
	free(copy);
	assert_string_equal(e.parts[ENV_MMDEBSTRAP].text,
		"not here: install the package mmdebstrap");
	assert_string_equal(e.parts[ENV_NPM].text, "not here: install the package npm");
}

int main(void)
{
	TESTS_ADD_ROWS(rows, follows);
	TESTS_ADD(a_long_reason_is_cut);
	TESTS_ADD(probing_changes_nothing_here);
	TESTS_ADD(what_is_not_installed_is_named);
	return tests_run("lab-env");
}
