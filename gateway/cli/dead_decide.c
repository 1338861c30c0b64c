/*
 * tillbridge dead retry, confirm, drop: what a person decides. One that cannot
 * be decided so says why, and holds up no other.
 */
#include "gateway/cli/dead_decide.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/model/explain.h"

struct left {
	char *id;      /* owned */
	char *summary; /* owned */
};

struct decisions {
	const struct dead *dead;
	const char *word;
	enum dead_action action;
	const char *done;    /* what is said of each */
	struct buf text;     /* with --json: all of it, at the end */
	struct json_out out; /* into text */
	struct left *left;   /* owned; uncertain ones, which --all leaves */
	size_t n_left;
	size_t n;            /* done, or with --dry-run would be */
	size_t n_seen;       /* in this pass over all */
	int64_t again_ms;    /* of a further pass: when the first began */
	enum exit_code code; /* of the last that failed */
};

/* How many zeros a letter stands for; 0: it is another kind. */
static int
count_held(struct store *store, int64_t *out, const char *id)
{
	*out = 0;
	return strncmp(id, "hold/", 5)
	               ? 0
	               : store_stock_count_held(store, out, id + 5);
}

static void
say_done(const struct decisions *d, const char *id, int64_t n_held)
{
	if (d->dead->cli->is_quiet)
		return;
	if (!n_held)
		cli_line("%s %s", id, d->done);
	else if (d->action == DEAD_RETRY)
		cli_line("%s released: %lld item%s set to 0 at %s", id,
		         (long long)n_held, n_held == 1 ? " is" : "s are",
		         id + 5);
	else
		cli_line("%s dropped: %lld item%s as %s at %s, until %s "
		         "or a full sync compares %s",
		         id, (long long)n_held,
		         n_held == 1 ? " stays" : "s stay",
		         n_held == 1 ? "it is" : "they are", id + 5,
		         n_held == 1 ? "it moves" : "they move",
		         n_held == 1 ? "it" : "them");
}

static void
say_json(struct decisions *d, const char *id, const char *summary,
         int64_t n_held, const struct buf *why)
{
	struct json_out *o = &d->out;

	json_out_object(o, NULL);
	json_out_text(o, "id", id);
	json_out_bool(o, "done", !why->n && !d->dead->cli->is_dry);
	if (summary)
		json_out_text(o, "summary", summary);
	if (n_held)
		json_out_int(o, "zeros", n_held);
	if (why->n)
		json_out_text(o, "why", buf_text(why));
	else
		json_out_null(o, "why");
	json_out_end_object(o);
}

/* Confirming what is looked up anyway is rarely right, and never undone. */
static int
warn_of_confirm(const struct dead *dead, const char *id)
{
	struct buf words = BUF_INIT;
	struct ledger_state at;
	struct asked asked;
	int r;

	if (strncmp(id, "entry/", 6) != 0)
		return 0;
	r = store_ledger_state(dead->store, &at, id + 6);
	if (r)
		return r == LEDGER_ABSENT ? 0 : r;
	r = store_asked(dead->store, &asked, &dead->by, id + 6, at.state,
	                at.authority, at.why ? at.why : "");
	if (!r && asked.is_asked) {
		explain_asked(&words, at.authority, asked.in_ms);
		cli_complain("warning: %s: %s, and needs no confirmation. To "
		             "confirm says that the document is there and "
		             "complete: one that is not complete, such as an "
		             "order whose payment is still open, is never "
		             "finished then, and the sale is lost",
		             id, buf_text(&words));
	}
	buf_fini(&words);
	ledger_state_fini(&at);
	return r;
}

/* Its state, and what is possible. */
static void
explain_unfit(struct buf *why, const struct dead *dead, const char *id)
{
	struct ledger_state at;

	if (!strncmp(id, "event/", 6)) {
		buf_adds(why, "a call has nothing to confirm: retry reads it "
		              "once more, drop forgets it");
	} else if (!strncmp(id, "hold/", 5)) {
		buf_adds(why, "held zeros have nothing to confirm: retry "
		              "releases them, drop forgets them");
	} else if (!store_ledger_state(dead->store, &at, id + 6)) {
		buf_adds(why, explain_choices(at.state, !conf_find_account(
								dead->by.conf,
								at.authority)));
		ledger_state_fini(&at);
	} else {
		buf_adds(why, "its state does not allow that");
	}
}

static void
explain_refusal(struct buf *why, const struct dead *dead, const char *id, int r)
{
	if (r == LEDGER_ABSENT)
		buf_adds(why, "there is no such dead letter (see tillbridge "
		              "dead list)");
	else if (r == LEDGER_UNFIT)
		explain_unfit(why, dead, id);
	else if (r == LEDGER_KEPT)
		buf_adds(why, "it stays ready until its authority is "
		              "configured again, and cannot go to another one: "
		              "else drop it");
}

/* Returns 0, also when it was refused, or a fault. */
static int
decide(struct decisions *d, const char *id, const char *summary)
{
	const struct dead *dead = d->dead;
	struct buf why = BUF_INIT;
	int64_t n_held = 0;
	int r = count_held(dead->store, &n_held, id);

	if (!r && d->action == DEAD_CONFIRM)
		r = warn_of_confirm(dead, id);
	if (!r)
		r = store_dead_decide(dead->store, id, d->action);
	if (r < 0)
		return r;
	explain_refusal(&why, dead, id, r);
	if (dead->cli->is_json)
		say_json(d, id, summary, n_held, &why);
	if (r) {
		cli_complain("%s: %s", id, buf_text(&why));
		d->code = EXIT_CODE_FAILED;
	} else {
		d->n++;
		if (!dead->cli->is_json)
			say_done(d, id, n_held);
	}
	buf_fini(&why);
	return 0;
}

