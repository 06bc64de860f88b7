#include "cli/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/newfile.h"
#include "cli/cli.h"
#include "net/capture.h"
#include "server/querylog.h"

void option_evidence(
	const char **to, const char *option, const char *path, struct argp_state *state)
{
	if (*path == '\0' || strcmp(path, "-") == 0)
		argp_error(state, "%s takes a file; standard output is /dev/stdout",
			option);
	*to = path;
}

static int cannot_write(const char *path, int why)
{
	cli_complain("%s: cannot write: %s", path, strerror(why));
	return -1;
}

/* ---- opening ---- */

static int open_log(struct evidence_files *f, enum log_use use)
{
	if (use == LOG_NEW) {
		f->log_file = newfile_open(f->query_log);
		f->log_fd = f->log_file == NULL ? -1 : newfile_fd(f->log_file);
	} else {
		/* A pipe that nobody reads must not hold the server up. */
		f->log_fd = open(f->query_log,
			O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0666);
	}
	if (f->log_fd < 0)
		return cannot_write(f->query_log, errno);
	f->log = query_log_new(f->log_fd);
	return 0;
}

int evidence_files_open(struct evidence_files *f, enum log_use use)
{
	if (f->pcap != NULL) {
		f->capture = capture_open(f->pcap);
		if (f->capture == NULL)
			return cannot_write(f->pcap, errno);
	}
	return f->query_log == NULL ? 0 : open_log(f, use);
}

/* ---- while serving ---- */

static void complain_of_pcap(struct evidence_files *f, int why)
{
	if (!f->complained_of_pcap)
		cli_complain("%s: cannot write: %s; the capture ends here", f->pcap,
			strerror(why));
	f->complained_of_pcap = true;
}

static void complain_of_log(struct evidence_files *f, int why)
{
	if (!f->complained_of_log)
		cli_complain("%s: cannot write: %s; lines will be missing",
			f->query_log, strerror(why));
	f->complained_of_log = true;
}

void evidence_files_flush(struct evidence_files *f)
{
	if (f->capture != NULL && capture_error(f->capture) != 0)
		complain_of_pcap(f, capture_error(f->capture));
	if (f->log == NULL)
		return;
	query_log_flush(f->log);
	if (query_log_error(f->log) != 0)
		complain_of_log(f, query_log_error(f->log));
}

/* ---- the end ---- */

static int finish_capture(struct evidence_files *f)
{
	struct capture *c = f->capture;

	f->capture = NULL;
	if (c == NULL || capture_close(c) == 0)
		return 0;
	complain_of_pcap(f, errno);
	return -1;
}

static int finish_log(struct evidence_files *f)
{
	struct newfile *file = f->log_file;
	unsigned long lost;
	int why;

	if (f->log == NULL)
		return 0;
	query_log_flush(f->log);
	why = query_log_error(f->log);
	lost = query_log_end(f->log);
	f->log = NULL;
	f->log_file = NULL;
	if (file == NULL) {
		close(f->log_fd);
	} else if (lost > 0) {
		newfile_drop(file);
		return cannot_write(f->query_log, why);
	} else if (newfile_keep(file) != 0) {
		return cannot_write(f->query_log, errno);
	}
	if (lost == 0)
		return 0;
	cli_complain("%s: %lu lines are missing", f->query_log, lost);
	return -1;
}

int evidence_files_finish(struct evidence_files *f)
{
	int rc = finish_capture(f);

	return finish_log(f) != 0 ? -1 : rc;
}

void evidence_files_drop(struct evidence_files *f)
{
	if (f->capture != NULL)
		capture_drop(f->capture);
	f->capture = NULL;
	if (f->log != NULL)
		query_log_end(f->log);
	if (f->log != NULL && f->log_file == NULL)
		close(f->log_fd);
	newfile_drop(f->log_file);
	f->log = NULL;
	f->log_file = NULL;
}
