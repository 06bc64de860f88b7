/* fuzz_querylog.c - any octets as query and reply: one line, whole, without a control
 * character. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/querylog.h"

#define LINE_MAX_SEEN 8192 /* more than any line of short names of ours is */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *line, ssize_t n)
{
	if (n < 2 || line[0] != '{' || line[n - 2] != '}' || line[n - 1] != '\n')
		abort();
	for (ssize_t i = 0; i < n - 1; i++) {
		if ((unsigned char)line[i] < 0x20 || (unsigned char)line[i] >= 0x7f)
			abort();
	}
}

/* The first octet says where the query ends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct query_log_line line = { .server = "ns1", .from.ip.family = 6 };
	char text[LINE_MAX_SEEN];
	struct query_log *log;
	int fd;

	if (size == 0)
		return 0;
	line.query = data + 1;
	line.query_len = data[0] < size - 1 ? data[0] : size - 1;
	line.reply = line.query + line.query_len;
	line.reply_len = size - 1 - line.query_len;
	fd = memfd_create("log", 0);
	log = query_log_new(fd);
	query_log_add(log, &line);
	if (query_log_end(log) != 0)
		abort();
	check(text, pread(fd, text, sizeof(text), 0));
	close(fd);
	return 0;
}
