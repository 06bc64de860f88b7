/* Resolvers that behave badly, in real boxes: each is found out within its limits, in
 * one line, and leaves nothing behind. */
#include "run/lab-site.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "site.h"

/* ---- in the box: a resolver ------------------------------------------------ */

static void answer(int fd, long n)
{
	uint8_t m[512];

	while (n == 0)
		pause();
	while (n != 0) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t got =
			recvfrom(fd, m, sizeof(m), 0, (struct sockaddr *)&from, &len);

		if (got < 12)
			continue;
		/* QR and RA: nothing is in the answer. */
		m[2] |= 0x80;
		m[3] = 0x80;
		sendto(fd, m, (size_t)got, 0, (struct sockaddr *)&from, len);
		n--;
	}
}

/* self resolver ADDRESS ANSWERS: answers so many questions, -1 all, and ends; prints
 * its process once it listens. */
static int be_resolver(char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(53) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	pid_t pid;

	inet_pton(AF_INET, argv[2], &at.sin_addr);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		return 1;
	pid = fork();
	if (pid > 0) {
		printf("%d\n", (int)pid);
		return 0;
	}
	setsid();
	answer(fd, strtol(argv[3], NULL, 10));
	return 0;
}

/* self ask ADDRESS: questions without end, and no wait for an answer. */
static _Noreturn void be_flood(char **argv)
{
	static const uint8_t question[] =
		"\0\1\1\0\0\1\0\0\0\0\0\0\4mail\14mywebservice\3com\0\0\1\0";
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(53) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uint8_t m[sizeof(question)];

	inet_pton(AF_INET, argv[2], &to.sin_addr);
	memcpy(m, question, sizeof(question));
	m[sizeof(m) - 1] = 1;
	for (unsigned id = 0;; id++) {
		m[0] = (uint8_t)(id >> 8);
		m[1] = (uint8_t)id;
		(void)!sendto(fd, m, sizeof(m), 0, (struct sockaddr *)&to, sizeof(to));
	}
}

/* ---- those that cannot be used --------------------------------------------- */

#define RUNS(n) "mkdir -p /run; self resolver $LAB_AT " n " >/run/lab-resolver.pid\n"
#define GOOD_FLUSH "flush() { :; }\n"

static const struct bad_row {
	const char *name, *driver, *why;
	struct lab_limits limits;
} bad[] = {
	{ "a resolver that does not start says why",
		"start() { echo warning; echo no such option; return 1; }\n",
		"fake: start: warning; no such option" },
	{ "one that does not start may be silent", "start() { return 1; }\n",
		"fake: start: failed without a word" },
	{ "one that crashes at start", "start() { kill -SEGV $$; }\n",
		"fake: start: ended by signal 11" },
	{ "one whose start hangs", "start() { sleep 1000; }\n",
		"fake: start: did not end within its time", { .start_us = SHORT_US } },
	{ "one whose start does not heed signals and talks without end",
		"start() { trap '' TERM INT HUP; yes; }\n",
		"fake: start: did not end within its time", { .start_us = SHORT_US } },
	{ "one that leaves daemons and fails",
		"start() { setsid sh -c 'trap \"\" TERM; while :; do sleep 9; done' & "
		"echo bad; return 1; }\n",
		"fake: start: bad" },
	{ "one that is not there when it has started", "start() { :; }\n",
		"fake: started, and answers nothing", { .start_us = 2 * SHORT_US } },
	{ "one that listens and answers nothing", "start() { " RUNS("0") "}\n",
		"fake: started, and answers nothing", { .start_us = 2 * SHORT_US } },
	{ "one that has ended when it is asked first",
		"start() { mkdir -p /run; : & echo $! >/run/lab-resolver.pid; }\n",
		"fake: it ended while it was asked", { .start_us = 2 * SHORT_US } },
	{ "one that does not listen and stays",
		"start() { mkdir -p /run; sleep 1000 & echo $! "
		">/run/lab-resolver.pid; }\n",
		"fake: started, and answers nothing", { .start_us = 2 * SHORT_US } },
	{ "one that cannot forget",
		"start() { " RUNS("-1") "}\nflush() { return 1; }\n",
		"fake: flush: failed without a word" },
	{ "one whose flush hangs",
		"start() { " RUNS("-1") "}\nflush() { sleep 1000; }\n",
		"fake: flush: did not end within its time",
		{ .command_us = SHORT_US } },
};

struct opening {
	struct arena *arena;
	struct program program;
	struct lab_site_options options;
	void (*use)(struct lab_site *s);
	char failure[512];
};

static void *open_site(void *ctx)
{
	struct opening *o = ctx;
	struct lab_site s;

	if (lab_site_open(&s, &o->options) == 0 && o->use != NULL)
		o->use(&s);
	if (s.failure != NULL)
		snprintf(o->failure, sizeof(o->failure), "%s", s.failure);
	lab_site_close(&s);
	return NULL;
}

