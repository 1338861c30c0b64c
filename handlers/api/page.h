#ifndef API_PAGE_H
#define API_PAGE_H

/* The look of the status page: its <style> holds one behind the other. */
extern const char api_page_style[];
extern const char api_page_style_narrow[];

#endif
