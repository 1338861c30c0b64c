#ifndef API_PAGE_H
#define API_PAGE_H

/* The look of the status page: the text of its <style>. */
extern const char api_page_style[];

#endif
