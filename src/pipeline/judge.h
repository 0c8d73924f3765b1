/* judge.h - signed records in, a verdict for each out: the translator's request, the slot, the waPC call.
 *
 * The modules of the methods are shared by all workers; which of them a call runs on is settled for
 * each record by swap and pin as one operation, so that no record meets another method's module.
 * Records of one method may be judged by one call where their module announces the operation
 * verify_batch; what to do when that does not find all of them valid is the caller's (batch_credit.h).
 *
 * Threads: `judges` may be used by several threads at once; a `judge` belongs to one.
 * Ownership: new/free; what a verdict points at stays good until its judge's next record.
 */
#ifndef SWAPCI_JUDGE_H
#define SWAPCI_JUDGE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "buffer.h"
#include "histogram.h"
#include "known_keys.h"
#include "live_histogram.h"
#include "outcome.h"
#include "record.h"
#include "slots.h"
#include "swapc/swapc.h"
#include "verdict.h"

enum swapci_swap_mode {
    SWAPCI_SWAP_NONE, /* one slot a method, published once */
    SWAPCI_SWAP_WARM, /* one slot for all; resident modules are published */
    SWAPCI_SWAP_DISK, /* one slot for all; each publish loads the compiled form that is kept */
    SWAPCI_SWAP_COLD  /* one slot for all; each publish compiles anew */
};

typedef struct swapci_judges_config {
    const char
        *paths[SWAPCI_METHODS_MAX]; /* bundle of each method, by its number; NULL: not needed */
    const char *engine;             /* naming one that is no sandbox is the permission to run it */
    bool allow_native;              /* with such an engine: swaps may load it, too */
    enum swapci_swap_mode swap;
    bool every_message;   /* swapping: publish for each message (fixed method) */
    const char *keys_pub; /* path of keys.pub, or of a folder of such files */
    swapc_log log;
    unsigned workers;
    uint32_t deadline_ms;     /* of one call; 0: the host's default */
    uint64_t compile_ms;      /* as in swapc_limits */
    const swapc_trust *trust; /* NULL: any module is taken */
    const swapc_trust *
        check_trust; /* the same keys for swapci_slots_act's checks, without a memory of versions */
    const swapc_cancel *cancel; /* of every call; NULL: none; borrowed */
} swapci_judges_config;

typedef struct swapci_judges swapci_judges;

/* Opens a host, loads the modules and the public keys. Returns what loading returns; UNSUPPORTED (an
 * engine that cannot hold deadline_ms). */
enum swapc_status swapci_judges_new(const swapci_judges_config *config, swapci_judges **out,
                                    swapc_error *error);
void swapci_judges_free(swapci_judges *judges);

/* The slots, by the method's number and under its name: swapped from outside with SWAPCI_SWAP_NONE only, as in
 * the other modes the messages themselves swap. Borrowed. */
swapci_slots *swapci_judges_slots(swapci_judges *judges);

/* The module loaded for a method at the start, or NULL. Borrowed. */
const swapc_module_info *swapci_judges_module(const swapci_judges *judges,
                                              const swapci_method *method);

enum { SWAPCI_HINDRANCE_MAX = 600 };

/* Whether a module cannot be had at present, and why, as a sentence's part; "" when all can. Any thread. */
bool swapci_judges_hindrance(swapci_judges *judges, char out[SWAPCI_HINDRANCE_MAX]);

/* How many records were judged. */
uint64_t swapci_judges_judged(const swapci_judges *judges);

/* Whether the module that judges the method's messages now takes many at once. Never where messages swap
 * modules: each of them has its own swap. */
bool swapci_judges_batches(const swapci_judges *judges, const swapci_method *method);

/* One worker's own state. */
typedef struct swapci_judge {
    swapci_judges *judges;
    swapci_buffer request; /* of one record */
    swapci_buffer batch;   /* of many */
    swapc_reply reply;
    char digest_hex[65]; /* of the module that judged the last record */
    /* A message's thread CPU time of swap, pin and call, with MessagePack; with disk and cold swaps it is
     * wall time, since loading waits for files and engines may compile on threads of their own. Of
     * messages that were judged together each has its share, of batches that came to nothing, too. */
    swapci_histogram verify_ns;
    uint64_t spent_ns;    /* by the last record */
    uint64_t owed_ns;     /* by batches that came to nothing, to be shared by … */
    unsigned owed_shares; /* … the messages that are judged next */
    swapci_live_histogram call_ns[SWAPCI_METHODS_MAX]; /* the same, by method, for who looks on */
} swapci_judge;

enum {
    SWAPCI_JUDGE_TOGETHER_MAX = 256, /* records in one call */
    SWAPCI_JUDGE_MEMBER_BYTES = 4096 /* message of one of them: so that a batch is below 2 MiB */
};

void swapci_judge_init(swapci_judge *judge, swapci_judges *judges);
void swapci_judge_fini(swapci_judge *judge);

/* Judges one record: what fails is `Error` with a reason. Returns whether that is its verdict, or the
 * record is to be judged once more or again (outcome.h). */
enum swapci_outcome swapci_judge_record(swapci_judge *judge, const swapci_record *record,
                                        swapci_verdict *out);

/* Whether the record may be judged together with others: its key is a known one, and it is small. */
bool swapci_judge_may_join(const swapci_judge *judge, const swapci_record *record);

/* Judges count records (1 to SWAPCI_JUDGE_TOGETHER_MAX, of one method, each may join) by one call, on one
 * generation. Returns whether all are Valid; out is then each one's verdict, but for id and t_us. False
 * says nothing of any of them, whatever it was: one that is not valid, a module that has no such
 * operation or answers something else, a trap, the deadline. Out: *cost_ns, thread CPU time, or the wall
 * time where that ran into the deadline. */
bool swapci_judge_together(swapci_judge *judge, const swapci_record *const *records, unsigned count,
                           swapci_verdict *out, uint64_t *cost_ns);

#endif
