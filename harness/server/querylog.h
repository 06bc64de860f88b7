/* querylog.h - what a server was asked and what it said: one JSON object a line.
 *
 * docs/design.md, section 6, describes the line. It is read from the octets of both
 * messages, so that a server logs what was on the wire, and it can be on under load:
 * less than a microsecond a line. */
#ifndef SERVER_QUERYLOG_H
#define SERVER_QUERYLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"

struct query_log;

/* All borrowed, for the call only. */
struct query_log_line {
	uint64_t t_us;	     /* of the query; of the epoch or of a virtual clock */
	const char *case_id; /* NULL: left out */
	const char *server;
	struct endpoint from, to;
	bool tcp;
	const uint8_t *query, *reply;
	size_t query_len, reply_len; /* reply_len 0: none was sent */
	const char *quirk;	     /* that acted; NULL: left out */
	uint64_t delay_us;	     /* that it added; 0: left out */
};

/* Written to fd, which is the caller's. Where several write to one file it should be
 * open with O_APPEND: only whole lines are written at a time. With O_NONBLOCK a pipe
 * that nobody reads holds nothing up. */
struct query_log *query_log_new(int fd);

/* May be called from several threads. Lines are gathered; at the latest the next
 * query_log_flush() writes them. When that fails (disk full) they are kept for the next
 * time, up to a limit, and then lost: a line is whole or not there. */
void query_log_add(struct query_log *log, const struct query_log_line *line);
void query_log_flush(struct query_log *log);

/* The errno of the last write when it failed, else 0. */
int query_log_error(struct query_log *log);

/* Flushes and frees; the number of lines that were lost. */
unsigned long query_log_end(struct query_log *log);

#endif
