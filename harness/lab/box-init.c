#include "lab/box-init.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/lookup.h"
#include "lab/box.h"

/* After standard input, output and error. */
#define CONTROL_AT 3

/* Longer ones are cut; syslog(3) of glibc and MTAs stay below it. */
#define LOG_LINE_MAX 8192

/* Datagrams in a row, before something else gets its turn. */
#define LOG_BURST 64

/* Outputs of ended shells that something in the background still holds. The oldest is
 * given up for a new one. */
#define DRAINS_MAX 16

/* What daemons expect: some close every descriptor there could be. */
#define FILES_MAX 4096

struct init {
	const struct box_plan *plan;
	int log, log_file, children;
	size_t logged;
	bool log_full;
	pid_t shell; /* 0: none runs */
	int output;  /* its BOX_FD_READ, or -1 */
	int drains[DRAINS_MAX];
	size_t n_drains;
};

static void report(const struct box_report *r)
{
	(void)!send(CONTROL_AT, r, sizeof(*r), MSG_NOSIGNAL);
}

/* With errno. */
static _Noreturn void fail(const char *what, const char *detail)
{
	report(&(struct box_report){ what, detail, errno, 0 });
	_exit(1);
}

/* ---- the surroundings ---------------------------------------------------- */

static void drop_signals(void)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t child;

	for (int s = 1; s < NSIG; s++)
		(void)sigaction(s, &plain, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_SETMASK, &child, NULL);
}

/* No file of this process stays open in the box: the end of other boxes is seen by the
 * end of a socket, and who reads a pipe of ours waits for the last who holds it. */
static void drop_files(int control)
{
	if (control != CONTROL_AT && dup3(control, CONTROL_AT, O_CLOEXEC) < 0)
		_exit(1);
	if (close_range(0, CONTROL_AT - 1, 0) != 0 ||
		close_range(CONTROL_AT + 1, ~0U, 0) != 0)
		fail("cannot close descriptors", NULL);
}

static void limit(int what, rlim_t most)
{
	struct rlimit r;

	if (getrlimit(what, &r) != 0)
		return;
	if (r.rlim_max > most)
		r.rlim_max = most;
	if (r.rlim_cur > r.rlim_max)
		r.rlim_cur = r.rlim_max;
	(void)setrlimit(what, &r);
}

/* Folders of the host that a tmpfs can hide, in the box's own mount namespace: where
 * what the box writes is. One of them is on every system. */
#define PLACE(at)                                                                      \
	{                                                                              \
		at, at "/upper", at "/work", at "/root", at "/dev",                    \
			"lowerdir=.,upperdir=" at "/upper,workdir=" at "/work",        \
			"lowerdir=.,upperdir=" at "/upper,workdir=" at                 \
			"/work,userxattr"                                              \
	}

static const struct place {
	const char *at, *upper, *work, *root, *dev, *overlay, *overlay_unprivileged;
} places[] = { PLACE("/tmp"), PLACE("/mnt"), PLACE("/run"), PLACE("/var") };

static const struct place *mount_tmpfs(const char *options)
{
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (mount("tmpfs", places[i].at, "tmpfs", MS_NOSUID | MS_NODEV,
			    options) == 0)
			return &places[i];
		if (errno != ENOENT)
			break;
	}
	fail("cannot mount a tmpfs", NULL);
}

/* The working directory is the package root, then the overlay: so its path may have any
 * characters, and may be below the place that the tmpfs hides. No device nodes but
 * ours: root in here is root. */
static void mount_files(const struct box_plan *p)
{
	const struct place *at;

	if (chdir(p->root) != 0)
		fail("cannot enter the package root", p->root);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		fail("cannot make mounts private", NULL);
	at = mount_tmpfs(p->tmpfs);
	if (mkdir(at->upper, 0755) != 0 || mkdir(at->work, 0755) != 0 ||
		mkdir(at->root, 0755) != 0 || mkdir(at->dev, 0755) != 0)
		fail("cannot make folders on a tmpfs", NULL);
	if (mount("overlay", at->root, "overlay", MS_NODEV,
		    netns_is_unprivileged() ? at->overlay_unprivileged : at->overlay) !=
		0)
		fail("cannot mount an overlay", p->root);
	if (chdir(at->root) != 0)
		fail("cannot enter the overlay", NULL);
	(void)mkdir("dev", 0755);
	if (mount(at->dev, "dev", NULL, MS_BIND, NULL) != 0)
		fail("cannot bind-mount", "/dev");
}

