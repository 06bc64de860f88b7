#include "lab/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/lookup.h"
#include "base/str.h"

/* The world's end of the link: IPv6 neighbour discovery answers for addresses of the
 * interface only (RFC 4861 7.2.3), so the client's routes lead through this one. */
#define WORLD_LINK "fe80::1"

enum { FD_CLIENT, FD_WORLD, FD_USER, FDS };

struct netns {
	int fds[FDS]; /* FD_USER is -1 for root */
};

/* What the maker tells: descriptors with an empty text, or why there are none. */
struct told {
	char why[NETNS_WHY_MAX];
};

static int give_up(struct told *told, const char *what)
{
	snprintf(told->why, sizeof(told->why), "%s: %s", what, strerror(errno));
	return -1;
}

/* ---- what ip is told ---------------------------------------------------- */

static void put_world(struct str *s, const struct ip *world, size_t n, int client)
{
	char text[IP_TEXT_MAX];

	str_printf(s,
		"link set lo up\n"
		"link add world type veth peer name client netns /proc/self/fd/%d\n"
		"link set world addrgenmode none\n"
		"link set world up\n"
		"address add " WORLD_LINK "/64 dev world nodad\n"
		"route add " NETNS_CLIENT_V4 "/32 dev world\n"
		"route add " NETNS_CLIENT_V6 "/128 dev world\n"
		"route add unreachable 0.0.0.0/0\n"
		"route add unreachable ::/0\n",
		client);
	/* A local route is enough to bind to an IPv4 address; IPv6 wants to see it on
	 * an interface, or a sysctl that is read-only in many containers. */
	for (size_t i = 0; i < n; i++) {
		ip_to_text(&world[i], text);
		if (world[i].family == 4)
			str_printf(s, "route replace local %s/32 dev lo\n", text);
		else
			str_printf(s, "address replace %s/128 dev lo nodad\n", text);
	}
}

static void put_client(struct str *s, const struct ip *world, size_t n)
{
	char text[IP_TEXT_MAX];

	str_puts(s, "link set lo up\n"
		    "link set client addrgenmode none\n"
		    "link set client up\n"
		    "address add " NETNS_CLIENT_V4 "/32 dev client\n"
		    "address add " NETNS_CLIENT_V6 "/128 dev client nodad\n"
		    "address add fe80::2/64 dev client nodad\n"
		    "route add unreachable 0.0.0.0/0\n"
		    "route add unreachable ::/0\n");
	for (size_t i = 0; i < n; i++) {
		ip_to_text(&world[i], text);
		if (world[i].family == 4)
			str_printf(s, "route replace %s/32 dev client src %s\n", text,
				NETNS_CLIENT_V4);
		else
			str_printf(s,
				"route replace %s/128 via " WORLD_LINK
				" dev client src %s\n",
				text, NETNS_CLIENT_V6);
	}
}

