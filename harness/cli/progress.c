#include "cli/progress.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

/* More often than that is a flicker. */
#define PAINT_NS INT64_C(100000000)

/* Half a terminal: the numbers need the rest. */
#define NAME_MAX_LEN 40

static struct {
	pthread_mutex_t lock; /* of all but `painted` */
	bool on, paints, lines;
	char name[NAME_MAX_LEN];
	unsigned n_names;
	size_t done, of, differ;
	int64_t painted_ns;
	volatile sig_atomic_t painted;
} p = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* To the beginning of the line, and erase it (ECMA-48, CR and EL). */
void progress_wipe(void)
{
	static const char wipe[] = "\r\033[K";

	if (!p.painted)
		return;
	p.painted = 0;
	(void)!write(STDERR_FILENO, wipe, sizeof(wipe) - 1);
}

/* "postfix-3.10", or "12 programs". */
static void put_who(char who[NAME_MAX_LEN])
{
	if (p.n_names == 1)
		memcpy(who, p.name, NAME_MAX_LEN);
	else
		snprintf(who, NAME_MAX_LEN, "%u programs", p.n_names);
}

static int put(char *to, size_t size)
{
	char who[NAME_MAX_LEN], differ[32] = "";

	put_who(who);
	if (p.differ > 0)
		snprintf(differ, sizeof(differ), "   %zu differ", p.differ);
	return snprintf(to, size, "%s  %zu of %zu%s", who, p.done, p.of, differ);
}

static void paint(void)
{
	char line[160] = "\r";
	int n = put(line + 1, sizeof(line) - 8);

	memcpy(line + 1 + n, "\033[K", 3);
	p.painted = 1;
	p.painted_ns = now_ns();
	(void)!write(STDERR_FILENO, line, (size_t)n + 4);
}

void progress_begin(bool lines)
{
	const char *term = getenv("TERM");

	p.on = true;
	p.paints = isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
	p.lines = lines && !p.paints;
}

void progress_next(void)
{
	char line[160];

	pthread_mutex_lock(&p.lock);
	progress_wipe();
	if (p.on && p.lines && p.of > 0) {
		put(line, sizeof(line));
		cli_complain("%s", line);
	}
	p.n_names = 0;
	p.done = p.of = p.differ = 0;
	pthread_mutex_unlock(&p.lock);
}

void progress_name(const char *name)
{
	pthread_mutex_lock(&p.lock);
	p.n_names++;
	snprintf(p.name, sizeof(p.name), "%s", name);
	pthread_mutex_unlock(&p.lock);
}

void progress_at(size_t done, size_t of)
{
	pthread_mutex_lock(&p.lock);
	p.done = done;
	p.of = of;
	if (p.on && p.paints &&
		(!p.painted || done == of || now_ns() - p.painted_ns >= PAINT_NS))
		paint();
	pthread_mutex_unlock(&p.lock);
}

void progress_differs(void)
{
	pthread_mutex_lock(&p.lock);
	p.differ++;
	if (p.on && p.paints)
		paint();
	pthread_mutex_unlock(&p.lock);
}

void progress_end(void)
{
	progress_next();
	p.on = false;
}
