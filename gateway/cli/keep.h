#ifndef CLI_KEEP_H
#define CLI_KEEP_H

#include "gateway/base/buf.h"

/* What became of a secret that shall be kept in a file. */
enum keep_end {
	KEEP_WRITTEN, /* for its owner alone, and on disk */
	KEEP_SAME,    /* it is there already */
	KEEP_OTHER,   /* another one is there, and stays */
	KEEP_FAILED,  /* why says so, for a person; the file is as it was */
};

/*
 * Put a secret into a file that is not there yet, or is empty. The folder must
 * be there. The file appears whole or not at all.
 *
 * secret  without NUL; a line end is put behind it
 * why     receives the reason of KEEP_FAILED
 */
enum keep_end keep_file(const char *path, const struct buf *secret,
                        struct buf *why);

#endif
