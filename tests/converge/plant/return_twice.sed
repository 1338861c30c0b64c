# file: adapters/square_returns.c
# what: a return that is listed again counts again
s/text_format\("%s%s", PREFIX, id\)/text_format("%s%s.%d", PREFIX, id, (int)(clock_wall_ms() \/ 4096))/
