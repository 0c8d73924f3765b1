#include "outcome.h"

enum swapci_outcome swapci_outcome_of(enum swapc_status status) {
    switch (status) {
    case SWAPC_CANCELLED:   /* by the verifier's end */
    case SWAPC_INTERRUPTED: /* the same */
    case SWAPC_NO_MEMORY:
    case SWAPC_SYSTEM:
    case SWAPC_IO: /* of a module's file, with swaps from disk */
    case SWAPC_BUSY:
    case SWAPC_UNREACHABLE:
        return SWAPCI_OUTCOME_AGAIN;
    case SWAPC_DEADLINE: /* of a process that was stopped, or of a crowded machine */
        return SWAPCI_OUTCOME_ONCE_MORE;
    case SWAPC_OK:
    case SWAPC_INVALID:
    case SWAPC_NOT_FOUND:
    case SWAPC_UNSUPPORTED:
    case SWAPC_NO_ENGINE:
    case SWAPC_TOO_LARGE:
    case SWAPC_EMPTY:
    case SWAPC_CLOSED:
    case SWAPC_MODULE_MALFORMED:
    case SWAPC_MODULE_EXPORT:
    case SWAPC_MODULE_IMPORT:
    case SWAPC_MODULE_INIT:
    case SWAPC_BUNDLE:
    case SWAPC_NOT_ALLOWED:
    case SWAPC_NO_FLAVOUR:
    case SWAPC_SIGNATURE:
    case SWAPC_VERSION:
    case SWAPC_SELF_TEST:
    case SWAPC_CONTRACT:
    case SWAPC_GUEST_ERROR:
    case SWAPC_TRAP:
    case SWAPC_TRAP_MEMORY:
    case SWAPC_TRAP_STACK:
    case SWAPC_MEMORY_LIMIT:
    case SWAPC_LIMIT:
    case SWAPC_EXIT:
    case SWAPC_CORRUPT:
    case SWAPC_PROTOCOL:
    case SWAPC_STATUS_END:
        break;
    }
    return SWAPCI_OUTCOME_VERDICT;
}
