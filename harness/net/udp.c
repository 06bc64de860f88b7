/* The UDP half of a listener: many datagrams a system call. */
#include "net/listener.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/bug.h"
#include "net/loop.h"

/* A full batch is followed by another, but other sockets of the loop want their turn.
 */
#define ROUNDS_MAX 4

/* Datagrams lie this far apart: were it a power of two, all of them would fall into the
 * same few lines of the processor's cache. */
#define STRIDE (NET_UDP_ROOM + 64)

/* Holds one in_pktinfo or in6_pktinfo. */
#define CONTROL_ROOM 64

/* The buffers of a loop; listeners use them in turn. */
struct udp_batch {
	struct mmsghdr in[NET_BATCH_MAX], out[NET_BATCH_MAX];
	struct iovec in_iov[NET_BATCH_MAX], out_iov[NET_BATCH_MAX];
	struct sockaddr_storage peer[NET_BATCH_MAX];
	struct net_request rq[NET_BATCH_MAX];
	uint8_t answers[NET_BATCH_MAX]; /* which request out[i] answers */
	_Alignas(struct cmsghdr) uint8_t control[NET_BATCH_MAX][CONTROL_ROOM];
	uint8_t received[NET_BATCH_MAX][STRIDE];
	uint8_t replies[NET_BATCH_MAX][STRIDE];
};

static void init_slot(struct udp_batch *b, unsigned i)
{
	b->in_iov[i].iov_base = b->received[i];
	b->in_iov[i].iov_len = NET_UDP_ROOM;
	b->in[i].msg_hdr = (struct msghdr){
		.msg_name = &b->peer[i],
		.msg_namelen = sizeof(b->peer[i]),
		.msg_iov = &b->in_iov[i],
		.msg_iovlen = 1,
	};
	b->out[i].msg_hdr = (struct msghdr){
		.msg_iov = &b->out_iov[i],
		.msg_iovlen = 1,
	};
	b->rq[i] = (struct net_request){
		.in = b->received[i],
		.peer = &b->peer[i],
		.out = b->replies[i],
		.room = NET_UDP_ROOM,
	};
}

static struct udp_batch *batch_of(struct net_loop *loop)
{
	struct udp_batch *b = net_loop_memory(loop, NET_MEMORY_UDP, sizeof(*b));

	if (b->in[0].msg_hdr.msg_iov == NULL) {
		for (unsigned i = 0; i < NET_BATCH_MAX; i++)
			init_slot(b, i);
	}
	return b;
}

/* ---- a listener on all addresses ---- */

/* RFC 2181 4.1: the reply comes from the address the query went to. The kernel says
 * which that was, and takes the same words back for the way out. */
static void want_local(struct udp_batch *b, bool on)
{
	for (unsigned i = 0; i < NET_BATCH_MAX; i++) {
		b->in[i].msg_hdr.msg_control = on ? b->control[i] : NULL;
		b->in[i].msg_hdr.msg_controllen = on ? CONTROL_ROOM : 0;
	}
}

static bool local_from(const struct msghdr *h, struct ip *ret)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(h);

	if (c != NULL && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo v4;

		memcpy(&v4, CMSG_DATA(c), sizeof(v4));
		*ret = ip_from_bytes((const uint8_t *)&v4.ipi_spec_dst, 4);
		return true;
	}
	if (c != NULL && c->cmsg_level == IPPROTO_IPV6 &&
		c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo v6;

		memcpy(&v6, CMSG_DATA(c), sizeof(v6));
		*ret = ip_from_bytes((const uint8_t *)&v6.ipi6_addr, 16);
		return true;
	}
	return false;
}

static void put_control(
	struct msghdr *h, uint8_t *control, int level, int type, void *data, size_t len)
{
	struct cmsghdr *c;

	memset(control, 0, CONTROL_ROOM);
	h->msg_control = control;
	h->msg_controllen = CMSG_SPACE(len);
	c = CMSG_FIRSTHDR(h);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
}

