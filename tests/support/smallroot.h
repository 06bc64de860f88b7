/* smallroot.h - a package root (lab/root.h) of a shell and a few programs of this
 * machine, for tests of what runs in boxes: made in a moment, without packages. */
#ifndef TESTS_SUPPORT_SMALLROOT_H
#define TESTS_SUPPORT_SMALLROOT_H

/* In a new folder: template as for mkdtemp(3). With this very program at /bin/self,
 * when wanted, for what a shell cannot do. 0, or -1 with errno. */
int smallroot_make(char *template, int with_self);

void smallroot_remove(const char *path);

#endif
