/* What the octets mean is RFC 1035 4.1 and RFC 6891 6.1; each line is read back by
 * jansson. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/rng.h"
#include "server/querylog.h"
#include "support/test.h"

/* ---- helpers ---- */

/* An empty file without a name. */
static int temporary_file(void)
{
	char path[] = "/tmp/test-querylog-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static char *content(int fd)
{
	off_t len = lseek(fd, 0, SEEK_END);
	char *text = malloc((size_t)len + 1);

	assert_int_equal(pread(fd, text, (size_t)len, 0), len);
	text[len] = '\0';
	return text;
}

static size_t octets_of(const char *hex, uint8_t *to)
{
	size_t n = 0;

	for (; *hex != '\0'; hex++) {
		if (*hex == ' ')
			continue;
		assert_int_equal(sscanf(hex, "%2hhx", &to[n++]), 1);
		hex++;
	}
	return n;
}

static struct query_log_line line_of(
	const uint8_t *query, size_t query_len, const uint8_t *reply, size_t reply_len)
{
	return (struct query_log_line){ .t_us = 1500000,
		.server = "ns1",
		.from = { { 4, { 192, 0, 2, 9 } }, 4000 },
		.to = { { 4, { 192, 0, 2, 53 } }, 53 },
		.query = query,
		.query_len = query_len,
		.reply = reply,
		.reply_len = reply_len };
}

static char *logged(const struct query_log_line *line)
{
	int fd = temporary_file();
	struct query_log *log = query_log_new(fd);
	char *text;

	query_log_add(log, line);
	assert_int_equal(query_log_error(log), 0);
	assert_int_equal(query_log_end(log), 0);
	text = content(fd);
	close(fd);
	return text;
}

/* One line, one object. */
static json_t *parsed(const char *text)
{
	const char *end = strchr(text, '\n');
	json_error_t error;
	json_t *object;

	assert_non_null(end);
	assert_int_equal(end[1], '\0');
	object = json_loads(text, 0, &error);
	if (object == NULL)
		fail_msg("%s: %s", error.text, text);
	return object;
}

/* ---- what a line says ---- */

struct row {
	const char *name;
	const char *query, *reply;
	const char *want; /* from "id" on */
};

/* "c.example" */
#define NAME "01 63 07 6578616d706c65 00"
#define OPT_DO "00 0029 04d0 00 00 8000 0000"

static const struct row rows[] = {
	{ "a query and its answer",
		"1234 0100 0001 0000 0000 0001 " NAME " 000f 0001" OPT_DO,
		"1234 8500 0001 0002 0003 0001 " NAME " 000f 0001",
		"\"id\":4660,\"opcode\":\"QUERY\",\"name\":\"c.example\",\"type\":"
		"\"MX\","
		"\"class\":\"IN\",\"flags\":[\"rd\"],\"edns\":{\"version\":0,\"size\":"
		"1232,\"do\":true},\"query_size\":38,\"rcode\":\"NOERROR\",\"aa\":true,"
		"\"tc\":false,\"answer\":2,\"authority\":3,\"additional\":1,\"size\":"
		"27}" },
	{ "a query without an answer", "0001 0000 0001 0000 0000 0000 00 0002 0001", "",
		"\"id\":1,\"opcode\":\"QUERY\",\"name\":\".\",\"type\":\"NS\","
		"\"class\":\"IN\",\"flags\":[],\"edns\":null,\"query_size\":17,"
		"\"rcode\":null,\"aa\":false,\"tc\":false,\"answer\":0,\"authority\":0,"
		"\"additional\":0,\"size\":0}" },
	{ "every flag has its name", "0001 87b0 0000 0000 0000 0000",
		"0001 8205 0000 0000 0000 0000",
		"\"id\":1,\"opcode\":\"QUERY\",\"name\":null,\"type\":null,"
		"\"class\":null,\"flags\":[\"qr\",\"aa\",\"tc\",\"rd\",\"ra\",\"ad\","
		"\"cd\"],\"edns\":null,\"query_size\":12,\"rcode\":\"REFUSED\","
		"\"aa\":false,\"tc\":true,\"answer\":0,\"authority\":0,\"additional\":"
		"0,"
		"\"size\":12}" },
	{ "an update names its zone",
		"0002 2800 0001 0000 0001 0000 " NAME " 0006 0001 " NAME
		" 00ff 00ff 00000000 0000",
		"0002 a809 0000 0000 0000 0000",
		"\"id\":2,\"opcode\":\"UPDATE\",\"name\":\"c.example\",\"type\":"
		"\"SOA\",\"class\":\"IN\",\"flags\":[],\"edns\":null,\"query_size\":48,"
		"\"rcode\":\"NOTAUTH\",\"aa\":false,\"tc\":false,\"answer\":0,"
		"\"authority\":0,\"additional\":0,\"size\":12}" },
	{ "unknown opcodes, types and classes are numbers",
		"0003 4800 0001 0000 0000 0000 " NAME " ff00 004d", "",
		"\"id\":3,\"opcode\":\"OPCODE9\",\"name\":\"c.example\",\"type\":"
		"\"TYPE65280\",\"class\":\"CLASS77\",\"flags\":[],\"edns\":null,"
		"\"query_size\":27,\"rcode\":null,\"aa\":false,\"tc\":false,"
		"\"answer\":0,\"authority\":0,\"additional\":0,\"size\":0}" },
	{ "an extended rcode is read from the OPT",
		"0004 0000 0001 0000 0000 0001 " NAME
		" 0010 0003 00 0029 0200 00 01 0000 0000",
		"0004 8000 0001 0000 0000 0001 " NAME
		" 0010 0003 00 0029 04d0 01 00 0000 0000",
		"\"id\":4,\"opcode\":\"QUERY\",\"name\":\"c.example\",\"type\":\"TXT\","
		"\"class\":\"CH\",\"flags\":[],\"edns\":{\"version\":1,\"size\":512,"
		"\"do\":false},\"query_size\":38,\"rcode\":\"BADVERS\",\"aa\":false,"
		"\"tc\":false,\"answer\":0,\"authority\":0,\"additional\":1,\"size\":"
		"38}" },
	{ "of two questions the first is shown",
		"0005 0000 0002 0000 0000 0001 " NAME " 0001 0001 c00c 001c "
		"0001" OPT_DO,
		"",
		"\"id\":5,\"opcode\":\"QUERY\",\"name\":\"c.example\",\"type\":\"A\","
		"\"class\":\"IN\",\"flags\":[],\"edns\":{\"version\":0,\"size\":1232,"
		"\"do\":true},\"query_size\":44,\"rcode\":null,\"aa\":false,"
		"\"tc\":false,\"answer\":0,\"authority\":0,\"additional\":0,\"size\":"
		"0}" },
	{ "a query without a whole header has nothing to say", "0005 00", "",
		"\"id\":null,\"opcode\":null,\"name\":null,\"type\":null,"
		"\"class\":null,\"flags\":[],\"edns\":null,\"query_size\":3,"
		"\"rcode\":null,\"aa\":false,\"tc\":false,\"answer\":0,\"authority\":0,"
		"\"additional\":0,\"size\":0}" },
	{ "a question that is cut off is none",
		"0006 0000 0001 0000 0000 0000 " NAME " 0001 00",
		"0006 8001 0000 0000 0000 0000",
		"\"id\":6,\"opcode\":\"QUERY\",\"name\":null,\"type\":null,"
		"\"class\":null,\"flags\":[],\"edns\":null,\"query_size\":26,"
		"\"rcode\":\"FORMERR\",\"aa\":false,\"tc\":false,\"answer\":0,"
		"\"authority\":0,\"additional\":0,\"size\":12}" },
	{ "a reply that is no message has a size only",
		"0007 0000 0001 0000 0000 0000 00 0002 0001", "0007 dead",
		"\"id\":7,\"opcode\":\"QUERY\",\"name\":\".\",\"type\":\"NS\","
		"\"class\":\"IN\",\"flags\":[],\"edns\":null,\"query_size\":17,"
		"\"rcode\":null,\"aa\":false,\"tc\":false,\"answer\":0,\"authority\":0,"
		"\"additional\":0,\"size\":4}" },
};

static void check_row(void **state)
{
	static const char start[] =
		"{\"t_us\":1500000,\"server\":\"ns1\",\"from\":\"192.0.2.9:4000\","
		"\"to\":\"192.0.2.53:53\",\"proto\":\"udp\",\"id\"";
	const struct row *row = *state;
	uint8_t query[512], reply[512];
	size_t n = octets_of(row->query, query), m = octets_of(row->reply, reply);
	struct query_log_line line = line_of(query, n, reply, m);
	char *text = logged(&line);
	const char *from = strstr(text, "\"id\"");

	json_decref(parsed(text));
	assert_memory_equal(text, start, sizeof(start) - 1);
	assert_non_null(from);
	*strchr(from, '\n') = '\0';
	assert_string_equal(from, row->want);
	free(text);
}

static void case_quirk_and_delay_are_shown_when_there_are_any(void **state)
{
	struct query_log_line line = line_of(NULL, 0, NULL, 0);
	char *text;
	json_t *o;

	(void)state;
	line.case_id = "a \"case\"\n/x";
	line.server = "ns\\1";
	line.quirk = "truncate";
	line.delay_us = 250;
	line.tcp = true;
	line.from = (struct endpoint){ { 6, { 0x20, 1, 0xd, 0xb8, [15] = 1 } }, 7 };
	text = logged(&line);
	o = parsed(text);
	assert_string_equal(
		json_string_value(json_object_get(o, "case")), line.case_id);
	assert_string_equal(
		json_string_value(json_object_get(o, "server")), line.server);
	assert_string_equal(json_string_value(json_object_get(o, "quirk")), "truncate");
	assert_int_equal(json_integer_value(json_object_get(o, "delay_us")), 250);
	assert_string_equal(json_string_value(json_object_get(o, "proto")), "tcp");
	assert_string_equal(
		json_string_value(json_object_get(o, "from")), "[2001:db8::1]:7");
	json_decref(o);
	free(text);
}

struct name_row {
	const char *name;
	const char *labels; /* hex, without the final zero */
	const char *want;   /* RFC 1035 5.1 */
};

static const struct name_row name_rows[] = {
	{ "letters keep their case", "03 4d7831 02 2d5f", "Mx1.-_" },
	{ "a quote does not end the name", "03 612262 01 63", "a\\\"b.c" },
	{ "a line feed does not end the line", "03 610a62", "a\\010b" },
	{ "a backslash is one", "01 5c", "\\\\" },
	{ "a dot in a label is none", "03 612e62", "a\\.b" },
	{ "octets that are no text are numbers", "04 00ff807f",
		"\\000\\255\\128\\127" },
};

static void check_name(void **state)
{
	const struct name_row *row = *state;
	uint8_t query[512] = { 0, 1, 0, 0, 0, 1 };
	size_t n = 12 + octets_of(row->labels, query + 12);
	struct query_log_line line;
	json_t *o;
	char *text;

	memcpy(query + n, "\0\0\1\0\1", 5);
	line = line_of(query, n + 5, NULL, 0);
	text = logged(&line);
	o = parsed(text);
	assert_string_equal(json_string_value(json_object_get(o, "name")), row->want);
	json_decref(o);
	free(text);
}

static void the_longest_names_fit(void **state)
{
	static const uint8_t octet[] = { 'a', '"', '\\', 0, 0xff, '.' };

	(void)state;
	for (size_t k = 0; k < sizeof(octet); k++) {
		uint8_t query[12 + 255 + 4] = { 0, 1, 0, 0, 0, 1 };
		struct query_log_line line = line_of(query, sizeof(query), query, 12);
		char *text;
		json_t *o;

		/* Three labels of 63 octets and one of 61: 255 with their lengths. */
		memset(query + 12, octet[k], 254);
		query[12] = query[12 + 64] = query[12 + 128] = 63;
		query[12 + 192] = 61;
		memcpy(query + 12 + 254, "\0\0\1\0\1", 5);
		text = logged(&line);
		o = parsed(text);
		assert_true(json_string_length(json_object_get(o, "name")) >= 253);
		json_decref(o);
		free(text);
	}
}

static void any_octets_make_one_line(void **state)
{
	struct rng r = { 5 };

	(void)state;
	for (int i = 0; i < 3000; i++) {
		uint8_t query[300], reply[300];
		struct query_log_line line =
			line_of(query, rng_below(&r, 300), reply, rng_below(&r, 300));
		char *text;

		for (size_t k = 0; k < sizeof(query); k++) {
			query[k] = (uint8_t)rng_below(&r, 256);
			reply[k] = (uint8_t)rng_below(&r, k < 24 ? 3 : 256);
		}
		query[4] = query[6] = query[8] = query[10] = 0;
		query[5] = query[7] = query[9] = query[11] = 1;
		text = logged(&line);
		json_decref(parsed(text));
		free(text);
	}
}

/* ---- the file ---- */

static void add_numbered(struct query_log *log, uint64_t n)
{
	struct query_log_line line = line_of(NULL, 0, NULL, 0);

	line.t_us = n;
	query_log_add(log, &line);
}

/* The lines of the text are whole, and numbered from 0 to n - 1. */
static void assert_numbered(char *text, uint64_t n)
{
	char *line, *rest = text;
	uint64_t i = 0;

	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		json_t *o = json_loads(line, 0, NULL);

		assert_non_null(o);
		assert_int_equal(json_integer_value(json_object_get(o, "t_us")), i++);
		json_decref(o);
	}
	assert_int_equal(i, n);
}

