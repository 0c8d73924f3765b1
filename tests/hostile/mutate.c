#include "mutate.h"

#include <stdbool.h>
#include <string.h>

enum { PIECES_MAX = 64, BLOCK = 64, RUN_MAX = 40 };

/* Where the pieces of a file begin; at[count] is its end. */
struct pieces {
    size_t at[PIECES_MAX + 1];
    size_t count;
};

struct swapci_random swapci_random_of(uint64_t seed, uint64_t number) {
    /* Steps of the golden ratio, mixed as splitmix64 does: neighbours have nothing in common. */
    uint64_t z = (seed + 1) * 0x9e3779b97f4a7c15u + number * 0xd1342543de82ef95u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (struct swapci_random){z ? z : 1};
}

static uint64_t next(struct swapci_random *random) {
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * 0x2545f4914f6cdd1du;
}

uint32_t swapci_random_below(struct swapci_random *random, uint32_t limit) {
    return (uint32_t)((next(random) >> 32) % limit);
}

static size_t below(struct swapci_random *random, size_t limit) {
    return swapci_random_below(random, limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX);
}

static void noise(struct swapci_random *random, uint8_t *at, size_t len) {
    for (size_t i = 0; i < len; i++) at[i] = (uint8_t)(next(random) >> 56);
}

static size_t wasm_section_end(swapc_bytes file, size_t at) {
    uint64_t size = 0;
    for (unsigned shift = 0; ++at < file.len && shift < 35; shift += 7) {
        size |= (uint64_t)(file.ptr[at] & 0x7f) << shift;
        if (!(file.ptr[at] & 0x80)) break;
    }
    return size < file.len - at ? at + 1 + (size_t)size : file.len;
}

static size_t line_end(swapc_bytes file, size_t at) {
    const uint8_t *end = memchr(file.ptr + at, '\n', file.len - at);
    return end ? (size_t)(end - file.ptr) + 1 : file.len;
}

static size_t block_end(swapc_bytes file, size_t at) {
    return file.len - at > BLOCK ? at + BLOCK : file.len;
}

static bool starts_with(swapc_bytes file, const char *magic, size_t len) {
    return file.len >= len && memcmp(file.ptr, magic, len) == 0;
}

static void split(swapc_bytes file, struct pieces *out) {
    bool wasm = starts_with(file, "\0asm", 4), elf = starts_with(file, "\177ELF", 4);
    size_t (*end)(swapc_bytes, size_t) = wasm ? wasm_section_end : elf ? block_end : line_end;
    size_t at = wasm ? 8 : 0;
    for (out->count = 0; at < file.len && out->count < PIECES_MAX; out->count++) {
        out->at[out->count] = at;
        at = end(file, at);
    }
    out->at[out->count] = at;
}

static swapc_bytes range(swapc_bytes file, size_t from, size_t to) {
    return swapc_bytes_of(file.ptr + from, to - from);
}

/* Puts `parts` one after the other into out. */
static enum swapc_status join(swapci_buffer *out, const swapc_bytes *parts, size_t count) {
    enum swapc_status status = SWAPC_OK;
    swapci_buffer_clear(out);
    for (size_t i = 0; i < count && status == SWAPC_OK; i++)
        status = swapci_buffer_append(out, parts[i]);
    return status;
}

/* The lower piece a and the higher one b change places; the same piece twice is doubled. */
static enum swapc_status swap_pieces(struct swapci_random *random, swapc_bytes file,
                                     const struct pieces *p, swapci_buffer *out) {
    size_t a = below(random, p->count), b = below(random, p->count);
    size_t low = a < b ? a : b, high = a < b ? b : a;
    const swapc_bytes parts[] = {
        range(file, 0, p->at[low]),
        range(file, p->at[high], p->at[high + 1]),
        low == high ? swapc_bytes_of(NULL, 0) : range(file, p->at[low + 1], p->at[high]),
        range(file, p->at[low], p->at[low + 1]),
        range(file, p->at[high + 1], file.len),
    };
    return join(out, parts, sizeof parts / sizeof *parts);
}

