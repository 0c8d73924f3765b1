#include "wrap.h"

#include <string.h>

size_t swapci_wrap_columns(const char *text, size_t len) {
    size_t count = 0;
    for (size_t i = 0; i < len; i++) count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

size_t swapci_wrap(FILE *to, const char *text, size_t at, size_t indent) {
    for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
        size_t len = strcspn(text, " \n"), width = swapci_wrap_columns(text, len);
        if (at > indent && at + 1 + width > SWAPCI_WRAP_WIDTH) {
            fprintf(to, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            fputc(' ', to);
            at++;
        }
        fwrite(text, 1, len, to);
        at += width;
        text += len;
    }
    return at;
}
