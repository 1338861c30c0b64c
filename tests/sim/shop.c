/* A delicatessen in Athens, as far as names and prices go. */
#include "tests/sim/shop.h"

#include <stdio.h>

enum { VAT_STANDARD = 0, VAT_REDUCED = 1 };

static const struct {
	const char *name;
	const char *kinds[4];
	int cents; /* of the first kind, about */
	int vat;
	int n_decimals;
} products[] = {
	{ "Ελαιόλαδο εξαιρετικό παρθένο",
	  { "500 ml", "1 l", "3 l", "5 l" },
	  650,
	  VAT_REDUCED,
	  0 },
	{ "Μέλι θυμαρίσιο Κρήτης",
	  { "250 g", "450 g", "1 kg", "με καρύδια" },
	  590,
	  VAT_REDUCED,
	  0 },
	{ "Coffee beans Ethiopia",
	  { "250 g", "500 g", "1 kg", "decaf 250 g" },
	  890,
	  VAT_REDUCED,
	  0 },
	{ "Οίνος Αγιωργίτικο ερυθρός",
	  { "375 ml", "750 ml", "magnum", "δώρο 2 φιάλες" },
	  740,
	  VAT_STANDARD,
	  0 },
	{ "Ελιές Καλαμών χύμα",
	  { "μεσαίες", "μεγάλες", "γίγας", "εκπυρηνωμένες" },
	  780,
	  VAT_REDUCED,
	  3 },
	{ "Μαρμελάδα σύκο",
	  { "220 g", "380 g", "χωρίς ζάχαρη", "με πορτοκάλι" },
	  420,
	  VAT_REDUCED,
	  0 },
	{ "Herbal tea mountain",
	  { "30 g", "50 g", "100 g", "20 bags" },
	  380,
	  VAT_REDUCED,
	  0 },
	{ "Σαπούνι ελαιολάδου",
	  { "100 g", "200 g", "λεβάντα", "δάφνη" },
	  290,
	  VAT_STANDARD,
	  0 },
	{ "Φέτα ΠΟΠ βαρελίσια",
	  { "6 μηνών", "12 μηνών", "καπνιστή", "αιγοπρόβεια" },
	  1180,
	  VAT_REDUCED,
	  3 },
	{ "Chocolate bar dark 70 %",
	  { "50 g", "100 g", "sea salt", "orange" },
	  310,
	  VAT_REDUCED,
	  0 },
	{ "Τσίπουρο χωρίς γλυκάνισο",
	  { "200 ml", "500 ml", "700 ml", "παλαιωμένο" },
	  960,
	  VAT_STANDARD,
	  0 },
	{ "Κεραμική κούπα",
	  { "λευκή", "μπλε", "πράσινη", "ζεύγος" },
	  850,
	  VAT_STANDARD,
	  0 },
};

const char *const shop_sized_names[SHOP_N_SIZED] = {
	"Μπλουζάκι βαμβακερό «Agora»",
	"Ποδιά κουζίνας λινή",
	"Καπέλο ψάθινο",
	"Γάντια κηπουρικής",
};
const char *const shop_sizes[SHOP_N_SIZES] = { "S", "M", "L" };

void
shop_product(struct shop_product *out, struct sim *sim, unsigned i)
{
	const unsigned n = sizeof(products) / sizeof(products[0]);
	unsigned row = i % n;
	unsigned kind = i / n % 4;
	unsigned series = i / n / 4;
	unsigned pieces = 20 + sim_below(sim, 60);

	snprintf(out->name, sizeof(out->name), "%s %s", products[row].name,
	         products[row].kinds[kind]);
	if (series > 0)
		snprintf(out->name, sizeof(out->name), "%s %s, No %u",
		         products[row].name, products[row].kinds[kind],
		         series + 1);
	out->price = decimal_of_scaled(
		products[row].cents +
			(int)(kind * 210 + 10 * sim_below(sim, 20)),
		2);
	out->vat = products[row].vat;
	out->n_decimals = products[row].n_decimals;
	out->note =
		row % 2 ? "Από μικρούς παραγωγούς, σε περιορισμένες ποσότητες."
			: "Να φυλάσσεται σε δροσερό και σκιερό μέρος.";
	out->stock = decimal_of(pieces);
	if (out->n_decimals > 0)
		out->stock = decimal_of_scaled(
			(int64_t)pieces * 1000 + 250 * sim_below(sim, 4), 3);
}
