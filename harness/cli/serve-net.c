#include "cli/serve.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/bug.h"
#include "cli/cli.h"
#include "net/capture.h"
#include "net/loop.h"

/* With --port 0 the kernel picks a port at the first address, which another program may
 * have at the second. */
#define PORT_TRIES 20

/* Everything answers at once, or something is wrong. */
#define CHECK_PATIENCE_S 5

/* What a listener calls when there is a capture. */
struct serve_tap {
	struct service_worker *worker;
	_Atomic(struct capture *) *capture;
};

struct serve_net {
	const struct serve_options *o;
	struct service *const *services;
	unsigned n_services, n_loops, n_threads;
	struct net_loop *loops[SERVE_WORKERS_MAX];
	pthread_t threads[SERVE_WORKERS_MAX];
	/* Of each service, one after another. */
	struct service_worker **workers;
	struct serve_tap *taps;
	_Atomic(struct capture *) capture; /* NULL: not yet */
	struct serve_place *places;
	unsigned n_places;
	struct serve_counts checks; /* queries of our own */
};

/* ---- which addresses ---- */

static void next_address(struct ip *ip)
{
	for (int i = (ip->family == 4 ? 4 : 16) - 1; i >= 0 && ++ip->bytes[i] == 0; i--)
		;
}

static struct serve_place *add_place(
	struct serve_net *net, unsigned server, const struct endpoint *at)
{
	struct serve_place *p = &net->places[net->n_places++];

	*p = (struct serve_place){ .server = server, .at = *at };
	return p;
}

/* 127.0.0.1 and ::1 for the first server, 127.0.0.2 for the next. */
static void default_places(struct serve_net *net)
{
	struct endpoint at = { .port = net->o->port }, six = at;

	ip_from_text("127.0.0.1", &at.ip);
	ip_from_text("::1", &six.ip);
	for (unsigned i = 0; i < net->n_services; i++) {
		add_place(net, i, &at);
		if (i == 0)
			add_place(net, i, &six)->optional = true;
		next_address(&at.ip);
	}
}

/* One server listens at all of them. Of several each gets one, and those that are left
 * over the addresses after the last. */
static void given_places(struct serve_net *net)
{
	const struct serve_options *o = net->o;
	unsigned n = o->n_listen > net->n_services ? o->n_listen : net->n_services;
	struct endpoint at = { 0 };

	for (unsigned i = 0; i < n; i++) {
		if (i < o->n_listen)
			endpoint_from_text(o->listen[i], o->port, &at);
		else
			next_address(&at.ip);
		add_place(net, net->n_services == 1 ? 0 : i, &at);
	}
}

static void plan(struct serve_net *net)
{
	const struct serve_options *o = net->o;

	net->places = calloc(net->n_services + o->n_listen + 1, sizeof(*net->places));
	if (net->places == NULL)
		bug("out of memory");
	if (o->n_listen == 0)
		default_places(net);
	else
		given_places(net);
}

/* ---- the capture ---- */

static void tapped_handle(void *ctx, struct net_request *rq, unsigned n)
{
	struct serve_tap *t = ctx;

	service_handle(t->worker, rq, n);
}

static void tap(void *ctx, const struct endpoint *from, const struct endpoint *to,
	uint64_t conn, const uint8_t *message, size_t len)
{
	struct serve_tap *t = ctx;
	struct capture *c = *t->capture;
	struct timespec now;
	uint64_t t_us;

	if (c == NULL)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	t_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	if (message == NULL)
		capture_end(c, t_us, conn);
	else
		capture_message(c, t_us, from, to, conn, message, len);
}

static struct net_handler handler_of(struct serve_net *net, unsigned worker)
{
	if (net->o->evidence.pcap == NULL)
		return (struct net_handler){ .handle = service_handle,
			.ctx = net->workers[worker] };
	return (struct net_handler){
		.handle = tapped_handle, .tap = tap, .ctx = &net->taps[worker]
	};
}

void serve_net_record(struct serve_net *net)
{
	net->capture = net->o->evidence.capture;
	for (unsigned i = 0; i < net->n_services; i++)
		service_log_to(net->services[i], net->o->evidence.log);
}

/* ---- binding ---- */

static void complain_about(const struct serve_place *p, const char *what, int error)
{
	char at[ENDPOINT_TEXT_MAX];

	endpoint_to_text(&p->at, at);
	switch (error) {
	case EADDRINUSE:
		cli_complain("cannot %s %s: another program listens there; end it, or "
			     "give another --port (0 picks one)",
			what, at);
		break;
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		cli_complain("cannot %s %s: this machine has no such address (`ip "
			     "address' shows those it has)",
			what, at);
		break;
	case EACCES:
		cli_complain("cannot %s %s: ports below 1024 are for root; give "
			     "another --port",
			what, at);
		break;
	default:
		cli_complain("cannot %s %s: %s", what, at, strerror(error));
	}
}

