#include "support/smallroot.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* With their libraries: this works in a user namespace, too, where an overlay of / does
 * not. */
static const char make_root[] =
	"set -eu; PATH=$PATH:/usr/sbin:/sbin\n"
	"mkdir -p \"$1/bin\" \"$1/etc\" \"$1/tmp\" \"$1/var/log\"\n"
	"ln -s /nowhere/at/all \"$1/etc/link\"; echo before >\"$1/etc/file\"\n"
	"put() {\n"
	"	cp \"$2\" \"$1/bin/$3\"\n"
	"	ldd \"$2\" | grep -o '/[^ ]*' | while read -r l; do\n"
	"		mkdir -p \"$1${l%/*}\"; cp \"$l\" \"$1$l\"\n"
	"	done\n"
	"}\n"
	"for p in sh cat cp dd head logger ls mkdir mkfifo rm setsid sleep stat wc "
	"yes; do\n"
	"	put \"$1\" \"$(command -v $p)\" $p\n"
	"done\n"
	"[ -z \"$2\" ] || put \"$1\" \"$2\" self\n";

static int shell(const char *script, const char *one, const char *two)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", script, "sh", one, two, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status == 0 ? 0 : -1;
}

int smallroot_make(char *template, int with_self)
{
	char self[4096] = "";

	if (mkdtemp(template) == NULL)
		return -1;
	/* Its link: in the shell /proc/self is another. */
	if (with_self && readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return -1;
	return shell(make_root, template, self);
}

void smallroot_remove(const char *path)
{
	(void)shell("rm -rf \"$1\"", path, "");
}
