/* Calls under a key that wears out. */
#include "gateway/ports/auth.h"

static struct outcome
renew(struct auth *auth)
{
	auth->renewals++;
	return auth->ops->renew(auth->ctx);
}

/* A call made while this one lasted may have done so already. */
static struct outcome
renew_after(struct auth *auth, unsigned renewals)
{
	if (auth->renewals != renewals && auth->ops->has_key(auth->ctx))
		return outcome_done();
	return renew(auth);
}

static struct outcome
send_once(struct auth *auth, const struct http_request *request,
          struct http_answer *answer)
{
	struct http_request copy = *request;
	int r;

	auth->ops->sign(auth->ctx, &copy);
	r = http_client_send(auth->http, &copy, answer);
	return r ? outcome_fault(r) : outcome_done();
}

struct outcome
auth_send(struct auth *auth, const struct http_request *request,
          struct http_answer *answer)
{
	struct outcome outcome = outcome_done();
	unsigned renewals;

	*answer = (struct http_answer){ 0 };
	if (!auth->ops->has_key(auth->ctx))
		outcome = renew(auth);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	renewals = auth->renewals;
	outcome = send_once(auth, request, answer);
	if (outcome.verdict != VERDICT_DONE ||
	    !auth->ops->is_worn(auth->ctx, request, answer))
		return outcome;
	http_answer_fini(answer);
	*answer = (struct http_answer){ 0 };
	outcome = renew_after(auth, renewals);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	return send_once(auth, request, answer);
}
