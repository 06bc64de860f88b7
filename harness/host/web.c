#include "host/web.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/bug.h"
#include "base/str.h"
#include "net/http.h"

struct web {
	struct web_options o;
	struct http **ports;
	struct str text, location; /* of the reply that is being made */
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* As the visitor meets it: a name that is not served is refused before any redirect. */
static void choose(struct web *w, const char *url_host, struct http_reply *ret)
{
	const struct http_host *h = &w->o.host->http;
	const char *name = w->o.host->name;

	str_reset(&w->text);
	str_reset(&w->location);
	if (url_host == NULL) { /* RFC 9112 3.2 */
		*ret = (struct http_reply){ .status = 400, .reason = "Bad Request" };
		str_puts(&w->text, "Host: is missing\n");
	} else if (!host_serves(h, url_host)) {
		*ret = (struct http_reply){ .status = 404, .reason = "Not Found" };
		str_printf(&w->text, "%s has no site for this name\n", name);
	} else if (h->redirect != NULL) {
		str_printf(&w->location, "http://%s/", h->redirect);
		str_printf(&w->text, "%s redirects to %s\n", name, h->redirect);
		*ret = (struct http_reply){ .status = 301,
			.reason = "Moved Permanently",
			.location = w->location.data };
	} else {
		str_printf(&w->text, "%s serves %s\n", name, url_host);
	}
	ret->text = w->text.data;
}

static void handle(void *ctx, const struct http_request *rq, struct http_reply *ret)
{
	struct web *w = ctx;
	struct web_visit v = {
		.time_us = now_us(),
		.peer = rq->peer,
		.at = rq->at,
		.host = w->o.host->name,
		.url_host = rq->host,
		.method = rq->method,
		.target = rq->target,
	};

	choose(w, rq->host, ret);
	v.status = ret->status;
	if (w->o.record != NULL)
		w->o.record(w->o.ctx, &v);
}

struct web *web_new(
	struct net_loop *l, const struct web_options *o, const char **ret_what)
{
	struct web *w = calloc(1, sizeof(*w));

	if (w == NULL)
		bug("no memory for a web host");
	*w = (struct web){ .o = *o, .text = STR_INIT, .location = STR_INIT };
	w->ports = calloc(o->n_at + 1u, sizeof(struct http *));
	if (w->ports == NULL)
		bug("no memory for a web host");
	for (unsigned i = 0; i < o->n_at && o->host->http.listens; i++) {
		struct http_options port = {
			.at = o->at[i], .handle = handle, .ctx = w
		};

		w->ports[i] = http_new(l, &port, ret_what);
		if (w->ports[i] == NULL) {
			web_free(w);
			return NULL;
		}
	}
	return w;
}

/* Keeps errno, for web_new(). */
void web_free(struct web *w)
{
	int saved = errno;

	if (w == NULL)
		return;
	for (unsigned i = 0; i < w->o.n_at; i++)
		http_free(w->ports[i]);
	str_clear(&w->text);
	str_clear(&w->location);
	free(w->ports);
	free(w);
	errno = saved;
}

struct endpoint web_at(const struct web *w, unsigned i)
{
	return w->ports[i] == NULL ? (struct endpoint){ .port = 0 }
				   : http_at(w->ports[i]);
}
