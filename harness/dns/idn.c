#include "dns/idn.h"

#include <idn2.h>
#include <stddef.h>

#include "base/arena.h"

const char *idn_to_ascii(struct arena *a, const char *name)
{
	const char *p = name, *ret = NULL;
	char *ascii;

	while (*p != '\0' && (unsigned char)*p < 0x80)
		p++;
	if (*p == '\0')
		return name;
	if (idn2_to_ascii_8z(name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) ==
		IDN2_OK) {
		ret = arena_strdup(a, ascii);
		idn2_free(ascii);
	}
	return ret;
}

const char *idn_library_version(void)
{
	return idn2_check_version(NULL);
}
