#include "support/test.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lookup.h"
#include "cli/output.h"

static const struct add_row {
	const char *name;
	const char *first; /* added before, or NULL */
	const char *text;
	const char *why; /* part of the mistake; NULL: accepted */
} add_rows[] = {
	{ "a format goes to standard output", NULL, "tap", NULL },
	{ "a format goes to a file", NULL, "tap:x", NULL },
	{ "a file's name may hold colons", NULL, "tap:a:b", NULL },
	{ "a format that is none is refused", NULL, "tapp", "did you mean \"tap\"?" },
	{ "a format without letters is refused", NULL, "", "unknown format" },
	{ "a file without a name is refused", NULL, "tap:", "no file name" },
	{ "two on standard output are refused", "json", "tap", "tap:FILE" },
	{ "one on standard output and one in a file are fine", "json", "tap:x", NULL },
	{ "- is standard output", "json", "tap:-", "tap:FILE" },
	{ "two reports for one file are refused", "json:x", "tap:x",
		"two reports for one file" },
	{ "another way to write the name changes nothing", "json:x", "tap:./x",
		"two reports for one file" },
	{ "files of one name in two folders are two", "json:x", "tap:/tmp/x", NULL },
	{ "a device may be given twice", "json:/dev/null", "tap:/dev/null", NULL },
	{ "an endless name is refused, not copied", NULL,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaa",
		"unknown format" },
};

