/* updates.h - UPDATE messages as text, one line a record, as nsupdate has them:
 *
 *   prereq nxdomain shop            prereq yxrrset shop A
 *   prereq yxdomain shop            prereq yxrrset shop A 192.0.2.1
 *   prereq nxrrset shop A           add shop 60 A 192.0.2.1
 *   del shop | del shop A           del shop A 192.0.2.1
 *
 * Owners are relative to the zone unless they end in a dot ("@" is the apex). For what
 * nsupdate would not send: "raw prereq|update OWNER TYPE CLASS TTL [HEX]", where TYPE
 * and CLASS are numbers, and "zone NAME TYPE CLASS" in place of the zone section,
 * "qd N" for its count. */
#ifndef TESTS_SUPPORT_UPDATES_H
#define TESTS_SUPPORT_UPDATES_H

#include <stddef.h>
#include <stdint.h>

struct arena;

#define UPDATE_TEXT_MAX 4096

/* The length of the message in `out`; a bad text aborts. */
size_t update_of(struct arena *a, const char *origin, const char *text,
	uint8_t out[UPDATE_TEXT_MAX]);

#endif