/* An unlinked file in memory, at its beginning. */
static int file_of(const struct str *s)
{
	int fd = memfd_create("lab", 0);

	if (fd < 0)
		return -1;
	if (s != NULL && write(fd, s->data, s->len) != (ssize_t)s->len) {
		close(fd);
		return -1;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static _Noreturn void exec_ip(int in, int err)
{
	static const char *const places[] = { "/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip",
		"/bin/ip" };
	static char ip[] = "ip", batch[] = "-batch", dash[] = "-";
	char *const argv[] = { ip, batch, dash, NULL };

	dup2(in, STDIN_FILENO);
	dup2(err, STDERR_FILENO);
	dup2(err, STDOUT_FILENO);
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		execv(places[i], argv);
	dprintf(err, "cannot run ip of iproute2: %s\n", strerror(errno));
	_exit(127);
}

/* The first line is the one that says what is wrong. */
static void read_why(int fd, struct told *told)
{
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	n = read(fd, told->why, sizeof(told->why) - 1);
	told->why[n < 0 ? 0 : n] = '\0';
	told->why[strcspn(told->why, "\n")] = '\0';
	if (told->why[0] == '\0')
		snprintf(told->why, sizeof(told->why), "ip failed without a word");
}

static int run_ip(const struct str *batch, struct told *told)
{
	int in = file_of(batch), err = file_of(NULL), status = -1;
	pid_t pid = in < 0 || err < 0 ? -1 : fork();

	if (pid == 0)
		exec_ip(in, err);
	if (pid < 0)
		give_up(told, "ip");
	else if (waitpid(pid, &status, 0) == pid && status != 0)
		read_why(err, told);
	if (in >= 0)
		close(in);
	if (err >= 0)
		close(err);
	return pid > 0 && status == 0 ? 0 : -1;
}

/* ---- the maker: a child that goes where this process must not ------------ */

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

/* user_namespaces(7): a group map without privilege needs setgroups denied first. */
static int become_root(struct told *told)
{
	char uids[64], gids[64];

	snprintf(uids, sizeof(uids), "0 %u 1", (unsigned)geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1", (unsigned)getegid());
	if (unshare(CLONE_NEWUSER) != 0)
		return give_up(told, "not root, and no user namespace");
	if (write_file("/proc/self/setgroups", "deny") != 0 ||
		write_file("/proc/self/uid_map", uids) != 0 ||
		write_file("/proc/self/gid_map", gids) != 0)
		return give_up(told, "not root, and no user in a user namespace");
	return 0;
}

static int make_one(int *ret_fd, struct told *told)
{
	if (unshare(CLONE_NEWNET) != 0)
		return give_up(told, "no network namespace");
	/* Inherited by ip, which finds the client's by this descriptor. */
	*ret_fd = open("/proc/self/ns/net", O_RDONLY);
	return *ret_fd < 0 ? give_up(told, "/proc/self/ns/net") : 0;
}

static int make_all(int fds[FDS], const struct ip *world, size_t n, struct told *told)
{
	struct str s = STR_INIT;
	int rc;

	if (geteuid() != 0) {
		if (become_root(told) != 0)
			return -1;
		fds[FD_USER] = open("/proc/self/ns/user", O_RDONLY);
		if (fds[FD_USER] < 0)
			return give_up(told, "/proc/self/ns/user");
	}
	if (make_one(&fds[FD_CLIENT], told) != 0 || make_one(&fds[FD_WORLD], told) != 0)
		return -1;
	put_world(&s, world, n, fds[FD_CLIENT]);
	rc = run_ip(&s, told);
	str_clear(&s);
	if (rc != 0)
		return -1;
	if (setns(fds[FD_CLIENT], CLONE_NEWNET) != 0)
		return give_up(told, "client namespace");
	put_client(&s, world, n);
	rc = run_ip(&s, told);
	str_clear(&s);
	return rc;
}

/* The descriptors travel as SCM_RIGHTS (unix(7)) beside the text. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * FDS)];
};

static void tell(int to, struct told *told, const int fds[FDS])
{
	union control control = { .bytes = { 0 } };
	struct iovec iov = { told, sizeof(*told) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t n = fds[FD_USER] < 0 ? FDS - 1 : FDS;

	if (told->why[0] == '\0') {
		struct cmsghdr *c = &control.align;

		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	(void)!sendmsg(to, &msg, MSG_NOSIGNAL);
}

static int hear(int from, struct told *told, int fds[FDS])
{
	union control control = { .bytes = { 0 } };
	struct iovec iov = { told, sizeof(*told) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	const struct cmsghdr *c;

	if (recvmsg(from, &msg, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(*told)) {
		snprintf(told->why, sizeof(told->why),
			"what makes the namespaces ended without a word");
		return -1;
	}
	c = CMSG_FIRSTHDR(&msg);
	if (told->why[0] != '\0' || c == NULL)
		return -1;
	memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	return 0;
}

static _Noreturn void maker(int to, const struct ip *world, size_t n)
{
	struct told told = { .why = "" };
	int fds[FDS] = { -1, -1, -1 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (make_all(fds, world, n, &told) != 0 && told.why[0] == '\0')
		snprintf(told.why, sizeof(told.why), "the namespaces cannot be made");
	tell(to, &told, fds);
	_exit(0);
}

/* ---- the module --------------------------------------------------------- */

static int check_addresses(const struct ip *world, size_t n, struct told *told)
{
	struct ip own[2];

	if (n > NETNS_ADDRS_MAX) {
		snprintf(told->why, sizeof(told->why), "more than %d addresses",
			NETNS_ADDRS_MAX);
		return -1;
	}
	if (ip_from_text(NETNS_CLIENT_V4, &own[0]) != 0 ||
		ip_from_text(NETNS_CLIENT_V6, &own[1]) != 0)
		bug("the client's own addresses are none");
	for (size_t i = 0; i < n; i++) {
		char text[IP_TEXT_MAX];

		if (!ip_is_loopback(&world[i]) && !ip_equal(&world[i], &own[0]) &&
			!ip_equal(&world[i], &own[1]))
			continue;
		snprintf(told->why, sizeof(told->why),
			"%s is the client's own address, not one of the world",
			ip_to_text(&world[i], text));
		return -1;
	}
	return 0;
}

static int make(int fds[FDS], const struct ip *world, size_t n, struct told *told)
{
	int pair[2], rc;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return give_up(told, "socketpair");
	pid = fork();
	if (pid == 0)
		maker(pair[1], world, n);
	close(pair[1]);
	rc = pid < 0 ? give_up(told, "fork") : hear(pair[0], told, fds);
	close(pair[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return rc;
}

struct netns *netns_new(const struct ip *world, size_t n, char why[NETNS_WHY_MAX])
{
	struct told told = { .why = "" };
	struct netns *ns = malloc(sizeof(*ns));

	if (ns == NULL)
		bug("out of memory");
	*ns = (struct netns){ .fds = { -1, -1, -1 } };
	if (check_addresses(world, n, &told) == 0 &&
		make(ns->fds, world, n, &told) == 0)
		return ns;
	memcpy(why, told.why, NETNS_WHY_MAX);
	netns_free(ns);
	return NULL;
}

void netns_free(struct netns *ns)
{
	if (ns == NULL)
		return;
	for (size_t i = 0; i < FDS; i++) {
		if (ns->fds[i] >= 0)
			close(ns->fds[i]);
	}
	free(ns);
}

int netns_enter(const struct netns *ns, enum netns_side side)
{
	if (ns->fds[FD_USER] >= 0 && setns(ns->fds[FD_USER], CLONE_NEWUSER) != 0)
		return -1;
	return setns(ns->fds[side == NETNS_WORLD ? FD_WORLD : FD_CLIENT], CLONE_NEWNET);
}

pid_t netns_spawn(
	const struct netns *ns, enum netns_side side, int (*fn)(void *ctx), void *ctx)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	if (netns_enter(ns, side) != 0)
		_exit(NETNS_NOT_THERE);
	/* After the entry: a change of user namespace clears it (prctl(2)). */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(NETNS_NOT_THERE);
	_exit(fn(ctx));
}
