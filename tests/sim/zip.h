#ifndef SIM_ZIP_H
#define SIM_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sim/server.h"

/*
 * What PNG and gzip ask for, without compressing anything: stored blocks are
 * valid deflate, so a simulator needs no library for it.
 */

/* CRC-32 of the bytes behind those that gave crc (0 at first). */
uint32_t zip_crc32(uint32_t crc, const void *p, size_t n);

/* Deflate's stored blocks; is_last ends the data, n may be 0 then. */
void zip_store(struct buf *out, const void *p, size_t n, bool is_last);

/* Send the body, and what follows it as a stream, as gzip. */
void zip_reply(struct server_reply *reply);

#endif
