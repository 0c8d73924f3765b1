/* reason.h - what to do about the reason of a verdict, for the people who are told of it.
 *
 * Threads: any. Ownership: static strings.
 */
#ifndef SWAPCI_REASON_H
#define SWAPCI_REASON_H

/* The reason of a NotValid whose key no file of the verifier's --keys has. */
#define SWAPCI_REASON_UNKNOWN_KEY "unknown key"

/* A remedy for `reason` of an Error or a NotValid, as the end of a sentence; for one that is not known, as
 * for NULL, where to look. */
const char *swapci_reason_remedy(const char *reason);

#endif
