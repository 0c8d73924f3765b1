#include "redis_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_main.h"

/* As RESP; words are parted by spaces. */
static void write_command(char out[512], const char *words) {
    char body[400] = "", copy[256];
    unsigned count = 0;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "), count++)
        snprintf(body + strlen(body), sizeof body - strlen(body), "$%zu\r\n%s\r\n", strlen(word),
                 word);
    snprintf(out, 512, "*%u\r\n%s", count, body);
}

static void send_words(swapci_redis_keys *keys, const char *words, unsigned count) {
    char command[512];
    write_command(command, words);
    swapci_redis_keys_sent(keys, swapc_bytes_str(command), count);
}

/* The keys of the next answer are these, parted by spaces. */
static void next_has(swapci_redis_keys *keys, const char *wanted) {
    char found[256] = "";
    swapc_bytes key;
    swapci_redis_keys_taken(keys);
    swapc_bytes list = swapci_redis_keys_of_last(keys);
    while (swapci_redis_keys_next(&list, &key))
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%.*s", found[0] ? " " : "",
                 (int)key.len, (const char *)key.ptr);
    assert_string_equal(found, wanted);
}

static const struct {
    const char *command, *keys;
} known[] = {
    {"XADD s * m x", "s"},
    {"XGROUP CREATE s g 0", "s"},
    {"XINFO GROUPS s", "s"},
    {"XREADGROUP GROUP g c COUNT 5 STREAMS s >", "s"},
    {"XREADGROUP GROUP g c", ""},
    {"EVALSHA 0123 2 a b c", "a b"},
    {"EVAL text 0 a", ""},
    {"EVAL text 9 a", ""}, /* fewer than it says */
    {"EVAL text", ""},
    {"AUTH secret", ""},
    {"AUTH user secret", ""},
    {"PING", ""},
};

static void keys_of_commands(void **state) {
    swapci_redis_keys keys = {0};
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        send_words(&keys, known[i].command, 1);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) next_has(&keys, known[i].keys);
    next_has(&keys, "");
    for (size_t at = 0; at + 6 <= keys.runs.len; at++)
        assert_memory_not_equal(keys.runs.ptr + at, "secret", 6);
    swapci_redis_keys_fini(&keys);
}

static void broken_text_has_none(void **state) {
    static const char whole[] = "*4\r\n$4\r\nEVAL\r\n$1\r\nx\r\n$1\r\n1\r\n$3\r\nkey\r\n";
    swapci_redis_keys keys = {0};
    (void)state;
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        uint8_t *copy = malloc(len + 1); /* of that size, for who looks beyond it */
        assert_non_null(copy);
        memcpy(copy, whole, len);
        swapci_redis_keys_sent(&keys, swapc_bytes_of(copy, len), 1);
        free(copy);
        next_has(&keys, "");
        swapci_redis_keys_forget(&keys);
    }
    swapci_redis_keys_sent(&keys, swapc_bytes_of(whole, sizeof whole - 1), 1);
    next_has(&keys, "key");
    swapci_redis_keys_fini(&keys);
}

static void commands_in_a_row_are_one_run(void **state) {
    swapci_redis_keys keys = {0};
    (void)state;
    for (int i = 0; i < 1000; i++) send_words(&keys, "XADD s * m x", 2);
    send_words(&keys, "XADD t * m x", 1);
    assert_true(keys.runs.len < 100);
    for (int i = 0; i < 2000; i++) next_has(&keys, "s");
    next_has(&keys, "t");
    next_has(&keys, "");
    swapci_redis_keys_forget(&keys);
    send_words(&keys, "XADD u * m x", 1);
    next_has(&keys, "u");
    swapci_redis_keys_fini(&keys);
}

static void of_a_long_pipeline_the_rest_is_not_known(void **state) {
    swapci_redis_keys keys = {0};
    char command[64];
    (void)state;
    for (int i = 0; i < 10000; i++) {
        snprintf(command, sizeof command, "XADD stream-%d * m x", i);
        send_words(&keys, command, 1);
    }
    assert_true(keys.runs.len <= SWAPCI_REDIS_KEYS_MAX + 64);
    next_has(&keys, "stream-0");
    for (int i = 1; i < 9999; i++) swapci_redis_keys_taken(&keys);
    next_has(&keys, "");
    swapci_redis_keys_fini(&keys);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_commands),
        cmocka_unit_test(broken_text_has_none),
        cmocka_unit_test(commands_in_a_row_are_one_run),
        cmocka_unit_test(of_a_long_pipeline_the_rest_is_not_known),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
