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

#define NAMES(...) \
	{ \
		__VA_ARGS__ \
	}
#define LINKS(...) \
	{ \
		__VA_ARGS__ \
	}

#define NAMED  NAMES("Code", "Description")
#define NOBODY LINKS({ NULL, NULL })
#define COMPANY \
	{ \
		"CompanyID", "companies" \
	}
#define OF_ITEM LINKS({ "ItemID", "items" })

/*
 * name: the last part of its path and its name in the mirror; key: the member
 * that identifies a row; cursor; may a 404 be no trouble; is it filtered by ids
 * (galaxy.md 3); the members under which a row is found; the members that hold
 * the key of a row of an earlier list.
 */
/* clang-format off */
/* cppcheck-suppress preprocessorErrorDirective ; it miscounts braces */
#define LISTS(X) \
	X("webscenarios",     "ID", NONE,     MUST, NO_IDS, NAMED, NOBODY) \
	X("companies",        "ID", REVISION, MUST, NO_IDS, NAMED, NOBODY) \
	X("companysites",     "ID", REVISION, MUST, NO_IDS, NAMED, LINKS(COMPANY)) \
	X("companygroups",    "ID", NONE,     MAY,  NO_IDS, NAMED, NOBODY) \
	X("banks",            "ID", NONE,     MAY,  NO_IDS, NAMED, NOBODY) \
	X("countries",        "ID", NONE,     MUST, NO_IDS, NAMED, NOBODY) \
	X("prefectures",      "ID", NONE,     MUST, NO_IDS, NAMED, NOBODY) \
	X("cities",           "ID", NONE,     MUST, NO_IDS, NAMED, \
	  LINKS({ "PrefectureID", "prefectures" })) \
	X("currencies",       "ID", NONE,     MUST, NO_IDS, NAMED, NOBODY) \
	X("paymethods",       "ID", NONE,     MUST, NO_IDS, NAMED, NOBODY) \
	X("charges",          "ID", NONE,     MUST, NO_IDS, NAMED, NOBODY) \
	X("dispatchpurposes", "ID", NONE,     MUST, NO_IDS, NAMED, NOBODY) \
	X("shippingmethods",  "ID", NONE,     MUST, NO_IDS, NAMED, NOBODY) \
	X("agencies",         "ID", NONE,     MUST, NO_IDS, NAMED, NOBODY) \
	X("vatsmaster",       "ID", NONE,     MUST, NO_IDS, NAMED, NOBODY) \
	X("prefixes",         "ID", NONE,     MAY,  NO_IDS, NAMED, LINKS(COMPANY)) \
	X("customers",        "ID", REVISION, MUST, BY_IDS, NAMED, \
	  LINKS(COMPANY, { "CurrencyID", "currencies" })) \
	X("customersites",    "ID", REVISION, MUST, NO_IDS, NAMED, \
	  LINKS({ "CustomerID", "customers" }, { "CountryID", "countries" }, \
	       { "PrefectureID", "prefectures" }, { "CityID", "cities" })) \
	X("itemcategories",   "ID", REVISION, MAY,  NO_IDS, NAMED, NOBODY) \
	X("itemattributes",   "ID", REVISION, MUST, NO_IDS, NAMED, NOBODY) \
	X("itemdimensions",   "ID", REVISION, MUST, NO_IDS, NAMED, NOBODY) \
	X("items", "ItemID", REVISION, MUST, BY_IDS, \
	  NAMES("ItemID", "ID", "AlterCode", GALAXY_SKU_MEMBER), \
	  LINKS(COMPANY, { "VATsMasterID", "vatsmaster" }, \
	       { "Dimension1ID", "itemdimensions" }, \
	       { "Dimension2ID", "itemdimensions" }, \
	       { "Dimension3ID", "itemdimensions" })) \
	X("itemaltercodes",   "ID", REVISION, MAY,  NO_IDS, NAMES("Code"), OF_ITEM) \
	X("itembalances",     "ID", TIME,     MUST, BY_IDS, NAMES("ID"), NOBODY) \
	X("itemimages",       "ID", REVISION, MAY,  BY_IDS, NAMES("ItemID"), OF_ITEM)

#define ENTITY(name_, key_, cursor_, is_optional_, has_ids_, names_, links_) \
	{ .name = (name_), \
	  .path = "/services/sync/" name_, \
	  .key = (key_), \
	  .names = names_, \
	  .cursor = GALAXY_CURSOR_##cursor_, \
	  .links = links_, \
	  .is_optional = (is_optional_) },

#define LIST(name_, key_, cursor_, is_optional_, has_ids_, names_, links_) \
	{ (name_), (has_ids_) },
/* clang-format on */

const struct galaxy_entity galaxy_entities[] = { LISTS(ENTITY){
	.name = NULL } };

const struct adapter_list galaxy_lists[] = { LISTS(LIST){ NULL, false } };
