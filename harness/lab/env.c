#include "lab/env.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "lab/box.h"
#include "lab/netns.h"
#include "lab/which.h"

/* Namespaces and a box are there in a tenth of this; a machine under load gets it. */
#define PROBE_LIMIT_MS 30000

static void say(struct env_part *p, bool have, const char *text)
{
	p->have = have;
	snprintf(p->text, sizeof(p->text), "%s", text);
}

/* ---- what has to be tried ----------------------------------------------- */

static void try_privilege(struct env_part *p)
{
	char why[NETNS_WHY_MAX];

	if (geteuid() == 0 && !netns_is_unprivileged())
		say(p, true, "root");
	else if (netns_is_unprivileged() || netns_prepare(why) == 0)
		say(p, true,
			"a user namespace with one user: for resolvers; mail servers "
			"need root");
	else
		say(p, false, why);
}

/* In a user namespace / itself cannot be below an overlay: file systems are mounted in
 * it. */
static void try_overlay(struct env_part *p, const struct netns *ns)
{
	const struct box_options o = {
		.root = "/usr", .netns = ns, .side = NETNS_CLIENT, .hostname = "lab"
	};
	char why[BOX_WHY_MAX];
	struct box *b = box_new(&o, why);

	if (b == NULL)
		say(p, false, why);
	else
		say(p, true, "a file system of its own, gone with its processes");
	box_free(b);
}

static void try_all(struct env *e)
{
	const struct netns_options o = { .world = NULL };
	char why[NETNS_WHY_MAX];
	struct netns *ns;

	try_privilege(&e->parts[ENV_PRIVILEGE]);
	if (!e->parts[ENV_PRIVILEGE].have)
		return;
	ns = netns_new(&o, why);
	if (ns == NULL) {
		say(&e->parts[ENV_NETNS], false, why);
		return;
	}
	say(&e->parts[ENV_NETNS], true, "two, joined, with no way out");
	try_overlay(&e->parts[ENV_OVERLAY], ns);
	netns_free(ns);
}

/* The child may not become what we stay; what it has found comes as it is. */
static void try_in_child(struct env *e)
{
	struct pollfd p = { .events = POLLIN };
	struct env found = *e;
	int fds[2];
	pid_t pid;

	if (pipe(fds) != 0)
		return;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		try_all(e);
		(void)!write(fds[1], e, sizeof(*e));
		_exit(0);
	}
	close(fds[1]);
	p.fd = fds[0];
	/* Less than a pipe takes at once (PIPE_BUF, pipe(7)). */
	if (pid > 0 && poll(&p, 1, PROBE_LIMIT_MS) == 1 &&
		read(fds[0], &found, sizeof(found)) == (ssize_t)sizeof(found))
		*e = found;
	close(fds[0]);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

/* ---- what is installed, or not ------------------------------------------ */

static void look_for(struct env_part *p, const char *program, const char *package)
{
	struct arena *a = arena_new();
	const char *path = which(a, program);

	p->have = path != NULL;
	if (p->have)
		snprintf(p->text, sizeof(p->text), "%s", path);
	else
		snprintf(p->text, sizeof(p->text), "not here: install the package %s",
			package);
	arena_free(a);
}

void env_probe(struct env *ret)
{
	static const char *const names[ENV_PARTS] = {
		[ENV_PRIVILEGE] = "privilege",
		[ENV_NETNS] = "network namespaces",
		[ENV_OVERLAY] = "boxes",
		[ENV_IP] = "iproute2",
		[ENV_MMDEBSTRAP] = "mmdebstrap",
		[ENV_NPM] = "npm",
	};

	*ret = (struct env){ 0 };
	for (size_t i = 0; i < ENV_PARTS; i++) {
		ret->parts[i].name = names[i];
		say(&ret->parts[i], false, "not tried: needs what is missing above");
	}
	try_in_child(ret);
	look_for(&ret->parts[ENV_IP], "ip", "iproute2");
	look_for(&ret->parts[ENV_MMDEBSTRAP], "mmdebstrap", "mmdebstrap");
	look_for(&ret->parts[ENV_NPM], "npm", "npm");
}

/* ---- what follows ------------------------------------------------------- */

static bool lacks(const struct env *e, enum env_part_id id, char why[ENV_WHY_MAX])
{
	const struct env_part *p = &e->parts[id];
	int room = ENV_WHY_MAX - (int)strlen(p->name) - 3;

	if (!p->have)
		snprintf(why, ENV_WHY_MAX, "%s: %.*s", p->name, room, p->text);
	return !p->have;
}

static bool has_root(const struct program *p)
{
	struct arena *a = arena_new();
	char why[ROOT_WHY_MAX];
	bool ret = root_get(a, &p->root, false, NULL, NULL, why) != NULL;

	arena_free(a);
	return ret;
}

bool env_can_run(const struct env *e, const struct program *p, char why[ENV_WHY_MAX])
{
	/* The first that is missing is why those after it are. */
	static const enum env_part_id always[] = { ENV_PRIVILEGE, ENV_IP, ENV_NETNS,
		ENV_OVERLAY };

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		if (lacks(e, always[i], why))
			return false;
	}
	if (p->needs_root && (geteuid() != 0 || netns_is_unprivileged())) {
		snprintf(why, ENV_WHY_MAX,
			"needs root: it does not run where there is one user only");
		return false;
	}
	if (has_root(p))
		return true;
	return !lacks(e, ENV_MMDEBSTRAP, why) &&
	       (p->root.npm == NULL || !lacks(e, ENV_NPM, why));
}
