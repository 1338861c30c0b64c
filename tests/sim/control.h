#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include "tests/sim/server.h"
#include "tests/sim/sim.h"

/*
 * The control interface: HTTP and JSON on a port of its own, by which a test
 * or a demonstration makes things happen and sees what came of them. Replies
 * are objects; trouble is 400 or 404 with {"error":"…"}. `?` is optional.
 *
 * POST /control/square/sell      {"lines":[{"variation" or "sku","quantity"?}],
 *                                 "closed_ago_s"?,"visible_after_ms"?,
 *                                 "announce"?}: order, payment, uids
 * POST /control/square/count     {"variation" or "sku","quantity","announce"?}
 * POST /control/square/move      {"variation" or "sku","from","to","quantity"}
 * POST /control/square/order/ID  {"uid"?,"quantity"}: a new version
 * POST /control/square/switches  {"ignores_by_count","page_max","cursor_ms"}
 * POST /control/hiboutik/WHAT     WHAT is one of
 *      sell, return              {"lines":[{"product" or "sku","quantity"?}],
 *                                 "closed_ago_s"?,"visible_after_ms"?,
 *                                 "announce"?}: sale
 *      void                      {"sale"}
 *      count, receive            {"product" or "sku","quantity","warehouse"?}
 *      move                      {"product" or "sku","from","to","quantity"}
 *      product                   {"product" or "sku","managed","archived"}
 *      hook                      {"sale" or "product" or "sku","times"?}
 *      switches                  {"moves" (closing, adding),"lenient_slashes",
 *                                 "validate_by_id","pages_stock",
 *                                 "refuse_short","list_lines","hook_old",
 *                                 "hook_async","hook_lines","hook_barcodes",
 *                                 "hook_token","hook_signed","page_rows",
 *                                 "calls","calls_max","parallel_max",
 *                                 "texts_each"}
 * POST /control/lightspeed_r/WHAT sell, return, void, count, receive, move as
 *                                 above, with "item" and "shop";
 *      item                      {"item" or "sku","tracked","archived"}
 *      tokens                    {"expire":access, refresh, all; "code":true}
 *      switches                  {"includes_tax","negative_qoh","bucket_size",
 *                                 "drip_milli","level","burst_max",
 *                                 "expires_s","refreshes_max","page_rows",
 *                                 "scopes"}
 * POST /control/lightspeed_x/WHAT sell, return, void, count, receive, move,
 *                                 hook as above, with "product" and "outlet";
 *      product                   {"product" or "sku","tracked","deleted"}
 *      tokens                    {"expire": access, all}
 *      switches                  {"signing" (hex, base64, payload),
 *                                 "hook_fields","answer_whole",
 *                                 "repeats_update","register_open","burst",
 *                                 "registers","calls_max","window_ms",
 *                                 "tokens_max","expires_s","page_rows",
 *                                 "scopes"}
 * POST /control/tipsi/count      {"external_id" or "sku","in_stock"?}: without a
 *                                 number nobody has counted
 * POST /control/tipsi/delete     {"external_id" or "sku"}
 * POST /control/tipsi/switches   {"batch_ms","lost_status","page_max"}
 * POST /control/tipsi/expire     its sessions
 * POST /control/galaxy/balance   {"code","balance" or "delta"}; a variant is
 *                                 CODE:VALUE, as in the state
 * POST /control/galaxy/item      {"code","name"?,"price"?,"balance"?,
 *                                 "late_ms"?,"square"?,"in_flight"?,"active"?,
 *                                 "web"?,"blocked"?,"pack"?,"images"?,
 *                                 "combination"?}: new, or changed; a late one is listed later, with
 *                                 its old number; one in flight has its number
 *                                 and is listed (or changed) by commit
 * POST /control/galaxy/commit    {"code"}
 * POST /control/galaxy/delete    {"list","code"} or, of itemaltercodes and
 *                                 itemimages, {"list","id"}: gone, silently;
 *                                 an item goes with all that belongs to it
 * POST /control/galaxy/row       {"list","code","description"?,"active"?}: a
 *                                 lookup or a customer, under a new revision
 * POST /control/galaxy/generate  {"items"}: like --galaxy-items, once. They
 *                                 are 41-000001, 41-000002 …; each tenth comes
 *                                 in sizes (41-000020:001 :002 :003), each
 *                                 third of these, 41-000010 first, in two
 *                                 colours besides (41-000010:001:002); one
 *                                 that was named here or sold is in the state
 * POST /control/galaxy/touch     {"items"}: new revisions for the first so many
 * GET  /control/galaxy/entries/  {"documents"}: whole, as posted; with a docid
 *                                 behind the path only those
 * GET  /control/galaxy/customers {"customers"}: with "document", as posted
 * POST /control/galaxy/switches  {"default_scenario" (true, false or an ID),
 *                                 "upper_guids","balances_by_row",
 *                                 "items_ids_by_row","dedupe",
 *                                 "refuse_negative","numbered_codes",
 *                                 "double_customers","answer_ids","gzip",
 *                                 "lost_status","refusal_status","query_max",
 *                                 "session_ms","session_calls"}
 * POST /control/session/expire   {"status"?}: 401 or 403 from now on
 * POST /control/hooks            {"system","mode"?,"delay_ms"?,"url"?,
 *                                 "target"?,"retry_ms"?:[…],"form"?,"auth"?}
 *                                 mode: on, off, double, reorder, forged
 *                                 form: json, form, empty, get (Galaxy)
 *                                 auth: query, bearer, basic, header:NAME
 * POST /control/hooks/send       {"system","code" or "sku","times"?}: without
 *                                 a change
 * POST /control/faults           {"system","path"?,"mode","next"?,"skip"?,
 *                                 "retry_after"?,"rows"?,"bytes"?,"member"?,
 *                                 "code"?}: path is a piece of "METHOD /path";
 *                                 no work: status:N html[:N] empty garbage
 *                                 hang[:MS] refuse inside (200 with a
 *                                 ResponseStatus for a body); with the work:
 *                                 reset truncate lose_answer late[:MS]
 *                                 partial:N (of a batch-create, then 429).
 *                                 Inside a body, after "rows" or "bytes" (0)
 *                                 that go well:
 *                                 cut (a reset), end (orderly, the array left
 *                                 open), stall[:MS], append (an error text
 *                                 behind the rows, and the end), element (the
 *                                 error as last row of a good array), drop and
 *                                 wrong (the "member", ID, of one row missing,
 *                                 or an array). trickle[:MS]: a row each so
 *                                 many ms. "code" is the ErrorCode of inside,
 *                                 append, element; Unauthorized, which is the
 *                                 default, ends the sessions as well
 * POST /control/faults/clear
 * POST /control/traffic          {"paused"}
 * POST /control/reset-calls      the counters of calls and of asked balances
 * GET  /control/state            everything, as JSON
 * GET  /control/facts            the same, a line for each value:
 *                                 "galaxy.items.21-0001.balance<TAB>25"
 * GET  /control/registry.csv     as `tillbridge items import` reads it
 *
 * In the state, at any moment: balance = opening + received - posted; and when
 * all is quiet, for what is sold at the till: posted = sold. At Square, sold is
 * what the till sold, recorded what calls took off by paid orders and put back
 * by returns; of an order that a call made, answers counts the calls that were
 * told of it and payments what was taken for it.
 */
struct control {
	struct sim *sim;
	const char *erp; /* account names for the registry */
	const char *till;
};

/* ctx is the struct control. Threads: any. */
void control_serve(void *ctx, const struct http_call *call,
                   struct server_reply *reply);

#endif
