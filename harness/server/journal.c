#include "server/journal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/octets.h"

#define MAGIC "harness journal 1\n"
#define MAGIC_LEN (sizeof(MAGIC) - 1)
/* In front of a record: a mark, the length of zone and message, the checksum. */
#define HEAD_LEN 16
#define MESSAGE_MAX 65535
#define BODY_MAX (NAME_WIRE_MAX + MESSAGE_MAX)
#define RECORD_MAX (HEAD_LEN + BODY_MAX)

static const uint8_t mark[4] = { 0xd5, 'U', 'P', 'D' };

struct journal {
	char *path;
	int fd;
	off_t end; /* of the last good record */
	size_t torn;
	bool broken; /* what stands behind the end is not known */
	uint8_t record[RECORD_MAX];
};

/* ---- records ---- */

/* Over length and body, and where it stands: a record in another place is none. */
static uint64_t checksum(const uint8_t *record, size_t body, off_t at)
{
	uint64_t length = XXH64(record + 4, 4, (XXH64_hash_t)at);

	return XXH64(record + HEAD_LEN, body, length);
}

static void put_head(uint8_t *record, size_t body, off_t at)
{
	uint64_t sum;

	memcpy(record, mark, sizeof(mark));
	set32(record + 4, (uint32_t)body);
	sum = checksum(record, body, at);
	set32(record + 8, (uint32_t)(sum >> 32));
	set32(record + 12, (uint32_t)sum);
}

/* The length of the good record of which `room` octets lie at p; 0 for none. */
static size_t record_len(const uint8_t *p, size_t room, off_t at)
{
	uint64_t sum;
	size_t body;

	if (room < HEAD_LEN || memcmp(p, mark, sizeof(mark)) != 0)
		return 0;
	body = get32(p + 4);
	if (body > room - HEAD_LEN || body > BODY_MAX)
		return 0;
	sum = (uint64_t)get32(p + 8) << 32 | get32(p + 12);
	if (sum != checksum(p, body, at) ||
		name_check(p + HEAD_LEN, p + HEAD_LEN + body) == 0)
		return 0;
	return HEAD_LEN + body;
}

/* ---- files ---- */

