/* fuzz.h - what fuzz targets share.
 *
 * A target is one file that defines LLVMFuzzerTestOneInput: it hands the input to one part of swapc
 * and checks what must hold of the answer. Sanitizers find what it does to memory. The input's
 * bytes end where its storage ends, so a target that hands on the rest of the input hands on a view
 * that cannot be left unseen.
 *
 * Threads: libFuzzer calls from one thread.
 */
#ifndef SWAPCI_FUZZ_H
#define SWAPCI_FUZZ_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swapc/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold; prints the condition and aborts where it does not. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_failed(#condition, __FILE__, __LINE__))

_Noreturn void fuzz_failed(const char *condition, const char *file, int line);

/* Takes numbers off the front of the input; zeroes at its end. */
struct fuzz_input {
    const uint8_t *at, *end;
};

static inline struct fuzz_input fuzz_input_of(const uint8_t *data, size_t size) {
    return (struct fuzz_input){data, size ? data + size : data};
}

static inline size_t fuzz_left(const struct fuzz_input *in) {
    return (size_t)(in->end - in->at);
}

static inline uint8_t fuzz_byte(struct fuzz_input *in) {
    return in->at < in->end ? *in->at++ : 0;
}

/* Little-endian, of `bytes` bytes. */
uint64_t fuzz_number(struct fuzz_input *in, unsigned bytes);

/* At most len bytes off the front: a view into the input. */
swapc_bytes fuzz_bytes(struct fuzz_input *in, size_t len);

/* All that is left. */
swapc_bytes fuzz_rest(struct fuzz_input *in);

/* The rest as a string on the heap, cut at its first NUL; the caller frees. */
char *fuzz_text(struct fuzz_input *in);

/* A folder of this process in memory, made at the first call, removed at exit with its files. */
const char *fuzz_folder(void);

/* Writes FOLDER/name anew, mode 0600. Aborts when that fails. */
void fuzz_write(const char *name, swapc_bytes content);

/* The path FOLDER/name; static, void after the next call. */
const char *fuzz_path(const char *name);

#endif
