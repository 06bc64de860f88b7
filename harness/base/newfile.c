#include "base/newfile.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"

struct newfile {
	int fd;
	int slot;    /* of its temporary name, or -1: written directly */
	char *final; /* what the temporary file becomes */
};

/* The one global of the program: a signal handler has no other way to know. A slot is
 * set before anything can be left behind and cleared after it is gone. */
static char *volatile unfinished[NEWFILES_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int take_slot(char *name)
{
	int slot = -1;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < NEWFILES_MAX && slot < 0; i++) {
		if (unfinished[i] == NULL) {
			unfinished[i] = name;
			slot = i;
		}
	}
	pthread_mutex_unlock(&lock);
	return slot;
}

static void leave_slot(int slot)
{
	char *name;

	pthread_mutex_lock(&lock);
	name = unfinished[slot];
	unfinished[slot] = NULL;
	pthread_mutex_unlock(&lock);
	free(name);
}

void newfile_remove_all(void)
{
	for (int i = 0; i < NEWFILES_MAX; i++) {
		if (unfinished[i] != NULL)
			unlink(unfinished[i]);
	}
}

/* ---- names ---- */

/* Of a new file the folder is made plain, so that one file has one name. NULL, with
 * errno set, when there is no such folder. */
static char *final_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *real = realpath(path, NULL), *folder, *name;

	if (real != NULL || errno != ENOENT)
		return real;
	folder =
		slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
	real = folder == NULL ? NULL : realpath(folder, NULL);
	free(folder);
	if (real == NULL)
		return NULL;
	if (asprintf(&name, "%s/%s", real, slash == NULL ? path : slash + 1) < 0)
		bug("out of memory");
	free(real);
	return name;
}

static bool is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

bool newfile_is_same(const char *path, const char *other)
{
	char *one = final_name(path), *two = final_name(other);
	bool same = strcmp(path, other) == 0 ||
		    (one != NULL && two != NULL && strcmp(one, two) == 0);

	free(one);
	free(two);
	return same && !is_special(path);
}

/* "folder/.name.XXXXXX" */
static char *temporary_name(const char *final)
{
	const char *base = strrchr(final, '/');
	char *name;

	base = base == NULL ? final : base + 1;
	if (asprintf(&name, "%.*s.%s.XXXXXX", (int)(base - final), final, base) < 0)
		bug("out of memory");
	return name;
}

/* ---- the file ---- */

/* mkstemp() makes files for the owner alone; a report is an ordinary file. */
static void set_ordinary_mode(int fd, const char *final)
{
	struct stat st;
	mode_t mask = umask(0);

	umask(mask);
	if (stat(final, &st) == 0)
		(void)!fchmod(fd, st.st_mode & 07777);
	else
		(void)!fchmod(fd, 0666 & ~mask);
}

static int open_temporary(struct newfile *f, const char *path)
{
	char *name;

	f->final = final_name(path);
	if (f->final == NULL)
		return -1;
	name = temporary_name(f->final);
	f->slot = take_slot(name);
	if (f->slot < 0)
		bug("more than %d unfinished files", NEWFILES_MAX);
	f->fd = mkostemp(name, O_CLOEXEC);
	if (f->fd < 0)
		return -1;
	set_ordinary_mode(f->fd, f->final);
	return 0;
}

static void forget(struct newfile *f)
{
	if (f->slot >= 0)
		leave_slot(f->slot);
	free(f->final);
	free(f);
}

struct newfile *newfile_open(const char *path)
{
	struct newfile *f = calloc(1, sizeof(*f));
	int why;

	if (f == NULL)
		bug("out of memory");
	f->slot = -1;
	if (is_special(path))
		f->fd = open(path, O_WRONLY | O_CLOEXEC);
	else if (open_temporary(f, path) != 0)
		f->fd = -1;
	if (f->fd >= 0)
		return f;
	why = errno;
	forget(f);
	errno = why;
	return NULL;
}

int newfile_fd(const struct newfile *f)
{
	return f->fd;
}

int newfile_keep(struct newfile *f)
{
	int fd = f->fd, why;

	f->fd = -1;
	if (close(fd) != 0 ||
		(f->slot >= 0 && rename(unfinished[f->slot], f->final) != 0)) {
		why = errno;
		newfile_drop(f);
		errno = why;
		return -1;
	}
	forget(f);
	return 0;
}

void newfile_drop(struct newfile *f)
{
	if (f == NULL)
		return;
	if (f->fd >= 0)
		close(f->fd);
	if (f->slot >= 0)
		unlink(unfinished[f->slot]);
	forget(f);
}
