#ifndef BASE_ERR_H
#define BASE_ERR_H

/*
 * Two kinds of no.
 *
 *   r <  0   A fault. Nobody below main() can fix it. Pass it up unchanged.
 *   r == 0   Success.
 *   r >  0   A condition, named in the header of the function that returned
 *            it. The direct caller handles it.
 *
 * A fault is raised once, where it happens, which logs it; on its way up it
 * is handed on by err_pass(), which adds a line of trace at debug level.
 */
enum {
	ERR_NOMEM = -1, /* an allocation failed */
	ERR_OS = -2,    /* a system call failed; its errno is in the log line */
	ERR_LIB = -3,   /* a library failed; its words are in the log line */
	ERR_BUG = -4,   /* a condition reached a caller that does not know it */
	ERR_STORE = -5, /* Redis is away or refuses: perhaps done; try later */
};

/* Log a fault where it happens and return its code. */
#define err_raise(code, ...) \
	err_raise_at((code), __FILE__, __LINE__, __func__, __VA_ARGS__)

/* Hand a fault up, with a line of trace. 0 stays 0; r > 0 becomes ERR_BUG. */
#define err_pass(r) err_pass_at((r), __FILE__, __LINE__, __func__)

int err_raise_at(int code, const char *file, int line, const char *func,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));
int err_pass_at(int r, const char *file, int line, const char *func);

#endif
