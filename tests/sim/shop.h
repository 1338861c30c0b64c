#ifndef SIM_SHOP_H
#define SIM_SHOP_H

#include "gateway/base/decimal.h"
#include "tests/sim/sim.h"

/* What the shop of the simulation sells: names, prices, first stock. */
struct shop_product {
	char name[96];
	struct decimal price; /* VAT included */
	int vat;              /* row of Galaxy's vatsmaster */
	int n_decimals;       /* 0: by the piece; 3: by weight */
	struct decimal stock;
	const char *note; /* static; more about it */
};

/* The i-th product, the same for the same seed. Under the lock. */
void shop_product(struct shop_product *out, struct sim *sim, unsigned i);

/* The products that come in sizes, and their sizes. */
enum { SHOP_N_SIZES = 3, SHOP_N_SIZED = 4 };
extern const char *const shop_sized_names[SHOP_N_SIZED];
extern const char *const shop_sizes[SHOP_N_SIZES];

#endif