/* The way out is the kernel's choice, so that the interface is left open. */
static void send_from(struct msghdr *h, const struct ip *local, uint8_t *control)
{
	struct in_pktinfo v4 = { .ipi_ifindex = 0 };
	struct in6_pktinfo v6 = { .ipi6_ifindex = 0 };

	if (local->family == 4) {
		memcpy(&v4.ipi_spec_dst, local->bytes, 4);
		put_control(h, control, IPPROTO_IP, IP_PKTINFO, &v4, sizeof(v4));
	} else if (local->family == 6) {
		memcpy(&v6.ipi6_addr, local->bytes, 16);
		put_control(h, control, IPPROTO_IPV6, IPV6_PKTINFO, &v6, sizeof(v6));
	}
}

/* The request is an element of the batch; so is its peer, even in a copy of it. */
static unsigned slot_of(const struct udp_batch *b, const struct net_request *rq)
{
	return (unsigned)(rq->peer - b->peer);
}

void udp_local(const struct net_request *rq, struct endpoint *ret)
{
	struct listener *l = rq->where;
	struct udp_batch *b = batch_of(l->loop);

	*ret = l->at;
	if (l->any)
		local_from(&b->in[slot_of(b, rq)].msg_hdr, &ret->ip);
}

/* ---- sending ---- */

static void tap_reply(struct listener *l, const struct net_request *rq)
{
	struct endpoint from, to;

	net_request_from(rq, &from);
	udp_local(rq, &to);
	l->handler.tap(l->handler.ctx, &to, &from, 0, rq->out, rq->out_len);
}

static void sent(struct listener *l, const struct udp_batch *b, unsigned at, unsigned n)
{
	count(&l->counters.udp_out, n);
	for (unsigned i = at; l->handler.tap != NULL && i < at + n; i++)
		tap_reply(l, &b->rq[b->answers[i]]);
}

/* A datagram that cannot be sent (to port 0, say) is skipped; when the kernel has no
 * room, the rest is lost, as on a full wire. */
static void send_batch(struct listener *l, struct udp_batch *b, unsigned n)
{
	unsigned at = 0;

	while (at < n) {
		int k = sendmmsg(l->udp_fd, b->out + at, n - at, MSG_DONTWAIT);

		if (k > 0) {
			sent(l, b, at, (unsigned)k);
			at += (unsigned)k;
		} else if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM) {
			count(&l->counters.udp_lost_out, n - at);
			return;
		} else if (errno != EINTR) {
			count(&l->counters.udp_lost_out, 1);
			at++;
		}
	}
}

void udp_path_of(const struct net_request *rq, struct udp_path *ret)
{
	struct listener *l = rq->where;
	struct endpoint local;

	memcpy(&ret->peer, rq->peer, l->peer_len);
	ret->len = l->peer_len;
	udp_local(rq, &local);
	ret->local = local.ip;
}

void udp_send_one(struct listener *l, const struct udp_path *path,
	const uint8_t *message, size_t len)
{
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_ROOM];
	struct udp_path to = *path;
	struct sockaddr_storage peer = { .ss_family = 0 };
	struct endpoint from = { path->local, l->at.port }, there;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)message, .iov_len = len };
	struct msghdr h = { .msg_name = &to.peer,
		.msg_namelen = to.len,
		.msg_iov = &iov,
		.msg_iovlen = 1 };

	if (l->any)
		send_from(&h, &path->local, control);
	if (sendmsg(l->udp_fd, &h, MSG_DONTWAIT) < 0) {
		count(&l->counters.udp_lost_out, 1);
		return;
	}
	count(&l->counters.udp_out, 1);
	if (l->handler.tap != NULL) {
		memcpy(&peer, &path->peer, path->len);
		endpoint_from_sockaddr(&peer, &there);
		l->handler.tap(l->handler.ctx, &from, &there, 0, message, len);
	}
}

/* ---- receiving ---- */

static void tap_query(struct listener *l, const struct net_request *rq)
{
	struct endpoint from, to;

	net_request_from(rq, &from);
	udp_local(rq, &to);
	l->handler.tap(l->handler.ctx, &from, &to, 0, rq->in, rq->in_len);
}

