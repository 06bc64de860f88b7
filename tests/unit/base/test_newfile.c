#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/newfile.h"
#include "support/test.h"

static char folder[] = "/tmp/test-newfile-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder + sizeof(folder) - 7, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static unsigned files_in_folder(void)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	unsigned n = 0;

	while ((e = readdir(d)) != NULL)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	return n;
}

static const char *content(const char *of)
{
	static char text[64];
	FILE *fp = fopen(of, "r");

	assert_non_null(fp);
	text[fread(text, 1, sizeof(text) - 1, fp)] = '\0';
	fclose(fp);
	return text;
}

static struct newfile *begin(const char *at, const char *text)
{
	struct newfile *f = newfile_open(at);

	assert_non_null(f);
	assert_int_equal(write(newfile_fd(f), text, strlen(text)), strlen(text));
	return f;
}

static void a_file_is_not_there_until_it_is_kept(void **state)
{
	struct newfile *f;

	make_folder(state);
	f = begin(path, "whole");
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(newfile_keep(f), 0);
	assert_string_equal(content(path), "whole");
	assert_int_equal(files_in_folder(), 1);
	unlink(path);
	rmdir(folder);
}

static void an_older_file_stays_until_the_new_one_is_kept(void **state)
{
	struct newfile *f;

	make_folder(state);
	assert_int_equal(newfile_keep(begin(path, "old")), 0);
	assert_int_equal(chmod(path, 0600), 0);
	newfile_drop(begin(path, "dropped"));
	assert_string_equal(content(path), "old");
	f = begin(path, "new");
	assert_string_equal(content(path), "old");
	assert_int_equal(newfile_keep(f), 0);
	assert_string_equal(content(path), "new");
	assert_int_equal(files_in_folder(), 1);
	unlink(path);
	rmdir(folder);
}

static void a_link_stays_a_link(void **state)
{
	char link[80];
	struct stat st;

	make_folder(state);
	snprintf(link, sizeof(link), "%s/link", folder);
	assert_int_equal(newfile_keep(begin(path, "old")), 0);
	assert_int_equal(symlink("file", link), 0);
	assert_int_equal(newfile_keep(begin(link, "new")), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_string_equal(content(path), "new");
	unlink(link);
	unlink(path);
	rmdir(folder);
}

static void a_device_is_written_to_as_it_stands(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(newfile_keep(begin("/dev/null", "gone")), 0);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	(void)state;
	errno = 0;
	assert_null(newfile_open("/no-such-folder/x"));
	assert_int_equal(errno, ENOENT);
	newfile_drop(NULL);
}

static void the_end_of_the_program_leaves_nothing_behind(void **state)
{
	struct newfile *f;

	make_folder(state);
	f = begin(path, "half");
	assert_int_equal(files_in_folder(), 1);
	newfile_remove_all();
	assert_int_equal(files_in_folder(), 0);
	newfile_drop(f);
	rmdir(folder);
}

int main(void)
{
	TESTS_ADD(a_file_is_not_there_until_it_is_kept);
	TESTS_ADD(an_older_file_stays_until_the_new_one_is_kept);
	TESTS_ADD(a_link_stays_a_link);
	TESTS_ADD(a_device_is_written_to_as_it_stands);
	TESTS_ADD(a_folder_that_is_not_there_is_an_error);
	TESTS_ADD(the_end_of_the_program_leaves_nothing_behind);
	return tests_run("base-newfile");
}
