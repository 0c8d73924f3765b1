#include "suggest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* The number of letters to change, add, leave out or exchange with their neighbour. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len) {
    size_t row[3][SWAPCI_SUGGEST_MAX + 1];
    for (size_t j = 0; j <= b_len; j++) row[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *now = row[i % 3], *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            now[j] =
                least(before[j - 1] + (a[i - 1] != b[j - 1]), least(before[j] + 1, now[j - 1] + 1));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], earlier[j - 2] + 1);
        }
    }
    return row[a_len % 3][b_len];
}

void swapci_suggest_offer(struct swapci_suggestion *suggestion, const char *candidate) {
    size_t given = strlen(suggestion->word), len = strlen(candidate);
    if (given == 0 || len == 0 || given >= SWAPCI_SUGGEST_MAX || len >= SWAPCI_SUGGEST_MAX) return;
    bool begins = given >= 3 && strncmp(suggestion->word, candidate, given) == 0;
    size_t far = begins ? 1 : distance(suggestion->word, given, candidate, len);
    size_t allowed = least(least(given, len) < 3 ? 1 : (given + 1) / 3, 3);
    if (far > allowed || far >= least(given, len) + begins) return;
    if (suggestion->best[0] && far >= suggestion->distance) return;
    suggestion->distance = far;
    memcpy(suggestion->best, candidate, len + 1);
}

const char *swapci_suggest_text(struct swapci_suggestion *suggestion) {
    suggestion->text[0] = '\0';
    if (suggestion->best[0])
        snprintf(suggestion->text, sizeof suggestion->text, ": did you mean \"%s\"?",
                 suggestion->best);
    return suggestion->text;
}