/* ---- all of them ---- */

static int
note_left(struct decisions *d, const struct dead_letter *letter)
{
	struct left *grown = realloc(d->left, (d->n_left + 1) * sizeof(*grown));
	struct left *one;

	if (!grown)
		return err_raise(ERR_NOMEM, "why=%s", "dead letters");
	d->left = grown;
	one = &d->left[d->n_left++];
	*one = (struct left){ text_dup(letter->id), text_dup(letter->summary) };
	return one->id && one->summary
	               ? 0
	               : err_raise(ERR_NOMEM, "why=%s", "dead letters");
}

static int
retry_one(void *ctx, const struct dead_letter *letter)
{
	struct decisions *d = ctx;
	const struct cli *cli = d->dead->cli;
	const struct buf nothing = BUF_INIT;

	d->n_seen++;
	/* In a further pass: what was left, or failed again meanwhile. */
	if (d->again_ms && (letter->at_ms > d->again_ms ||
	                    !strcmp(letter->kind, "uncertain") ||
	                    !strcmp(letter->kind, "stranded")))
		return 0;
	/* An uncertain entry may be there already: never in bulk. */
	if (!strcmp(letter->kind, "uncertain"))
		return note_left(d, letter);
	if (!cli->is_dry)
		return decide(d, letter->id, letter->summary);
	d->n++;
	if (cli->is_json)
		say_json(d, letter->id, letter->summary, 0, &nothing);
	else
		cli_line("would retry %s: %s", letter->id, letter->summary);
	return 0;
}

static void
say_left(const struct decisions *d)
{
	bool is_dry = d->dead->cli->is_dry;

	if (d->n_left)
		cli_line("%zu uncertain, %s as %s for dead confirm or dead "
		         "retry ID:",
		         d->n_left, is_dry ? "would be left" : "left",
		         d->n_left == 1 ? "it is" : "they are");
	for (size_t i = 0; i < d->n_left; i++)
		cli_line("  %s: %s", d->left[i].id, d->left[i].summary);
}

/*
 * Of a kind no more than DEAD_LISTED are told at once; those behind them come
 * when these are gone. A pass that retries nothing is the last.
 */
static int
retry_each(struct decisions *d)
{
	int64_t began_ms = clock_wall_ms();
	size_t n;
	int r;

	do {
		n = d->n;
		d->n_seen = 0;
		r = store_dead_each(d->dead->store, retry_one, d);
		d->again_ms = began_ms;
	} while (!r && !d->dead->cli->is_dry && d->n > n &&
	         d->n_seen >= DEAD_LISTED);
	if (!r && d->dead->cli->is_dry && d->n_seen >= DEAD_LISTED)
		cli_complain("there may be more: of each kind the oldest %d "
		             "were looked at",
		             DEAD_LISTED);
	return r;
}

static int
retry_all(struct decisions *d)
{
	const struct cli *cli = d->dead->cli;
	int r = retry_each(d);

	if (r || cli->is_json || cli->is_quiet)
		return r;
	cli_line("%zu %s", d->n, cli->is_dry ? "would be retried" : "retried");
	say_left(d);
	return 0;
}

/* ---- the words ---- */

static void
begin(struct decisions *d)
{
	static const struct {
		const char *word;
		enum dead_action action;
		const char *done;
	} actions[] = {
		{ "retry", DEAD_RETRY, "retried" },
		{ "confirm", DEAD_CONFIRM,
		  "confirmed: the next balance settles it" },
		{ "drop", DEAD_DROP, "dropped" },
	};
	const char *word = d->dead->cli->argv[0];

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		if (strcmp(word, actions[i].word) != 0)
			continue;
		d->word = actions[i].word;
		d->action = actions[i].action;
		d->done = actions[i].done;
	}
	d->out.to = &d->text;
	json_out_object(&d->out, NULL);
	json_out_text(&d->out, "decision", d->word);
	json_out_bool(&d->out, "dry_run", d->dead->cli->is_dry);
	json_out_array(&d->out, "letters");
}

/* Also of those decided before a fault: it happened. */
static int
end(struct decisions *d, bool is_ok)
{
	struct json_out *o = &d->out;
	int r;

	json_out_end_array(o);
	json_out_array(o, "left");
	for (size_t i = 0; i < d->n_left; i++) {
		json_out_object(o, NULL);
		json_out_text(o, "id", d->left[i].id);
		json_out_text(o, "summary", d->left[i].summary);
		json_out_end_object(o);
	}
	json_out_end_array(o);
	json_out_bool(o, "ok", is_ok);
	json_out_end_object(o);
	r = buf_check(&d->text);
	if (!r && d->dead->cli->is_json)
		cli_json(&d->text);
	return r;
}

enum exit_code
dead_decide(const struct dead *dead)
{
	const struct cli *cli = dead->cli;
	struct decisions d = { .dead = dead };
	int r = 0;
	int r2;

	begin(&d);
	if (cli->is_all)
		r = retry_all(&d);
	for (int i = 1; !r && i < cli->argc; i++)
		r = decide(&d, cli->argv[i], NULL);
	r2 = end(&d, !r && d.code == EXIT_CODE_DONE);
	for (size_t i = 0; i < d.n_left; i++) {
		free(d.left[i].id);
		free(d.left[i].summary);
	}
	free(d.left);
	buf_fini(&d.text);
	r = r ? r : r2;
	return r ? cli_fail(r) : d.code;
}
