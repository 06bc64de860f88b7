/* sources.h - which of this machine's package sources are Debian's own. */
#ifndef LAB_SOURCES_H
#define LAB_SOURCES_H

struct arena;

/* The package sources below `etc`, the folder /etc/apt, for a release of Debian, as
 * deb822 stanzas (sources.list(5)). Those that are not Debian's own are left out; where
 * none is left (another distribution), Debian's own servers stand. Never NULL. */
const char *sources_of(struct arena *a, const char *etc, const char *suite);

#endif
