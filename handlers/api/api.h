#ifndef API_API_H
#define API_API_H

#include <stdint.h>

#include "gateway/base/json.h"
#include "gateway/ports/handler.h"

/*
 * What the files of handlers/api share: the functions that routes.c lists, and
 * how text from outside gets into an answer.
 */
int api_serve_status(const struct api_env *env, const struct http_call *call,
                     const char *const *params, struct http_reply *reply);
int api_serve_page(const struct api_env *env, const struct http_call *call,
                   const char *const *params, struct http_reply *reply);
int api_serve_live(const struct api_env *env, const struct http_call *call,
                   const char *const *params, struct http_reply *reply);
int api_serve_ready(const struct api_env *env, const struct http_call *call,
                    const char *const *params, struct http_reply *reply);
int api_serve_metrics(const struct api_env *env, const struct http_call *call,
                      const char *const *params, struct http_reply *reply);
int api_serve_dead_list(const struct api_env *env, const struct http_call *call,
                        const char *const *params, struct http_reply *reply);
int api_serve_dead_show(const struct api_env *env, const struct http_call *call,
                        const char *const *params, struct http_reply *reply);
int api_serve_dead_retry(const struct api_env *env,
                         const struct http_call *call,
                         const char *const *params, struct http_reply *reply);
int api_serve_dead_confirm(const struct api_env *env,
                           const struct http_call *call,
                           const char *const *params, struct http_reply *reply);
int api_serve_dead_drop(const struct api_env *env, const struct http_call *call,
                        const char *const *params, struct http_reply *reply);
int api_serve_items(const struct api_env *env, const struct http_call *call,
                    const char *const *params, struct http_reply *reply);
int api_serve_items_of(const struct api_env *env, const struct http_call *call,
                       const char *const *params, struct http_reply *reply);
int api_serve_timeline(const struct api_env *env, const struct http_call *call,
                       const char *const *params, struct http_reply *reply);
int api_serve_sync(const struct api_env *env, const struct http_call *call,
                   const char *const *params, struct http_reply *reply);
int api_serve_pause(const struct api_env *env, const struct http_call *call,
                    const char *const *params, struct http_reply *reply);
int api_serve_resume(const struct api_env *env, const struct http_call *call,
                     const char *const *params, struct http_reply *reply);
int api_serve_order(const struct api_env *env, const struct http_call *call,
                    const char *const *params, struct http_reply *reply);
int api_serve_order_state(const struct api_env *env,
                          const struct http_call *call,
                          const char *const *params, struct http_reply *reply);
int api_serve_customer(const struct api_env *env, const struct http_call *call,
                       const char *const *params, struct http_reply *reply);
int api_serve_customer_state(const struct api_env *env,
                             const struct http_call *call,
                             const char *const *params,
                             struct http_reply *reply);
int api_serve_galaxy(const struct api_env *env, const struct http_call *call,
                     const char *const *params, struct http_reply *reply);
int api_serve_picture(const struct api_env *env, const struct http_call *call,
                      const char *const *params, struct http_reply *reply);
int api_serve_synchronizer(const struct api_env *env,
                           const struct http_call *call,
                           const char *const *params, struct http_reply *reply);
int api_serve_synchronizer_start(const struct api_env *env,
                                 const struct http_call *call,
                                 const char *const *params,
                                 struct http_reply *reply);
int api_serve_synchronizer_stop(const struct api_env *env,
                                const struct http_call *call,
                                const char *const *params,
                                struct http_reply *reply);
int api_serve_synchronizer_force(const struct api_env *env,
                                 const struct http_call *call,
                                 const char *const *params,
                                 struct http_reply *reply);
int api_serve_telephone(const struct api_env *env, const struct http_call *call,
                        const char *const *params, struct http_reply *reply);
int api_serve_hangfire(const struct api_env *env, const struct http_call *call,
                       const char *const *params, struct http_reply *reply);
int api_serve_register(const struct api_env *env, const struct http_call *call,
                       const char *const *params, struct http_reply *reply);
int api_serve_sale(const struct api_env *env, const struct http_call *call,
                   const char *const *params, struct http_reply *reply);
int api_serve_job(const struct api_env *env, const struct http_call *call,
                  const char *const *params, struct http_reply *reply);

/* A complete JSON answer stands in reply->body. Returns 0 or ERR_NOMEM. */
int api_reply_json(struct http_reply *reply, int status);

/*
 * Text that came from outside or was said by another part, with every known
 * secret replaced (promise 12). Empty text is null.
 */
void api_out_text(struct json_out *o, const char *key, const char *text);

/* The same inside a page. */
void api_add_html(struct buf *b, const char *text);

/* RFC 3339; null for 0. */
void api_out_time(struct json_out *o, const char *key, int64_t wall_ms);

/* A URL as anybody may see it: no user, no query, no fragment. */
void api_add_url(struct buf *b, const char *url);

#endif
