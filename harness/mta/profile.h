/* profile.h - the mail clients, as rows: everything in which they differ is a field.
 *
 * The catalogue is built in; a scenario may add rows that inherit from it. One table of
 * fields (profile_fields) parses, checks, lists and explains all of them, and says
 * where each built-in value was read. */
#ifndef MTA_PROFILE_H
#define MTA_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct arena;
struct str;
struct mta_profile;
struct profile_set;

/* The built-in catalogue; rows of the user are added to it. Lives in a. */
struct profile_set *profile_set_new(struct arena *a);

/* By name or alias ("exim-4.95"), or by a longer version of one: "postfix-3.7.11" is a
 * postfix-3. NULL when there is none. */
const struct mta_profile *profile_find(const struct profile_set *set, const char *name);

/* The name that was probably meant, or NULL. */
const char *profile_nearest(const struct profile_set *set, const char *name);

/* In catalogue order, then the user's in order of definition; i < profile_set_size().
 */
size_t profile_set_size(const struct profile_set *set);
const struct mta_profile *profile_at(const struct profile_set *set, size_t i);

/* A new row that is a copy of another under its own name. Adds a mistake and returns
 * NULL when the name is taken or not a name, or `inherits` is unknown. Texts are
 * copied. */
struct mta_profile *profile_define(struct profile_set *set, const char *name,
	const char *inherits, struct place at, struct errs *errs);

/* Sets one field from text. -1 after adding a mistake: unknown key (with what was
 * probably meant), or a value that the field does not take. */
int profile_set_field(struct profile_set *set, struct mta_profile *p, const char *key,
	const char *value, struct place key_at, struct place value_at,
	struct errs *errs);

const char *profile_name(const struct mta_profile *p);
bool profile_is_validator(const struct mta_profile *p);

/* "Postfix 2.0 and later; read: 3.12-20260821". */
const char *profile_versions(const struct mta_profile *p);

/* Every field with its value, what it means and where that was read. */
void profile_explain(struct str *s, const struct mta_profile *p);

/* The fields by number: the name (NULL past the last), and the values it takes, as
 * text: "a | b". */
const char *profile_field_name(size_t i);
void profile_field_values(struct str *s, size_t i);

/* Every field: name, values, meaning. */
void profile_explain_fields(struct str *s);

#endif
