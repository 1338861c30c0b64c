#ifndef MODEL_CENTS_H
#define MODEL_CENTS_H

#include "gateway/model/sale.h"

/*
 * What a sale's lines cost, in whole cents that add up to what was paid.
 *
 * Some tills tell a line's amount with all the digits of its calculation and
 * round only the sum: three lines of 1.302 are 3.91, and no line says so.
 * Booked as they are told they come to 3.906, and rounded each to 3.90.
 *
 * Rounded are the sums of the lines so far, in the order of their uids, and each
 * line gets what its own adds: it is off by less than a cent.
 *
 * total  what was paid for all lines, tax included, as the till says it; NULL,
 *        or further from the lines than a cent of each: what they come to,
 *        rounded half up. It is rounded, too.
 *
 * Where the amount of a line is not known, the others are rounded alone.
 */
void cents_share(struct sale *sale, const struct decimal *total);

#endif
