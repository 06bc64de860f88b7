#include "cli/refused.h"

#include "cli/cli.h"

void refused_warn(const struct server *server, const char *advice)
{
	for (unsigned i = 0; i < server->n_zones; i++) {
		const struct zone_conflict *c;

		if (!server->refused[i])
			continue;
		zone_conflicts(server->zones[i].zone, &c);
		cli_complain("%s:%d: %s (%s): a strict server refuses the whole "
			     "zone; %s",
			c->second.file, c->second.line, c->text, c->rule, advice);
	}
}
