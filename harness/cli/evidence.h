/* evidence.h - `--pcap FILE` and `--query-log FILE`, of `run` and `serve`. */
#ifndef CLI_EVIDENCE_H
#define CLI_EVIDENCE_H

#include <stdbool.h>

struct capture;
struct newfile;
struct query_log;

struct evidence_files {
	const char *pcap, *query_log; /* as given; NULL: not wanted */
	/* Set by evidence_files_open(), NULL where not wanted. */
	struct capture *capture;
	struct query_log *log;
	/* Its own. */
	struct newfile *log_file;
	int log_fd;
	bool complained_of_pcap, complained_of_log;
};

enum log_use {
	LOG_NEW,    /* a file of this run: whole, or not there */
	LOG_APPEND, /* goes on in a file that others may write to as well */
};

/* Takes the value of an option; a wrong one ends the program with a usage error. */
struct argp_state;
void option_evidence(const char **to, const char *option, const char *path,
	struct argp_state *state);

/* -1 after complaining; then call evidence_files_drop(). */
int evidence_files_open(struct evidence_files *f, enum log_use use);

/* Now and then while serving: writes what was logged, and complains, once, when
 * something cannot be written. */
void evidence_files_flush(struct evidence_files *f);

/* Puts the files in place. -1 after complaining when one is not complete: a capture is
 * left as far as it goes. */
int evidence_files_finish(struct evidence_files *f);

/* Leaves no new file. */
void evidence_files_drop(struct evidence_files *f);

#endif
