#include "net/endpoint.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* 0 to 65535 in digits. */
static int port_from_text(const char *text, uint16_t *ret)
{
	unsigned value = 0;

	if (*text == '\0' || strlen(text) > 5)
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (unsigned)(*text - '0');
	}
	if (value > UINT16_MAX)
		return -1;
	*ret = (uint16_t)value;
	return 0;
}

/* "[::1]" or "[::1]:53": sets the address, and the port's text or NULL. */
static int split_brackets(
	const char *text, char address[IP_TEXT_MAX], const char **port)
{
	const char *end = strchr(text, ']');
	size_t len = end == NULL ? IP_TEXT_MAX : (size_t)(end - text - 1);

	if (len >= IP_TEXT_MAX || (end[1] != '\0' && end[1] != ':'))
		return -1;
	memcpy(address, text + 1, len);
	address[len] = '\0';
	*port = end[1] == ':' ? end + 2 : NULL;
	return strchr(address, ':') == NULL ? -1 : 0;
}

/* One colon is followed by a port; more are an IPv6 address. */
static int split_plain(const char *text, char address[IP_TEXT_MAX], const char **port)
{
	const char *end = strchr(text, '@'), *colon = strchr(text, ':');
	size_t len;

	if (end == NULL && colon != NULL && strchr(colon + 1, ':') == NULL)
		end = colon;
	len = end == NULL ? strlen(text) : (size_t)(end - text);
	if (len >= IP_TEXT_MAX)
		return -1;
	memcpy(address, text, len);
	address[len] = '\0';
	*port = end == NULL ? NULL : end + 1;
	return 0;
}

int endpoint_from_text(const char *text, uint16_t port, struct endpoint *ret)
{
	struct endpoint e = { .port = port };
	char address[IP_TEXT_MAX];
	const char *port_text = NULL;

	if ((*text == '[' ? split_brackets : split_plain)(text, address, &port_text) !=
			0 ||
		ip_from_text(address, &e.ip) != 0)
		return -1;
	if (port_text != NULL && port_from_text(port_text, &e.port) != 0)
		return -1;
	*ret = e;
	return 0;
}

const char *endpoint_to_text(const struct endpoint *e, char buf[ENDPOINT_TEXT_MAX])
{
	char ip[IP_TEXT_MAX];

	snprintf(buf, ENDPOINT_TEXT_MAX, e->ip.family == 6 ? "[%s]:%u" : "%s:%u",
		ip_to_text(&e->ip, ip), e->port);
	return buf;
}

socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *ret)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(e->port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(e->port) };

	memset(ret, 0, sizeof(*ret));
	if (e->ip.family == 4) {
		memcpy(&v4.sin_addr, e->ip.bytes, 4);
		memcpy(ret, &v4, sizeof(v4));
		return sizeof(v4);
	}
	memcpy(&v6.sin6_addr, e->ip.bytes, 16);
	memcpy(ret, &v6, sizeof(v6));
	return sizeof(v6);
}

void endpoint_from_sockaddr(const struct sockaddr_storage *from, struct endpoint *ret)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	*ret = (struct endpoint){ .port = 0 };
	if (from->ss_family == AF_INET) {
		memcpy(&v4, from, sizeof(v4));
		ret->ip = ip_from_bytes((const uint8_t *)&v4.sin_addr, 4);
		ret->port = ntohs(v4.sin_port);
	} else if (from->ss_family == AF_INET6) {
		memcpy(&v6, from, sizeof(v6));
		ret->ip = ip_from_bytes((const uint8_t *)&v6.sin6_addr, 16);
		ret->port = ntohs(v6.sin6_port);
	}
}
