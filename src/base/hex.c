#include "hex.h"

void swapci_hex_encode(swapc_bytes data, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < data.len; i++) {
        out[2 * i] = digits[data.ptr[i] >> 4];
        out[2 * i + 1] = digits[data.ptr[i] & 15];
    }
    out[2 * data.len] = '\0';
}

/* Returns the digit's value, or -1. */
static int digit(uint8_t c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

int swapci_hex_decode(swapc_bytes text, uint8_t *out) {
    if (text.len % 2) return 0;
    for (size_t i = 0; i < text.len; i += 2) {
        int high = digit(text.ptr[i]);
        int low = digit(text.ptr[i + 1]);
        if (high < 0 || low < 0) return 0;
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    return 1;
}
