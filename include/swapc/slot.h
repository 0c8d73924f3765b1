/* swapc/slot.h - a name whose module can be replaced while calls run.
 *
 * A slot holds the current generation: a module and a number that rises with every publish. A
 * caller pins the current generation and calls it; whatever is published meanwhile, its calls run
 * on what it pinned. The old module is freed when the last pin and the slot have let go of it.
 *
 * Threads: every function may be called from several threads at once, except swapc_slot_free.
 *     A pin belongs to one thread at a time.
 * Ownership: the slot keeps its own reference to what is published. A pin is the caller's storage
 *     and must be released; modules stay alive while pinned.
 * NULL: where a function or a field does not say what it means, NULL is misuse.
 * Cost: pinning and publishing take the slot's lock once, some 20 ns, and allocate nothing
 *     (publishing does while pins of more than eight generations are held). No callback
 *     runs under that lock; log lines are written when it is free again.
 */
#ifndef SWAPC_SLOT_H
#define SWAPC_SLOT_H

#include "swapc/contract.h"
#include "swapc/module.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A place with a current module. */
typedef struct swapc_slot swapc_slot;

/* A hold on one generation: calls by it run on that module. */
typedef struct swapc_pin {
    swapc_module *module; /* borrowed from the pin */
    uint64_t generation;  /* 1 for the slot's first publish */
    void *cohort;         /* private */
} swapc_pin;

/* Makes an empty slot; name is copied. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapc_slot_new(const char *name, swapc_slot **out,
                                 swapc_error *error) SWAPC_WARN_UNUSED SWAPC_NONNULL(1, 2);

/* Gives the slot its contract (swapc/contract.h), of which it keeps a reference: from now on only
 * modules that were admitted are published. Before anything is published, and before other threads
 * use the slot. Returns SWAPC_OK, or BUSY when the slot has a contract or has published
 * something. */
enum swapc_status swapc_slot_set_contract(swapc_slot *slot, swapc_contract *contract,
                                          swapc_error *error) SWAPC_WARN_UNUSED SWAPC_NONNULL(1, 2);

/* The slot's contract, borrowed from it; NULL: none. */
const swapc_contract *swapc_slot_contract(const swapc_slot *slot) SWAPC_NONNULL(1);

/* Puts the slot's contract to the module and, when it answers, admits it: it may be published here,
 * and in every slot of the same contract, as often as wanted. A module that was admitted before is
 * not asked again; without a contract there is nothing to do. Blocks for the calls.
 * Returns SWAPC_OK, CONTRACT naming what the module lacks, or NO_MEMORY. */
enum swapc_status swapc_slot_admit(swapc_slot *slot, swapc_module *module,
                                   swapc_error *error) SWAPC_WARN_UNUSED SWAPC_NONNULL(1, 2);

/* Frees the slot; pins stay good. NULL does nothing. */
void swapc_slot_free(swapc_slot *slot);

/* Returns the slot's name; borrowed until it is freed. */
const char *swapc_slot_name(const swapc_slot *slot) SWAPC_NONNULL(1);

/* Makes module the current generation in one step; *generation (NULL: not wanted) receives its
 * number. In-flight calls finish on the generation before. Publishing the module that is current
 * already makes a new generation. Returns SWAPC_OK; CONTRACT when the slot has a contract that the
 * module was not admitted to; NO_MEMORY, only while pins of more than eight generations are held at
 * once (test for SWAPC_OK: a slot may have more conditions later). After failure it serves what it
 * had, and *generation is untouched. */
enum swapc_status swapc_slot_publish(swapc_slot *slot, swapc_module *module,
                                     uint64_t *generation) SWAPC_WARN_UNUSED SWAPC_NONNULL(1, 2);

/* Publishes and pins in one step: the pin is on this module, whatever others publish meanwhile, and
 * pin->generation is its number. Returns what swapc_slot_publish returns; after failure *pin is
 * untouched and must not be released. */
enum swapc_status swapc_slot_publish_pin(swapc_slot *slot, swapc_module *module,
                                         swapc_pin *pin) SWAPC_WARN_UNUSED SWAPC_NONNULL(1, 2, 3);

/* Pins module if it is current, else publishes and pins it, in one step; *published (NULL: not
 * wanted) receives 1 when it was published, else 0. Returns as swapc_slot_publish_pin. */
enum swapc_status swapc_slot_ensure_pin(swapc_slot *slot, swapc_module *module, swapc_pin *pin,
                                        int *published) SWAPC_WARN_UNUSED SWAPC_NONNULL(1, 2, 3);

/* Pins the current generation. Returns SWAPC_OK, or EMPTY when nothing was published yet; *pin is
 * then untouched and must not be released. */
enum swapc_status swapc_slot_pin(swapc_slot *slot, swapc_pin *pin) SWAPC_WARN_UNUSED
    SWAPC_NONNULL(1, 2);

/* Returns the number of the current generation, 0 for none. */
uint64_t swapc_slot_generation(swapc_slot *slot) SWAPC_NONNULL(1);

/* Publishes the module of the generation before the current one again, as a new generation, and
 * logs it; *generation (NULL: not wanted) receives its number. Returns SWAPC_OK, EMPTY when there
 * is none, or NO_MEMORY as swapc_slot_publish. */
enum swapc_status swapc_slot_rollback(swapc_slot *slot, uint64_t *generation) SWAPC_WARN_UNUSED
    SWAPC_NONNULL(1);

