/* version.h - which library the door leads to. */
#ifndef DNS_VERSION_H
#define DNS_VERSION_H

/* "1.8.3", of the ldns that is linked. Static. */
const char *dns_ldns_version(void);

#endif
