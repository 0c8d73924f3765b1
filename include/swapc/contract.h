/* swapc/contract.h - what the callers of a slot need, whatever module is published there.
 *
 * A bundle's own self-test says what its maker promises. A contract says what the slot's callers
 * rely on: the operations that they call, and vectors (right and wrong input, and what must come of
 * it). A slot that has one takes a module only when it answers the contract: a bare file, a module
 * without self-tests, a well-made one of another trade. It is text in the format of module.toml's
 * vectors:
 *
 *     name = "prices"                  # for messages; may be left out
 *     operations = ["price"]           # left out: those of the vectors, but for the optional ones
 *     optional = ["price_many"]        # a module may offer it, and is asked for it only where it does
 *     total_ms = 5000                  # for all vectors together, 1 to 60000; left out: 2000
 *
 *     [[self_test]]
 *     note = "a known article"
 *     operation = "price"
 *     request_text = "4711"            # or request = "34373131", in hexadecimal
 *     response_text = "9.90"           # or response, error_text, error = true
 *     deadline_ms = 500                # 1 to 10000; left out: 250
 *
 * What callers use where it is offered is optional: a module offers it when its manifest names it
 * among its operations, and then must answer all vectors of it; of one that does not (a bare file
 * names nothing) they are skipped. Callers must not call it there. An optional operation without a
 * vector is an error, and so is one that is needed as well.
 *
 * Each vector has a deadline of its own, so that a module that hangs is found out soon; where one
 * passes, all are put once more from the first one on, and while the thread hardly got a CPU again,
 * with up to 16 times the time, since a crowded machine is no fault of the module. All of it,
 * and the vectors of the candidate's own bundle after it, is done within total_ms (left out: 2000,
 * or the longest deadline_ms where that is more), in which the thread's waiting for a CPU does not
 * count: many vectors that are each just in time do not hold up a swap.
 * An engine without SWAPC_CAP_DEADLINE (native) cannot be stopped; between calls the total holds
 * there too. Vectors are examples and no proof: a module that knows them can answer them and do
 * otherwise later.
 *
 * Threads: a contract may be used by several threads at once; swapc_contract_compare by one, before
 *     that.
 * Ownership: `out` is the caller's reference, given back with swapc_contract_release; a slot keeps
 *     its own.
 * NULL: where a function does not say what it means, NULL is misuse.
 */
#ifndef SWAPC_CONTRACT_H
#define SWAPC_CONTRACT_H

#include "swapc/module.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Operations and vectors that every module of a slot must answer; counted. */
typedef struct swapc_contract swapc_contract;

/* Reads the file at path, at most 256 KiB. Returns SWAPC_OK, NOT_FOUND, IO, TOO_LARGE, NO_MEMORY,
 * or BUNDLE naming the line. After failure *out is untouched. */
enum swapc_status swapc_contract_load(const char *path, swapc_contract **out,
                                      swapc_error *error) SWAPC_WARN_UNUSED SWAPC_NONNULL(1, 2);

/* The same from memory; name is for messages, and the contract's name when the text gives none.
 * text is copied. */
enum swapc_status swapc_contract_load_bytes(const char *name, swapc_bytes text,
                                            swapc_contract **out,
                                            swapc_error *error) SWAPC_WARN_UNUSED
    SWAPC_NONNULL(1, 3);

/* One more reference; returns contract. */
swapc_contract *swapc_contract_retain(swapc_contract *contract) SWAPC_NONNULL(1);
/* Gives a reference back; the last one frees. NULL does nothing. */
void swapc_contract_release(swapc_contract *contract);

/* The name; borrowed until the contract is freed. */
const char *swapc_contract_name(const swapc_contract *contract) SWAPC_NONNULL(1);

/* The operations that it needs, NULL-ended; borrowed until the contract is freed. */
const char *const *swapc_contract_operations(const swapc_contract *contract) SWAPC_NONNULL(1);

/* The operations that a module may offer, and must answer when it does; NULL-ended, borrowed
 * likewise. */
const char *const *swapc_contract_optional(const swapc_contract *contract) SWAPC_NONNULL(1);

/* How many vectors it has, those of optional operations included. */
unsigned swapc_contract_vectors(const swapc_contract *contract) SWAPC_NONNULL(1);

/* Whether a response of other bytes means the same as the vector's: returns 1 when it does. All
 * views are borrowed for the call. Runs on the thread that checks, with no lock held. */
typedef int (*swapc_contract_same_fn)(swapc_bytes operation, swapc_bytes expected, swapc_bytes came,
                                      void *user);

/* Has responses that differ in their bytes compared by same (NULL: only equal bytes are right), for
 * formats in which one answer can be written in several ways. */
void swapc_contract_compare(swapc_contract *contract, swapc_contract_same_fn same, void *user)
    SWAPC_NONNULL(1);

/* Puts the contract to a module: the operations that its manifest names, if it names any, and each
 * vector but those of optional operations that it does not name.
 * Blocks for the calls. Host calls that they make reach the host's handler, without a call_user.
 * Returns SWAPC_OK; CONTRACT naming the module, what it lacks or the vector, and what came instead,
 * or at which vector the time of all was used up; NO_MEMORY. */
enum swapc_status swapc_contract_check(const swapc_contract *contract, swapc_module *module,
                                       swapc_error *error) SWAPC_WARN_UNUSED SWAPC_NONNULL(1, 2);

#ifdef __cplusplus
}
#endif
#endif