static ssize_t read_at(int fd, uint8_t *to, size_t n, off_t at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(fd, to + done, n - done, at + (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

/* The record at that place into j->record, as far as the file has it: its length, 0
 * when it is not good, -1 with errno set. */
static ssize_t read_record(struct journal *j, off_t at)
{
	ssize_t head = read_at(j->fd, j->record, HEAD_LEN, at), rest = 0;
	size_t body = head == HEAD_LEN ? get32(j->record + 4) : 0;

	if (body > 0 && body <= BODY_MAX)
		rest = read_at(j->fd, j->record + HEAD_LEN, body, at + HEAD_LEN);
	if (head < 0 || rest < 0)
		return -1;
	return (ssize_t)record_len(j->record, (size_t)(head + rest), at);
}

static int write_at(int fd, const uint8_t *from, size_t n, off_t at)
{
	while (n > 0) {
		ssize_t put = pwrite(fd, from, n, at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		from += put;
		at += put;
		n -= (size_t)put;
	}
	return 0;
}

/* A new name is on the disk when its folder is. */
static int sync_folder(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	return rc;
}

static int make_folder(struct arena *a, const char *dir)
{
	if (mkdir(dir, 0700) != 0)
		return errno == EEXIST ? 0 : -1;
	return sync_folder(arena_printf(a, "%s/..", dir));
}

static char *path_of(const char *dir, const char *name)
{
	char *path = NULL, *file;

	if (asprintf(&path, "%s/%s.journal", dir, name) < 0)
		bug("out of memory");
	file = path + strlen(dir) + 1;
	for (char *p = file; p < file + strlen(name); p++) {
		if (!isalnum((unsigned char)*p) && strchr("-_.", *p) == NULL)
			*p = '_';
	}
	if (file[0] == '.')
		file[0] = '_';
	return path;
}

/* ---- appending ---- */

/* What was begun is taken back, so that the next record follows the last good one. */
static int take_back(struct journal *j, int why)
{
	j->broken = ftruncate(j->fd, j->end) != 0;
	errno = why;
	return -1;
}

static int append(struct journal *j, const uint8_t *data, size_t n)
{
	if (j->broken) {
		errno = EIO;
		return -1;
	}
	if (write_at(j->fd, data, n, j->end) != 0 || fdatasync(j->fd) != 0)
		return take_back(j, errno);
	j->end += (off_t)n;
	return 0;
}

int journal_append(
	struct journal *j, const struct name *zone, const uint8_t *message, size_t len)
{
	size_t name = name_len(zone), body = name + len;

	if (len > MESSAGE_MAX)
		bug("a message of %zu octets", len);
	memcpy(j->record + HEAD_LEN, zone, name);
	memcpy(j->record + HEAD_LEN + name, message, len);
	put_head(j->record, body, j->end);
	return append(j, j->record, HEAD_LEN + body);
}

/* ---- opening ---- */

static int complain(const struct journal *j, struct errs *errs, const char *text)
{
	errs_add(errs, (struct place){ .file = arena_strdup(errs->arena, j->path) },
		"%s", text);
	return -1;
}

static int complain_errno(const struct journal *j, struct errs *errs, const char *what)
{
	return complain(j, errs,
		arena_printf(errs->arena, "cannot %s the journal: %s", what,
			strerror(errno)));
}

/* Is there a good record somewhere behind a bad one? */
static bool has_record(const uint8_t *p, size_t n, off_t at)
{
	for (size_t i = 1; i < n; i++) {
		if (record_len(p + i, n - i, at + (off_t)i) > 0)
			return true;
	}
	return false;
}

/* What follows the last good record. Each record was on the disk before the next was
 * begun, so that only one can be torn; more than that, or a good one behind it, means
 * that something else has happened to the file. */
static int cut_torn_end(struct journal *j, off_t size, struct errs *errs)
{
	size_t n = (size_t)(size - j->end);

	if (n == 0)
		return 0;
	if (n > RECORD_MAX || read_at(j->fd, j->record, n, j->end) != (ssize_t)n ||
		has_record(j->record, n, j->end)) {
		struct err *e;

		complain(j, errs,
			arena_printf(errs->arena,
				"the journal is damaged at octet %lld, and there is "
				"more behind it",
				(long long)j->end));
		e = &errs->list[errs->n - 1];
		err_hint(errs, e,
			"move it away to go without the updates in it; those before "
			"the damage are whole");
		return -1;
	}
	if (ftruncate(j->fd, j->end) != 0 || fdatasync(j->fd) != 0)
		return complain_errno(j, errs, "shorten");
	j->torn = n;
	return 0;
}

static int find_end(struct journal *j, off_t size, struct errs *errs)
{
	j->end = MAGIC_LEN;
	for (;;) {
		ssize_t len = read_record(j, j->end);

		if (len < 0)
			return complain_errno(j, errs, "read");
		if (len == 0)
			return cut_torn_end(j, size, errs);
		j->end += len;
	}
}

/* An empty file, or one whose first line was torn, is a new one. */
static int check_magic(
	struct journal *j, const char *dir, off_t size, struct errs *errs)
{
	uint8_t magic[MAGIC_LEN];
	ssize_t n = read_at(j->fd, magic, MAGIC_LEN, 0);

	if (n < 0)
		return complain_errno(j, errs, "read");
	if (memcmp(magic, MAGIC, (size_t)n) != 0)
		return complain(j, errs, "this is no journal of harness");
	if (size >= (off_t)MAGIC_LEN)
		return find_end(j, size, errs);
	j->torn = (size_t)size;
	if (ftruncate(j->fd, 0) != 0 ||
		append(j, (const uint8_t *)MAGIC, MAGIC_LEN) != 0 ||
		sync_folder(dir) != 0)
		return complain_errno(j, errs, "begin");
	return 0;
}

static int open_file(struct journal *j, const char *dir, struct errs *errs)
{
	struct stat st;

	if (make_folder(errs->arena, dir) != 0)
		return complain_errno(j, errs, "make the folder of");
	j->fd = open(
		j->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (j->fd < 0 || fstat(j->fd, &st) != 0)
		return complain_errno(j, errs, "open");
	if (!S_ISREG(st.st_mode))
		return complain(j, errs, "this is no file");
	if (flock(j->fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK
			       ? complain(j, errs, "another process uses this journal")
			       : complain_errno(j, errs, "lock");
	/* The size of before the lock may be that of another's last record. */
	if (fstat(j->fd, &st) != 0)
		return complain_errno(j, errs, "open");
	return check_magic(j, dir, st.st_size, errs);
}

struct journal *journal_open(const char *dir, const char *name, struct errs *errs)
{
	struct journal *j = calloc(1, sizeof(*j));

	if (j == NULL)
		bug("out of memory");
	j->fd = -1;
	j->path = path_of(dir, name);
	if (open_file(j, dir, errs) == 0)
		return j;
	journal_close(j);
	return NULL;
}

void journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	if (j->fd >= 0)
		close(j->fd);
	free(j->path);
	free(j);
}

const char *journal_path(const struct journal *j)
{
	return j->path;
}

size_t journal_torn(const struct journal *j)
{
	return j->torn;
}

/* ---- reading ---- */

int journal_each(struct journal *j,
	void (*fn)(void *ctx, const struct journal_record *r), void *ctx)
{
	struct journal_record r = { .number = 1 };
	off_t at = MAGIC_LEN;

	for (; at < j->end; r.number++) {
		ssize_t len = read_record(j, at);
		size_t name;

		if (len == 0)
			errno = EIO; /* it was whole when it was opened */
		if (len <= 0)
			return -1;
		r.zone = name_at(j->record + HEAD_LEN);
		name = name_len(r.zone);
		r.message = j->record + HEAD_LEN + name;
		r.len = (size_t)len - HEAD_LEN - name;
		fn(ctx, &r);
		at += len;
	}
	return 0;
}
