#include "reader.h"

/* In the last byte that a number may have, the bits beyond its width: zero, or copies of the
 * sign. */
static bool fits(uint8_t last, unsigned used, bool is_signed) {
    uint8_t payload = last & 0x7f;
    if (used >= 7) return true;
    if (!is_signed) return payload >> used == 0;
    uint8_t beyond = (uint8_t)(payload >> (used - 1));
    return beyond == 0 || beyond == 0x7f >> (used - 1);
}

uint64_t swapci_wasm_leb(struct swapci_wasm_reader *r, unsigned bits, bool is_signed) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
        uint8_t byte = swapci_wasm_byte(r);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80) continue;
        if (!fits(byte, bits - shift, is_signed)) break;
        if (is_signed && byte & 0x40 && shift + 7 < 64) value |= UINT64_MAX << (shift + 7);
        return r->bad ? 0 : value;
    }
    r->bad = true;
    return 0;
}
