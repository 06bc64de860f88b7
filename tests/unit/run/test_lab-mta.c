/* Mail servers that behave badly, in real boxes: each is done with within its limits,
 * what happened is said in one line, and nothing is left behind. */
#include "run/lab-mta.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/trace.h"
#include "run/mail.h"

#include "site.h"

/* ---- in the box ------------------------------------------------------------ */

static int connect_to(const char *address, uint16_t port, int type)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, type, 0);

	inet_pton(AF_INET, address, &to.sin_addr);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* self say ADDRESS: a connection to its port 25 that says what is on standard input,
 * and prints what it hears. */
static int say(char **argv)
{
	int fd = connect_to(argv[2], 25, SOCK_STREAM);
	char bytes[65536];
	ssize_t n;

	if (fd < 0)
		return 1;
	while ((n = read(0, bytes, sizeof(bytes))) > 0) {
		if (write(fd, bytes, (size_t)n) != n)
			return 1;
	}
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		(void)!write(1, bytes, (size_t)n);
	return 0;
}

/* self knock ADDRESS: connections to its port 25 without end, and a refused recipient
 * in each. */
static _Noreturn void knock(char **argv)
{
	static const char lines[] = "HELO x\r\nMAIL FROM:<a@b.example>\r\n"
				    "RCPT TO:<c@d.example>\r\nQUIT\r\n";

	for (;;) {
		int fd = connect_to(argv[2], 25, SOCK_STREAM);
		char bytes[4096];

		if (fd < 0)
			continue;
		(void)!write(fd, lines, sizeof(lines) - 1);
		while (read(fd, bytes, sizeof(bytes)) > 0)
			;
		close(fd);
	}
}

/* self ask ADDRESS: questions without end, for a new name each. */
static _Noreturn void ask(char **argv)
{
	static const char head[] = "\0\0\1\0\0\1\0\0\0\0\0\0\10";
	static const char tail[] = "\14mywebservice\3com\0\0\1\0\1";
	int fd = connect_to(argv[2], 53, SOCK_DGRAM);
	char m[64];

	memcpy(m, head, sizeof(head) - 1);
	memcpy(m + sizeof(head) - 1 + 8, tail, sizeof(tail) - 1);
	for (unsigned i = 0;; i++) {
		char label[9];

		snprintf(label, sizeof(label), "%08u", i % 100000000);
		memcpy(m + sizeof(head) - 1, label, 8);
		memcpy(m, label + 6, 2);
		(void)!send(
			fd, m, sizeof(head) - 1 + 8 + sizeof(tail) - 1, MSG_DONTWAIT);
	}
}

/* ---- rows ------------------------------------------------------------------ */

#define GOOD_START "start() { :; }\n"
#define GOOD_SUBMIT "submit() { cat >/dev/null; }\n"
#define NO_OUTCOME "outcome() { :; }\n"
#define REST "transcript() { :; }\n"
#define MAIL_HOST "192.0.2.25"

#define NOTHING_HEARD "nothing was heard of it any more"
#define TOO_MUCH "it asked or sent more than is written down"

