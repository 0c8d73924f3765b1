/* tally.h - how a verifier's verdicts have come out, for people who ask it.
 *
 * Threads: note and read from any at once. Ownership: the caller's storage; zeroed it is ready.
 */
#ifndef SWAPCI_TALLY_H
#define SWAPCI_TALLY_H

#include <stdatomic.h>
#include <stdint.h>

enum { SWAPCI_TALLY_REASON_MAX = 64 };

typedef struct swapci_tally {
    _Atomic uint64_t valid, not_valid, errors;
    _Atomic uint64_t unknown_keys;             /* of not_valid: their key is not in keys.pub */
    _Atomic uint64_t reason_turn;              /* odd while last_reason is being written */
    char last_reason[SWAPCI_TALLY_REASON_MAX]; /* of the last Error */
} swapci_tally;

/* Counts one verdict; reason may be NULL. */
void swapci_tally_note(swapci_tally *tally, const char *status, const char *reason);

/* Copies the reason of the last Error, "" when there was none. */
void swapci_tally_reason(swapci_tally *tally, char out[SWAPCI_TALLY_REASON_MAX]);

#endif