/* Bind mounts of the host's: device nodes cannot be made in a user namespace. */
static const struct device {
	const char *from, *to;
} devices[] = {
	{ "/dev/null", "dev/null" },
	{ "/dev/zero", "dev/zero" },
	{ "/dev/full", "dev/full" },
	{ "/dev/random", "dev/random" },
	{ "/dev/urandom", "dev/urandom" },
	{ "/dev/tty", "dev/tty" },
};

static const struct device links[] = {
	{ "pts/ptmx", "dev/ptmx" },
	{ "/proc/self/fd", "dev/fd" },
	{ "/proc/self/fd/0", "dev/stdin" },
	{ "/proc/self/fd/1", "dev/stdout" },
	{ "/proc/self/fd/2", "dev/stderr" },
};

static void mount_devices(void)
{
	for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
		int fd = open(devices[i].to, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

		if (fd >= 0)
			close(fd);
		if (mount(devices[i].from, devices[i].to, NULL, MS_BIND, NULL) != 0 &&
			errno != ENOENT)
			fail("cannot bind-mount", devices[i].from);
	}
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		if (symlink(links[i].from, links[i].to) != 0)
			fail("cannot make a link", links[i].to);
	}
	(void)mkdir("dev/shm", 01777);
	/* Few programs need a terminal: a host without it has to do. */
	(void)mkdir("dev/pts", 0755);
	(void)mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		"newinstance,ptmxmode=0666,mode=0620");
}

#define PROC_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static void mount_proc(void)
{
	/* What is the whole machine's rather than the box's. */
	static const char *const fixed[] = { "proc/sys", "proc/sysrq-trigger",
		"proc/irq", "proc/bus", "proc/fs" };

	(void)mkdir("proc", 0755);
	/* In containers that hide parts of /proc the kernel refuses a new one to a user
	 * namespace. The host's shows its processes, out of reach. */
	if (mount("proc", "proc", "proc", PROC_FLAGS, NULL) != 0 &&
		(errno != EPERM ||
			mount("/proc", "proc", NULL, MS_BIND | MS_REC, NULL) != 0))
		fail("cannot mount", "/proc");
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
		if (mount(fixed[i], fixed[i], NULL, MS_BIND, NULL) == 0 &&
			mount("none", fixed[i], NULL,
				MS_BIND | MS_REMOUNT | MS_RDONLY | PROC_FLAGS,
				NULL) == 0)
			continue;
		/* The kernel lets only the host's root write there. */
		if (errno != ENOENT && !netns_is_unprivileged())
			fail("cannot protect", fixed[i]);
	}
}

/* The old root is put over the new one, then taken away: pivot_root(2). */
static void leave_host(void)
{
	if (syscall(SYS_pivot_root, ".", ".") != 0)
		fail("cannot change the root", NULL);
	if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
		fail("cannot leave the old root", NULL);
}

/* mkdir -p of the path up to its last slash. */
static void make_folders(const char *path)
{
	char part[PATH_MAX];
	size_t n = strlen(path);

	if (n >= sizeof(part)) {
		errno = ENAMETOOLONG;
		fail("cannot make a folder", path);
	}
	memcpy(part, path, n + 1);
	for (size_t i = 1; i < n; i++) {
		if (part[i] != '/')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			fail("cannot make a folder", path);
		part[i] = '/';
	}
}

/* In place of what is there: /etc/resolv.conf may be a link to somewhere. */
static void write_file(const struct box_file *f)
{
	mode_t mode = f->mode != 0 ? f->mode : 0644;
	size_t n = strlen(f->text);
	int fd;

	make_folders(f->path);
	if (unlink(f->path) != 0 && errno != ENOENT)
		fail("cannot replace", f->path);
	fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		fail("cannot make", f->path);
	for (size_t done = 0; done < n;) {
		ssize_t w = write(fd, f->text + done, n - done);

		if (w < 0)
			fail("cannot write", f->path);
		done += (size_t)w;
	}
	if (fchmod(fd, mode) != 0)
		fail("cannot set the mode of", f->path);
	close(fd);
}

