/*
 * What must not be forgotten or seen, twice on disk:
 *
 *   vault:NAME        hash     n (version), text; expires when nobody puts
 *   vault:lock:NAME   string   who holds the lock; expires by itself
 *   vault:locks:NAME:I string  the times it was taken in the last minute: each
 *                              expires by itself, and there are no more
 *   state_dir/vault/NAME       "VERSION\nTEXT", 0600
 *
 * Redis is written first: it is what other processes see, and what they may use
 * if this one dies before its file is written. A file is replaced whole, under
 * a lock of the folder, and never by an older version.
 */
#include "gateway/drivers/store_vault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"

enum {
	OWNER_BYTES = 12,
	VERSION_MAX_BYTES = 24, /* digits and line end */
	/* A minute, and what passes between the lock and its request. */
	LOCKS_S = 70,
	TAKEN_WAIT_MS = 500,
};

/* A refresh token that nobody used for so long has died. */
static const int64_t keep_s = INT64_C(180) * 24 * 3600;

struct store_vault {
	struct vault port;
	struct store *store; /* borrowed */
	char *dir;           /* owned */
	char owner[2 * OWNER_BYTES + 1];
};

/* ARGV: name, version, text, life in s. -> 1; 0: another one is there. */
static const char put_script[] =
	"local k = KEYS[1]..'vault:'..ARGV[1]\n"
	"local v = redis.call('HMGET', k, 'n', 'text')\n"
	"local n = tonumber(v[1] or '0')\n"
	"local new = tonumber(ARGV[2])\n"
	"if n > new or (n == new and v[2] ~= ARGV[3]) then return 0 end\n"
	"redis.call('HSET', k, 'n', ARGV[2], 'text', ARGV[3])\n"
	"redis.call('EXPIRE', k, ARGV[4])\n"
	"return 1\n";

/*
 * ARGV: name, owner, ttl in ms (0: release), most in a minute, that minute in s:
 * of any minute, not of one by the clock, in whose middle twice as many would go.
 * -> 0; else seconds to wait, negative: too often.
 */
static const char lock_script[] =
	"local k = KEYS[1]..'vault:lock:'..ARGV[1]\n"
	"local c = KEYS[1]..'vault:locks:'..ARGV[1]..':'\n"
	"local owner = redis.call('GET', k)\n"
	"if ARGV[3] == '0' then\n"
	"  if owner == ARGV[2] then redis.call('DEL', k) end\n"
	"  return 0\n"
	"end\n"
	"if owner then return math.max(redis.call('TTL', k), 1) end\n"
	"local soon = tonumber(ARGV[5])\n"
	"for i = 1, tonumber(ARGV[4]) do\n"
	"  local left = redis.call('TTL', c..i)\n"
	"  if left == -2 then\n"
	"    redis.call('SET', c..i, ARGV[2], 'EX', ARGV[5])\n"
	"    redis.call('SET', k, ARGV[2], 'PX', ARGV[3])\n"
	"    return 0\n"
	"  end\n"
	"  soon = math.min(soon, math.max(left, 1))\n"
	"end\n"
	"return -soon\n";

/* ---- in Redis ---- */

/* version 0: there is none. */
static int
redis_get(struct store_vault *v, struct buf *out, int64_t *version,
          const char *name)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	const redisReply *text;
	int r;

	args_adds(&a, "HMGET");
	args_add_key(&a, v->store, "vault:", name);
	args_adds(&a, "n");
	args_adds(&a, "text");
	r = store_call(v->store, &reply, &a);
	if (r)
		return r;
	text = reply_at(reply, 1);
	*version = reply_int(reply_at(reply, 0));
	if (*version > 0 && text && !reply_is_nil(text)) {
		buf_add(out, text->str, text->len);
		crypto_wipe(text->str, text->len);
	} else {
		*version = 0;
	}
	freeReplyObject(reply);
	return buf_check(out);
}

/* Returns 0, VAULT_MOVED, ERR_STORE. */
static int
redis_put(struct store_vault *v, const char *name, int64_t version,
          const char *text)
{
	struct args a = { 0 };
	int64_t was_put = 0;
	int r;

	args_adds(&a, name);
	args_addi(&a, version);
	args_adds(&a, text);
	args_addi(&a, keep_s);
	r = store_eval_int(v->store, &was_put, SCRIPT_VAULT_PUT, put_script,
	                   &a);
	if (r)
		return r;
	return was_put ? 0 : VAULT_MOVED;
}

