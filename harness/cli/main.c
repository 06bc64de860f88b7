#include "cli/cli.h"

#include <string.h>

int main(int argc, char **argv)
{
	argp_err_exit_status = STATUS_USAGE;
	if (argc < 2) {
		usage_print(true);
		return STATUS_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage_print(false);
		return STATUS_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		version_print(true);
		return STATUS_OK;
	}
	return command_run(argv[1], argc - 1, argv + 1);
}
