#include "server/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "support/test.h"

static struct arena *a;
static struct errs errs;
static const char *dir, *path;

static int set_up(void **state)
{
	char template[] = "/tmp/harness-journal-XXXXXX";

	(void)state;
	a = arena_new();
	errs_init(&errs, a);
	assert_non_null(mkdtemp(template));
	dir = arena_strdup(a, template);
	path = arena_printf(a, "%s/ns1.journal", dir);
	return 0;
}

static void tear_down(void)
{
	unlink(path);
	rmdir(dir);
	arena_free(a);
}

static struct journal *open_it(void)
{
	struct journal *j = journal_open(dir, "ns1", &errs);

	if (j == NULL && errs.n > 0)
		print_message("%s\n", errs.list[errs.n - 1].text);
	return j;
}

static int put(struct journal *j, const char *zone, const char *message)
{
	return journal_append(
		j, name_literal(a, zone), (const uint8_t *)message, strlen(message));
}

static void put_text(void *ctx, const struct journal_record *r)
{
	const char **text = ctx;

	*text = arena_printf(a, "%s%lu %s %.*s\n", *text, r->number,
		name_text(a, r->zone), (int)r->len, (const char *)r->message);
}

static const char *all(struct journal *j)
{
	const char *text = "";

	assert_int_equal(journal_each(j, put_text, &text), 0);
	return text;
}

