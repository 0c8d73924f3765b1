/* page.h - the files of dashboard/, which the program carries in itself.
 *
 * Threads: any. Each is a handler of http_server.h for one file.
 */
#ifndef SWAPCI_PAGE_H
#define SWAPCI_PAGE_H

#include "http_server.h"

#define SWAPCI_PAGE_FILES(X)                                                                       \
    X(index, "index.html", "text/html; charset=utf-8")                                             \
    X(app, "app.js", "text/javascript; charset=utf-8")                                             \
    X(chart, "chart.js", "text/javascript; charset=utf-8")                                         \
    X(dom, "dom.js", "text/javascript; charset=utf-8")                                             \
    X(partitions, "partitions.js", "text/javascript; charset=utf-8")                               \
    X(model, "model.js", "text/javascript; charset=utf-8")                                         \
    X(style, "style.css", "text/css; charset=utf-8")                                               \
    X(icon, "icon.svg", "image/svg+xml")

#define SWAPCI_PAGE_DECLARE(name, file, type)                                                      \
    void swapci_page_##name(void *user, const swapci_http_request *request,                        \
                            swapci_http_reply *reply);
SWAPCI_PAGE_FILES(SWAPCI_PAGE_DECLARE)
#undef SWAPCI_PAGE_DECLARE

#endif
