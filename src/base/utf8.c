#include "utf8.h"

/* The length of the sequence that starts with lead, and the range of its second byte, which keeps
 * out overlong forms, surrogates and what is past U+10FFFF. 0: no lead. */
static unsigned sequence(uint8_t lead, uint8_t *low, uint8_t *high) {
    *low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    *high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) return 2;
    if (lead >= 0xe0 && lead <= 0xef) return 3;
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

size_t swapci_utf8_character(swapc_bytes bytes) {
    const uint8_t *at = bytes.ptr;
    uint8_t low;
    uint8_t high;
    if (at[0] < 0x80) return 1;
    unsigned len = sequence(at[0], &low, &high);
    if (len == 0 || len > bytes.len || at[1] < low || at[1] > high) return 0;
    for (unsigned i = 2; i < len; i++)
        if ((at[i] & 0xc0) != 0x80) return 0;
    return len;
}

int swapci_utf8_valid(swapc_bytes bytes) {
    size_t at = 0;
    while (at < bytes.len) {
        uint64_t word;
        /* Most text is ASCII: eight at once. */
        while (bytes.len - at >= sizeof word) {
            memcpy(&word, bytes.ptr + at, sizeof word);
            if (word & 0x8080808080808080u) break;
            at += sizeof word;
        }
        if (at == bytes.len) break;
        size_t len = swapci_utf8_character(swapc_bytes_of(bytes.ptr + at, bytes.len - at));
        if (len == 0) return 0;
        at += len;
    }
    return 1;
}

size_t swapci_utf8_encode(uint32_t character, uint8_t *out) {
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = len; i-- > 1; character >>= 6) out[i] = (uint8_t)(0x80 | (character & 0x3f));
    out[0] = (uint8_t)(leads[len] | character);
    return len;
}
