/* rpc_code.h - gRPC's canonical status codes under our names, and what each means as a
 * swapc_status. Numbers are the wire's.
 *
 * Threads: pure.
 */
#ifndef SWAPCI_RPC_CODE_H
#define SWAPCI_RPC_CODE_H

#include "swapc/error.h"

/* X(NAME, wire number, SWAPC_ status for a caller who gets it) */
#define SWAPCI_RPC_CODE_MAP(X)                                                                     \
    X(OK, 0, OK)                                                                                   \
    X(CANCELLED, 1, CANCELLED)                                                                     \
    X(UNKNOWN, 2, PROTOCOL)                                                                        \
    X(INVALID_ARGUMENT, 3, INVALID)                                                                \
    X(DEADLINE_EXCEEDED, 4, DEADLINE)                                                              \
    X(NOT_FOUND, 5, NOT_FOUND)                                                                     \
    X(ALREADY_EXISTS, 6, BUSY)                                                                     \
    X(PERMISSION_DENIED, 7, SYSTEM)                                                                \
    X(RESOURCE_EXHAUSTED, 8, LIMIT)                                                                \
    X(FAILED_PRECONDITION, 9, INVALID)                                                             \
    X(ABORTED, 10, BUSY)                                                                           \
    X(OUT_OF_RANGE, 11, INVALID)                                                                   \
    X(UNIMPLEMENTED, 12, UNSUPPORTED)                                                              \
    X(INTERNAL, 13, PROTOCOL)                                                                      \
    X(UNAVAILABLE, 14, UNREACHABLE)                                                                \
    X(DATA_LOSS, 15, CORRUPT)                                                                      \
    X(UNAUTHENTICATED, 16, SYSTEM)

enum swapci_rpc_code {
#define SWAPCI_RPC_CODE_ENUM(name, number, status) SWAPCI_RPC_##name = number,
    SWAPCI_RPC_CODE_MAP(SWAPCI_RPC_CODE_ENUM)
#undef SWAPCI_RPC_CODE_ENUM
};

/* Returns the code's name, "UNAVAILABLE"; "UNKNOWN" for any other number. Static. */
const char *swapci_rpc_code_name(int code);

/* Returns the status for a caller who gets code; PROTOCOL for a number that is no code. */
enum swapc_status swapci_rpc_code_status(int code);

#endif
