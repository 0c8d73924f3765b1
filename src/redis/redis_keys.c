#include "redis_keys.h"

#include <string.h>

/* What stands before the keys of a run. */
struct run {
    unsigned count; /* commands */
    size_t len;     /* bytes of the keys */
};

/* Which argument of a command is its key; of all others it is the first one. */
static const struct {
    const char *name;
    enum { NONE, SECOND, OF_SCRIPT, BEHIND_STREAMS } where;
} commands[] = {
    {"AUTH", NONE}, /* nor is the password kept anywhere */
    {"SELECT", NONE},    {"PING", NONE},         {"SCRIPT", NONE},
    {"INFO", NONE},      {"XGROUP", SECOND},     {"XINFO", SECOND},
    {"EVAL", OF_SCRIPT}, {"EVALSHA", OF_SCRIPT}, {"XREADGROUP", BEHIND_STREAMS},
};

void swapci_redis_keys_fini(swapci_redis_keys *keys) {
    swapci_buffer_fini(&keys->runs);
}

void swapci_redis_keys_forget(swapci_redis_keys *keys) {
    swapci_buffer_clear(&keys->runs);
    keys->last = keys->next = keys->taken = 0;
    keys->known = keys->lost = false;
}

/* Takes `*12\r\n` or `$12\r\n` off the text. */
static bool take_size(swapc_bytes *text, char kind, size_t *size) {
    size_t at = 1;
    *size = 0;
    if (text->len == 0 || text->ptr[0] != kind) return false;
    while (at < text->len && at < 12 && text->ptr[at] >= '0' && text->ptr[at] <= '9')
        *size = *size * 10 + (size_t)(text->ptr[at++] - '0');
    if (at + 2 > text->len || text->ptr[at] != '\r') return false;
    *text = swapc_bytes_of(text->ptr + at + 2, text->len - at - 2);
    return true;
}

bool swapci_redis_keys_next(swapc_bytes *list, swapc_bytes *key) {
    swapc_bytes rest = *list;
    size_t len;
    if (!take_size(&rest, '$', &len) || rest.len < 2 || len > rest.len - 2) return false;
    *key = swapc_bytes_of(rest.ptr, len);
    *list = swapc_bytes_of(rest.ptr + len + 2, rest.len - len - 2);
    return true;
}

/* The next `count` arguments. */
static swapc_bytes slice(swapc_bytes rest, size_t count) {
    swapc_bytes from = rest, argument;
    while (count > 0 && swapci_redis_keys_next(&rest, &argument)) count--;
    return swapc_bytes_of(from.ptr, count == 0 ? (size_t)(rest.ptr - from.ptr) : 0);
}

static size_t number(swapc_bytes text) {
    size_t n = 0;
    for (size_t i = 0; i < text.len && i < 4 && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++)
        n = n * 10 + (size_t)(text.ptr[i] - '0');
    return n;
}

static swapc_bytes keys_of(swapc_bytes command) {
    const swapc_bytes none = swapc_bytes_of(NULL, 0);
    swapc_bytes rest = command, argument = none;
    size_t count, row = 0;
    if (!take_size(&rest, '*', &count) || !swapci_redis_keys_next(&rest, &argument)) return none;
    const size_t rows = sizeof commands / sizeof *commands;
    while (row < rows && !swapc_bytes_equal(argument, swapc_bytes_str(commands[row].name))) row++;
    if (row == rows) return slice(rest, 1);
    switch (commands[row].where) {
    case NONE:
        break;
    case SECOND:
        return swapci_redis_keys_next(&rest, &argument) ? slice(rest, 1) : none;
    case OF_SCRIPT:
        if (!swapci_redis_keys_next(&rest, &argument)) return none;
        return swapci_redis_keys_next(&rest, &argument) ? slice(rest, number(argument)) : none;
    case BEHIND_STREAMS:
        while (swapci_redis_keys_next(&rest, &argument))
            if (swapc_bytes_equal(argument, swapc_bytes_str("STREAMS"))) return slice(rest, 1);
    }
    return none;
}

static struct run run_at(const swapci_redis_keys *keys, size_t at) {
    struct run run;
    memcpy(&run, keys->runs.ptr + at, sizeof run);
    return run;
}

static swapc_bytes keys_at(const swapci_redis_keys *keys, size_t at) {
    return swapc_bytes_of(keys->runs.ptr + at + sizeof(struct run), run_at(keys, at).len);
}

void swapci_redis_keys_sent(swapci_redis_keys *keys, swapc_bytes command, unsigned count) {
    swapc_bytes found = keys_of(command);
    struct run run = {.count = count, .len = found.len};
    swapci_buffer *runs = &keys->runs;
    if (keys->lost) return;
    if (runs->len > 0 && swapc_bytes_equal(keys_at(keys, keys->last), found)) {
        run.count += run_at(keys, keys->last).count;
        memcpy(runs->ptr + keys->last, &run, sizeof run);
        return;
    }
    keys->lost = runs->len + found.len > SWAPCI_REDIS_KEYS_MAX ||
                 swapci_buffer_reserve(runs, sizeof run + found.len) != SWAPC_OK;
    if (keys->lost) return;
    keys->last = runs->len;
    (void)swapci_buffer_append(runs, swapc_bytes_of(&run, sizeof run));
    (void)swapci_buffer_append(runs, found);
}

void swapci_redis_keys_taken(swapci_redis_keys *keys) {
    keys->known = keys->next < keys->runs.len;
    if (!keys->known) return;
    struct run run = run_at(keys, keys->next);
    keys->at = keys->next;
    if (++keys->taken < run.count) return;
    keys->next += sizeof run + run.len;
    keys->taken = 0;
}

swapc_bytes swapci_redis_keys_of_last(const swapci_redis_keys *keys) {
    return keys->known ? keys_at(keys, keys->at) : swapc_bytes_of(NULL, 0);
}
