#include "cli/cli.h"

#include <string.h>

int cmd_help(int argc, char **argv)
{
	char help[] = "--help";
	char *of_command[] = { argv[0], help, NULL };

	if (argc > 2) {
		cli_complain("help takes one command");
		return STATUS_USAGE;
	}
	if (argc == 2 && strcmp(argv[1], "help") != 0 && argv[1][0] != '-')
		return command_run(argv[1], 2, of_command);
	usage_print(false);
	return STATUS_OK;
}