static const struct bad_row {
	const char *name, *driver;
	const char *skipped; /* why it was not tried, or NULL */
	const char *untold;  /* why nobody knows, or NULL */
	struct lab_limits limits;
} bad[] = {
	{ "a mail server that does not start says why",
		"start() { echo 'fatal: no queue'; return 1; }\n",
		"fake: start: fatal: no queue", NULL },
	{ "one that crashes at start", "start() { kill -SEGV $$; }\n",
		"fake: start: ended by signal 11", NULL },
	{ "one whose start hangs", "start() { sleep 1000; }\n",
		"fake: start: did not end within its time", NULL,
		{ .start_us = SHORT_US } },
	{ "one whose start leaves daemons and fails",
		"start() { setsid sh -c 'trap \"\" TERM; while :; do sleep 9; done' & "
		"echo bad; return 1; }\n",
		"fake: start: bad", NULL },
	{ "one that crashes when it is given the message",
		GOOD_START "submit() { kill -SEGV $$; }\n" NO_OUTCOME REST, NULL,
		"fake: submit: ended by signal 11" },
	{ "one that has no way to be given the message",
		GOOD_START
		"submit() { nothing-of-this-name 2>/dev/null; }\n" NO_OUTCOME REST,
		NULL, "fake: submit: failed without a word" },
	{ "one that hangs when it is given the message",
		GOOD_START "submit() { sleep 1000; }\n" NO_OUTCOME REST, NULL,
		"fake: submit: did not end within its time",
		{ .command_us = SHORT_US } },
	{ "one that crashes when it has the message",
		"start() { sleep 1000 & echo $! >/pid; }\n"
		"submit() { cat >/dev/null; kill -KILL $(cat /pid); }\n" NO_OUTCOME
			REST,
		NULL, NOTHING_HEARD, { .case_us = SHORT_US } },
	{ "one that keeps the message and says nothing",
		GOOD_START GOOD_SUBMIT NO_OUTCOME REST, NULL, NOTHING_HEARD,
		{ .case_us = SHORT_US } },
	{ "one that talks nonsense",
		GOOD_START GOOD_SUBMIT
		"outcome() { echo; echo sent; printf 'x\\ty\\n\\t\\t\\n'; head -c 999 "
		"/dev/urandom; }\n" REST,
		NULL, "it says that it was sent, and no host has it" },
	{ "one that says it was sent, and it was not",
		GOOD_START GOOD_SUBMIT
		"outcome() { printf 'sent\\t2.0.0\\tok\\n'; }\n" REST,
		NULL, "it says that it was sent, and no host has it" },
	{ "one that crashes when it is asked how it stands",
		GOOD_START GOOD_SUBMIT "outcome() { kill -SEGV $$; }\n" REST, NULL,
		"fake: outcome: ended by signal 11" },
	{ "one that hangs when it is asked how it stands",
		GOOD_START GOOD_SUBMIT "outcome() { sleep 1000; }\n" REST, NULL,
		"fake: outcome: did not end within its time",
		{ .command_us = SHORT_US } },
	{ "one that says without end how it stands",
		GOOD_START GOOD_SUBMIT "outcome() { yes; }\n" REST, NULL,
		"fake: outcome: did not end within its time",
		{ .command_us = SHORT_US } },
	{ "one that says too much of how it stands",
		GOOD_START GOOD_SUBMIT "outcome() { yes | head -c 3000000; }\n" REST,
		NULL, "fake: outcome: said more than anybody reads" },
	{ "one that floods the log and its disk",
		GOOD_START
		"submit() { cat >/dev/null; yes | logger & yes >/big & }\n" NO_OUTCOME
		"transcript() { cat /big; }\n",
		NULL, NOTHING_HEARD, { .case_us = SHORT_US, .command_us = SHORT_US } },
	{ "one that floods its name server",
		GOOD_START "submit() { cat >/dev/null; self ask " LAB_FRONT
			   " & }\n" NO_OUTCOME REST,
		NULL, TOO_MUCH },
	{ "one that floods a mail host",
		GOOD_START "submit() { cat >/dev/null; self knock " MAIL_HOST
			   " & }\n" NO_OUTCOME REST,
		NULL, NOTHING_HEARD, { .case_us = SHORT_US } },
	{ "one that leaves daemons that heed no signal",
		"start() { for i in 1 2 3 4 5; do setsid sh -c 'trap \"\" TERM INT "
		"HUP; "
		"while :; do sleep 9; done' & done; }\n" GOOD_SUBMIT NO_OUTCOME REST,
		NULL, NOTHING_HEARD, { .case_us = SHORT_US } },
};

/* What it does to be held against. */
#define SENDS                                                                          \
	"{ printf 'HELO x\\r\\nMAIL FROM:<%s>\\r\\nRCPT TO:<%s>\\r\\nDATA\\r\\n' "     \
	"\"$1\" \"$2\"; cat; printf '\\r\\n.\\r\\nQUIT\\r\\n'; } | self "              \
	"say " MAIL_HOST

