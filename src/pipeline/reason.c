#include "reason.h"

#include <string.h>

static const struct {
    const char *reason, *remedy;
} table[] = {
    {SWAPCI_REASON_UNKNOWN_KEY,
     "give the verifier the .pub file of this ring's signer as --keys, or "
     "a folder of such files"},
    {"key or signature", "signer and verifier read keys or signatures differently: are both of one "
                         "release, and is the verifier's module for this method?"},
    {"malformed", "the entry has no field m: see its producer"},
    {"unknown method",
     "the entry asks for a method that the signer does not know: see its producer"},
    {"method not served", "start the verifier with --method random, which serves all"},
    {"too large", "messages of that size are not taken: send smaller ones"},
    {"output too large", "Redis takes nothing of that size: raise the limit that the letter names, "
                         "or have the module answer "
                         "with less"},
    {"poisoned", "processes died on it: it is kept among the dead (swapc dead list)"},
    {"deleted", "somebody deleted it from the stream while it was under way"},
    {"no field", "the entry has not the field that --payload names: see its producer"},
    {"too many fields", "--copy cannot hand all of the entry's fields on: see its producer"},
    {"response", "the module answers no verify_message: swapc module check tells what it is"},
#define FAILS "the module fails: swapc module rollback goes back to the one before"
    {"TRAP", FAILS},
    {"TRAP_MEMORY", FAILS},
    {"TRAP_STACK", FAILS},
    {"EXIT", FAILS},
    {"GUEST_ERROR", FAILS},
#undef FAILS
    {"DEADLINE", "the module takes longer than --deadline allows"},
    {"LIMIT", "the module needs more than it is allowed: see the log"},
    {"MEMORY_LIMIT", "the module needs more memory than it is allowed: see the log"},
};

const char *swapci_reason_remedy(const char *reason) {
    for (size_t i = 0; reason && i < sizeof table / sizeof *table; i++)
        if (strcmp(reason, table[i].reason) == 0) return table[i].remedy;
    return "see the logs of signer and verifier";
}
