#include "support/test.h"

#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/netns.h"

/* No answer of a machine under load takes longer; a right program never waits it out.
 */
#define PATIENCE_MS 5000

static struct ip ip(const char *text)
{
	struct ip ret;

	assert_int_equal(ip_from_text(text, &ret), 0);
	return ret;
}

static socklen_t address(struct sockaddr_storage *sa, const char *text, int port)
{
	struct ip a = { 0 };

	memset(sa, 0, sizeof(*sa));
	if (ip_from_text(text, &a) != 0)
		return 0;
	if (a.family == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)sa;

		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		memcpy(&in->sin_addr, a.bytes, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)sa;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)port);
	memcpy(&in6->sin6_addr, a.bytes, 16);
	return sizeof(*in6);
}

/* With two addresses of the world, one of them twice. */
static struct netns *make(struct netns_options o, char why[NETNS_WHY_MAX])
{
	static const char *const texts[] = { "192.0.2.53", "2001:db8::53",
		"192.0.2.53" };
	struct ip world[3];

	for (size_t i = 0; i < 3; i++)
		world[i] = ip(texts[i]);
	o.world = world;
	o.n_world = 3;
	return netns_new(&o, why);
}

static struct netns *make_or_skip(struct netns_options o)
{
	char why[NETNS_WHY_MAX];
	struct netns *ns = make(o, why);

	if (ns == NULL) {
		print_message("skipped: %s\n", why);
		skip();
	}
	return ns;
}

/* A child on that side; what fn returns is its exit status. */
static pid_t spawn(
	const struct netns *ns, enum netns_side side, int (*fn)(void *ctx), void *ctx)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(125);
	_exit(netns_enter(ns, side) != 0 ? 125 : fn(ctx));
}

struct place {
	const char *at;
	int port, fd; /* fd: a pipe, told when ready */
};

static int await(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, PATIENCE_MS) == 1 ? 0 : -1;
}

static int echo(void *ctx)
{
	const struct place *place = ctx;
	struct sockaddr_storage sa;
	socklen_t len = address(&sa, place->at, place->port);
	int fd = socket(sa.ss_family, SOCK_DGRAM, 0);
	char bytes[64];
	ssize_t n;

	if (bind(fd, (struct sockaddr *)&sa, len) != 0 || write(place->fd, "r", 1) != 1)
		return errno;
	len = sizeof(sa);
	if (await(fd) != 0)
		return ETIMEDOUT;
	n = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&sa, &len);
	return n > 0 && sendto(fd, bytes, (size_t)n, 0, (struct sockaddr *)&sa, len) ==
				       n
		       ? 0
		       : 1;
}

static int ask(void *ctx)
{
	const struct place *place = ctx;
	struct sockaddr_storage sa;
	socklen_t len = address(&sa, place->at, place->port);
	int fd = socket(sa.ss_family, SOCK_DGRAM, 0);
	char bytes[64];

	if (connect(fd, (struct sockaddr *)&sa, len) != 0 ||
		send(fd, "hello", 5, 0) != 5)
		return errno;
	if (await(fd) != 0)
		return ETIMEDOUT;
	return recv(fd, bytes, sizeof(bytes), 0) == 5 && memcmp(bytes, "hello", 5) == 0
		       ? 0
		       : 1;
}

