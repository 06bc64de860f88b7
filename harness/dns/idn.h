/* idn.h - internationalised names (RFC 5890): the form that is looked up. */
#ifndef DNS_IDN_H
#define DNS_IDN_H

struct arena;

/* The name with each U-label as its A-label (RFC 5891, UTS 46 non-transitional). A name
 * of ASCII alone is returned as it is. NULL when it cannot be one. */
const char *idn_to_ascii(struct arena *a, const char *name);

/* "2.3.3", of the libidn2 that is linked. */
const char *idn_library_version(void);

#endif