/* ---- in state_dir ---- */

static int
raise_file(void)
{
	return err_raise(ERR_OS, "%s", "state_dir/vault");
}

/* Read the whole file; one that is not there, or none of ours, has version 0. */
static int
file_get(const struct store_vault *v, struct buf *out, int64_t *version,
         const char *name)
{
	const size_t max = VAULT_TEXT_MAX + VERSION_MAX_BYTES;
	char *path = text_format("%s/%s", v->dir, name);
	char *text = path ? calloc(1, max + 1) : NULL;
	char *end = text;
	size_t n = 0;
	ssize_t got = 1;
	int fd = text ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	int r = text ? 0 : ERR_NOMEM;

	*version = 0;
	if (!r && fd < 0 && errno != ENOENT)
		r = raise_file();
	while (!r && fd >= 0 && got && n < max) {
		got = read(fd, text + n, max - n);
		if (got < 0 && errno != EINTR)
			r = raise_file();
		n += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0)
		(void)close(fd);
	if (!r && n)
		*version = strtoll(text, &end, 10);
	if (*version < 0 || end == text || *end != '\n')
		*version = 0;
	if (*version)
		buf_adds(out, end + 1);
	if (text)
		crypto_wipe(text, max);
	free(text);
	free(path);
	return r ? r : buf_check(out);
}

static int
write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno != EINTR)
			return raise_file();
		text += n > 0 ? (size_t)n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) ? raise_file() : 0;
}

static int
sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 || fsync(fd) ? raise_file() : 0;

	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* The folder, private to the user. */
static int
make_folder(const struct store_vault *v)
{
	char *parent = text_dup(v->dir);
	int r = 0;

	if (!parent)
		return ERR_NOMEM;
	*strrchr(parent, '/') = '\0';
	if (!mkdir(v->dir, 0700))
		r = sync_folder(*parent ? parent : "/");
	else if (errno != EEXIST)
		r = raise_file();
	free(parent);
	return r;
}

/* Replace the file; the folder is locked. */
static int
replace_file(const struct store_vault *v, const char *name, const char *text)
{
	char *path = text_format("%s/%s", v->dir, name);
	char *fresh = text_format("%s/.new", v->dir);
	int fd = -1;
	int r = path && fresh ? 0 : ERR_NOMEM;

	if (!r)
		fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		          0600);
	if (!r)
		r = fd < 0 ? raise_file() : write_all(fd, text);
	if (fd >= 0 && close(fd) && !r)
		r = raise_file();
	if (!r && rename(fresh, path))
		r = raise_file();
	if (!r)
		r = sync_folder(v->dir);
	free(path);
	free(fresh);
	return r;
}

/* Nobody has put these for so long that they are of no use to anybody. */
static void
sweep_folder(const struct store_vault *v)
{
	DIR *dir = opendir(v->dir);
	const struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.' &&
		    !fstatat(dirfd(dir), entry->d_name, &st,
		             AT_SYMLINK_NOFOLLOW) &&
		    time(NULL) - st.st_mtime > keep_s)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		(void)closedir(dir);
}

/* Write it unless the file has this version already, or a later one. */
static int
replace_older(const struct store_vault *v, const char *name, int64_t version,
              const char *text)
{
	struct buf is = BUF_INIT;
	struct buf whole = BUF_INIT;
	int64_t old = 0;
	int r = file_get(v, &is, &old, name);

	buf_addf(&whole, "%lld\n%s", (long long)version, text);
	if (!r)
		r = buf_check(&whole);
	/* Of the same version another's counts: Redis has it. */
	if (!r &&
	    (version > old || (version == old && strcmp(buf_text(&is), text))))
		r = replace_file(v, name, whole.p);
	if (!r)
		sweep_folder(v);
	if (is.p)
		crypto_wipe(is.p, is.cap);
	if (whole.p)
		crypto_wipe(whole.p, whole.cap);
	buf_fini(&is);
	buf_fini(&whole);
	return r;
}