static int status_of(pid_t pid)
{
	int status;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const struct echo_row {
	const char *name, *at;
} echoes[] = {
	{ "the client reaches port 53 of an address of the world", "192.0.2.53" },
	{ "the client reaches port 53 of an IPv6 address of the world",
		"2001:db8::53" },
};

static void is_reached(void **state)
{
	const struct echo_row *row = *state;
	struct netns *ns = make_or_skip((struct netns_options){ 0 });
	struct place place = { row->at, 53, -1 };
	int ready[2];
	char byte;
	pid_t server;

	assert_int_equal(pipe(ready), 0);
	place.fd = ready[1];
	server = spawn(ns, NETNS_WORLD, echo, &place);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_int_equal(status_of(spawn(ns, NETNS_CLIENT, ask, &place)), 0);
	assert_int_equal(status_of(server), 0);
	netns_free(ns);
}

/* How long silence is listened to: an error would be there before the system call
 * returned. */
#define SILENCE_MS 50

static int try_tcp(void *ctx)
{
	const struct place *place = ctx;
	struct sockaddr_storage sa;
	socklen_t len = address(&sa, place->at, place->port);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0), error = 0;
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (connect(fd, (struct sockaddr *)&sa, len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (poll(&p, 1, SILENCE_MS) != 1)
		return ETIMEDOUT;
	len = sizeof(error);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error;
}

static const struct ip other[] = {
	{ 4, { 198, 51, 100, 7 } },
	{ 4, { 198, 51, 100, 8 } },
};

static const struct wall_row {
	const char *name;
	enum netns_side side;
	const char *at;
	int error;
	struct netns_options options;
} walls[] = {
	{ "nobody listens at a port of the world", NETNS_CLIENT, "192.0.2.53",
		ECONNREFUSED },
	{ "nobody listens at an IPv6 port of the world", NETNS_CLIENT, "2001:db8::53",
		ECONNREFUSED },
	{ "the world reaches itself", NETNS_WORLD, "192.0.2.53", ECONNREFUSED },
	{ "the world reaches itself over IPv6", NETNS_WORLD, "2001:db8::53",
		ECONNREFUSED },
	{ "the world reaches the client", NETNS_WORLD, NETNS_CLIENT_V4, ECONNREFUSED },
	{ "the world reaches the client over IPv6", NETNS_WORLD, NETNS_CLIENT_V6,
		ECONNREFUSED },
	{ "a neighbour of the world's address is silent", NETNS_CLIENT, "192.0.2.54",
		ETIMEDOUT },
	{ "a neighbour of the IPv6 address is silent", NETNS_CLIENT, "2001:db8::54",
		ETIMEDOUT },
	{ "nothing leaves the client", NETNS_CLIENT, "198.51.100.1", ETIMEDOUT },
	{ "nothing leaves the client over IPv6", NETNS_CLIENT, "2001:db8:1::1",
		ETIMEDOUT },
	{ "nothing leaves the world", NETNS_WORLD, "198.51.100.1", ETIMEDOUT },
	{ "nothing leaves the world over IPv6", NETNS_WORLD, "2001:db8:1::1",
		ETIMEDOUT },
	{ "a client without IPv4 has no way to it", NETNS_CLIENT, "192.0.2.53",
		ENETUNREACH, { .no_ipv4 = true } },
	{ "a client without IPv6 has no way to it", NETNS_CLIENT, "2001:db8::53",
		ENETUNREACH, { .no_ipv6 = true } },
	{ "a client without IPv4 has IPv6", NETNS_CLIENT, "2001:db8::53", ECONNREFUSED,
		{ .no_ipv4 = true } },
	{ "a client without IPv6 has IPv4", NETNS_CLIENT, "192.0.2.53", ECONNREFUSED,
		{ .no_ipv6 = true } },
	{ "what a client without IPv4 would have is silent", NETNS_WORLD,
		NETNS_CLIENT_V4, ETIMEDOUT, { .no_ipv4 = true } },
	{ "a client has the address it is given", NETNS_WORLD, "198.51.100.7",
		ECONNREFUSED, { .client = other, .n_client = 2 } },
	{ "a client has each address it is given", NETNS_WORLD, "198.51.100.8",
		ECONNREFUSED, { .client = other, .n_client = 2 } },
	{ "a client that is given addresses has no other of that family", NETNS_WORLD,
		NETNS_CLIENT_V4, ETIMEDOUT, { .client = other, .n_client = 2 } },
	{ "a client that is given IPv4 addresses keeps its IPv6 one", NETNS_WORLD,
		NETNS_CLIENT_V6, ECONNREFUSED, { .client = other, .n_client = 2 } },
	{ "a client with addresses of its own reaches the world", NETNS_CLIENT,
		"192.0.2.53", ECONNREFUSED, { .client = other, .n_client = 2 } },
};

static void is_as_far(void **state)
{
	const struct wall_row *row = *state;
	struct netns *ns = make_or_skip(row->options);
	struct place place = { row->at, 25, -1 };

	assert_string_equal(strerror(status_of(spawn(ns, row->side, try_tcp, &place))),
		strerror(row->error));
	netns_free(ns);
}

static const struct bad_row {
	const char *name, *at;
	struct netns_options options;
} bad[] = {
	{ "the client's address cannot be the world's", NETNS_CLIENT_V4 },
	{ "the client's IPv6 address cannot be the world's", NETNS_CLIENT_V6 },
	{ "an address given to the client cannot be the world's", "198.51.100.8",
		{ .client = other, .n_client = 2 } },
	{ "a loopback address cannot be the world's", "127.0.0.1" },
};

static void is_refused(void **state)
{
	const struct bad_row *row = *state;
	struct netns_options o = row->options;
	struct ip world = ip(row->at);
	char why[NETNS_WHY_MAX] = "";

	o.world = &world;
	o.n_world = 1;
	assert_null(netns_new(&o, why));
	assert_non_null(strstr(why, row->at));
}

static void a_client_is_not_loopback(void **state)
{
	struct ip client = ip("::1");
	char why[NETNS_WHY_MAX] = "";

	(void)state;
	assert_null(netns_new(
		&(struct netns_options){ .client = &client, .n_client = 1 }, why));
	assert_non_null(strstr(why, "::1"));
}

/* 10.0.0.0 and what follows, half of them twice over as IPv6. */
static void fill(struct ip *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		list[i] = (struct ip){ i % 2 == 0 ? 4 : 6,
			{ i % 2 == 0 ? 10 : 0x20, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
				(uint8_t)i } };
}

static void as_many_as_there_may_be(void **state)
{
	static struct ip list[NETNS_ADDRS_MAX + 1];
	struct netns_options o = { .world = list, .n_world = NETNS_ADDRS_MAX };
	char why[NETNS_WHY_MAX] = "";
	struct netns *ns;

	(void)state;
	netns_free(make_or_skip((struct netns_options){ 0 }));
	fill(list, NETNS_ADDRS_MAX + 1);
	ns = netns_new(&o, why);
	assert_string_equal(why, "");
	netns_free(ns);
	o.n_world++;
	assert_null(netns_new(&o, why));
	assert_string_equal(why, "more than 4096 addresses");
}

/* ---- threads, and other users -------------------------------------------- */

struct walker {
	const struct netns *ns;
	enum netns_side side;
	int (*fn)(void *ctx);
	struct place place;
};

static void *walk(void *ctx)
{
	struct walker *w = ctx;

	return (void *)(intptr_t)(netns_enter(w->ns, w->side) != 0 ? 125
								   : w->fn(&w->place));
}

static void threads_enter(void **state)
{
	struct netns *ns = make_or_skip((struct netns_options){ 0 });
	struct walker w[2] = { { ns, NETNS_WORLD, echo, { "2001:db8::53", 53, -1 } },
		{ ns, NETNS_CLIENT, ask, { "2001:db8::53", 53, -1 } } };
	pthread_t t[2];
	int ready[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	w[0].place.fd = ready[1];
	assert_int_equal(pthread_create(&t[0], NULL, walk, &w[0]), 0);
	assert_int_equal(await(ready[0]), 0);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(pthread_create(&t[1], NULL, walk, &w[1]), 0);
	for (size_t i = 0; i < 2; i++) {
		void *error;

		assert_int_equal(pthread_join(t[i], &error), 0);
		assert_string_equal(strerror((int)(intptr_t)error), strerror(0));
	}
	assert_int_equal(if_nametoindex("world"), 0);
	assert_int_equal(if_nametoindex("client"), 0);
	close(ready[0]);
	close(ready[1]);
	netns_free(ns);
}

#define NOBODY 65534
#define CANNOT 77

/* As another user, who may have to do without user namespaces. */
static int as_nobody(void)
{
	struct place place = { "2001:db8::53", 53, -1 };
	char why[NETNS_WHY_MAX];
	struct netns *ns;

	if (geteuid() == 0 &&
		(setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
		return CANNOT;
	/* A change of user takes /proc/self away from it. */
	prctl(PR_SET_DUMPABLE, 1);
	if (netns_is_unprivileged())
		return 1;
	if (netns_prepare(why) != 0) {
		print_message("skipped: %s\n", why);
		return CANNOT;
	}
	ns = make((struct netns_options){ 0 }, why);
	if (ns == NULL)
		print_message("%s\n", why);
	if (ns == NULL || !netns_is_unprivileged() || geteuid() != 0)
		return 2;
	return status_of(spawn(ns, NETNS_CLIENT, try_tcp, &place)) == ECONNREFUSED ? 0
										   : 3;
}

static void another_user(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	netns_free(make_or_skip((struct netns_options){ 0 }));
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		status = as_nobody();
		fflush(NULL);
		_exit(status);
	}
	status = status_of(pid);
	if (status == CANNOT)
		skip();
	assert_int_equal(status, 0);
}

static int hang(void *ctx)
{
	(void)ctx;
	return pause();
}

/* Makes a lab with a child that hangs, says so and waits to be killed. */
static void owner(int alive)
{
	char why[NETNS_WHY_MAX];
	struct netns *ns = make((struct netns_options){ 0 }, why);

	if (ns == NULL || spawn(ns, NETNS_WORLD, hang, NULL) < 0)
		_exit(1);
	(void)!write(alive, "r", 1);
	hang(NULL);
}

/* Who holds the namespaces holds the pipe, too: its end is the end of all of them. */
static void kill_leaves_nothing(void **state)
{
	int alive[2];
	char byte;
	pid_t pid;

	(void)state;
	netns_free(make_or_skip((struct netns_options){ 0 }));
	assert_int_equal(pipe(alive), 0);
	pid = fork();
	if (pid == 0)
		owner(alive[1]);
	close(alive[1]);
	assert_int_equal(read(alive[0], &byte, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(status_of(pid), 128 + SIGKILL);
	assert_int_equal(await(alive[0]), 0);
	assert_int_equal(read(alive[0], &byte, 1), 0);
	close(alive[0]);
	assert_int_equal(if_nametoindex("world"), 0);
	assert_int_equal(if_nametoindex("client"), 0);
}

int main(void)
{
	char why[NETNS_WHY_MAX];

	/* Another user than root is root of its own from here on; if it cannot be, each
	 * test says so. */
	(void)netns_prepare(why);
	TESTS_ADD_ROWS(echoes, is_reached);
	TESTS_ADD_ROWS(walls, is_as_far);
	TESTS_ADD_ROWS(bad, is_refused);
	tests_add("another user than root has namespaces, too", another_user);
	tests_add(
		"a loopback address cannot be the client's", a_client_is_not_loopback);
	tests_add("as many addresses as there may be, and no more",
		as_many_as_there_may_be);
	tests_add("two threads stand on two sides, and the rest stays where it was",
		threads_enter);
	tests_add("kill -9 of the owner leaves nothing", kill_leaves_nothing);
	return tests_run("lab-netns");
}
