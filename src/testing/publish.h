/* publish.h - publishing in tests, where it must not fail.
 *
 * Threads and ownership: as swapc/slot.h.
 */
#ifndef SWAPCI_TESTING_PUBLISH_H
#define SWAPCI_TESTING_PUBLISH_H

#include "swapc/slot.h"
#include "test_main.h"

/* Publishes; returns the new generation. */
static inline uint64_t published(swapc_slot *slot, swapc_module *module) {
    uint64_t generation = 0;
    assert_int_equal(swapc_slot_publish(slot, module, &generation), SWAPC_OK);
    return generation;
}

/* swapc_slot_ensure_pin; returns whether it published. */
static inline int ensured(swapc_slot *slot, swapc_module *module, swapc_pin *pin) {
    int published_now = -1;
    assert_int_equal(swapc_slot_ensure_pin(slot, module, pin, &published_now), SWAPC_OK);
    return published_now;
}

#endif
