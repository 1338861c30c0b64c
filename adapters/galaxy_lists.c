/*
 * Galaxy, the lists of its Sync service: one line each.
 *
 * In dependency order (galaxy.md 13): what is referred to comes first, and the
 * customers come before the balances, so that nothing that an entry needs is
 * missing once the balances are known. Adding a list is adding a line.
 *
 * Source    Galaxy API documentation (Sync Service): names and paths. Optional
 *           are those that are printed nowhere public, or in reference pages
 *           that not every installation follows (galaxy.md 5, 7.4, 7.7).
 */
#include "adapters/galaxy.h"

enum { MUST = false, MAY = true, BY_IDS = true, NO_IDS = false };

#define NAMED "Code", "Description"

/*
 * name: the last part of its path and its name in the mirror; key: the member
 * that identifies a row; cursor; may a 404 be no trouble; is it filtered by ids
 * (galaxy.md 3); then the members under which a row is found.
 */
/* clang-format off */
#define LISTS(X) \
	X("webscenarios",     "ID",     NONE,     MUST, NO_IDS, NAMED) \
	X("companies",        "ID",     REVISION, MUST, NO_IDS, NAMED) \
	X("companysites",     "ID",     REVISION, MUST, NO_IDS, NAMED) \
	X("companygroups",    "ID",     NONE,     MAY,  NO_IDS, NAMED) \
	X("banks",            "ID",     NONE,     MAY,  NO_IDS, NAMED) \
	X("countries",        "ID",     NONE,     MUST, NO_IDS, NAMED) \
	X("prefectures",      "ID",     NONE,     MUST, NO_IDS, NAMED) \
	X("cities",           "ID",     NONE,     MUST, NO_IDS, NAMED) \
	X("currencies",       "ID",     NONE,     MUST, NO_IDS, NAMED) \
	X("paymethods",       "ID",     NONE,     MUST, NO_IDS, NAMED) \
	X("charges",          "ID",     NONE,     MUST, NO_IDS, NAMED) \
	X("dispatchpurposes", "ID",     NONE,     MUST, NO_IDS, NAMED) \
	X("shippingmethods",  "ID",     NONE,     MUST, NO_IDS, NAMED) \
	X("agencies",         "ID",     NONE,     MUST, NO_IDS, NAMED) \
	X("vatsmaster",       "ID",     NONE,     MUST, NO_IDS, NAMED) \
	X("prefixes",         "ID",     NONE,     MAY,  NO_IDS, NAMED) \
	X("customers",        "ID",     REVISION, MUST, BY_IDS, NAMED) \
	X("customersites",    "ID",     REVISION, MUST, NO_IDS, NAMED) \
	X("itemcategories",   "ID",     REVISION, MAY,  NO_IDS, NAMED) \
	X("itemattributes",   "ID",     REVISION, MUST, NO_IDS, NAMED) \
	X("itemdimensions",   "ID",     REVISION, MUST, NO_IDS, NAMED) \
	X("items",            "ItemID", REVISION, MUST, BY_IDS, \
	  "ItemID", "ID", "AlterCode", GALAXY_SKU_MEMBER) \
	X("itemaltercodes",   "ID",     REVISION, MAY,  NO_IDS, "Code") \
	X("itembalances",     "ID",     TIME,     MUST, BY_IDS, "ID") \
	X("itemimages",       "ID",     REVISION, MAY,  BY_IDS, "ItemID")
/* clang-format on */

#define ENTITY(name_, key_, cursor_, is_optional_, has_ids_, ...) \
	{ .name = (name_), \
	  .path = "/services/sync/" name_, \
	  .key = (key_), \
	  .names = { __VA_ARGS__ }, \
	  .cursor = GALAXY_CURSOR_##cursor_, \
	  .is_optional = (is_optional_) },

#define LIST(name_, key_, cursor_, is_optional_, has_ids_, ...) \
	{ (name_), (has_ids_) },

const struct galaxy_entity galaxy_entities[] = { LISTS(ENTITY){
	.name = NULL } };

const struct adapter_list galaxy_lists[] = { LISTS(LIST){ NULL, false } };
