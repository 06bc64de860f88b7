/* freeport - prints a port of 127.0.0.1 that nobody has, on UDP nor on TCP. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_free(int type, struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, type, 0);
	bool ok = fd >= 0 && bind(fd, (struct sockaddr *)at, len) == 0 &&
		  getsockname(fd, (struct sockaddr *)at, &len) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

int main(void)
{
	/* The kernel picks for TCP; now and then UDP has that one taken. */
	for (int tries = 0; tries < 100; tries++) {
		struct sockaddr_in at = { .sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

		if (is_free(SOCK_STREAM, &at) && is_free(SOCK_DGRAM, &at)) {
			printf("%d\n", ntohs(at.sin_port));
			return 0;
		}
	}
	fprintf(stderr, "freeport: none found\n");
	return 1;
}
