#include "dns/version.h"

#include <ldns/ldns.h>

const char *dns_ldns_version(void)
{
	return ldns_version();
}
