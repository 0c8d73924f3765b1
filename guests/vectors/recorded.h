/* recorded.h - calls recorded of the original system's modules, byte for byte.
 *
 * Threads: constants.
 */
#ifndef SWAPCI_RECORDED_H
#define SWAPCI_RECORDED_H

struct swapci_recorded {
    const char *name;   /* "schnorr: flipped message" */
    const char *module; /* "schnorr" or "ecdsa" */
    const char *operation;
    const char *request_hex;
    const char *response_hex; /* NULL: the guest fails */
};

/* Ends with a row of NULL name. */
extern const struct swapci_recorded swapci_recorded[];

#endif
