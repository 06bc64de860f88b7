#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "cli/index.h"

#define ZONE                                                                           \
	"$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 60\n@ NS ns1\nns1 A "         \
	"192.0.2.53\n"

static char folder[64];

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *fp;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fp = fopen(path, "w");
	assert_non_null(fp);
	fputs(text, fp);
	fclose(fp);
}

static void remove_file(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
}

static const struct row {
	const char *name, *text;
	unsigned zones;	     /* loaded, when there is no mistake */
	const char *mode;    /* of the last zone */
	const char *mistake; /* part of the first, or NULL */
	int line;
	const char *hint; /* part of it, or NULL */
} rows[] = {
	{ "a zone is read beside the index", "a.example\tzone\n", 1, "strict", NULL,
		0 },
	{ "several zones stand on one server", "a.example\tzone\nb.example\tzone\n", 2,
		"strict", NULL, 0 },
	{ "a third field is the mode", "a.example\tzone\texact-type\n", 1, "exact-type",
		NULL, 0 },
	{ "an empty mode is the default", "a.example\tzone\t\n", 1, "strict", NULL, 0 },
	{ "comments and blank lines do not count", "# x\n\n  \na.example\tzone\n", 1,
		"strict", NULL, 0 },
	{ "a last line needs no newline", "a.example\tzone", 1, "strict", NULL, 0 },
	{ "line ends of DOS are line ends", "a.example\tzone\r\n", 1, "strict", NULL,
		0 },
	{ "an empty index is a mistake", "", 0, NULL, "no zone", 0 },
	{ "spaces are no tab", "a.example zone\n", 0, NULL, "<TAB>", 1 },
	{ "a fourth field is a key", "a.example\tzone\tboth\thmac-sha1:k:c2VjcmV0\n", 1,
		"both" },
	{ "the mode before it may be left empty", "a.example\tzone\t\tk:c2VjcmV0\n", 1,
		"strict" },
	{ "a fourth field that is no key is a mistake", "a.example\tzone\tboth\tx\n", 0,
		NULL, "a key is written", 1 },
	{ "two zones may have one key",
		"a.example\tzone\t\tk:c2VjcmV0\nb.example\tzone\tboth\tK:c2VjcmV0\n", 2,
		"both" },
	{ "but not two secrets under one name",
		"a.example\tzone\t\tk:c2VjcmV0\nb.example\tzone\t\tk:b3RoZXI=\n", 0,
		NULL, "key k has another secret", 2 },
	{ "a fifth field is a mistake", "a.example\tzone\tboth\tk:c2VjcmV0\tx\n", 0,
		NULL, "<TAB>", 1 },
	{ "an unknown mode is a mistake", "#\na.example\tzone\tbtoh\n", 0, NULL,
		"unknown mode", 2 },
	{ "a byte order mark is no part of a name",
		"\xef\xbb\xbf"
		"a.example\tzone\n",
		1, "strict", NULL, 0 },
	{ "a missing zone is told with the line that names it",
		"a.example\tzone\nb.example\tnone\n", 0, NULL, "cannot read", 0,
		"line 2" },
	{ "a zone listed twice is a mistake", "a.example\tzone\nA.example.\tzone\n", 0,
		NULL, "listed already, in line 1", 2 },
	{ "a name that is none is a mistake", "a..example\tzone\n", 0, NULL,
		"not a zone name", 1 },
};

static void test_index(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct server server;
	struct errs errs;
	char path[128];
	int rc;

	errs_init(&errs, a);
	write_file("zone", ZONE);
	write_file("index", row->text);
	snprintf(path, sizeof(path), "%s/index", folder);
	rc = index_load(a, path, server_mode(SERVER_MODE_DEFAULT), &errs, &server);
	if (row->mistake == NULL) {
		if (rc != 0)
			fail_msg("%s", errs.list[0].text);
		assert_int_equal(server.n_zones, row->zones);
		assert_string_equal(
			server.zones[server.n_zones - 1].mode->name, row->mode);
	} else {
		assert_int_equal(rc, -1);
		assert_non_null(strstr(errs.list[0].text, row->mistake));
		assert_int_equal(errs.list[0].at.line, row->line);
		if (row->hint != NULL)
			assert_non_null(strstr(errs.list[0].hint, row->hint));
	}
	remove_file("zone");
	remove_file("index");
	arena_free(a);
}

static void an_index_that_never_ends_is_refused(void **state)
{
	struct arena *a = arena_new();
	struct server server;
	struct errs errs;

	(void)state;
	errs_init(&errs, a);
	assert_int_equal(index_load(a, "/dev/zero", server_mode(SERVER_MODE_DEFAULT),
				 &errs, &server),
		-1);
	assert_non_null(strstr(errs.list[0].text, "no text file"));
	arena_free(a);
}

static void a_line_is_as_long_as_allowed_and_no_longer(void **state)
{
	struct arena *a = arena_new();
	char text[8300];
	struct server server;
	struct errs errs;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/index", folder);
	for (int over = 0; over <= 1; over++) {
		memset(text, '#', sizeof(text));
		snprintf(text + 8191 + over, 32, "\na.example\tzone\n");
		write_file("zone", ZONE);
		write_file("index", text);
		errs_init(&errs, a);
		assert_int_equal(index_load(a, path, server_mode(SERVER_MODE_DEFAULT),
					 &errs, &server),
			over ? -1 : 0);
		if (over)
			assert_non_null(strstr(errs.list[0].text, "8191"));
	}
	remove_file("zone");
	remove_file("index");
	arena_free(a);
}

int main(void)
{
	int failed;

	snprintf(folder, sizeof(folder), "/tmp/harness-index-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return 1;
	TESTS_ADD_ROWS(rows, test_index);
	TESTS_ADD(an_index_that_never_ends_is_refused);
	TESTS_ADD(a_line_is_as_long_as_allowed_and_no_longer);
	failed = tests_run("cli-index");
	rmdir(folder);
	return failed;
}
