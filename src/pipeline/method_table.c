/* The only list of methods. In a file of its own: a program that brings a table of its own (as
 * tests/new_method does) does not link this one. */
#include "method.h"

extern const swapci_method swapci_method_schnorr, swapci_method_ecdsa;

const swapci_method *const swapci_method_table[] = {
    &swapci_method_schnorr, /* 0: also the method of messages that name none */
    &swapci_method_ecdsa,
};
const unsigned swapci_method_count = sizeof swapci_method_table / sizeof *swapci_method_table;
