/* tsig-key.h - inside TSIG: its algorithms (RFC 8945 6, table 3). */
#ifndef DNS_TSIG_KEY_H
#define DNS_TSIG_KEY_H

#include <openssl/evp.h>
#include <stddef.h>

#include "dns/name.h"

struct tsig_algorithm;

const struct name *tsig_algorithm_wire(const struct tsig_algorithm *algorithm);
size_t tsig_algorithm_size(const struct tsig_algorithm *algorithm); /* of its MAC */
const EVP_MD *tsig_algorithm_md(const struct tsig_algorithm *algorithm);

#endif