static void open_log(struct init *in)
{
	static const char path[] = "/var/log/lab.log";
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };

	make_folders(path);
	(void)unlink(path);
	in->log_file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (in->log_file < 0)
		fail("cannot make", path);
	in->log = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (in->log < 0 || bind(in->log, (struct sockaddr *)&at, sizeof(at)) != 0 ||
		chmod(at.sun_path, 0666) != 0)
		fail("cannot listen at", "/dev/log");
}

static void open_rest(struct init *in)
{
	sigset_t child;

	for (int i = 0; i < CONTROL_AT; i++) {
		if (open("/dev/null", O_RDWR) != i)
			fail("cannot open", "/dev/null");
	}
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	in->children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (in->children < 0)
		fail("cannot wait for children", NULL);
}

/* ---- one shell ----------------------------------------------------------- */

/* The texts stay where they are in the mapped file; argv is as long as it must be. */
static char **argv_of(int file, const struct box_request *q)
{
	static char sh[] = "sh", dash_c[] = "-c";
	char *text =
		mmap(NULL, q->octets, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	char **argv = mmap(NULL, (q->n_args + 5) * sizeof(*argv),
		PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t n = 0;

	if (text == MAP_FAILED || argv == MAP_FAILED)
		return NULL;
	argv[n++] = sh;
	argv[n++] = dash_c;
	argv[n++] = text;
	argv[n++] = sh;
	for (size_t i = 0; i < q->n_args; i++) {
		text += strlen(text) + 1;
		argv[n++] = text;
	}
	return argv;
}

static _Noreturn void no_shell(int error)
{
	static const char head[] = "cannot run /bin/sh: ";
	const char *why = strerrordesc_np(error);

	(void)!write(STDERR_FILENO, head, sizeof(head) - 1);
	if (why != NULL)
		(void)!write(STDERR_FILENO, why, strlen(why));
	(void)!write(STDERR_FILENO, "\n", 1);
	_exit(error == ENOENT ? 127 : 126);
}

static _Noreturn void be_shell(
	const struct init *in, const struct box_request *q, const int fds[BOX_FDS])
{
	char **argv = argv_of(fds[BOX_FD_SCRIPT], q);
	int error = errno;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	dup2(fds[BOX_FD_INPUT], STDIN_FILENO);
	dup2(fds[BOX_FD_OUTPUT], STDOUT_FILENO);
	dup2(fds[BOX_FD_OUTPUT], STDERR_FILENO);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	if (argv == NULL)
		no_shell(error);
	execve("/bin/sh", argv, in->plan->env);
	no_shell(errno);
}

static void forget_output(struct init *in)
{
	if (in->output >= 0)
		close(in->output);
	in->output = -1;
}

static void start(struct init *in, const struct box_request *q, const int fds[BOX_FDS])
{
	pid_t pid = _Fork(); /* glibc's locks are as they were in the owner */

	if (pid == 0)
		be_shell(in, q, fds);
	if (pid < 0)
		report(&(struct box_report){ .status = 126 });
	else
		in->shell = pid;
	forget_output(in);
	in->output = fds[BOX_FD_READ];
	for (size_t i = 0; i < BOX_FD_READ; i++)
		close(fds[i]);
}

/* By its process group, and by itself when it has not got one yet. */
static void end_shell(const struct init *in)
{
	if (in->shell == 0)
		return;
	(void)kill(-in->shell, SIGKILL);
	(void)kill(in->shell, SIGKILL);
}

static void reap(struct init *in)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(in->children, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != in->shell)
			continue;
		in->shell = 0;
		report(&(struct box_report){
			.status = WIFEXITED(status) ? WEXITSTATUS(status)
						    : 128 + WTERMSIG(status) });
	}
}

/* ---- what is left of outputs ---------------------------------------------- */

static void drop_drain(struct init *in, size_t i)
{
	close(in->drains[i]);
	in->n_drains--;
	memmove(&in->drains[i], &in->drains[i + 1],
		(in->n_drains - i) * sizeof(in->drains[0]));
}

static void add_drain(struct init *in)
{
	if (in->output < 0)
		return;
	if (in->n_drains == DRAINS_MAX)
		drop_drain(in, 0);
	in->drains[in->n_drains++] = in->output;
	in->output = -1;
}

