/* lab-book.h - inside run: what a lab-world writes down, from its own thread, for
 * others to read. Every function may be called from any thread. */
#ifndef RUN_LAB_BOOK_H
#define RUN_LAB_BOOK_H

#include "net/endpoint.h"
#include "run/lab-world.h"

struct lab_book;

struct lab_book *lab_book_new(void);
void lab_book_free(struct lab_book *b);

/* A question that has come; all is copied. */
struct lab_came {
	struct endpoint from;
	bool tcp;
	uint16_t id;
	struct question question;
	bool ours;
};

/* What lab_book_answer() wants to know it by; 0: it was not written down. */
uint64_t lab_book_question(struct lab_book *b, const struct lab_came *came);

/* What was sent. */
void lab_book_answer(
	struct lab_book *b, uint64_t question, const uint8_t *message, size_t len);

/* m->host is left out of a notification. */
void lab_book_mail(struct lab_book *b, const struct sink_message *m, bool notification);

/* RCPT is being answered by a host of the world: m's last recipient. */
void lab_book_offer(struct lab_book *b, const struct sink_message *m);

/* A connection to a host of the world. */
void lab_book_met(struct lab_book *b);

/* Something moved that is not written down. */
void lab_book_moved(struct lab_book *b);

/* As lab_world_log(), lab_world_news(), lab_world_wait() and lab_world_forget(). */
void lab_book_copy(struct lab_book *b, struct arena *a, struct lab_log *ret);
struct lab_news lab_book_news(struct lab_book *b);
uint64_t lab_book_wait(struct lab_book *b, uint64_t moves, uint64_t us);
void lab_book_forget(struct lab_book *b);

#endif