static void lines_are_there_after_a_flush(void **state)
{
	int fd = temporary_file();
	struct query_log *log = query_log_new(fd);
	char *text;

	(void)state;
	add_numbered(log, 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	query_log_flush(log);
	text = content(fd);
	assert_numbered(text, 1);
	free(text);
	for (uint64_t i = 1; i < 2000; i++)
		add_numbered(log, i);
	assert_true(lseek(fd, 0, SEEK_END) > 100000); /* not all wait for a flush */
	assert_int_equal(query_log_end(log), 0);
	text = content(fd);
	assert_numbered(text, 2000);
	free(text);
	close(fd);
}

static void a_full_disk_is_an_error_and_loses_lines(void **state)
{
	int fd = open("/dev/full", O_WRONLY);
	struct query_log *log = query_log_new(fd);

	(void)state;
	add_numbered(log, 0);
	assert_int_equal(query_log_error(log), 0);
	query_log_flush(log);
	assert_int_equal(query_log_error(log), ENOSPC);
	for (int i = 1; i < 30000; i++)
		add_numbered(log, 0);
	assert_int_equal(query_log_error(log), ENOSPC);
	assert_int_equal(query_log_end(log), 30000);
	close(fd);
}

/* A pipe that is full cuts a line, as a full disk does; later there is room again. */
static void a_line_that_was_cut_goes_on_where_it_stopped(void **state)
{
	static char got[1 << 20];
	size_t len = 0;
	struct query_log *log;
	int fds[2];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	log = query_log_new(fds[1]);
	for (uint64_t i = 0; i < 2000; i++)
		add_numbered(log, i);
	assert_int_equal(query_log_error(log), 0); /* slow is not broken */
	while ((n = read(fds[0], got + len, sizeof(got) - 1 - len)) > 0) {
		len += (size_t)n;
		query_log_flush(log);
	}
	assert_int_equal(query_log_end(log), 0);
	got[len] = '\0';
	assert_numbered(got, 2000);
	close(fds[0]);
	close(fds[1]);
}

static void *add_many(void *ctx)
{
	for (uint64_t i = 0; i < 1000; i++)
		add_numbered(ctx, i);
	return NULL;
}

static void threads_share_a_log(void **state)
{
	int fd = temporary_file();
	struct query_log *log = query_log_new(fd);
	unsigned n = 0;
	pthread_t thread[3];
	char *text, *line, *rest;

	(void)state;
	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, add_many, log);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(query_log_end(log), 0);
	rest = text = content(fd);
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		json_t *o = json_loads(line, 0, NULL);

		assert_non_null(o);
		json_decref(o);
		n++;
	}
	assert_int_equal(n, 3000);
	free(text);
	close(fd);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, check_row);
	TESTS_ADD(case_quirk_and_delay_are_shown_when_there_are_any);
	TESTS_ADD_ROWS(name_rows, check_name);
	TESTS_ADD(the_longest_names_fit);
	TESTS_ADD(any_octets_make_one_line);
	TESTS_ADD(lines_are_there_after_a_flush);
	TESTS_ADD(a_full_disk_is_an_error_and_loses_lines);
	TESTS_ADD(a_line_that_was_cut_goes_on_where_it_stopped);
	TESTS_ADD(threads_share_a_log);
	return tests_run("server-querylog");
}
