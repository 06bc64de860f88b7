#include "cli/cli.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Started without one of the standard streams, the next file we open would take its
 * place and get what is printed. Opened the wrong way round, they fail when used. */
static void keep_standard_streams(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
	}
}

/* argp prints help and exits without looking. */
static void check_stdout(void)
{
	if (cli_flush_stdout() != 0)
		_exit(STATUS_ENVIRONMENT);
}

int main(int argc, char **argv)
{
	argp_err_exit_status = STATUS_USAGE;
	keep_standard_streams();
	atexit(check_stdout);
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
