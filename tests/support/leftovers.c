#include "support/leftovers.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Processes of a machine that are looked at. */
#define PROCESSES_MAX 65536

struct process {
	int pid, parent;
	char state, name[32];
};

static bool read_process(const char *pid, struct process *ret)
{
	char path[300], text[512];
	const char *end;
	FILE *fp;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	fp = fopen(path, "re");
	if (fp == NULL)
		return false;
	n = fread(text, 1, sizeof(text) - 1, fp);
	text[n] = '\0';
	fclose(fp);
	/* PID (NAME) STATE PARENT: a name may have anything inside. */
	end = strrchr(text, ')');
	return end != NULL && sscanf(text, "%d (%31[^)]", &ret->pid, ret->name) == 2 &&
	       sscanf(end, ") %c %d", &ret->state, &ret->parent) == 2;
}

static size_t read_processes(struct process *list)
{
	DIR *dir = opendir("/proc");
	const struct dirent *d;
	size_t n = 0;

	while (dir != NULL && n < PROCESSES_MAX && (d = readdir(dir)) != NULL) {
		if (d->d_name[0] >= '1' && d->d_name[0] <= '9')
			n += read_process(d->d_name, &list[n]);
	}
	if (dir != NULL)
		closedir(dir);
	return n;
}

static bool is_below(const struct process *list, size_t n, const struct process *p)
{
	/* A table that changes while it is read may have a loop. */
	for (size_t steps = 0; p != NULL && steps < n; steps++) {
		int parent = p->parent;

		if (parent == (int)getpid())
			return true;
		p = NULL;
		for (size_t i = 0; i < n && p == NULL; i++)
			p = list[i].pid == parent ? &list[i] : NULL;
	}
	return false;
}

static void list_processes(struct str *to)
{
	struct process *list = calloc(PROCESSES_MAX, sizeof(*list));
	size_t n = list == NULL ? 0 : read_processes(list);

	for (size_t i = 0; i < n; i++) {
		if (list[i].state != 'Z' && list[i].state != 'X' &&
			is_below(list, n, &list[i]))
			str_printf(to, "process %s\n", list[i].name);
	}
	free(list);
}

/* What the links of a folder say, without numbers of their own. */
static void list_links(struct str *to, const char *folder, const char *below)
{
	DIR *dir = opendir(folder);
	const struct dirent *d;
	char path[1024], link[512];

	while (dir != NULL && (d = readdir(dir)) != NULL) {
		ssize_t n;

		snprintf(path, sizeof(path), "%s/%s%s", folder, d->d_name, below);
		n = d->d_name[0] == '.' ? -1 : readlink(path, link, sizeof(link) - 1);
		/* The folder itself is open now. */
		if (n < 0 || strtol(d->d_name, NULL, 10) == dirfd(dir))
			continue;
		link[n] = '\0';
		str_printf(to, "%s%s %s\n", folder, below, link);
	}
	if (dir != NULL)
		closedir(dir);
}

static void list_lines(struct str *to, const char *path, const char *end)
{
	FILE *fp = fopen(path, "re");
	char line[4096];

	while (fp != NULL && fgets(line, sizeof(line), fp) != NULL) {
		line[strcspn(line, end)] = '\0';
		str_printf(to, "%s %s\n", path, line);
	}
	if (fp != NULL)
		fclose(fp);
}

void leftovers_list(struct str *to)
{
	list_processes(to);
	list_links(to, "/proc/self/fd", "");
	list_links(to, "/proc/self/task", "/ns/net");
	list_links(to, "/proc/self/task", "/ns/mnt");
	list_lines(to, "/proc/self/mounts", "\n");
	list_lines(to, "/proc/thread-self/net/dev", ":\n");
}
