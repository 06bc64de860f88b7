#include "lab/root-clean.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/lookup.h"

/* Folders in folders: packages do not go deeper than twenty or so. */
#define DEPTH_MAX 256

static int fail(char why[ROOT_WHY_MAX], const char *path)
{
	snprintf(why, ROOT_WHY_MAX, "%s cannot be removed: %s", path, strerror(errno));
	return -1;
}

/* ---- mounts ------------------------------------------------------------- */

static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && path[n] == '/';
}

/* The last one mounted goes first; a table that changes under us is read again. */
static bool unmount_last(const char *folder)
{
	FILE *fp = setmntent("/proc/self/mounts", "re");
	char buf[PATH_MAX * 2], last[PATH_MAX] = "";
	struct mntent m;

	while (fp != NULL && getmntent_r(fp, &m, buf, sizeof(buf)) != NULL) {
		if (is_below(m.mnt_dir, folder))
			snprintf(last, sizeof(last), "%s", m.mnt_dir);
	}
	if (fp != NULL)
		endmntent(fp);
	return last[0] != '\0' && umount2(last, MNT_DETACH | UMOUNT_NOFOLLOW) == 0;
}

/* ---- files -------------------------------------------------------------- */

static int remove_at(int at, const char *name, dev_t dev, unsigned depth);

static int remove_inside(int fd, dev_t dev, unsigned depth)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *d;
	int rc = 0;

	if (dir == NULL) {
		close(fd);
		return -1;
	}
	while (rc == 0 && (d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			rc = remove_at(dirfd(dir), d->d_name, dev, depth);
	}
	closedir(dir);
	return rc;
}

/* The mode of a folder of our own may stand in the way of another user than root. */
static int open_folder(int at, const char *name)
{
	if (geteuid() != 0)
		(void)!fchmodat(at, name, 0700, 0);
	return openat(
		at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
}

static int remove_at(int at, const char *name, dev_t dev, unsigned depth)
{
	struct stat st;
	int fd;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISDIR(st.st_mode))
		return unlinkat(at, name, 0);
	if (st.st_dev != dev || depth == 0) {
		errno = EBUSY;
		return -1;
	}
	fd = open_folder(at, name);
	if (fd < 0 || remove_inside(fd, dev, depth - 1) != 0)
		return -1;
	return unlinkat(at, name, AT_REMOVEDIR);
}

int root_remove(const char *path, char why[ROOT_WHY_MAX])
{
	char real[PATH_MAX];
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : fail(why, path);
	if (S_ISDIR(st.st_mode) && realpath(path, real) != NULL) {
		while (unmount_last(real))
			;
	}
	return remove_at(AT_FDCWD, path, st.st_dev, DEPTH_MAX) == 0 ? 0
								    : fail(why, path);
}

/* ---- the folder of roots ------------------------------------------------ */

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

/* Of NAME.lock, which stands for all that is called NAME or NAME.something. Nobody
 * builds it, and nobody begins to until the descriptor is closed. -1: somebody does. */
static int lock_of(struct arena *a, const char *dir, const char *name)
{
	static const char *const ends[] = { ".tmp", ".log", ".sources" };
	size_t len = strlen(name);
	int fd;

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		len -= ends_in(name, ends[i]) ? strlen(ends[i]) : 0;
	fd = open(arena_printf(a, "%s/%.*s.lock", dir, (int)len, name),
		O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Locks stay: somebody may wait for one. A log goes with all the rest. */
static bool is_to_go(struct arena *a, const char *dir, const char *name, bool all)
{
	if (ends_in(name, ".tmp"))
		return true;
	if (!all || ends_in(name, ".lock"))
		return false;
	/* Only what is ours, in case the folder is somebody's home. */
	return ends_in(name, ".log") || ends_in(name, ".tar") ||
	       ends_in(name, ".sources") ||
	       access(arena_printf(a, "%s/%s/lab/recipe", dir, name), F_OK) == 0;
}

static int clean_one(struct arena *a, const char *dir, const char *name,
	char why[ROOT_WHY_MAX], long *count)
{
	int lock = lock_of(a, dir, name), rc;

	if (lock < 0)
		return 0;
	rc = root_remove(arena_printf(a, "%s/%s", dir, name), why);
	close(lock);
	if (rc == 0 && !ends_in(name, ".log") && !ends_in(name, ".sources"))
		++*count;
	return rc;
}

long root_clean(bool all, char why[ROOT_WHY_MAX])
{
	struct arena *a = arena_new();
	const char *dir = root_dir();
	struct dirent **list = NULL;
	int n = scandir(dir, &list, NULL, alphasort);
	long count = 0;
	int rc = 0;

	if (n < 0 && errno != ENOENT)
		rc = fail(why, dir);
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;

		if (rc == 0 && name[0] != '.' && is_to_go(a, dir, name, all))
			rc = clean_one(a, dir, name, why, &count);
		free(list[i]);
	}
	free(list);
	arena_free(a);
	return rc == 0 ? count : -1;
}
