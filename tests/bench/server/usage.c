/* usage cpu|memory|pids PID - of a process and all its descendants: processor time in
 * microseconds, proportional set size in KiB (what the machine would get back if they
 * went), or who they are. */
#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PROCESSES_MAX 32768

struct process {
	int pid, parent;
	bool ours;
};

static struct process list[PROCESSES_MAX];
static unsigned n_list;

static FILE *open_proc(int pid, const char *rest)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, rest);
	return fopen(path, "r");
}

/* -1 when it is gone. */
static int parent_of(int pid)
{
	FILE *fp = open_proc(pid, "stat");
	char buf[1024];
	int parent = -1;

	if (fp == NULL)
		return -1;
	if (fgets(buf, sizeof(buf), fp) != NULL) {
		/* The command before may hold blanks and parentheses. */
		const char *end = strrchr(buf, ')');

		if (end == NULL || sscanf(end, ") %*c %d", &parent) != 1)
			parent = -1;
	}
	fclose(fp);
	return parent;
}

static void read_processes(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;

	while (dir != NULL && (e = readdir(dir)) != NULL && n_list < PROCESSES_MAX) {
		int pid = isdigit((unsigned char)e->d_name[0]) ? atoi(e->d_name) : 0;
		int parent = pid > 0 ? parent_of(pid) : -1;

		if (parent >= 0)
			list[n_list++] = (struct process){ pid, parent, false };
	}
	if (dir != NULL)
		closedir(dir);
}

static void mark(int pid)
{
	for (unsigned i = 0; i < n_list; i++) {
		if (list[i].pid == pid && !list[i].ours)
			list[i].ours = true;
		else if (list[i].parent == pid && !list[i].ours)
			mark(list[i].pid);
	}
}

/* Of all its threads, those that have ended included; in nanoseconds, where the ticks
 * of /proc/PID/stat are 10 ms. */
static double cpu_us(int pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
		return 0;
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double pss_kib(int pid)
{
	FILE *fp = open_proc(pid, "smaps_rollup");
	unsigned long kib = 0;
	char line[256];

	while (fp != NULL && fgets(line, sizeof(line), fp) != NULL)
		if (sscanf(line, "Pss: %lu", &kib) == 1)
			break;
	if (fp != NULL)
		fclose(fp);
	return (double)kib;
}

int main(int argc, char **argv)
{
	double (*of)(int pid) = NULL;
	double sum = 0;

	if (argc == 3 && strcmp(argv[1], "cpu") == 0)
		of = cpu_us;
	else if (argc == 3 && strcmp(argv[1], "memory") == 0)
		of = pss_kib;
	else if (argc != 3 || strcmp(argv[1], "pids") != 0) {
		fprintf(stderr, "usage: usage cpu|memory|pids PID\n");
		return 2;
	}
	read_processes();
	mark(atoi(argv[2]));
	for (unsigned i = 0; i < n_list; i++) {
		if (list[i].ours && of == NULL)
			printf("%d ", list[i].pid);
		else if (list[i].ours)
			sum += of(list[i].pid);
	}
	if (of != NULL)
		printf("%.0f", sum);
	printf("\n");
	return 0;
}