/* Waits until no pin of a generation before `generation` is held any more: after a swap, until the
 * last call has left the old module. A pin of an old generation that the caller holds itself
 * counts. timeout_ms 0: looks only. Returns SWAPC_OK, BUSY when the time is up, or INVALID when
 * there was no such generation yet. */
enum swapc_status swapc_slot_drain(swapc_slot *slot, uint64_t generation,
                                   uint32_t timeout_ms) SWAPC_WARN_UNUSED SWAPC_NONNULL(1);

/* The stages of a swap, in their order. Draining and retiring follow by themselves: the old module
 * is freed when its last pin and the slot, which keeps it for one rollback, have let go. */
enum swapc_swap_stage {
    SWAPC_SWAP_PREPARE, /* find, read, compile */
    SWAPC_SWAP_CHECK,   /* what is wrong with the module itself: bundle, signature, version, imports
                             and exports, its start */
    SWAPC_SWAP_SELF_TEST, /* the slot's contract, and the bundle's own vectors */
    SWAPC_SWAP_PUBLISH    /* done */
};

/* Returns "prepare", "check", "self-test" or "publish". Static. */
const char *swapc_swap_stage_name(enum swapc_swap_stage stage);

/* What a swap does with the vectors of the bundle itself; a contract's are run whatever this
 * says. */
enum swapc_self_test {
    SWAPC_SELF_TEST_IF_ANY,   /* runs the vectors that the bundle has */
    SWAPC_SELF_TEST_REQUIRED, /* refuses a bundle without any */
    SWAPC_SELF_TEST_SKIP      /* runs none */
};

/* How a swap is done; borrowed for the call that takes it. */
typedef struct swapc_swap_options {
    size_t size;                    /* sizeof(swapc_swap_options), by SWAPC_SWAP_OPTIONS_INIT */
    enum swapc_self_test self_test; /* the vectors of the bundle */
    union {
        swapc_module_options module; /* engine, flavour, limits: of the new generation */
        unsigned char module_room[SWAPC_MODULE_OPTIONS_ROOM]; /* private: so that module can grow */
    };
} swapc_swap_options;

/* What a swapc_swap_options begins as: `swapc_swap_options name = SWAPC_SWAP_OPTIONS_INIT;`. */
#define SWAPC_SWAP_OPTIONS_INIT                                                                    \
    {                                                                                              \
        sizeof(swapc_swap_options), SWAPC_SELF_TEST_IF_ANY, {                                      \
            SWAPC_MODULE_OPTIONS_INIT                                                              \
        }                                                                                          \
    }

/* What a swap did, also where it was refused. */
typedef struct swapc_swap_report {
    size_t size;                 /* sizeof(swapc_swap_report), by SWAPC_SWAP_REPORT_INIT */
    enum swapc_swap_stage stage; /* PUBLISH, or where it was refused */
    unsigned self_tests;         /* vectors that the bundle has and that were run */
    uint64_t generation;         /* the new one; 0: refused */
    uint64_t load_us;            /* microseconds that preparing and checking took, */
    uint64_t self_test_us;       /* and the self-test */
} swapc_swap_report;

/* What a swapc_swap_report begins as: `swapc_swap_report name = SWAPC_SWAP_REPORT_INIT;`. */
#define SWAPC_SWAP_REPORT_INIT {sizeof(swapc_swap_report), SWAPC_SWAP_PREPARE, 0, 0, 0, 0}

/* Replaces a slot's module by the one at path, stage by stage: loads it (on any engine, whatever
 * the current one runs on), checks it, puts the slot's contract to it (never skipped), runs its
 * self-test and publishes it. Where the slot has a contract, a candidate that hangs is refused
 * soon: its start has 400 ms, and once more; each vector 250 ms (a contract's: what it says, at
 * most 10 s), and where one passes, all of them once more; a thread that hardly got a CPU meanwhile
 * has up to 16 times that (contract.h). A vector's own deadline_ms in the bundle counts up to 250
 * ms here, and all vectors, contract's and bundle's, have the contract's total_ms together; without
 * a contract the bundle's have 2 s, or the longest deadline_ms among them where that is more. (A
 * trust policy has the bundle's put while it is loaded as well, in a time of their own.) All of it
 *     happens on the caller's thread while the slot goes on serving what it has; pins and calls are
 *     not held up. options NULL: the defaults; report NULL: none. Swaps of one slot may run at
 *     once; each publishes.
 * Returns what swapc_module_load returns, CONTRACT, SELF_TEST, what swapc_slot_publish returns, or
 * INVALID (a size). After failure the slot is as before, error and the log say at which stage it
 * was refused and why; *report is filled in either case, as far as its size says, but after
 * INVALID for its size. */
enum swapc_status swapc_slot_swap(swapc_slot *slot, swapc_host *host, const char *path,
                                  const swapc_swap_options *options, swapc_swap_report *report,
                                  swapc_error *error) SWAPC_WARN_UNUSED SWAPC_NONNULL(1, 2, 3);

/* Lets go. The pin is void; one that is void already is left alone. */
void swapc_pin_release(swapc_pin *pin) SWAPC_NONNULL(1);

/* swapc_module_call on the pinned generation; console lines carry its number. */
enum swapc_status swapc_pin_call(const swapc_pin *pin, swapc_bytes operation, swapc_bytes payload,
                                 const swapc_call_options *options, swapc_reply *reply,
                                 swapc_error *error) SWAPC_WARN_UNUSED SWAPC_NONNULL(1, 5);

#ifdef __cplusplus
}
#endif
#endif