static const struct good_row {
	const char *name, *driver;
	enum mta_end end;
	const char *status;
} good[] = {
	{ "one that delivers", GOOD_START "submit() { " SENDS "; }\n" NO_OUTCOME REST,
		MTA_DELIVERED, "2.0.0" },
	{ "one that delivers and crashes",
		GOOD_START "submit() { " SENDS "; kill -SEGV $$; }\n" NO_OUTCOME REST,
		MTA_DELIVERED, "2.0.0" },
	{ "one that does not take the message",
		GOOD_START "submit() { echo no; return 1; }\n" NO_OUTCOME REST,
		MTA_BOUNCED, NULL },
	{ "one that gives up",
		GOOD_START GOOD_SUBMIT
		"outcome() { printf 'deferred\\t4.4.1\\tx\\nbounced\\t5.4.4\\ty\\n'; "
		"}\n" REST,
		MTA_BOUNCED, "5.4.4" },
	{ "one that keeps it for later",
		GOOD_START GOOD_SUBMIT
		"outcome() { printf 'deferred\\t4.4.1\\tx\\n'; }\n" REST,
		MTA_DEFERRED, "4.4.1" },
};

struct sending {
	struct program program;
	struct lab_site_options options;
	struct arena *arena;
	const char *why;
	struct mail mail;
};

static void *send_it(void *ctx)
{
	struct sending *s = ctx;
	struct lab_site site;
	struct lab_mta mta = { &s->program, site_root, &site };
	struct mail_sender sender = lab_mta_sender(&mta);
	struct drive d = { .arena = s->arena, .world = s->options.world };
	struct trace trace = { .arena = s->arena };

	lab_site_open(&site, &s->options);
	s->why = sender.send(
		sender.ctx, &d, "user@customer.mywebservice.com", &trace, &s->mail);
	lab_site_close(&site);
	return NULL;
}

static void send_with(
	struct sending *s, const char *driver, const struct lab_limits *limits)
{
	*s = (struct sending){
		.arena = arena_new(),
		.program = { .name = "fake",
			.kind = PROGRAM_MTA,
			.emulation = "postfix",
			.driver = driver },
		.options = { .policy = resolver_policy("ideal"), .limits = *limits },
	};
	s->options.world = site_build(s->arena, SITE_SERVER, "");
	site_run(send_it, s);
}

static void goes_wrong(void **state)
{
	const struct bad_row *row = *state;
	struct sending s;

	send_with(&s, row->driver, &row->limits);
	assert_string_equal(
		s.why == NULL ? "" : s.why, row->skipped == NULL ? "" : row->skipped);
	if (row->untold != NULL) {
		assert_non_null(s.mail.untold);
		assert_string_equal(s.mail.untold, row->untold);
	}
	arena_free(s.arena);
}

static void goes_well(void **state)
{
	const struct good_row *row = *state;
	const struct lab_limits none = { 0 };
	struct sending s;

	send_with(&s, row->driver, &none);
	assert_null(s.why);
	assert_null(s.mail.untold);
	assert_int_equal(s.mail.result->end, row->end);
	if (row->status != NULL)
		assert_string_equal(s.mail.result->status, row->status);
	arena_free(s.arena);
}

int main(int argc, char **argv)
{
	int failed;

	if (argc == 3 && strcmp(argv[1], "say") == 0)
		return say(argv);
	if (argc == 3 && strcmp(argv[1], "knock") == 0)
		knock(argv);
	if (argc == 3 && strcmp(argv[1], "ask") == 0)
		ask(argv);
	site_set_up();
	TESTS_ADD_ROWS(good, goes_well);
	TESTS_ADD_ROWS(bad, goes_wrong);
	failed = tests_run("run-lab-mta");
	site_tear_down();
	return failed;
}
