#include "lab/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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

/* The link has hardware addresses of ours and neighbours that are known beforehand:
 * nobody has to be asked for, by ARP or neighbour discovery, so that it does not matter
 * which addresses an interface answers for. NOBODY is the next hop of what the world
 * has no host for: a hardware address that no interface has, so that it is dropped
 * without a word whether or not this kernel forwards. The IPv4 ones are of the range
 * that RFC 6890 keeps for such purposes. */
#define WORLD_MAC "02:00:00:00:00:01"
#define CLIENT_MAC "02:00:00:00:00:02"
#define NOBODY_MAC "02:00:00:00:00:03"
#define WORLD_LINK4 "192.0.0.9"
#define CLIENT_LINK4 "192.0.0.10"
#define NOBODY_LINK4 "192.0.0.11"
#define WORLD_LINK6 "fe80::1"
#define CLIENT_LINK6 "fe80::2"
#define NOBODY_LINK6 "fe80::3"

/* ip takes milliseconds. */
#define MAKER_LIMIT_MS 30000

enum { FD_CLIENT, FD_WORLD, FDS };

struct netns {
	int fds[FDS];
};

static bool unprivileged;

/* ---- the user namespace -------------------------------------------------- */

static int no(char why[NETNS_WHY_MAX], const char *what, int error)
{
	snprintf(why, NETNS_WHY_MAX, "%s: %s", what, strerror(error));
	return -1;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

/* user_namespaces(7): a group map without privilege needs setgroups denied first. */
int netns_prepare(char why[NETNS_WHY_MAX])
{
	char uids[64], gids[64];

	if (geteuid() == 0)
		return 0;
	snprintf(uids, sizeof(uids), "0 %u 1", (unsigned)geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1", (unsigned)getegid());
	if (unshare(CLONE_NEWUSER) != 0)
		return no(why, "not root, and no user namespace", errno);
	if (write_file("/proc/self/setgroups", "deny") != 0 ||
		write_file("/proc/self/uid_map", uids) != 0 ||
		write_file("/proc/self/gid_map", gids) != 0)
		return no(why, "not root, and no user in a user namespace", errno);
	unprivileged = true;
	return 0;
}

bool netns_is_unprivileged(void)
{
	return unprivileged;
}

/* ---- which addresses ----------------------------------------------------- */

struct plan {
	const struct ip *world, *client;
	size_t n_world, n_client;
	bool has[2];	    /* families of the client: IPv4, IPv6 */
	struct ip first[2]; /* what it sends from, and what it has when none is named */
};

static unsigned which(const struct ip *a)
{
	return a->family == 4 ? 0 : 1;
}

static void plan_of(const struct netns_options *o, struct plan *ret)
{
	*ret = (struct plan){ o->world, o->client, o->n_world, o->n_client,
		{ !o->no_ipv4, !o->no_ipv6 }, { { 0 } } };
	if (ip_from_text(NETNS_CLIENT_V4, &ret->first[0]) != 0 ||
		ip_from_text(NETNS_CLIENT_V6, &ret->first[1]) != 0)
		bug("the client's own addresses are none");
	for (size_t i = o->n_client; i-- > 0;)
		ret->first[which(&o->client[i])] = o->client[i];
}

static bool is_client(const struct plan *p, const struct ip *a)
{
	if (ip_equal(a, &p->first[which(a)]))
		return true;
	for (size_t i = 0; i < p->n_client; i++) {
		if (ip_equal(a, &p->client[i]))
			return true;
	}
	return false;
}

static int check(const struct plan *p, char why[NETNS_WHY_MAX])
{
	char text[IP_TEXT_MAX];

	if (p->n_world > NETNS_ADDRS_MAX || p->n_client > NETNS_ADDRS_MAX) {
		snprintf(why, NETNS_WHY_MAX, "more than %d addresses", NETNS_ADDRS_MAX);
		return -1;
	}
	for (size_t i = 0; i < p->n_world + p->n_client; i++) {
		bool world = i < p->n_world;
		const struct ip *a = world ? &p->world[i] : &p->client[i - p->n_world];

		if (ip_is_loopback(a))
			snprintf(why, NETNS_WHY_MAX,
				"%s is each host's own address, not one of the world",
				ip_to_text(a, text));
		else if (world && is_client(p, a))
			snprintf(why, NETNS_WHY_MAX,
				"%s is the client's own address, not one of the world",
				ip_to_text(a, text));
		else
			continue;
		return -1;
	}
	return 0;
}

/* ---- what ip is told ---------------------------------------------------- */

/* The client's namespace, in the process that runs ip. */
#define CLIENT_AT 3

static void put_way_to(struct str *s, const struct ip *a)
{
	char text[IP_TEXT_MAX];

	ip_to_text(a, text);
	if (a->family == 4)
		str_printf(s,
			"route replace %s/32 via " CLIENT_LINK4 " dev world onlink\n",
			text);
	else
		str_printf(s, "route replace %s/128 via " CLIENT_LINK6 " dev world\n",
			text);
}

/* The kernel takes packets to a new IPv6 address only when a work queue has got round
 * to it; a route of our own makes it do so from the start. */
static void put_address(struct str *s, const struct ip *a, const char *dev)
{
	char text[IP_TEXT_MAX];

	ip_to_text(a, text);
	if (a->family == 4)
		str_printf(s, "address replace %s/32 dev %s\n", text, dev);
	else
		str_printf(s,
			"address replace %s/128 dev %s nodad\n"
			"route replace local %s/128 dev %s\n",
			text, dev, text, dev);
}

static void put_world(struct str *s, const struct plan *p)
{
	str_printf(s,
		"link set lo up\n"
		"link add world address " WORLD_MAC
		" type veth peer name client address " CLIENT_MAC
		" netns /proc/self/fd/%d\n"
		"link set world addrgenmode none\n"
		"link set world up\n"
		"address add " WORLD_LINK6 "/64 dev world nodad\n"
		"neighbour add " CLIENT_LINK4 " lladdr " CLIENT_MAC
		" dev world nud permanent\n"
		"neighbour add " CLIENT_LINK6 " lladdr " CLIENT_MAC
		" dev world nud permanent\n"
		"neighbour add " NOBODY_LINK4 " lladdr " NOBODY_MAC
		" dev world nud permanent\n"
		"neighbour add " NOBODY_LINK6 " lladdr " NOBODY_MAC
		" dev world nud permanent\n"
		"route add 0.0.0.0/0 via " NOBODY_LINK4 " dev world onlink\n"
		"route add ::/0 via " NOBODY_LINK6 " dev world\n",
		CLIENT_AT);
	for (size_t i = 0; i < 2; i++) {
		if (p->has[i])
			put_way_to(s, &p->first[i]);
	}
	for (size_t i = 0; i < p->n_client; i++) {
		if (p->has[which(&p->client[i])])
			put_way_to(s, &p->client[i]);
	}
	/* Addresses of an interface rather than AnyIP routes: IPv6 lets nobody bind to
	 * those without a sysctl that is read-only in many containers, and programs
	 * that list their interfaces see these. */
	for (size_t i = 0; i < p->n_world; i++)
		put_address(s, &p->world[i], "lo");
}

static void put_client(struct str *s, const struct plan *p)
{
	char text[IP_TEXT_MAX];

	str_puts(s, "link set lo up\n"
		    "link set client addrgenmode none\n"
		    "link set client up\n");
	for (size_t i = 0; i < 2; i++) {
		if (p->has[i])
			put_address(s, &p->first[i], "client");
	}
	for (size_t i = 0; i < p->n_client; i++) {
		if (p->has[which(&p->client[i])])
			put_address(s, &p->client[i], "client");
	}
	if (p->has[0])
		str_printf(s,
			"neighbour add " WORLD_LINK4 " lladdr " WORLD_MAC
			" dev client nud permanent\n"
			"route add 0.0.0.0/0 via " WORLD_LINK4
			" dev client onlink src %s\n",
			ip_to_text(&p->first[0], text));
	if (p->has[1])
		str_printf(s,
			"neighbour add " WORLD_LINK6 " lladdr " WORLD_MAC
			" dev client nud permanent\n"
			"route add ::/0 via " WORLD_LINK6 " dev client onlink src %s\n",
			ip_to_text(&p->first[1], text));
}

/* The end of the link that was up first hears that the other one is from a queue of the
 * kernel's, milliseconds or a second later, and drops what it should send until then.
 * Another length of its transmit queue starts it at once (dev_activate() in the
 * kernel). */
static void put_link(struct str *s)
{
	str_puts(s, "link set world txqueuelen 1001\n");
}

/* ---- the maker: a child that goes where this process must not ------------
 *
 * This process may have other threads: it and its children make system calls only.
 * What they say is put into words by the parent. */

struct maker {
	int to;			      /* whoever asked */
	int world, client, link, err; /* files: what ip is told, and what it says */
};

/* What the maker tells, with descriptors when there is no error. */
struct told {
	const char *what; /* static text, the same in both processes */
	int error;	  /* 0: ip said something */
};

static int give_up(struct told *told, const char *what, int error)
{
	*told = (struct told){ what, error };
	return -1;
}

/* Above those that ip gets. */
static int keep(int fd)
{
	int ret = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, CLIENT_AT + 1);

	if (fd >= 0)
		close(fd);
	return ret;
}

static _Noreturn void exec_ip(const struct maker *m, int in, int client)
{
	static const char *const places[] = { "/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip",
		"/bin/ip" };
	static const char none[] = "cannot run ip of iproute2\n";
	static char ip[] = "ip", batch[] = "-batch", dash[] = "-";
	char *const argv[] = { ip, batch, dash, NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(in, STDIN_FILENO);
	dup2(m->err, STDOUT_FILENO);
	dup2(m->err, STDERR_FILENO);
	dup2(client, CLIENT_AT);
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		execv(places[i], argv);
	(void)!write(m->err, none, sizeof(none) - 1);
	_exit(127);
}

static int run_ip(const struct maker *m, int in, int client, struct told *told)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		exec_ip(m, in, client);
	if (pid < 0)
		return give_up(told, "ip", errno);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0 ? 0 : give_up(told, "ip", 0);
}

static int make_one(int *ret_fd, struct told *told)
{
	if (unshare(CLONE_NEWNET) != 0)
		return give_up(told, "no network namespace", errno);
	*ret_fd = keep(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
	return *ret_fd < 0 ? give_up(told, "/proc/self/ns/net", errno) : 0;
}

/* To hosts that say nothing, in the namespace that this process is in: a connection
 * fails after 1 + 2 + 4 seconds rather than after two minutes, for programs that leave
 * it to the kernel or whose own patience cannot be set. Where /proc/sys is read-only
 * they take their time. */
static void be_impatient(void)
{
	(void)write_file("/proc/sys/net/ipv4/tcp_syn_retries", "2");
}

static int make_all(const struct maker *m, int fds[FDS], struct told *told)
{
	if (make_one(&fds[FD_CLIENT], told) != 0 || make_one(&fds[FD_WORLD], told) != 0)
		return -1;
	if (run_ip(m, m->world, fds[FD_CLIENT], told) != 0)
		return -1;
	if (setns(fds[FD_CLIENT], CLONE_NEWNET) != 0)
		return give_up(told, "the client's namespace", errno);
	be_impatient();
	if (run_ip(m, m->client, fds[FD_CLIENT], told) != 0)
		return -1;
	if (setns(fds[FD_WORLD], CLONE_NEWNET) != 0)
		return give_up(told, "the world's namespace", errno);
	return run_ip(m, m->link, fds[FD_CLIENT], told);
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

	if (told->what == NULL) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(FDS * sizeof(int));
		memcpy(CMSG_DATA(c), fds, FDS * sizeof(int));
	}
	(void)!sendmsg(to, &msg, MSG_NOSIGNAL);
}

static _Noreturn void be_maker(const struct maker *m)
{
	struct told told = { 0 };
	int fds[FDS] = { -1, -1 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)make_all(m, fds, &told);
	tell(m->to, &told, fds);
	_exit(0);
}

/* ---- and the one that waits for it --------------------------------------- */

/* An unlinked file in memory, at its beginning. */
static int file_of(const struct str *s)
{
	int fd = keep(memfd_create("lab", MFD_CLOEXEC));

	if (fd < 0)
		return -1;
	if (write(fd, s->data, s->len) != (ssize_t)s->len) {
		close(fd);
		return -1;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* The first line is the one that says what is wrong. */
static int say_what_ip_said(int fd, char why[NETNS_WHY_MAX])
{
	ssize_t n = pread(fd, why, NETNS_WHY_MAX - 1, 0);

	why[n < 0 ? 0 : n] = '\0';
	why[strcspn(why, "\n")] = '\0';
	if (why[0] == '\0')
		snprintf(why, NETNS_WHY_MAX, "ip failed without a word");
	return -1;
}

static int hear(int from, const struct maker *m, int fds[FDS], char why[NETNS_WHY_MAX])
{
	struct told told = { 0 };
	union control control = { .bytes = { 0 } };
	struct iovec iov = { &told, sizeof(told) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct pollfd p = { .fd = from, .events = POLLIN };
	const struct cmsghdr *c;

	if (TEMP_FAILURE_RETRY(poll(&p, 1, MAKER_LIMIT_MS)) != 1)
		return no(why, "the making of namespaces", ETIMEDOUT);
	if (recvmsg(from, &msg, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(told)) {
		snprintf(why, NETNS_WHY_MAX,
			"what makes the namespaces ended without a word");
		return -1;
	}
	if (told.what != NULL && told.error == 0)
		return say_what_ip_said(m->err, why);
	if (told.what != NULL)
		return no(why, told.what, told.error);
	c = CMSG_FIRSTHDR(&msg);
	if (c == NULL || c->cmsg_len != CMSG_LEN(FDS * sizeof(int)))
		return no(why, "the descriptors of the namespaces", EMFILE);
	memcpy(fds, CMSG_DATA(c), FDS * sizeof(int));
	return 0;
}

static int run_maker(struct maker *m, int fds[FDS], char why[NETNS_WHY_MAX])
{
	int pair[2], rc;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return no(why, "socketpair", errno);
	m->to = pair[1];
	pid = fork();
	if (pid == 0)
		be_maker(m);
	rc = pid < 0 ? no(why, "fork", errno) : 0;
	close(pair[1]);
	if (rc == 0)
		rc = hear(pair[0], m, fds, why);
	close(pair[0]);
	if (pid > 0) {
		kill(pid, SIGKILL);
		(void)TEMP_FAILURE_RETRY(waitpid(pid, NULL, 0));
	}
	return rc;
}

static void close_one(int fd)
{
	if (fd >= 0)
		close(fd);
}

static int make(const struct plan *p, int fds[FDS], char why[NETNS_WHY_MAX])
{
	struct str world = STR_INIT, client = STR_INIT, link = STR_INIT, err = STR_INIT;
	struct maker m = { .to = -1 };
	int rc;

	put_world(&world, p);
	put_client(&client, p);
	put_link(&link);
	m.world = file_of(&world);
	m.client = file_of(&client);
	m.link = file_of(&link);
	m.err = file_of(&err);
	if (m.world < 0 || m.client < 0 || m.link < 0 || m.err < 0)
		rc = no(why, "a file in memory", errno);
	else
		rc = run_maker(&m, fds, why);
	close_one(m.world);
	close_one(m.client);
	close_one(m.link);
	close_one(m.err);
	str_clear(&world);
	str_clear(&client);
	str_clear(&link);
	return rc;
}

/* ---- the module --------------------------------------------------------- */

struct netns *netns_new(const struct netns_options *o, char why[NETNS_WHY_MAX])
{
	struct netns *ns = malloc(sizeof(*ns));
	struct plan plan;

	if (ns == NULL)
		bug("out of memory");
	*ns = (struct netns){ .fds = { -1, -1 } };
	plan_of(o, &plan);
	if (check(&plan, why) == 0 && make(&plan, ns->fds, why) == 0)
		return ns;
	netns_free(ns);
	return NULL;
}

void netns_free(struct netns *ns)
{
	if (ns == NULL)
		return;
	for (size_t i = 0; i < FDS; i++)
		close_one(ns->fds[i]);
	free(ns);
}

int netns_enter(const struct netns *ns, enum netns_side side)
{
	return setns(ns->fds[side == NETNS_WORLD ? FD_WORLD : FD_CLIENT], CLONE_NEWNET);
}
