/* An authenticated call as queued: releasing it is all there is to do. */
#include "gateway/model/event.h"

#include <stdlib.h>

void
event_fini(struct event *event)
{
	free(event->account);
	free(event->topic);
	free(event->id);
	free(event->query);
	free(event->body);
	free(event->entry_id);
	*event = (struct event){ 0 };
}
