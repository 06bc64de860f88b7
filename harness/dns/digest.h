/* digest.h - SHA-256, to say which scenarios a run saw. */
#ifndef DNS_DIGEST_H
#define DNS_DIGEST_H

#include <stddef.h>

struct digest;
struct arena;

struct digest *digest_new(struct arena *a);
void digest_add(struct digest *d, const void *data, size_t len);

/* 64 hexadecimal digits, in the arena. Ends the digest. */
const char *digest_end(struct digest *d, struct arena *a);

#endif
