/* root-clean.h - folders of package roots, whole or half-made, and how they go. */
#ifndef LAB_ROOT_CLEAN_H
#define LAB_ROOT_CLEAN_H

#include "lab/root.h"

/* Unmounts what is mounted below the folder, then removes it with all that is in it. No
 * other file system is entered. 0 also when there is none; -1 and why. */
int root_remove(const char *path, char why[ROOT_WHY_MAX]);

#endif
