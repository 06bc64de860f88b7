#include "cli/files.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "dns/digest.h"
#include "mta/profile.h"

struct path_list {
	const char **list;
	size_t n, room;
};

static void *grown(
	struct arena *a, const void *list, size_t n, size_t *room, size_t size)
{
	void *more;

	*room = *room == 0 ? 64 : *room * 2;
	more = arena_array(a, *room, size);
	if (n > 0)
		memcpy(more, list, n * size);
	return more;
}

static void add_path(struct arena *a, struct path_list *p, const char *path)
{
	if (p->n == p->room)
		p->list = grown(a, p->list, p->n, &p->room, sizeof(*p->list));
	p->list[p->n++] = path;
}

static int is_conf(const struct dirent *e)
{
	return e->d_name[0] != '.' && fnmatch("*.conf", e->d_name, 0) == 0;
}

/* By bytes, not by locale: the order of a report must not depend on who runs it. */
static int by_name(const struct dirent **x, const struct dirent **y)
{
	return strcmp((*x)->d_name, (*y)->d_name);
}

static void add_folder(
	struct arena *a, struct path_list *p, const char *folder, struct errs *errs)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_conf, by_name);
	size_t len = strlen(folder);
	struct place at = { .file = folder };

	while (len > 1 && folder[len - 1] == '/')
		len--;
	if (n < 0) {
		errs_add(errs, at, "cannot read: %s", strerror(errno));
		return;
	}
	if (n == 0)
		errs_add(errs, at, "no *.conf file in this folder");
	for (int i = 0; i < n; i++) {
		add_path(a, p,
			arena_printf(
				a, "%.*s/%s", (int)len, folder, entries[i]->d_name));
		free(entries[i]);
	}
	free(entries);
}

static void add_scenario(struct arena *a, struct loaded *l, size_t *room,
	const struct scenario *s, struct errs *errs)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->list[i]->id, s->id) == 0) {
			struct place at = { .file = s->file };

			errs_add(errs, at, "scenario \"%s\" is in %s already", s->id,
				l->list[i]->file);
			return;
		}
	}
	if (l->n == *room)
		l->list = grown(a, l->list, l->n, room, sizeof(*l->list));
	l->list[l->n++] = s;
}

/* Its length and its bytes, so that moving a line between two files changes the sum.
 * A file that cannot be read has been reported by the parser. */
static void digest_file(struct digest *d, const char *path)
{
	FILE *fp = fopen(path, "rb");
	char buf[16384];
	size_t n;
	unsigned long long total = 0;

	if (fp == NULL)
		return;
	while ((n = fread(buf, 1, sizeof(buf), fp)) > 0) {
		digest_add(d, buf, n);
		total += n;
	}
	fclose(fp);
	n = (size_t)snprintf(buf, sizeof(buf), "\n%llu\n", total);
	digest_add(d, buf, n);
}

static void expand(struct arena *a, struct path_list *p, const char *const *paths,
	size_t n, struct errs *errs)
{
	for (size_t i = 0; i < n; i++) {
		struct stat st;

		if (stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode))
			add_folder(a, p, paths[i], errs);
		else
			add_path(a, p, paths[i]);
	}
}

int files_load(struct arena *a, const char *const *paths, size_t n, struct errs *errs,
	struct loaded *ret)
{
	size_t had = errs->n, room = 0;
	struct path_list files = { 0 };
	struct digest *digest = digest_new(a);

	*ret = (struct loaded){ .profiles = profile_set_new(a) };
	expand(a, &files, paths, n, errs);
	for (size_t i = 0; i < files.n; i++) {
		struct scenario *list = NULL;
		unsigned found = 0;

		if (scenario_parse_file(
			    a, files.list[i], ret->profiles, errs, &list, &found) != 0)
			continue;
		for (unsigned k = 0; k < found; k++)
			add_scenario(a, ret, &room, &list[k], errs);
		digest_file(digest, files.list[i]);
	}
	ret->sha256 = digest_end(digest, a);
	return errs->n > had ? -1 : 0;
}
