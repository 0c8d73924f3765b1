#include "page.h"

#include <string.h>

#include "embedded.h"

extern const struct swapci_embedded swapci_page_files[]; /* made of dashboard/ */

static void answer(const char *file, const char *type, swapci_http_reply *reply) {
    const struct swapci_embedded *f = swapci_page_files;
    while (strcmp(f->path, file) != 0) f++;
    reply->type = type;
    reply->constant = swapc_bytes_of(f->bytes, f->len);
}

#define DEFINE(name, file, type)                                                                   \
    void swapci_page_##name(void *user, const swapci_http_request *request,                        \
                            swapci_http_reply *reply) {                                            \
        (void)user, (void)request;                                                                 \
        answer(file, type, reply);                                                                 \
    }
SWAPCI_PAGE_FILES(DEFINE)
