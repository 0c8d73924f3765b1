#include "printable.h"

#include <stdio.h>

#include "hex.h"
#include "utf8.h"

struct range {
    uint32_t first, last;
};

/* Characters that act instead of showing. */
static const struct range acting[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},       {0x61c, 0x61c},
    {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},
    {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
};

static bool acts(uint32_t character) {
    for (size_t i = 0; i < sizeof acting / sizeof *acting; i++)
        if (character >= acting[i].first && character <= acting[i].last) return true;
    return false;
}

static uint32_t code_point(const uint8_t *at, size_t len) {
    if (len == 1) return at[0];
    uint32_t value = at[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) value = value << 6 | (at[i] & 0x3f);
    return value;
}

static void escape(uint32_t character, bool byte, char piece[SWAPCI_PRINTABLE_PIECE]) {
    const char *letters = "\n\r\t\\", *names = "nrt\\";
    const char *found = character && !byte ? strchr(letters, (int)(character & 0x7f)) : NULL;
    if (found && character < 0x80)
        snprintf(piece, SWAPCI_PRINTABLE_PIECE, "\\%c", names[found - letters]);
    else if (byte || character < 0x80)
        snprintf(piece, SWAPCI_PRINTABLE_PIECE, "\\x%02x", character & 0xff);
    else snprintf(piece, SWAPCI_PRINTABLE_PIECE, "\\u{%x}", character);
}

/* ASCII that is shown as it is, which is most of what there is. */
static bool is_plain(uint8_t byte) {
    return byte >= 0x20 && byte < 0x7f && byte != '\\';
}

bool swapci_printable_next(swapc_bytes *rest, char piece[SWAPCI_PRINTABLE_PIECE]) {
    const uint8_t *at = rest->ptr;
    if (is_plain(at[0])) {
        memcpy(piece, (const char[]){(char)at[0], '\0'}, 2);
        *rest = swapc_bytes_of(at + 1, rest->len - 1);
        return false;
    }
    size_t len = swapci_utf8_character(*rest), taken = len ? len : 1;
    uint32_t character = len ? code_point(at, len) : at[0];
    bool escaped = len == 0 || acts(character) || character == '\\';
    if (escaped) {
        escape(character, len == 0, piece);
    } else {
        memcpy(piece, at, len);
        piece[len] = '\0';
    }
    *rest = swapc_bytes_of(at + taken, rest->len - taken);
    return escaped;
}

static char *write_pieces(swapc_bytes bytes, bool line, char *out, size_t size) {
    size_t used = 0, fits = 0; /* fits: up to where "..." has room */
    out[0] = '\0';
    while (bytes.len > 0) {
        char piece[SWAPCI_PRINTABLE_PIECE];
        bool backslash = bytes.ptr[0] == '\\';
        swapci_printable_next(&bytes, piece);
        if (line && backslash) piece[1] = '\0';
        size_t len = strlen(piece);
        if (used + len >= size) {
            memcpy(out + fits, "...", sizeof "...");
            return out;
        }
        memcpy(out + used, piece, len + 1);
        used += len;
        if (used + 3 < size) fits = used;
    }
    return out;
}

char *swapci_printable(swapc_bytes bytes, char *out, size_t size) {
    return write_pieces(bytes, false, out, size);
}

char *swapci_printable_line(char *text, size_t size) {
    char copy[SWAPCI_PRINTABLE_LINE_MAX];
    swapc_bytes bytes = swapc_bytes_str(text);
    if (swapci_printable_is(bytes)) return text;
    if (bytes.len >= sizeof copy) bytes.len = sizeof copy - 1;
    memcpy(copy, text, bytes.len);
    return write_pieces(swapc_bytes_of(copy, bytes.len), true, text, size);
}

bool swapci_printable_is(swapc_bytes bytes) {
    while (bytes.len > 0) {
        if (is_plain(bytes.ptr[0])) {
            bytes = swapc_bytes_of(bytes.ptr + 1, bytes.len - 1);
            continue;
        }
        char piece[SWAPCI_PRINTABLE_PIECE];
        bool backslash = bytes.ptr[0] == '\\';
        if (swapci_printable_next(&bytes, piece) && !backslash) return false;
    }
    return true;
}

static bool is_text(swapc_bytes bytes) {
    while (bytes.len > 0) {
        char piece[SWAPCI_PRINTABLE_PIECE];
        if (swapci_printable_next(&bytes, piece) && !strchr("nrt\\", piece[1])) return false;
    }
    return true;
}

char *swapci_printable_value(swapc_bytes bytes, char *out, size_t size) {
    if (is_text(bytes)) {
        out[0] = '"';
        swapci_printable(bytes, out + 1, size - 2);
        return strcat(out, "\"");
    }
    size_t fits = (size - sizeof "...") / 2;
    bool cut = bytes.len > fits;
    if (cut) bytes.len = fits;
    swapci_hex_encode(bytes, out);
    return cut ? strcat(out, "...") : out;
}