static void close_place(struct serve_net *net, struct serve_place *p)
{
	for (unsigned w = 0; w < net->n_loops; w++) {
		listener_free(p->listeners[w]);
		p->listeners[w] = NULL;
	}
}

/* Sockets that share a port would share it with another program's, too, and nobody
 * would know: first alone. 0, or the error. */
static int try_alone(
	struct serve_net *net, struct serve_place *p, const char **ret_what)
{
	struct listener_options o = { .at = p->at };
	struct net_handler h = { .handle = service_handle };
	struct listener *l = listener_new(net->loops[0], &o, &h, ret_what);

	if (l == NULL)
		return errno;
	p->at = listener_at(l);
	listener_free(l);
	return 0;
}

static int bind_place(
	struct serve_net *net, struct serve_place *p, const char **ret_what)
{
	struct listener_options o = { .reuse_port = net->n_loops > 1 };
	int error = o.reuse_port ? try_alone(net, p, ret_what) : 0;

	for (unsigned w = 0; w < net->n_loops && error == 0; w++) {
		struct net_handler h = handler_of(net, p->server * net->n_loops + w);

		o.at = p->at;
		p->listeners[w] = listener_new(net->loops[w], &o, &h, ret_what);
		if (p->listeners[w] == NULL)
			error = errno;
		else
			p->at = listener_at(p->listeners[w]);
	}
	if (error != 0)
		close_place(net, p);
	return error;
}

