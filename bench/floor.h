/* floor.h - what this machine takes for the parts of a lone message's way, whatever the pipeline
 * does: the same Redis commands with nothing around them, one thread that is woken, one signature
 * made and one verified, each after the pause that lets everything go to sleep and its caches to
 * others.
 *
 * Threads: one at a time; two threads of its own wait meanwhile. Ownership: new/free. What is
 *     borrowed outlives it.
 */
#ifndef SWAPCI_FLOOR_H
#define SWAPCI_FLOOR_H

#include "key_pairs.h"
#include "lab.h"

enum { SWAPCI_FLOOR_REDIS, SWAPCI_FLOOR_WAKE, SWAPCI_FLOOR_SIGN, SWAPCI_FLOOR_VERIFY };
enum { SWAPCI_FLOOR_PARTS = 4, SWAPCI_FLOOR_PAUSE_NS = 2000000 };

struct swapci_floor;

/* socket: of the Redis server whose trips are measured, in streams of its own. keys: what is signed
 * with. rounds: there is room for so many. Returns SWAPC_OK, UNREACHABLE, SYSTEM, NO_MEMORY, those
 * of loading a module; after failure *out is untouched. */
enum swapc_status swapci_floor_new(const struct swapci_lab *lab, const char *socket,
                                   const swapci_key_pairs *keys, unsigned rounds,
                                   struct swapci_floor **out, swapc_error *error);
void swapci_floor_free(struct swapci_floor *floor); /* NULL does nothing */

/* Measures each part once; beyond the room: nothing. Returns SWAPC_OK, IO (Redis), CORRUPT (a
 * verification gave a wrong answer), those of a call. */
enum swapc_status swapci_floor_round(struct swapci_floor *floor, swapc_error *error);

/* Medians of the rounds so far, µs. Returns how many rounds there are; 0: us is untouched. */
unsigned swapci_floor_medians(const struct swapci_floor *floor, double us[SWAPCI_FLOOR_PARTS]);

#endif
