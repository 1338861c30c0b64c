# file: gateway/engine/receiver.c
# what: 202 although the event was not written
# breaks: Galaxy has -.* too many|should show
s/if \(r == 0 \|\| r == QUEUE_DUPLICATE\) \{/if (r <= 0 || r == QUEUE_DUPLICATE) {/
