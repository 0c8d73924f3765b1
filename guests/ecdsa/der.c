#include "der.h"

/* Takes an element off der, of that tag and of a length below 128 (a signature has no longer one).
 * Returns 1 with its content. */
static int take(swapc_bytes *der, uint8_t tag, swapc_bytes *content) {
    if (der->len < 2 || der->ptr[0] != tag || der->ptr[1] > 127 || der->ptr[1] > der->len - 2)
        return 0;
    *content = swapc_bytes_of(der->ptr + 2, der->ptr[1]);
    *der = swapc_bytes_of(der->ptr + 2 + content->len, der->len - 2 - content->len);
    return 1;
}

static int take_integer(swapc_bytes *der, uint8_t out[32]) {
    swapc_bytes content;
    if (!take(der, 0x02, &content) || content.len == 0 || content.ptr[0] & 0x80) return 0;
    if (content.ptr[0] == 0 && content.len > 1) {
        if (!(content.ptr[1] & 0x80)) return 0; /* a zero too many */
        content = swapc_bytes_of(content.ptr + 1, content.len - 1);
    }
    if (content.len > 32) return 0;
    memset(out, 0, 32);
    memcpy(out + 32 - content.len, content.ptr, content.len);
    return 1;
}

int swapci_der_read(swapc_bytes der, uint8_t compact[64]) {
    swapc_bytes content;
    return take(&der, 0x30, &content) && der.len == 0 && take_integer(&content, compact) &&
           take_integer(&content, compact + 32) && content.len == 0;
}
