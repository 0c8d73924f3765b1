#include "terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool swapci_terminal_colour(FILE *to) {
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fileno(to)) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

/* Asked of a locale object: the program's own stays "C", which numbers are written in. */
static bool is_utf8(void) {
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    bool utf8 = locale && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
    if (locale) freelocale(locale);
    return utf8;
}

static const struct {
    const char *sign, *ascii;
} signs[] = {
    {"µ", "u"}, {"×", "x"}, {"…", "..."}, {"–", "-"}, {"─", "-"}, {"│", "|"}, {"┌", "+"},
    {"┐", "+"}, {"└", "+"}, {"┘", "+"},   {"▶", ">"}, {"█", "#"}, {"░", "."}, {"·", "-"},
};

/* What stands for the sign at text; *len is its length. NULL: it is ASCII, or not in the table. */
static const char *replacement(const char *text, size_t *len) {
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        *len = strlen(signs[i].sign);
        if (strncmp(text, signs[i].sign, *len) == 0) return signs[i].ascii;
    }
    *len = 1;
    return NULL;
}

void swapci_terminal_put(FILE *to, const char *text) {
    if (is_utf8()) {
        fputs(text, to);
        return;
    }
    for (size_t len; *text; text += len) {
        const char *ascii = replacement(text, &len);
        if (ascii) fputs(ascii, to);
        else fputc(*text, to);
    }
}

void swapci_terminal_print(FILE *to, void (*write)(FILE *to, const void *user), const void *user) {
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    if (!memory) {
        write(to, user);
        return;
    }
    write(memory, user);
    if (fclose(memory) == 0 && text) swapci_terminal_put(to, text);
    else write(to, user);
    free(text);
}
