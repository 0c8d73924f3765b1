/* self_test_vectors.h - what a module must answer, as a bundle's manifest or a slot's contract says
 * it.
 *
 * In module.toml and contract.toml, any number of:
 *
 *     [[self_test]]
 *     note = "a changed message"      # shown when it fails; may be left out
 *     operation = "verify_message"
 *     request_text = "{\"id\": 7}"    # or request = "7b226964…" in hexadecimal; left out: empty
 *     response_text = "yes"           # or response in hexadecimal; or, where the guest must refuse:
 *     error = true                    # a guest error, with any text, or
 *     error_text = "no such user"     # with this text
 *     deadline_ms = 1000              # within this time; left out: 250
 *
 * A bundle should name right and wrong input alike: a module that finds everything valid must fail.
 *
 * Threads: none shared. Ownership: fini frees what a swapci_vectors holds; zeroed is empty; a copy
 *     of the struct moves it.
 */
#ifndef SWAPCI_SELF_TEST_VECTORS_H
#define SWAPCI_SELF_TEST_VECTORS_H

#include "toml.h"

enum {
    SWAPCI_VECTORS_MAX = 64,
    SWAPCI_VECTOR_BYTES_MAX = 64 << 10, /* of all operations, requests and answers together */
    SWAPCI_VECTOR_DEADLINE_MS = 250,
    SWAPCI_VECTOR_DEADLINE_MAX_MS = 10000,
    SWAPCI_VECTORS_TOTAL_MS = 2000, /* of all together, unless one alone may take longer */
    SWAPCI_VECTORS_TOTAL_MAX_MS = 60000
};

/* In swapci_vectors.bytes. */
struct swapci_span32 {
    uint32_t at, len;
};

enum swapci_vector_answer {
    SWAPCI_ANSWER_NONE, /* not said, which is an error */
    SWAPCI_ANSWER_RESPONSE,
    SWAPCI_ANSWER_ANY_ERROR,
    SWAPCI_ANSWER_ERROR_TEXT
};

struct swapci_vector {
    struct swapci_span32 operation, request, answer;
    enum swapci_vector_answer kind;
    bool has_request;
    uint32_t deadline_ms; /* 0: not said */
    unsigned line;        /* in its file */
    char note[SWAPCI_NAME_MAX];
};

struct swapci_vectors {
    struct swapci_vector *rows;
    unsigned count;
    swapci_buffer bytes;
};

void swapci_vectors_fini(struct swapci_vectors *vectors);

/* The time that all of them have together: SWAPCI_VECTORS_TOTAL_MS, or the longest deadline of one
 * where that is more, each counting up to deadline_max_ms. */
uint32_t swapci_vectors_total_ms(const struct swapci_vectors *vectors, uint32_t deadline_max_ms);

/* The bytes of a span; borrowed. */
swapc_bytes swapci_vectors_view(const struct swapci_vectors *vectors, struct swapci_span32 span);

/* [[self_test]] was read: a new vector, which the pairs that follow fill. */
enum swapc_status swapci_vectors_begin(struct swapci_vectors *vectors, struct swapci_toml *t);
enum swapc_status swapci_vectors_pair(struct swapci_vectors *vectors, struct swapci_toml *t,
                                      const struct swapci_toml_statement *s);
/* After the last line: whether each vector is whole. */
enum swapc_status swapci_vectors_complete(const struct swapci_vectors *vectors,
                                          struct swapci_toml *t);

#endif
