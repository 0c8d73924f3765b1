/* stack.h - the one model of the operand stack: what lies on it, instruction by instruction.
 *
 * As the validator of the specification has it: frames of the open blocks, value types, and code
 * behind an unconditional branch (dead), where a value that is not there may be of any type. A step
 * that does not fit makes the model bad; so does damage. It is stricter than nothing and laxer than
 * a validator: the labels of a br_table are compared by their number of values alone, and
 * references are not told apart.
 *
 * Threads: one at a time. Ownership: the caller's struct, its arrays the heap's (fini frees); one
 *     struct serves any number of functions, one after the other.
 */
#ifndef SWAPCI_WASM_STACK_H
#define SWAPCI_WASM_STACK_H

#include "instruction.h"

#define SWAPCI_WASM_STACK_VALUES (1u << 20) /* ceilings: more is refused as UNSUPPORTED */
#define SWAPCI_WASM_STACK_FRAMES (1u << 16)

struct swapci_wasm_frame {
    struct swapci_wasm_type type;
    uint32_t height; /* of the values below the frame's own */
    uint8_t opcode;  /* block, loop, if, else; block for the function */
    bool dead;       /* what comes up to the frame's end never runs */
};

struct swapci_wasm_stack {
    const struct swapci_wasm_module *m;
    uint8_t *values; /* types; 0: any, in dead code */
    struct swapci_wasm_frame *frames;
    uint8_t *locals; /* types, parameters first */
    uint32_t height, depth, local_count;
    uint32_t low; /* the lowest height within the last step: what is above is new */
    uint32_t values_room, frames_room, locals_room;
    enum swapc_status status; /* OK; MODULE_MALFORMED; UNSUPPORTED (a ceiling); NO_MEMORY */
};

void swapci_wasm_stack_init(struct swapci_wasm_stack *s, const struct swapci_wasm_module *m);
void swapci_wasm_stack_fini(struct swapci_wasm_stack *s);

/* Begins the function of that type and reads its locals. Returns status. */
enum swapc_status swapci_wasm_stack_enter(struct swapci_wasm_stack *s,
                                          const struct swapci_wasm_type *type,
                                          struct swapci_wasm_reader *body);

/* One instruction, which has an opcode. Returns status; the function has ended when depth is 0. */
enum swapc_status swapci_wasm_stack_step(struct swapci_wasm_stack *s,
                                         const struct swapci_wasm_instruction *in);

/* What a branch to that label takes, *count types of them; NULL: there is no such label. */
const uint8_t *swapci_wasm_stack_label(const struct swapci_wasm_stack *s, uint32_t label,
                                       uint32_t *count);

#endif
