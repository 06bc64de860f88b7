/* arrange.h - chance as it fell for a real program: the order of records in the answers
 * that it got, and the order in which it took hosts of equal preference.
 *
 * Which of several records of a set comes first is the resolver's free choice (RFC 2181
 * 5), and many make it by chance: more orders than seeds could find. A case that is
 * emulated for comparison gets each answer in the order that the record of the real one
 * shows, when it has the same records and only their order within each set is another.
 *
 * So it is with hosts of equal preference, where the client's profile leaves their
 * order to chance: of thirty there are more orders than anybody can try. They may come
 * in the order in which the real client asked for their addresses. */
#ifndef RUN_ARRANGE_H
#define RUN_ARRANGE_H

#include "report/record.h"
#include "run/drive.h"

struct arena;
struct arrange;

/* For one run of one case: repeated questions get their answers one after another. The
 * record must outlive it. */
struct arrange *arrange_new(struct arena *a, const struct record *real);

/* For struct run_options; `turns`: with the order of the hosts, too. Valid as long as
 * it. */
const struct drive_arrange *arrange_hook(const struct arrange *arrange, bool turns);

#endif