/* One piece, there twice or not at all. */
static enum swapc_status repeat_piece(struct swapci_random *random, swapc_bytes file,
                                      const struct pieces *p, bool twice, swapci_buffer *out) {
    size_t n = below(random, p->count);
    swapc_bytes piece = range(file, p->at[n], p->at[n + 1]);
    const swapc_bytes none = swapc_bytes_of(NULL, 0);
    const swapc_bytes parts[] = {range(file, 0, p->at[n]), twice ? piece : none,
                                 twice ? piece : none, range(file, p->at[n + 1], file.len)};
    return join(out, parts, sizeof parts / sizeof *parts);
}

static enum swapc_status insert(struct swapci_random *random, swapc_bytes file,
                                swapci_buffer *out) {
    uint8_t run[RUN_MAX];
    size_t at = below(random, file.len + 1), len = 1 + below(random, RUN_MAX);
    noise(random, run, len);
    const swapc_bytes parts[] = {range(file, 0, at), swapc_bytes_of(run, len),
                                 range(file, at, file.len)};
    return join(out, parts, sizeof parts / sizeof *parts);
}

static enum swapc_status remove_run(struct swapci_random *random, swapc_bytes file,
                                    swapci_buffer *out) {
    size_t at = below(random, file.len), len = 1 + below(random, RUN_MAX);
    size_t end = len < file.len - at ? at + len : file.len;
    const swapc_bytes parts[] = {range(file, 0, at), range(file, end, file.len)};
    return join(out, parts, sizeof parts / sizeof *parts);
}

static enum swapc_status make_noise(struct swapci_random *random, swapc_bytes file,
                                    swapci_buffer *out) {
    size_t kept = below(random, 2) ? below(random, file.len < 16 ? file.len : 16) : 0;
    enum swapc_status status = join(out, &file, 1);
    if (status != SWAPC_OK) return status;
    out->len = kept + below(random, file.len - kept + 1);
    noise(random, out->ptr + kept, out->len - kept);
    return SWAPC_OK;
}

static void flip_bits(struct swapci_random *random, swapci_buffer *out) {
    for (uint32_t n = 1 + swapci_random_below(random, 4); n > 0; n--)
        out->ptr[below(random, out->len)] ^= (uint8_t)(1u << swapci_random_below(random, 8));
}

static void overwrite(struct swapci_random *random, swapci_buffer *out, bool copied) {
    size_t len = 1 + below(random, RUN_MAX < out->len ? RUN_MAX : out->len);
    size_t to = below(random, out->len - len + 1), from = below(random, out->len - len + 1);
    if (copied) memmove(out->ptr + to, out->ptr + from, len);
    else if (swapci_random_below(random, 2)) noise(random, out->ptr + to, len);
    else memset(out->ptr + to, swapci_random_below(random, 2) ? 0xff : 0, len);
}

/* Those that work on a copy of the file in its place. */
static enum swapc_status in_place(struct swapci_random *random, swapc_bytes file,
                                  enum swapci_mutation kind, swapci_buffer *out) {
    enum swapc_status status = join(out, &file, 1);
    if (status != SWAPC_OK) return status;
    if (kind == SWAPCI_MUTATE_CUT) out->len = below(random, file.len);
    else if (kind == SWAPCI_MUTATE_BITS) flip_bits(random, out);
    else overwrite(random, out, kind == SWAPCI_MUTATE_COPY);
    return SWAPC_OK;
}

enum swapc_status swapci_mutate(struct swapci_random *random, swapc_bytes original,
                                swapci_buffer *out, enum swapci_mutation *kind) {
    struct pieces pieces;
    split(original, &pieces);
    *kind = (enum swapci_mutation)swapci_random_below(random, SWAPCI_MUTATIONS);
    if (pieces.count == 0 && *kind >= SWAPCI_MUTATE_SWAP && *kind <= SWAPCI_MUTATE_DROP)
        *kind = SWAPCI_MUTATE_BITS;
    switch (*kind) {
    case SWAPCI_MUTATE_INSERT:
        return insert(random, original, out);
    case SWAPCI_MUTATE_REMOVE:
        return remove_run(random, original, out);
    case SWAPCI_MUTATE_SWAP:
        return swap_pieces(random, original, &pieces, out);
    case SWAPCI_MUTATE_DOUBLE:
    case SWAPCI_MUTATE_DROP:
        return repeat_piece(random, original, &pieces, *kind == SWAPCI_MUTATE_DOUBLE, out);
    case SWAPCI_MUTATE_NOISE:
        return make_noise(random, original, out);
    default:
        return in_place(random, original, *kind, out);
    }
}
