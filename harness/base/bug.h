/* bug.h - the end of the program: we are wrong, or memory is gone. */
#ifndef BASE_BUG_H
#define BASE_BUG_H

/* Prints the message to standard error and aborts. */
_Noreturn void bug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
