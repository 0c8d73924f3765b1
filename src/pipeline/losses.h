/* losses.h - how many messages others took away before anybody could judge them, by what Redis counts.
 *
 * Of all entries that a stream ever had each has a verdict, or is open (in the stream, or pending), or was
 * taken away by others: by the difference of two looks that is told whatever they did (XTRIM, XADD MAXLEN, XDEL).
 * Verdicts that were stored twice, after a crash, make it fewer, never more. What went before the first look, while
 * no signer was there, is told by how far the group has read, which Redis does not always know, and newer ones
 * (7.2.6, 7.4) forget with the next message that is read.
 *
 * A stream that was deleted or renamed away is another one when it is there again, and what it counts has nothing
 * to do with what was seen before: from then on only what the group has read is believed.
 *
 * Threads: none of its own. Ownership: the caller's storage. Nothing fails.
 */
#ifndef SWAPCI_LOSSES_H
#define SWAPCI_LOSSES_H

#include <stdbool.h>
#include <stdint.h>

/* What was counted in one atomic look. */
typedef struct swapci_counts {
    uint64_t added;    /* entries that the stream ever had */
    uint64_t verdicts; /* that were ever stored */
    uint64_t
        open; /* messages that have none yet; of a stream that is not settled at least so many */
    int64_t gone; /* that the group was never given and that are gone, at least; -1: not known */
} swapci_counts;

typedef struct swapci_losses {
    swapci_counts before; /* at the last look */
    bool looked;          /* there was one */
    bool renewed;         /* set by the owner: the group was there, and was made anew */
    uint64_t gone_told;
} swapci_losses;

#define SWAPCI_LOSSES_INIT {.looked = false}

/* Begins to count: with a signer, and when the group was made anew. Returns how many are known to be gone. */
uint64_t swapci_losses_begin(swapci_losses *losses, const swapci_counts *now);

/* At a look at a settled stream: all that is there has been given out. Returns how many more are gone than were
 * returned before. */
uint64_t swapci_losses_more(swapci_losses *losses, const swapci_counts *now);

#endif