static void drain(struct init *in, size_t i)
{
	char bytes[16384];
	ssize_t n = read(in->drains[i], bytes, sizeof(bytes));

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		drop_drain(in, i);
}

/* ---- the log ------------------------------------------------------------- */

/* Without the priority in front, "<22>", and on one line. */
static size_t clean(char *text, size_t n)
{
	size_t from = 0, len;

	if (n > 2 && text[0] == '<') {
		from = 1;
		while (from < n && text[from] >= '0' && text[from] <= '9')
			from++;
		from = from < n && text[from] == '>' ? from + 1 : 0;
	}
	while (n > from && (text[n - 1] == '\n' || text[n - 1] == '\0'))
		n--;
	len = n - from;
	memmove(text, text + from, len);
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 && text[i] != '\t')
			text[i] = ' ';
	}
	text[len++] = '\n';
	return len;
}

static void take_log(struct init *in)
{
	char line[LOG_LINE_MAX + 1];

	for (int i = 0; i < LOG_BURST; i++) {
		ssize_t n = recv(in->log, line, LOG_LINE_MAX, MSG_DONTWAIT);
		size_t len;

		if (n < 0)
			return;
		len = clean(line, (size_t)n);
		in->log_full = in->log_full || in->logged + len > BOX_LOG_MAX;
		if (in->log_full)
			continue;
		in->logged += len;
		(void)!write(in->log_file, line, len);
	}
}

/* ---- the loop ------------------------------------------------------------ */

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * BOX_FDS)];
};

/* Ends when the owner has. */
static void take_request(struct init *in)
{
	struct box_request q;
	union control control = { .bytes = { 0 } };
	struct iovec iov = { &q, sizeof(q) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	const struct cmsghdr *c;
	int fds[BOX_FDS];

	if (recvmsg(CONTROL_AT, &msg, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(q))
		_exit(0);
	if (q.op == BOX_KILL)
		end_shell(in);
	if (q.op == BOX_READ)
		add_drain(in);
	c = CMSG_FIRSTHDR(&msg);
	if (q.op != BOX_RUN || c == NULL || c->cmsg_len != CMSG_LEN(sizeof(fds)))
		return;
	memcpy(fds, CMSG_DATA(c), sizeof(fds));
	start(in, &q, fds);
}

static _Noreturn void serve(struct init *in)
{
	for (;;) {
		struct pollfd p[3 + DRAINS_MAX] = {
			{ .fd = CONTROL_AT, .events = POLLIN },
			{ .fd = in->children, .events = POLLIN },
			{ .fd = in->log, .events = POLLIN },
		};
		size_t n = in->n_drains;

		for (size_t i = 0; i < n; i++)
			p[3 + i] = (struct pollfd){ in->drains[i], POLLIN, 0 };
		if (poll(p, 3 + n, -1) < 0)
			continue;
		/* From the last, as they move up. */
		for (size_t i = n; i-- > 0;) {
			if (p[3 + i].revents != 0)
				drain(in, i);
		}
		if (p[2].revents != 0)
			take_log(in);
		if (p[1].revents != 0)
			reap(in);
		if (p[0].revents != 0)
			take_request(in);
	}
}

_Noreturn void box_init(const struct box_plan *p)
{
	struct init in = { .plan = p, .output = -1 };
	int rc = netns_enter(p->netns, p->side), error = errno;

	drop_signals();
	drop_files(p->control);
	errno = error;
	if (rc != 0)
		fail("cannot enter the network namespace", NULL);
	/* Ctrl-C is for the owner, who ends this one. */
	setsid();
	prctl(PR_SET_NAME, "lab-init");
	limit(RLIMIT_NOFILE, FILES_MAX);
	limit(RLIMIT_CORE, 0);
	umask(0);
	mount_files(p);
	mount_devices();
	mount_proc();
	leave_host();
	if (sethostname(p->hostname, strlen(p->hostname)) != 0)
		fail("cannot set the host's name", p->hostname);
	open_rest(&in);
	open_log(&in);
	for (size_t i = 0; i < p->n_files; i++)
		write_file(&p->files[i]);
	umask(022);
	report(&(struct box_report){ 0 });
	serve(&in);
}