static void test_add(void **state)
{
	const struct add_row *row = *state;
	struct outputs o = { 0 };
	char why[OUTPUT_WHY_MAX] = "";
	int rc;

	if (row->first != NULL)
		assert_int_equal(outputs_add(&o, row->first, FOR_RUN, why), 0);
	rc = outputs_add(&o, row->text, FOR_RUN, why);
	assert_int_equal(rc, row->why == NULL ? 0 : -1);
	if (row->why != NULL && strstr(why, row->why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why, row->why);
}

static void no_more_than_the_limit_is_taken(void **state)
{
	struct outputs o = { 0 };
	char why[OUTPUT_WHY_MAX], text[OUTPUTS_MAX + 1][16];

	(void)state;
	for (int i = 0; i <= OUTPUTS_MAX; i++) {
		snprintf(text[i], sizeof(text[i]), "tap:%d", i);
		assert_int_equal(outputs_add(&o, text[i], FOR_RUN, why),
			i < OUTPUTS_MAX ? 0 : -1);
	}
}

static void a_format_of_runs_is_none_of_lookups(void **state)
{
	struct outputs o = { 0 };
	char why[OUTPUT_WHY_MAX];

	(void)state;
	assert_int_equal(outputs_add(&o, "junit", FOR_LOOKUP, why), -1);
	assert_int_equal(outputs_add(&o, "table", FOR_LOOKUP, why), 0);
}

/* ---- files ---- */

static char folder[64];

static int count_entries(void)
{
	DIR *dir = opendir(folder);
	int n = 0;

	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(dir);
	return n;
}

static void read_text(const char *path, char *buf, size_t size)
{
	FILE *fp = fopen(path, "r");

	assert_non_null(fp);
	buf[fread(buf, 1, size - 1, fp)] = '\0';
	fclose(fp);
}

/* One report of nothing into folder/name. */
static int write_report(const char *name, bool finish)
{
	static const struct record_run run = {
		.tool = "harness", .version = "0", .shard = "1/1"
	};
	struct report_options options = { 0 };
	char text[256], why[OUTPUT_WHY_MAX];
	struct outputs o = { 0 };
	struct run_sink sink;
	int rc;

	snprintf(text, sizeof(text), "tap:%s/%s", folder, name);
	assert_int_equal(outputs_add(&o, text, FOR_RUN, why), 0);
	rc = outputs_open(&o, &options, false);
	if (rc == 0) {
		sink = outputs_sink(&o);
		sink.begin(sink.ctx, &run, NULL, 0);
		if (finish)
			rc = outputs_finish(&o);
	}
	outputs_drop(&o);
	return rc;
}

static void a_finished_report_is_there_alone(void **state)
{
	char path[128], text[256];

	(void)state;
	assert_int_equal(write_report("a.tap", true), 0);
	assert_int_equal(count_entries(), 1);
	snprintf(path, sizeof(path), "%s/a.tap", folder);
	read_text(path, text, sizeof(text));
	assert_int_equal(strncmp(text, "TAP version 13\n", 15), 0);
	unlink(path);
}

static void a_dropped_report_leaves_nothing(void **state)
{
	(void)state;
	assert_int_equal(write_report("b.tap", false), 0);
	assert_int_equal(count_entries(), 0);
}

static void an_old_report_stays_until_the_new_one_is_whole(void **state)
{
	char path[128], text[256];
	FILE *fp;

	(void)state;
	snprintf(path, sizeof(path), "%s/c.tap", folder);
	fp = fopen(path, "w");
	fputs("old", fp);
	fclose(fp);
	assert_int_equal(write_report("c.tap", false), 0);
	read_text(path, text, sizeof(text));
	assert_string_equal(text, "old");
	assert_int_equal(write_report("c.tap", true), 0);
	read_text(path, text, sizeof(text));
	assert_string_not_equal(text, "old");
	unlink(path);
}

static void a_link_stays_a_link(void **state)
{
	char path[128], target[128];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s/link", folder);
	snprintf(target, sizeof(target), "%s/target", folder);
	fclose(fopen(target, "w"));
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(write_report("link", true), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(target, &st), 0);
	assert_true(st.st_size > 0);
	unlink(path);
	unlink(target);
}

static void a_device_is_written_not_replaced(void **state)
{
	struct report_options options = { 0 };
	struct outputs o = { 0 };
	char why[OUTPUT_WHY_MAX];
	struct stat st;

	(void)state;
	assert_int_equal(outputs_add(&o, "tap:/dev/null", FOR_RUN, why), 0);
	assert_int_equal(outputs_open(&o, &options, false), 0);
	assert_int_equal(outputs_finish(&o), 0);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

/* ---- colour ---- */

static const struct colour_row {
	const char *name, *no_color, *force;
	enum colour_when when;
	bool want;
} colour_rows[] = {
	{ "a file gets no colour of itself", NULL, NULL, COLOUR_AUTO, false },
	{ "always is always", NULL, NULL, COLOUR_ALWAYS, true },
	{ "an option outranks NO_COLOR", "1", NULL, COLOUR_ALWAYS, true },
	{ "CLICOLOR_FORCE colours a file", NULL, "1", COLOUR_AUTO, true },
	{ "CLICOLOR_FORCE=0 does not", NULL, "0", COLOUR_AUTO, false },
	{ "NO_COLOR outranks CLICOLOR_FORCE", "1", "1", COLOUR_AUTO, false },
	{ "an empty NO_COLOR says nothing", "", "1", COLOUR_AUTO, true },
	{ "never outranks CLICOLOR_FORCE", NULL, "1", COLOUR_NEVER, false },
};

static void set(const char *variable, const char *value)
{
	if (value == NULL)
		unsetenv(variable);
	else
		setenv(variable, value, 1);
}

static void test_colour(void **state)
{
	const struct colour_row *row = *state;
	FILE *fp = tmpfile();

	set("NO_COLOR", row->no_color);
	set("CLICOLOR_FORCE", row->force);
	assert_int_equal(colour_wanted(row->when, fp), row->want);
	fclose(fp);
}

int main(void)
{
	int failed;

	snprintf(folder, sizeof(folder), "/tmp/harness-output-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return 1;
	TESTS_ADD_ROWS(add_rows, test_add);
	TESTS_ADD(no_more_than_the_limit_is_taken);
	TESTS_ADD(a_format_of_runs_is_none_of_lookups);
	TESTS_ADD(a_finished_report_is_there_alone);
	TESTS_ADD(a_dropped_report_leaves_nothing);
	TESTS_ADD(an_old_report_stays_until_the_new_one_is_whole);
	TESTS_ADD(a_link_stays_a_link);
	TESTS_ADD(a_device_is_written_not_replaced);
	TESTS_ADD_ROWS(colour_rows, test_colour);
	failed = tests_run("cli-output");
	rmdir(folder);
	return failed;
}
