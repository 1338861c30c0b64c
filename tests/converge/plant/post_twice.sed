# file: gateway/drivers/store_ledger.c
# what: an uncertain entry is posted again, blindly
# breaks: was posted [0-9]+ times
s/case VERDICT_UNCERTAIN: return "uncertain";/case VERDICT_UNCERTAIN: return "ready";/
