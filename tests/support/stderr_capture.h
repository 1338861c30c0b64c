#ifndef SUPPORT_STDERR_CAPTURE_H
#define SUPPORT_STDERR_CAPTURE_H

/*
 * What a piece of code writes to stderr, as text. One capture at a time; the
 * whole process's stderr is redirected to a temporary file in between.
 */
void stderr_capture_begin(void);

/* Put stderr back. Returns what was written, up to 64 KiB; static. */
const char *stderr_capture_end(void);

#endif
