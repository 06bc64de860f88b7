#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "lab/sources.h"

#define KEY "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
#define OWN                                                                            \
	"Types: deb\nURIs: http://deb.debian.org/debian\n"                             \
	"Suites: trixie trixie-updates\nComponents: main\n" KEY                        \
	"\nTypes: deb\nURIs: http://deb.debian.org/debian-security\n"                  \
	"Suites: trixie-security\nComponents: main\n" KEY

/* A file of that name in /etc/apt, and what is made of it for trixie. */
static const struct row {
	const char *title;
	const char *name, *text, *want;
} rows[] = {
	{ "a stanza is Debian's and gets the other release's name",
		"sources.list.d/debian.sources",
		"# a comment\nTypes: deb deb-src\nURIs: http://ftp.example/debian\n"
		"Suites: bookworm bookworm-updates\n# another\nComponents: main "
		"contrib\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
		"Types: deb\nURIs: http://ftp.example/debian\nSuites: trixie "
		"trixie-updates\nComponents: main\n" KEY },
	{ "two stanzas are two", "sources.list.d/debian.sources",
		"Types: deb\nURIs: http://a.example/\nSuites: stable\nComponents: "
		"main\n\n\nTypes: deb\nURIs: http://b.example/\nSuites: "
		"stable-security\nComponents: main",
		"Types: deb\nURIs: http://a.example/\nSuites: trixie\nComponents: "
		"main\n" KEY "\nTypes: deb\nURIs: http://b.example/\nSuites: "
		"trixie-security\nComponents: main\n" KEY },
	{ "a field may go on in the next line", "sources.list.d/debian.sources",
		"Types: deb\nURIs:\n http://a.example/\n http://b.example/\nSuites: "
		"sid\nComponents: main\n",
		"Types: deb\nURIs: http://a.example/  http://b.example/\nSuites: "
		"trixie\nComponents: main\n" KEY },
	{ "a line is a stanza", "sources.list",
		"#deb http://old.example/ bookworm main\n"
		"deb http://a.example/debian bookworm main contrib # ours\n"
		"deb [arch=amd64 "
		"signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
		"http://b.example/debian-security bookworm-security main\n",
		"Types: deb\nURIs: http://a.example/debian\nSuites: "
		"trixie\nComponents: main\n" KEY
		"\nTypes: deb\nURIs: http://b.example/debian-security\nSuites: "
		"trixie-security\nComponents: main\n" KEY },
	{ "a suite of others is left out", "sources.list",
		"deb http://apt.example/pub bookworm-pgdg main\n"
		"deb http://apt.example/node nodistro main\n"
		"deb http://apt.example/ bookworm-backports main\n",
		OWN },
	{ "a source that others sign is left out", "sources.list",
		"deb [signed-by=/etc/apt/keyrings/docker.asc] "
		"http://download.example/linux/debian bookworm main\n",
		OWN },
	{ "a stanza that others sign is left out", "sources.list.d/x.sources",
		"Types: deb\nURIs: http://x.example/\nSuites: bookworm\nComponents: "
		"main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n",
		OWN },
	{ "a source without main is left out", "sources.list",
		"deb http://download.example/linux/debian bookworm stable\n", OWN },
	{ "source packages are left out", "sources.list",
		"deb-src http://a.example/debian bookworm main\n", OWN },
	{ "a stanza that is off is left out", "sources.list.d/debian.sources",
		"Enabled: no\nTypes: deb\nURIs: http://a.example/\nSuites: "
		"bookworm\nComponents: main\n",
		OWN },
	{ "a file that apt does not read is left out", "sources.list.d/a.list.save",
		"deb http://a.example/debian bookworm main\n", OWN },
	{ "another distribution has Debian's own servers", "sources.list",
		"deb http://archive.example/ubuntu noble main universe\n", OWN },
	{ "half a line is none", "sources.list", "deb\ndeb [arch=\ndeb http://x\n",
		OWN },
	{ "half a stanza is none", "sources.list.d/a.sources", "Types: deb\n:\nX\n",
		OWN },
	{ "nothing is Debian's own servers", "sources.list", "", OWN },
};

static void write_file(const char *path, const char *text)
{
	FILE *fp = fopen(path, "w");

	assert_non_null(fp);
	fputs(text, fp);
	assert_int_equal(fclose(fp), 0);
}

static void test_row(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	char dir[] = "/tmp/sources.XXXXXX";
	const char *file, *sub;

	assert_non_null(mkdtemp(dir));
	file = arena_printf(a, "%s/%s", dir, row->name);
	sub = arena_printf(a, "%s/sources.list.d", dir);
	assert_int_equal(mkdir(sub, 0755), 0);
	write_file(file, row->text);
	assert_string_equal(sources_of(a, dir, "trixie"), row->want);
	unlink(file);
	rmdir(sub);
	rmdir(dir);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, test_row);
	return tests_run("lab-sources");
}