static void open_with(struct opening *o, const struct world *world, const char *driver)
{
	o->program = (struct program){
		.name = "fake",
		.kind = PROGRAM_RESOLVER,
		.emulation = "ideal",
		.driver = driver,
	};
	o->options.world = world;
	o->options.policy = resolver_policy("ideal");
	if (driver != NULL) {
		o->options.resolver = &o->program;
		o->options.resolver_root = site_root;
	}
	site_run(open_site, o);
}

static void cannot_be_used(void **state)
{
	const struct bad_row *row = *state;
	struct arena *a = arena_new();
	struct opening o = { .options.limits = row->limits };

	open_with(&o, site_build(a, SITE_SERVER, ""), row->driver);
	assert_string_equal(o.failure, row->why);
	arena_free(a);
}

/* ---- those that can, for a time -------------------------------------------- */

static const struct msg *ask(struct lab_site *s)
{
	const struct question q = { name_literal(s->arena, "mail.mywebservice.com"),
		TYPE_A, CLASS_IN };

	return lab_site_ask(s, s->arena, &q);
}

static void one_answer(struct lab_site *s)
{
	assert_non_null(ask(s));
}

static void no_answer(struct lab_site *s)
{
	assert_null(ask(s));
}

static void two_of_three(struct lab_site *s)
{
	assert_non_null(ask(s));
	assert_null(ask(s));
	assert_null(ask(s));
	lab_site_restart(s);
	lab_site_wait(s, 1000000);
}

static const struct live_row {
	const char *name, *driver;
	void (*use)(struct lab_site *s);
	const char *why;
} live[] = {
	{ "a resolver that answers", "start() { " RUNS("-1") "}\n" GOOD_FLUSH,
		one_answer, "" },
	{ "one that dies after its start", "start() { " RUNS("1") "}\n" GOOD_FLUSH,
		no_answer, "fake: it ended while it was asked" },
	{ "one that dies in the middle", "start() { " RUNS("2") "}\n" GOOD_FLUSH,
		two_of_three, "fake: it ended while it was asked" },
	{ "one that floods its disk and its output",
		"start() { " RUNS(
			"-1") "yes >/big & yes >/var/log/x & yes & }\n" GOOD_FLUSH,
		one_answer, "" },
	{ "one that floods a name server",
		"start() { " RUNS("-1") "self ask " SITE_SERVER " & }\n" GOOD_FLUSH,
		one_answer, "" },
	{ "one that floods the clients' name server, which hands on to it",
		"start() { " RUNS("-1") "self ask " LAB_FRONT " & }\n" GOOD_FLUSH,
		one_answer, "" },
	{ "one that leaves daemons that heed no signal",
		"start() { " RUNS("-1") "for i in 1 2 3 4 5; do\n"
					"setsid sh -c 'trap \"\" TERM INT HUP; while "
					":; do sleep 9; done' &\n"
					"done; }\n" GOOD_FLUSH,
		one_answer, "" },
};

static void can_be_used(void **state)
{
	const struct live_row *row = *state;
	struct arena *a = arena_new();
	struct opening o = { .use = row->use };

	open_with(&o, site_build(a, SITE_SERVER, ""), row->driver);
	assert_string_equal(o.failure, row->why);
	arena_free(a);
}

/* ---- a port that is taken -------------------------------------------------- */

static const struct taken_row {
	const char *name, *server, *hosts, *why;
} taken[] = {
	{ "a name server at the address of the clients' one", LAB_FRONT, "",
		"no world: cannot bind " LAB_FRONT ":53: Address already in use" },
	{ "a name server at the address of the real resolvers' one", LAB_UPSTREAM, "",
		"no world: cannot bind " LAB_UPSTREAM ":53: Address already in use" },
	{ "a mail host at the address of the sender's", SITE_SERVER,
		"  - { name: m.offsite.net, at: " LAB_SENDER_HOST ", smtp: {} }\n",
		"no world: cannot bind " LAB_SENDER_HOST
		":25: Address already in use" },
};

static void is_taken(void **state)
{
	const struct taken_row *row = *state;
	struct arena *a = arena_new();
	struct opening o = { 0 };

	open_with(&o, site_build(a, row->server, row->hosts), NULL);
	assert_string_equal(o.failure, row->why);
	arena_free(a);
}

int main(int argc, char **argv)
{
	int failed;

	if (argc == 4 && strcmp(argv[1], "resolver") == 0)
		return be_resolver(argv);
	if (argc == 3 && strcmp(argv[1], "ask") == 0)
		be_flood(argv);
	site_set_up();
	TESTS_ADD_ROWS(bad, cannot_be_used);
	TESTS_ADD_ROWS(live, can_be_used);
	TESTS_ADD_ROWS(taken, is_taken);
	failed = tests_run("run-lab-resolver");
	site_tear_down();
	return failed;
}