static void prepare(struct listener *l, struct udp_batch *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct net_request *rq = &b->rq[i];

		rq->in_len = b->in[i].msg_len;
		rq->out_len = 0;
		rq->delay_us = 0;
		rq->stream.next = NULL;
		rq->where = l;
		/* The kernel wrote how long the name was. */
		b->in[i].msg_hdr.msg_namelen = sizeof(b->peer[i]);
		if (l->handler.tap != NULL)
			tap_query(l, rq);
	}
}

static void put_reply(struct listener *l, struct udp_batch *b, unsigned i, unsigned at)
{
	struct msghdr *h = &b->out[at].msg_hdr;

	if (b->rq[i].out_len > NET_UDP_ROOM)
		bug("a reply of %zu octets was written to %d", b->rq[i].out_len,
			NET_UDP_ROOM);
	h->msg_name = &b->peer[i];
	h->msg_namelen = l->peer_len;
	b->out_iov[at].iov_base = b->replies[i];
	b->out_iov[at].iov_len = b->rq[i].out_len;
	b->answers[at] = (uint8_t)i;
	if (l->any) {
		struct ip local = { .family = 0 };

		h->msg_controllen = 0;
		if (local_from(&b->in[i].msg_hdr, &local))
			send_from(h, &local, b->control[i]);
	}
}

/* How many replies there are to send now. */
static unsigned collect(struct listener *l, struct udp_batch *b, unsigned n)
{
	unsigned n_out = 0;

	for (unsigned i = 0; i < n; i++) {
		struct net_request *rq = &b->rq[i];

		stream_drop(&rq->stream);
		if (rq->out_len > 0 && rq->delay_us > 0)
			later_delay(rq);
		else if (rq->out_len > 0)
			put_reply(l, b, i, n_out++);
	}
	return n_out;
}

/* Another listener of the loop may not be on all addresses. */
static void forget_controls(struct udp_batch *b)
{
	want_local(b, false);
	for (unsigned i = 0; i < NET_BATCH_MAX; i++) {
		b->out[i].msg_hdr.msg_control = NULL;
		b->out[i].msg_hdr.msg_controllen = 0;
	}
}

/* How many came. */
static unsigned handle_batch(struct listener *l, struct udp_batch *b)
{
	int n;

	if (l->any)
		want_local(b, true);
	n = recvmmsg(l->udp_fd, b->in, NET_BATCH_MAX, MSG_DONTWAIT, NULL);
	if (n > 0) {
		count(&l->counters.udp_in, (uint64_t)n);
		prepare(l, b, (unsigned)n);
		l->handler.handle(l->handler.ctx, b->rq, (unsigned)n);
		send_batch(l, b, collect(l, b, (unsigned)n));
	}
	if (l->any)
		forget_controls(b);
	return n > 0 ? (unsigned)n : 0;
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;
	struct udp_batch *b = batch_of(l->loop);

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < ROUNDS_MAX; i++) {
		if (handle_batch(l, b) < NET_BATCH_MAX)
			break;
	}
}

void udp_start(struct listener *l)
{
	int on = 1;

	l->any = true;
	for (unsigned i = 0; i < sizeof(l->at.ip.bytes); i++)
		l->any = l->any && l->at.ip.bytes[i] == 0;
	l->peer_len = l->at.ip.family == 4 ? sizeof(struct sockaddr_in)
					   : sizeof(struct sockaddr_in6);
	if (l->any && l->at.ip.family == 4)
		setsockopt(l->udp_fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	else if (l->any)
		setsockopt(l->udp_fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	batch_of(l->loop);
	event_assign(&l->udp_ready, net_loop_base(l->loop), l->udp_fd,
		EV_READ | EV_PERSIST, on_ready, l);
	if (event_add(&l->udp_ready, NULL) != 0)
		bug("no event for a UDP socket");
}

void udp_stop(struct listener *l)
{
	event_del(&l->udp_ready);
	close(l->udp_fd);
}
