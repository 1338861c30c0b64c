/* What follows from an adapter's table, said once. */
#include "gateway/ports/adapter.h"

bool
adapter_can_find(const struct adapter_ops *ops, const struct conf_section *conf,
                 enum entry_kind kind)
{
	return ops && ops->find_entry &&
	       (!ops->can_find || ops->can_find(conf, kind));
}
