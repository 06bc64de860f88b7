#include "zone/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"

/* Some thirty times a zone of a million names; a device without end is no zone. */
#define FILE_OCTETS_MAX ((size_t)1 << 30)

void *load_get(size_t size)
{
	void *p = malloc(size > 0 ? size : 1);

	if (p == NULL)
		bug("out of memory (%zu bytes)", size);
	return p;
}

static int read_all(int fd, size_t room, char **ret_text, size_t *ret_len)
{
	char *text = load_get(room + 1);
	size_t len = 0;

	for (;;) {
		ssize_t n = read(fd, text + len, room - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(text);
			return -1;
		}
		if (n == 0)
			break;
		len += (size_t)n;
		if (len == room && room >= FILE_OCTETS_MAX) {
			free(text);
			errno = EFBIG;
			return -1;
		}
		if (len == room) {
			room *= 2;
			text = realloc(text, room + 1);
			if (text == NULL)
				bug("out of memory (%zu bytes)", room);
		}
	}
	text[len] = '\0';
	*ret_text = text;
	*ret_len = len;
	return 0;
}

int load_read_file(const char *path, bool regular_only, struct file_id *ret_id,
	char **ret_text, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | (regular_only ? O_NONBLOCK : 0));
	int rc = -1, why;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			errno = EISDIR;
		else if (regular_only && !S_ISREG(st.st_mode))
			errno = EINVAL;
		else if (S_ISREG(st.st_mode) && st.st_size > (off_t)FILE_OCTETS_MAX)
			errno = EFBIG;
		else /* one octet more, so that the first read() meets the end */
			rc = read_all(fd,
				S_ISREG(st.st_mode) ? (size_t)st.st_size + 1 : 65536,
				ret_text, ret_len);
		*ret_id = (struct file_id){ st.st_dev, st.st_ino };
	}
	why = errno;
	close(fd);
	errno = why;
	return rc;
}

char *load_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
	char *folder = load_get(n + 1);

	memcpy(folder, slash == NULL ? "." : path, n);
	folder[n] = '\0';
	return folder;
}
