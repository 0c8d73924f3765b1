/* src/pipeline/method_table.c with one line more. */
#include "method.h"

extern const swapci_method swapci_method_schnorr, swapci_method_ecdsa, swapci_method_hedged;

const swapci_method *const swapci_method_table[] = {
    &swapci_method_schnorr,
    &swapci_method_ecdsa,
    &swapci_method_hedged,
};
const unsigned swapci_method_count = sizeof swapci_method_table / sizeof *swapci_method_table;
