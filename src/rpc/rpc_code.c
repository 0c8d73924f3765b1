#include "rpc_code.h"

const char *swapci_rpc_code_name(int code) {
    switch (code) {
#define SWAPCI_RPC_CODE_CASE(name, number, status)                                                 \
    case number:                                                                                   \
        return #name;
        SWAPCI_RPC_CODE_MAP(SWAPCI_RPC_CODE_CASE)
#undef SWAPCI_RPC_CODE_CASE
    default:
        return "UNKNOWN";
    }
}

enum swapc_status swapci_rpc_code_status(int code) {
    switch (code) {
#define SWAPCI_RPC_CODE_CASE(name, number, status)                                                 \
    case number:                                                                                   \
        return SWAPC_##status;
        SWAPCI_RPC_CODE_MAP(SWAPCI_RPC_CODE_CASE)
#undef SWAPCI_RPC_CODE_CASE
    default:
        return SWAPC_PROTOCOL;
    }
}
