/*
 * A secret into a file of its own. What is there is never replaced: an empty
 * file is removed first, and the new one is linked under its name, which fails
 * where there is one by then.
 */
#include "gateway/cli/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/secret.h"

static enum keep_end
failed(struct buf *why, const char *path, int trouble)
{
	buf_addf(why, "%s: %s", path, strerror(trouble));
	return KEEP_FAILED;
}

/* What is there now; KEEP_WRITTEN: nothing that counts. */
static enum keep_end
look(const char *path, const struct buf *secret, struct buf *why)
{
	char *reference = text_format("file:%s", path);
	struct secret *old = NULL;
	struct stat st;
	enum keep_end end = KEEP_WRITTEN;
	int r;

	if (lstat(path, &st)) {
		end = errno == ENOENT ? KEEP_WRITTEN : failed(why, path, errno);
	} else if (!S_ISREG(st.st_mode)) {
		end = failed(why, path, EEXIST); /* of a link, too */
	} else if (st.st_size > 0) {
		r = reference ? secret_load(&old, reference, NULL) : -1;
		if (r == 0)
			end = secret_equals(old, buf_text(secret), secret->n)
			              ? KEEP_SAME
			              : KEEP_OTHER;
		else if (r == SECRET_EMPTY) /* a line end alone */
			end = KEEP_WRITTEN;
		else
			end = failed(why, path, EACCES);
	}
	secret_free(old);
	free(reference);
	return end;
}

static int
write_all(int fd, const struct buf *secret)
{
	const char *parts[] = { buf_text(secret), "\n" };

	for (size_t i = 0; i < 2; i++) {
		const char *p = parts[i];

		while (*p) {
			ssize_t n = write(fd, p, strlen(p));

			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				return errno;
			p += n;
		}
	}
	return fsync(fd) ? errno : 0;
}

/* The name itself must be on disk. 0, or errno. */
static int
sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? text_ndup(path, (size_t)(slash - path + 1))
	                     : text_dup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int trouble = fd < 0 || fsync(fd) ? errno : 0;

	if (fd >= 0)
		(void)close(fd);
	free(folder);
	return trouble;
}

/* 0, or errno. */
static int
put_whole(const char *path, char *draft, const struct buf *secret)
{
	int fd = mkstemp(draft); /* mode 0600 */
	int trouble = fd < 0 ? errno : write_all(fd, secret);

	if (fd < 0)
		return trouble;
	if (close(fd) && !trouble)
		trouble = errno;
	if (!trouble && unlink(path) && errno != ENOENT)
		trouble = errno;
	if (!trouble && link(draft, path))
		trouble = errno;
	(void)unlink(draft);
	return trouble ? trouble : sync_folder(path);
}

enum keep_end
keep_file(const char *path, const struct buf *secret, struct buf *why)
{
	enum keep_end end = look(path, secret, why);
	char *draft;
	int trouble;

	if (end != KEEP_WRITTEN)
		return end;
	draft = text_format("%s.XXXXXX", path);
	trouble = draft ? put_whole(path, draft, secret) : ENOMEM;
	free(draft);
	return trouble ? failed(why, path, trouble) : KEEP_WRITTEN;
}