static int
file_put(const struct store_vault *v, const char *name, int64_t version,
         const char *text)
{
	char *path = text_format("%s/.lock", v->dir);
	int r = path ? make_folder(v) : ERR_NOMEM;
	int fd = -1;

	if (!r)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (!r && fd < 0)
		r = raise_file();
	while (!r && flock(fd, LOCK_EX))
		if (errno != EINTR)
			r = raise_file();
	if (!r)
		r = replace_older(v, name, version, text);
	if (fd >= 0)
		(void)close(fd);
	free(path);
	return r;
}

/* ---- both ---- */

static int
get(void *self, struct buf *out, int64_t *version, const char *name)
{
	struct store_vault *v = self;
	struct buf saved = BUF_INIT;
	int64_t n_saved = 0;
	int r;

	buf_reset(out);
	r = redis_get(v, out, version, name);
	if (!r)
		r = file_get(v, &saved, &n_saved, name);
	if (!r && n_saved > *version) {
		r = redis_put(v, name, n_saved, buf_text(&saved));
		buf_reset(out);
		buf_adds(out, buf_text(&saved));
		*version = n_saved;
		if (r == VAULT_MOVED) /* in this moment */
			r = redis_get(v, out, version, name);
	} else if (!r && *version &&
	           (n_saved < *version ||
	            strcmp(buf_text(&saved), buf_text(out)))) {
		/* A full disk must not keep us from what Redis has. */
		(void)file_put(v, name, *version, buf_text(out));
	}
	if (saved.p)
		crypto_wipe(saved.p, saved.cap);
	buf_fini(&saved);
	if (!r)
		r = buf_check(out);
	return r || *version ? r : VAULT_ABSENT;
}

static int
put(void *self, const char *name, int64_t version, const char *text)
{
	struct store_vault *v = self;
	int r = redis_put(v, name, version, text);
	int saved;

	if (r == VAULT_MOVED)
		return r;
	/* Without Redis too: it may be the only copy there will be. */
	saved = file_put(v, name, version, text);
	return r ? r : saved;
}

static int
run_lock(struct store_vault *v, int64_t *out, const char *name, int64_t ttl_ms)
{
	struct args a = { 0 };

	args_adds(&a, name);
	args_adds(&a, v->owner);
	args_addi(&a, ttl_ms);
	args_addi(&a, VAULT_LOCKS_MAX);
	args_addi(&a, LOCKS_S);
	return store_eval_int(v->store, out, SCRIPT_VAULT_LOCK, lock_script,
	                      &a);
}

static int
lock(void *self, const char *name, int64_t ttl_ms, int64_t *wait_ms)
{
	int64_t answer = 0;
	int r = run_lock(self, &answer, name, ttl_ms);

	if (r || !answer)
		return r;
	/* A holder is done in no time, or dead. */
	*wait_ms = answer < 0 ? -answer * 1000 : TAKEN_WAIT_MS;
	return answer < 0 ? VAULT_OFTEN : VAULT_TAKEN;
}

static void
unlock(void *self, const char *name)
{
	int64_t ignored;

	(void)run_lock(self, &ignored, name, 0);
}

static const struct vault_ops ops = {
	.get = get,
	.put = put,
	.lock = lock,
	.unlock = unlock,
};

int
store_vault_new(struct store_vault **out, struct store *store,
                const char *state_dir)
{
	struct store_vault *v = calloc(1, sizeof(*v));
	unsigned char id[OWNER_BYTES];
	int r = v ? 0 : err_raise(ERR_NOMEM, "why=%s", "vault");

	if (!r)
		r = crypto_random(id, sizeof(id));
	if (!r) {
		v->dir = text_format("%s/vault", state_dir);
		if (!v->dir)
			r = err_raise(ERR_NOMEM, "why=%s", "vault");
	}
	if (r) {
		store_vault_free(v);
		return r;
	}
	crypto_hex_encode(v->owner, id, sizeof(id));
	v->store = store;
	v->port = (struct vault){ &ops, v };
	*out = v;
	return 0;
}

struct vault *
store_vault_port(struct store_vault *v)
{
	return &v->port;
}

void
store_vault_free(struct store_vault *v)
{
	if (!v)
		return;
	free(v->dir);
	free(v);
}