static bool is_missing_address(int error)
{
	return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

static void leave_out(struct serve_net *net, unsigned i)
{
	net->n_places--;
	memmove(&net->places[i], &net->places[i + 1],
		(net->n_places - i) * sizeof(*net->places));
}

/* All places that have no port of their own at the first one's. 0, or the error. */
static int bind_places(
	struct serve_net *net, struct serve_place **ret_at, const char **ret_what)
{
	uint16_t port = 0;

	for (unsigned i = 0; i < net->n_places; i++) {
		struct serve_place *p = &net->places[i];
		int error;

		if (p->at.port == 0)
			p->at.port = port;
		error = bind_place(net, p, ret_what);
		if (is_missing_address(error) && p->optional) {
			leave_out(net, i--);
			continue;
		}
		if (error != 0) {
			*ret_at = p;
			return error;
		}
		if (net->o->port == 0 && port == 0)
			port = p->at.port;
	}
	return 0;
}

static int bind_all(struct serve_net *net)
{
	struct serve_place *at = NULL;
	const char *what = "bind";
	int error = 0;

	for (int tries = 0; tries < PORT_TRIES; tries++) {
		error = bind_places(net, &at, &what);
		if (error == 0)
			return 0;
		if (error != EADDRINUSE || net->o->port != 0 || at == net->places)
			break;
		for (unsigned i = 0; i < net->n_places; i++)
			close_place(net, &net->places[i]);
		net->n_places = 0;
		free(net->places);
		plan(net);
	}
	complain_about(at, what, error);
	return -1;
}

/* ---- threads ---- */

static void *work(void *loop)
{
	net_loop_run(loop);
	return NULL;
}

/* Signals are for the thread that started us. */
static int start_threads(struct serve_net *net)
{
	sigset_t all, before;
	int error = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned w = 0; w < net->n_loops && error == 0; w++) {
		error = pthread_create(&net->threads[w], NULL, work, net->loops[w]);
		net->n_threads += error == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		return 0;
	cli_complain("cannot start %u threads: %s; give fewer --workers", net->n_loops,
		strerror(error));
	return -1;
}

static void make_workers(struct serve_net *net)
{
	size_t n = (size_t)net->n_services * net->n_loops;

	if (n == 0)
		bug("nothing to serve, or nobody to do it");
	net->workers = calloc(n, sizeof(struct service_worker *));
	net->taps = calloc(n, sizeof(*net->taps));
	if (net->workers == NULL || net->taps == NULL)
		bug("out of memory");
	for (unsigned s = 0; s < net->n_services; s++) {
		for (unsigned w = 0; w < net->n_loops; w++)
			net->workers[s * net->n_loops + w] =
				service_worker(net->services[s], w, net->loops[w]);
	}
	for (size_t i = 0; i < n; i++)
		net->taps[i] = (struct serve_tap){ net->workers[i], &net->capture };
}

struct serve_net *serve_net_start(
	const struct serve_options *o, struct service *const *services, unsigned n)
{
	struct serve_net *net = calloc(1, sizeof(*net));

	if (net == NULL)
		bug("out of memory");
	net->o = o;
	net->services = services;
	net->n_services = n;
	do {
		net->loops[net->n_loops++] = net_loop_new();
	} while (net->n_loops < o->workers);
	make_workers(net);
	plan(net);
	if (bind_all(net) == 0 && start_threads(net) == 0)
		return net;
	serve_net_stop(net);
	serve_net_free(net);
	return NULL;
}

const struct serve_place *serve_net_places(const struct serve_net *net, unsigned *n)
{
	*n = net->n_places;
	return net->places;
}

void serve_net_stop(struct serve_net *net)
{
	for (unsigned w = 0; w < net->n_threads; w++)
		net_loop_stop(net->loops[w]);
	for (unsigned w = 0; w < net->n_threads; w++)
		pthread_join(net->threads[w], NULL);
	net->n_threads = 0;
	for (unsigned i = 0; i < net->n_places; i++)
		close_place(net, &net->places[i]);
}

void serve_net_free(struct serve_net *net)
{
	for (unsigned w = 0; w < net->n_loops; w++)
		net_loop_free(net->loops[w]);
	free(net->workers);
	free(net->taps);
	free(net->places);
	free(net);
}

/* ---- does it answer? ---- */

/* Who is there (RFC 4892): answered or refused whatever the zones and quirks are. */
static size_t make_question(uint8_t wire[512])
{
	static const uint8_t id_server[] = "\2id\6server";
	struct question q = { name_at(id_server), TYPE_TXT, CLASS_CH };
	struct msg m;

	msg_init_query(&m, (uint16_t)getpid(), &q, false);
	return msg_encode(&m, wire, 512);
}

static int connect_to(const struct endpoint *to, int type)
{
	struct timeval patience = { .tv_sec = CHECK_PATIENCE_S };
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(to, &sa);
	int fd = socket(sa.ss_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&sa, len) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The RCODE of the reply, or -1. */
static int ask_place(const struct serve_place *p, bool tcp)
{
	int fd = connect_to(&p->at, tcp ? SOCK_STREAM : SOCK_DGRAM), rcode = -1;
	uint8_t query[2 + 512], reply[2 + 512], *start = reply + (tcp ? 2 : 0);
	size_t len = make_question(query + 2);
	ssize_t n = -1;

	if (fd < 0)
		return -1;
	query[0] = (uint8_t)(len >> 8);
	query[1] = (uint8_t)len;
	if (send(fd, tcp ? query : query + 2, tcp ? len + 2 : len, MSG_NOSIGNAL) > 0)
		n = recv(
			fd, reply, tcp ? 2 + 12 : sizeof(reply), tcp ? MSG_WAITALL : 0);
	if (n >= (tcp ? 2 + 12 : 12) && memcmp(start, query + 2, 2) == 0)
		rcode = start[3] & 15;
	close(fd);
	return rcode;
}

int serve_net_check(struct serve_net *net)
{
	char at[ENDPOINT_TEXT_MAX];

	for (unsigned i = 0; i < net->n_places; i++) {
		for (int tcp = 0; tcp <= 1; tcp++) {
			int rcode = ask_place(&net->places[i], tcp);

			if (rcode < 0) {
				endpoint_to_text(&net->places[i].at, at);
				cli_complain("%s does not answer by %s: %s", at,
					tcp ? "TCP" : "UDP", strerror(errno));
				return -1;
			}
			net->checks.rcodes[rcode]++;
			*(tcp ? &net->checks.tcp : &net->checks.udp) += 1;
		}
	}
	return 0;
}

/* ---- counting ---- */

static void add_places(const struct serve_net *net, struct serve_counts *to)
{
	for (unsigned i = 0; i < net->n_places; i++) {
		for (unsigned w = 0; w < net->n_loops; w++) {
			struct listener_stats s;

			listener_stats(net->places[i].listeners[w], &s);
			to->udp += s.udp_in;
			to->tcp += s.tcp_in;
			to->lost_in += s.udp_lost_in;
			to->lost_out += s.udp_lost_out;
		}
	}
}

void serve_net_counts(const struct serve_net *net, struct serve_counts *ret)
{
	*ret = (struct serve_counts){ 0 };
	add_places(net, ret);
	ret->udp -= net->checks.udp;
	ret->tcp -= net->checks.tcp;
	for (unsigned i = 0; i < net->n_services; i++) {
		struct service_stats s;

		service_stats(net->services[i], &s);
		ret->silent += s.silent;
		for (unsigned k = 0; k < SERVICE_RCODES; k++)
			ret->rcodes[k] += s.rcodes[k];
	}
	for (unsigned k = 0; k < SERVICE_RCODES; k++)
		ret->rcodes[k] -= net->checks.rcodes[k];
}
