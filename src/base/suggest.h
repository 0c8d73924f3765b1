/* suggest.h - "did you mean": which of the words that are known is nearest to one that is not.
 *
 *     struct swapci_suggestion s = {.word = given};
 *     for (…) swapci_suggest_offer(&s, known[i]);
 *     fail("no command is called \"%s\"%s", given, swapci_suggest_text(&s));
 *
 * Near is: a letter or two wrong, missing, too many or exchanged (one in three at most), or the
 * beginning of the word.
 *
 * Threads: pure. Ownership: plain storage of the caller; word is borrowed, candidates are copied.
 */
#ifndef SWAPCI_SUGGEST_H
#define SWAPCI_SUGGEST_H

#include <stddef.h>

enum { SWAPCI_SUGGEST_MAX = 64 }; /* longer words are neither given nor suggested */

struct swapci_suggestion {
    const char *word;
    size_t distance;               /* of the best one */
    char best[SWAPCI_SUGGEST_MAX]; /* "": none is near enough */
    char text[SWAPCI_SUGGEST_MAX + 24];
};

void swapci_suggest_offer(struct swapci_suggestion *suggestion, const char *candidate);

/* Returns ": did you mean \"best\"?", or "" when nothing is near; borrowed from suggestion. */
const char *swapci_suggest_text(struct swapci_suggestion *suggestion);

#endif
