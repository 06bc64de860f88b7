#include "lab/which.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"

const char *which(struct arena *a, const char *program)
{
	const char *path = getenv("PATH");
	char *folders = arena_printf(
		a, "%s:/usr/sbin:/sbin", path == NULL ? "/usr/bin:/bin" : path);
	char *save = NULL;

	for (char *dir = strtok_r(folders, ":", &save); dir != NULL;
		dir = strtok_r(NULL, ":", &save)) {
		const char *file = arena_printf(a, "%s/%s", dir, program);

		if (access(file, X_OK) == 0)
			return file;
	}
	return NULL;
}