static off_t size_of(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void what_is_appended_is_there_after_opening_again(void **state)
{
	struct journal *j;

	set_up(state);
	j = open_it();
	assert_string_equal(all(j), "");
	assert_int_equal(put(j, "example", "one"), 0);
	assert_int_equal(put(j, "customer.example", "two"), 0);
	assert_string_equal(all(j), "1 example one\n2 customer.example two\n");
	journal_close(j);
	j = open_it();
	assert_int_equal(put(j, "example", "three"), 0);
	journal_close(j);
	j = open_it();
	assert_string_equal(
		all(j), "1 example one\n2 customer.example two\n3 example three\n");
	assert_int_equal(journal_torn(j), 0);
	journal_close(j);
	tear_down();
}

static void only_its_owner_may_read_it(void **state)
{
	struct stat st;

	set_up(state);
	journal_close(open_it());
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	tear_down();
}

static void the_folder_is_made_and_the_name_made_fit(void **state)
{
	const char *below;
	struct journal *j;

	set_up(state);
	below = arena_printf(a, "%s/new", dir);
	j = journal_open(below, "../a b", &errs);
	assert_non_null(j);
	assert_string_equal(
		journal_path(j), arena_printf(a, "%s/_._a_b.journal", below));
	unlink(journal_path(j));
	journal_close(j);
	rmdir(below);
	tear_down();
}

static void two_cannot_have_it_at_a_time(void **state)
{
	struct journal *j;

	set_up(state);
	j = open_it();
	assert_null(open_it());
	assert_string_equal(errs.list[0].text, "another process uses this journal");
	assert_string_equal(errs.list[0].at.file, path);
	journal_close(j);
	j = open_it();
	assert_non_null(j);
	journal_close(j);
	tear_down();
}

/* kill -9 at any moment of a write. */
static void a_journal_cut_at_any_octet_loses_the_last_record_only(void **state)
{
	off_t empty, one, two;
	struct journal *j;

	set_up(state);
	j = open_it();
	empty = size_of();
	put(j, "example", "one");
	one = size_of();
	put(j, "example", "the second");
	two = size_of();
	journal_close(j);
	for (off_t at = two; at-- > one;) {
		assert_int_equal(truncate(path, at), 0);
		j = open_it();
		assert_string_equal(all(j), "1 example one\n");
		assert_int_equal(journal_torn(j), at - one);
		assert_int_equal(size_of(), one);
		assert_int_equal(put(j, "example", "the second"), 0);
		assert_string_equal(all(j), "1 example one\n2 example the second\n");
		journal_close(j);
	}
	for (off_t at = empty; at-- > 0;) {
		assert_int_equal(truncate(path, at), 0);
		j = open_it();
		assert_string_equal(all(j), "");
		assert_int_equal(size_of(), empty);
		journal_close(j);
	}
	tear_down();
}

static void flip(off_t at)
{
	int fd = open(path, O_RDWR);
	uint8_t b;

	assert_int_equal(pread(fd, &b, 1, at), 1);
	b ^= 0x10;
	assert_int_equal(pwrite(fd, &b, 1, at), 1);
	close(fd);
}

/* The length was written, the data was not. */
static void a_last_record_with_any_octet_wrong_is_torn(void **state)
{
	struct journal *j;
	off_t one, two;

	set_up(state);
	j = open_it();
	put(j, "example", "one");
	one = size_of();
	for (off_t at = one;; at++) {
		put(j, "example", "two");
		two = size_of();
		journal_close(j);
		if (at == two)
			break;
		flip(at);
		j = open_it();
		assert_non_null(j);
		assert_string_equal(all(j), "1 example one\n");
		assert_int_equal(journal_torn(j), two - one);
	}
	tear_down();
}

static void damage_before_the_last_record_is_not_passed_over(void **state)
{
	struct journal *j;
	off_t one, two;

	set_up(state);
	j = open_it();
	one = size_of();
	put(j, "example", "one");
	two = size_of();
	put(j, "example", "two");
	journal_close(j);
	for (off_t at = one; at < two; at++) {
		flip(at);
		errs_init(&errs, a);
		assert_null(journal_open(dir, "ns1", &errs));
		assert_string_equal(errs.list[0].text,
			"the journal is damaged at octet 18, and there is more behind "
			"it");
		flip(at);
	}
	j = open_it();
	assert_string_equal(all(j), "1 example one\n2 example two\n");
	journal_close(j);
	tear_down();
}

static void another_file_is_left_alone(void **state)
{
	int fd;

	set_up(state);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_int_equal(write(fd, "$TTL 300\n", 9), 9);
	close(fd);
	assert_null(open_it());
	assert_string_equal(errs.list[0].text, "this is no journal of harness");
	assert_int_equal(size_of(), 9);
	tear_down();
}

/* A disk that is full at any octet of the record: RLIMIT_FSIZE is its end. */
static void a_full_disk_costs_one_update_and_nothing_else(void **state)
{
	struct rlimit was, limit;
	struct journal *j;
	off_t one, two;

	set_up(state);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	limit = was;
	j = open_it();
	put(j, "example", "one");
	one = size_of();
	put(j, "example", "two");
	two = size_of();
	for (off_t full = two; full < two + two - one; full++) {
		limit.rlim_cur = (rlim_t)full;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		assert_int_equal(put(j, "example", "six"), -1);
		assert_int_equal(errno, EFBIG);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
		assert_int_equal(size_of(), two);
	}
	assert_int_equal(put(j, "example", "six"), 0);
	assert_string_equal(all(j), "1 example one\n2 example two\n3 example six\n");
	journal_close(j);
	tear_down();
}

int main(void)
{
	TESTS_ADD(what_is_appended_is_there_after_opening_again);
	TESTS_ADD(only_its_owner_may_read_it);
	TESTS_ADD(the_folder_is_made_and_the_name_made_fit);
	TESTS_ADD(two_cannot_have_it_at_a_time);
	TESTS_ADD(a_journal_cut_at_any_octet_loses_the_last_record_only);
	TESTS_ADD(a_last_record_with_any_octet_wrong_is_torn);
	TESTS_ADD(damage_before_the_last_record_is_not_passed_over);
	TESTS_ADD(another_file_is_left_alone);
	TESTS_ADD(a_full_disk_costs_one_update_and_nothing_else);
	return tests_run("server-journal");
}
