#include "cli/cli.h"

#include <stdio.h>

#include <gnu/libc-version.h>
#include <jansson.h>
#include <libxml/xmlversion.h>

#include "dns/idn.h"
#include "dns/version.h"

void version_print(bool with_libraries)
{
	printf("harness %s\n", VERSION);
	if (!with_libraries)
		return;
	printf("ldns %s\n", dns_ldns_version());
	printf("jansson %s\n", JANSSON_VERSION);
	printf("libxml2 %s\n", LIBXML_DOTTED_VERSION);
	printf("libidn2 %s\n", idn_library_version());
	printf("glibc %s\n", gnu_get_libc_version());
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key == ARGP_KEY_ARG)
		argp_error(state, "version takes no argument, not \"%s\"", arg);
	return key == ARGP_KEY_ARG ? 0 : ARGP_ERR_UNKNOWN;
}

int cmd_version(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse,
		.doc = "Prints the version of harness and of the libraries it runs "
		       "with.",
	};

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	version_print(true);
	return STATUS_OK;
}
