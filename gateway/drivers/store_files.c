/*
 * Pictures, as a cache that never grows beyond FILES_MAX_BYTES:
 *
 *   file:ACCOUNT:ID  hash    type, bytes; a type of "" says that there is none
 *   files            zset    ACCOUNT:ID by the time it was put
 *   files:sizes      hash    ACCOUNT:ID -> bytes
 *   files:bytes      integer sum of the sizes
 *
 * One script writes them all. A key that expired by itself is still counted
 * until a later put sweeps it: the sum is never too small.
 */
#include "gateway/drivers/store_files.h"

#include <stdio.h>

#include "gateway/base/clock.h"
#include "gateway/drivers/store_internal.h"

enum { KEEP_S = 7 * 24 * 3600, NONE_S = 10 * 60, SWEEP_MAX = 1000 };

/*
 * ARGV: account:id, now, type, bytes, limit, seconds to keep it, seconds to
 * know that there is none, most to sweep. What is there under this id goes
 * first, then what is too old, then the oldest until the new one fits.
 */
static const char put_script[] =
	"local P, m, now = KEYS[1], ARGV[1], tonumber(ARGV[2])\n"
	"local kind, bytes = ARGV[3], ARGV[4]\n"
	"local keep = tonumber(ARGV[6]) * 1000\n"
	"local all, sizes, sum = P..'files', P..'files:sizes',\n"
	"                        P..'files:bytes'\n"
	"local function forget(x)\n"
	"  local n = redis.call('HGET', sizes, x)\n"
	"  if n then\n"
	"    redis.call('DECRBY', sum, n)\n"
	"    redis.call('HDEL', sizes, x)\n"
	"  end\n"
	"  redis.call('ZREM', all, x)\n"
	"  redis.call('DEL', P..'file:'..x)\n"
	"end\n"
	"forget(m)\n"
	"for _, x in ipairs(redis.call('ZRANGEBYSCORE', all, '-inf',\n"
	"    now - keep, 'LIMIT', 0, tonumber(ARGV[8]))) do forget(x) end\n"
	"if kind == '' then\n"
	"  redis.call('HSET', P..'file:'..m, 'type', '')\n"
	"  redis.call('EXPIRE', P..'file:'..m, ARGV[7])\n"
	"  return 0\n"
	"end\n"
	"while tonumber(redis.call('GET', sum) or '0') + #bytes >\n"
	"      tonumber(ARGV[5]) do\n"
	"  local oldest = redis.call('ZRANGE', all, 0, 0)[1]\n"
	"  if not oldest then break end\n"
	"  forget(oldest)\n"
	"end\n"
	"redis.call('HSET', P..'file:'..m, 'type', kind, 'bytes', bytes)\n"
	"redis.call('EXPIRE', P..'file:'..m, ARGV[6])\n"
	"redis.call('ZADD', all, now, m)\n"
	"redis.call('HSET', sizes, m, #bytes)\n"
	"redis.call('INCRBY', sum, #bytes)\n"
	"return 1\n";

/* ACCOUNT:ID; an account's name has no colon. */
static void
add_member(struct args *a, const char *account, const char *id)
{
	struct buf b = BUF_INIT;

	buf_addf(&b, "%s:%s", account, id);
	a->is_broken |= b.is_broken;
	args_add(a, b.p, b.n);
	buf_fini(&b);
}

int
store_file_put(struct store *store, const char *account, const char *id,
               const char *type, const void *bytes, size_t n)
{
	bool is_there = bytes && n <= FILE_MAX_BYTES;
	struct args a = { 0 };

	add_member(&a, account, id);
	args_addi(&a, clock_wall_ms());
	args_adds(&a, is_there ? type : "");
	args_add(&a, is_there ? bytes : "", is_there ? n : 0);
	args_addi(&a, FILES_MAX_BYTES);
	args_addi(&a, KEEP_S);
	args_addi(&a, NONE_S);
	args_addi(&a, SWEEP_MAX);
	return store_eval_int(store, NULL, SCRIPT_FILE, put_script, &a);
}

int
store_file_get(struct store *store, struct buf *bytes, char type[64],
               const char *account, const char *id)
{
	struct buf part = BUF_INIT;
	struct args a = { 0 };
	redisReply *reply = NULL;
	const redisReply *found;
	int r;

	buf_addf(&part, "file:%s:", account);
	a.is_broken = part.is_broken;
	args_adds(&a, "HMGET");
	args_add_key(&a, store, buf_text(&part), id);
	args_adds(&a, "type");
	args_adds(&a, "bytes");
	buf_fini(&part);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	(void)snprintf(type, 64, "%s", reply_text(reply_at(reply, 0)));
	found = reply_at(reply, 1);
	buf_reset(bytes);
	if (!found || reply_is_nil(reply_at(reply, 0)))
		r = FILE_ABSENT;
	else if (!type[0])
		r = FILE_NONE;
	else if (!reply_is_nil(found))
		buf_add(bytes, found->str, found->len);
	freeReplyObject(reply);
	return r ? r : buf_check(bytes);
}
