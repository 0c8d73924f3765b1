/* The deny-all WASI subset, function by function, through the table as guests reach it. */
#include "wasi.h"

#include <stdio.h>

#include "imports.h"
#include "test_main.h"

enum { MEMORY = 65536, BADF = 8, INVAL = 28, NOSYS = 52, SPIPE = 70, NOTCAPABLE = 76 };

struct bench {
    uint8_t bytes[MEMORY];
    swapc_memory memory;
    swapc_host_config host;
    swapc_limits limits;
    swapc_call call;
    swapc_reply reply;
    unsigned lines;
    char line[8192];
};

static void console(const char *module, uint64_t generation, swapc_bytes line, void *user) {
    (void)module, (void)generation;
    struct bench *b = user;
    b->lines++;
    snprintf(b->line, sizeof b->line, "%.*s", (int)line.len, line.ptr);
}

static int setup(void **state) {
    static struct bench bench;
    struct bench *b = &bench;
    memset(b, 0, sizeof *b);
    memset(b->bytes, 0xee, MEMORY);
    b->memory = (swapc_memory){b->bytes, MEMORY};
    b->limits = (swapc_limits)SWAPC_LIMITS_INIT;
    b->host.console = console;
    b->host.console_user = b;
    b->call.host = &b->host;
    b->call.limits = &b->limits;
    b->call.module_name = "tested";
    swapci_call_begin(&b->call, swapc_bytes_of(NULL, 0), swapc_bytes_of(NULL, 0), &b->reply, NULL,
                      0);
    *state = b;
    return 0;
}

static int teardown(void **state) {
    struct bench *b = *state;
    swapci_call_fini(&b->call);
    swapc_reply_fini(&b->reply);
    return 0;
}

/* Calls wasi_snapshot_preview1.name; *status receives what the import returned. */
static uint64_t wasi_status(struct bench *b, const char *name, const uint64_t *args,
                            enum swapc_status *status) {
    const swapc_import *row =
        swapci_imports_find(swapc_bytes_str("wasi_snapshot_preview1"), swapc_bytes_str(name));
    uint64_t result = 999;
    assert_non_null(row);
    b->call.report.status = SWAPC_OK;
    *status = row->fn(&b->call, b->memory, args, &result);
    return result;
}

static uint64_t wasi(struct bench *b, const char *name, const uint64_t *args) {
    enum swapc_status status;
    uint64_t result = wasi_status(b, name, args, &status);
    assert_int_equal(status, SWAPC_OK);
    return result;
}

static void traps(struct bench *b, const char *name, const uint64_t *args) {
    enum swapc_status status;
    wasi_status(b, name, args, &status);
    assert_int_equal(status, SWAPC_TRAP_MEMORY);
    assert_int_equal(b->call.report.status, SWAPC_TRAP_MEMORY);
}

#define ARGS(...) ((const uint64_t[]){__VA_ARGS__})

static uint32_t load32(const struct bench *b, uint32_t at) {
    uint32_t value;
    memcpy(&value, b->bytes + at, sizeof value);
    return value;
}

static uint64_t load64(const struct bench *b, uint32_t at) {
    uint64_t value;
    memcpy(&value, b->bytes + at, sizeof value);
    return value;
}

static void store32(struct bench *b, uint32_t at, uint32_t value) {
    memcpy(b->bytes + at, &value, sizeof value);
}

/* Both module names lead to the same function, but where the old structures differ. */
static void the_old_name_is_the_same(void **state) {
    (void)state;
    size_t count, checked = 0;
    const swapc_import *rows = swapci_imports(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].module, "wasi_snapshot_preview1") != 0) continue;
        const swapc_import *old =
            swapci_imports_find(swapc_bytes_str("wasi_unstable"), swapc_bytes_str(rows[i].name));
        assert_non_null(old);
        if (strcmp(rows[i].name, "poll_oneoff") == 0) /* which has another form there */
            assert_ptr_equal(old->fn, swapci_imports_find(swapc_bytes_str("wasi_unstable"),
                                                          swapc_bytes_str("proc_raise"))
                                          ->fn);
        else assert_ptr_equal(old->fn, rows[i].fn);
        assert_string_equal(old->signature, rows[i].signature);
        checked++;
    }
    assert_true(checked >= 44);
}

static void no_arguments_and_no_environment(void **state) {
    struct bench *b = *state;
    const char *names[] = {"args_sizes_get", "environ_sizes_get"};
    for (int i = 0; i < 2; i++) {
        memset(b->bytes, 0xee, 64);
        assert_int_equal(wasi(b, names[i], ARGS(8, 16)), 0);
        assert_int_equal(load32(b, 8), 0);
        assert_int_equal(load32(b, 16), 0);
        assert_int_equal(load32(b, 12), 0xeeeeeeee);
        traps(b, names[i], ARGS(MEMORY - 3, 0));
        traps(b, names[i], ARGS(0, UINT32_MAX));
    }
    assert_int_equal(wasi(b, "args_get", ARGS(0, 0)), 0);
    assert_int_equal(wasi(b, "environ_get", ARGS(0, 0)), 0);
}

static void clocks_0_and_1_run(void **state) {
    struct bench *b = *state;
    for (uint64_t id = 0; id < 2; id++) {
        assert_int_equal(wasi(b, "clock_time_get", ARGS(id, 0, 8)), 0);
        assert_int_equal(wasi(b, "clock_time_get", ARGS(id, 0, 16)), 0);
        assert_true(load64(b, 16) >= load64(b, 8));
        assert_int_equal(wasi(b, "clock_res_get", ARGS(id, 24)), 0);
        assert_in_range(load64(b, 24), 1, 1000000000);
        traps(b, "clock_time_get", ARGS(id, 0, MEMORY - 7));
        traps(b, "clock_res_get", ARGS(id, UINT32_MAX));
    }
    assert_true(load64(b, 8) != 0xeeeeeeeeeeeeeeee);
}

static void other_clocks_are_refused(void **state) {
    struct bench *b = *state;
    const uint64_t ids[] = {2, 3, 4, 0x80000000u, UINT32_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        assert_int_equal(wasi(b, "clock_time_get", ARGS(ids[i], 0, 8)), INVAL);
        assert_int_equal(wasi(b, "clock_res_get", ARGS(ids[i], 8)), INVAL);
    }
    assert_int_equal(load32(b, 8), 0xeeeeeeee);
}

static void random_bytes_are_random(void **state) {
    struct bench *b = *state;
    assert_int_equal(wasi(b, "random_get", ARGS(0, 32)), 0);
    assert_int_equal(wasi(b, "random_get", ARGS(32, 32)), 0);
    assert_memory_not_equal(b->bytes, b->bytes + 32, 32);
    assert_int_equal(b->bytes[64], 0xee);
    assert_int_equal(wasi(b, "random_get", ARGS(0, MEMORY)), 0);
    assert_int_equal(wasi(b, "random_get", ARGS(UINT32_MAX, 0)), 0);
    traps(b, "random_get", ARGS(MEMORY - 1, 2));
    traps(b, "random_get", ARGS(0, UINT32_MAX));
}

/* fd_write(fd, iovs, n, count) of the given texts, iovecs at 0x100. */
static uint64_t write_texts(struct bench *b, uint64_t fd, const char *const *texts, uint32_t n) {
    uint32_t at = 0x1000;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t len = (uint32_t)strlen(texts[i]);
        memcpy(b->bytes + at, texts[i], len);
        store32(b, 0x100 + 8 * i, at);
        store32(b, 0x104 + 8 * i, len);
        at += len + 1;
    }
    return wasi(b, "fd_write", ARGS(fd, 0x100, n, 0x80));
}

static void output_becomes_console_lines(void **state) {
    struct bench *b = *state;
    for (uint64_t fd = 1; fd <= 2; fd++) {
        assert_int_equal(write_texts(b, fd, (const char *const[]){"hello, ", "", "world\r\n"}, 3),
                         0);
        assert_string_equal(b->line, "hello, world");
        assert_int_equal(load32(b, 0x80), 14);
    }
    assert_int_equal(b->lines, 2);
}

static void an_empty_line_is_not_delivered(void **state) {
    struct bench *b = *state;
    assert_int_equal(write_texts(b, 1, (const char *const[]){"\n"}, 1), 0);
    assert_int_equal(load32(b, 0x80), 1);
    assert_int_equal(write_texts(b, 1, NULL, 0), 0);
    assert_int_equal(load32(b, 0x80), 0);
    assert_int_equal(b->lines, 0);
}

static void write_text(struct bench *b, uint64_t fd, const char *text) {
    assert_int_equal(write_texts(b, fd, &text, 1), 0);
    assert_int_equal(load32(b, 0x80), strlen(text));
}

/* As Rust, Go and Zig write a panic. */
static void a_line_is_gathered_from_its_writes(void **state) {
    struct bench *b = *state;
    write_text(b, 2, "thread '");
    write_text(b, 2, "main");
    assert_int_equal(b->lines, 0);
    write_text(b, 2, "' panicked\n");
    assert_string_equal(b->line, "thread 'main' panicked");
    assert_int_equal(b->lines, 1);
}

static void one_write_may_end_several_lines(void **state) {
    struct bench *b = *state;
    write_text(b, 1, "one\n\ntwo\r\nthree");
    assert_int_equal(b->lines, 2);
    assert_string_equal(b->line, "two");
    write_text(b, 1, "\n");
    assert_string_equal(b->line, "three");
}

static void streams_do_not_mix(void **state) {
    struct bench *b = *state;
    write_text(b, 1, "output");
    write_text(b, 2, "error");
    assert_int_equal(b->lines, 1);
    assert_string_equal(b->line, "output");
    swapci_console_flush(&b->call);
    assert_string_equal(b->line, "error");
    swapci_console_flush(&b->call);
    assert_int_equal(b->lines, 2);
}

static void an_unfinished_line_ends_with_its_call(void **state) {
    struct bench *b = *state;
    write_text(b, 1, "old");
    swapci_call_begin(&b->call, swapc_bytes_of(NULL, 0), swapc_bytes_of(NULL, 0), &b->reply, NULL,
                      0);
    write_text(b, 1, "new\n");
    assert_string_equal(b->line, "new");
}

static uint64_t write_many(struct bench *b, uint32_t len) {
    store32(b, 0x100, 0x1000);
    store32(b, 0x104, len);
    return wasi(b, "fd_write", ARGS(1, 0x100, 1, 0x80));
}

/* The rest of a long line is dropped, but counts as written; the line after it is whole. */
static void long_output_is_cut(void **state) {
    struct bench *b = *state;
    memset(b->bytes + 0x1000, 'x', 9000);
    b->bytes[0x1000 + 8999] = '\n';
    assert_int_equal(write_many(b, 9000), 0);
    assert_int_equal(load32(b, 0x80), 9000);
    assert_int_equal(b->lines, 1);
    assert_int_equal(strlen(b->line), 4096);
    write_text(b, 1, "next\n");
    assert_string_equal(b->line, "next");
}

/* However long and however many the spans are, a write is over soon and says how much it took. */
static void a_write_takes_64_kib(void **state) {
    struct bench *b = *state;
    for (uint32_t i = 0; i < 8; i++) {
        store32(b, 0x100 + 8 * i, 0);
        store32(b, 0x104 + 8 * i, 60000);
    }
    assert_int_equal(wasi(b, "fd_write", ARGS(1, 0x100, 8, 0x80)), 0);
    assert_int_equal(load32(b, 0x80), 65536);
}

static void other_descriptors_cannot_be_written(void **state) {
    struct bench *b = *state;
    const uint64_t fds[] = {0, 3, 4, 0x80000000u, UINT32_MAX};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        assert_int_equal(write_texts(b, fds[i], (const char *const[]){"x"}, 1), BADF);
    assert_int_equal(b->lines, 0);
}

static void writing_outside_traps(void **state) {
    struct bench *b = *state;
    traps(b, "fd_write", ARGS(1, MEMORY - 7, 1, 0));
    traps(b, "fd_write", ARGS(1, 0, UINT32_MAX, 0));
    traps(b, "fd_write", ARGS(1, 0, 0x20000000u, 0));
    traps(b, "fd_write", ARGS(1, 0, 0, MEMORY - 3));
    store32(b, 0x100, MEMORY - 1);
    store32(b, 0x104, 2);
    traps(b, "fd_write", ARGS(1, 0x100, 1, 0x80));
    store32(b, 0x104, UINT32_MAX);
    traps(b, "fd_write", ARGS(1, 0x100, 1, 0x80));
    assert_int_equal(b->lines, 0);
}

static void input_is_at_its_end(void **state) {
    struct bench *b = *state;
    assert_int_equal(wasi(b, "fd_read", ARGS(0, 0x100, 1, 0x80)), 0);
    assert_int_equal(load32(b, 0x80), 0);
    assert_int_equal(wasi(b, "fd_read", ARGS(1, 0x100, 1, 0x80)), BADF);
    traps(b, "fd_read", ARGS(0, 0x100, 1, MEMORY - 3));
}

static void standard_descriptors_are_devices(void **state) {
    struct bench *b = *state;
    for (uint64_t fd = 0; fd < 3; fd++) {
        assert_int_equal(wasi(b, "fd_fdstat_get", ARGS(fd, 0)), 0);
        assert_int_equal(b->bytes[0], 2);
        for (int i = 1; i < 24; i++) assert_int_equal(b->bytes[i], 0);
        assert_int_equal(b->bytes[24], 0xee);
        assert_int_equal(wasi(b, "fd_close", ARGS(fd)), 0);
        assert_int_equal(wasi(b, "fd_seek", ARGS(fd, 0, 0, 0)), SPIPE);
        assert_int_equal(wasi(b, "fd_tell", ARGS(fd, 0)), SPIPE);
        traps(b, "fd_fdstat_get", ARGS(fd, MEMORY - 23));
    }
    assert_int_equal(wasi(b, "fd_fdstat_get", ARGS(3, 0)), BADF);
    assert_int_equal(wasi(b, "fd_close", ARGS(3)), BADF);
    assert_int_equal(wasi(b, "fd_seek", ARGS(3, 0, 0, 0)), BADF);
}

/* No function that reaches for a file, a directory or a socket gives one. */
static void everything_else_is_denied(void **state) {
    struct bench *b = *state;
    size_t count;
    const swapc_import *rows = swapci_imports(&count);
    const uint64_t args[SWAPC_IMPORT_ARGS_MAX] = {3, 3, 3, 3, 3, 3, 3, 3, 3, 3};
    for (size_t i = 0; i < count; i++) {
        const char *name = rows[i].name;
        if (strcmp(rows[i].module, "wasi_snapshot_preview1") != 0) continue;
        if (strncmp(name, "path_", 5) == 0) assert_int_equal(wasi(b, name, args), NOTCAPABLE);
        if (strncmp(name, "sock_", 5) == 0 || strncmp(name, "fd_", 3) == 0)
            assert_int_equal(wasi(b, name, args), BADF);
    }
    assert_int_equal(wasi(b, "proc_raise", args), NOSYS);
    assert_int_equal(wasi(b, "sched_yield", args), 0);
    for (int i = 0; i < 64; i++) assert_int_equal(b->bytes[i], 0xee);
}

/* wasi-libc looks for preopened directories from descriptor 3 on until the first BADF. */
static void there_are_no_preopened_directories(void **state) {
    struct bench *b = *state;
    assert_int_equal(wasi(b, "fd_prestat_get", ARGS(3, 0)), BADF);
}

static void proc_exit_keeps_its_code(void **state) {
    struct bench *b = *state;
    enum swapc_status status;
    const uint32_t codes[] = {0, 1, 255, UINT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        wasi_status(b, "proc_exit", ARGS(codes[i]), &status);
        assert_int_equal(status, SWAPC_EXIT);
        assert_int_equal(b->call.exit_code, (int32_t)codes[i]);
    }
    assert_non_null(strstr(b->call.report.text, "proc_exit(-1)"));
}

static const char *abort_text(struct bench *b, const uint64_t args[4]) {
    const swapc_import *row = swapci_imports_find(swapc_bytes_str("env"), swapc_bytes_str("abort"));
    assert_non_null(row);
    b->call.report.status = SWAPC_OK;
    assert_int_equal(row->fn(&b->call, b->memory, args, NULL), SWAPC_TRAP);
    return b->call.report.text;
}

/* A string as AssemblyScript lays it out. */
static void store_string(struct bench *b, uint32_t at, const char *text) {
    uint32_t len = (uint32_t)strlen(text);
    store32(b, at - 4, 2 * len);
    for (uint32_t i = 0; i < len; i++) {
        b->bytes[at + 2 * i] = (uint8_t)text[i];
        b->bytes[at + 2 * i + 1] = 0;
    }
}

static void abort_tells_why_and_where(void **state) {
    struct bench *b = *state;
    store_string(b, 0x100, "asked\nto");
    store_string(b, 0x200, "guest.ts");
    b->bytes[0x100] = 0x61;
    b->bytes[0x101] = 0x26; /* a character beyond ASCII */
    assert_string_equal(
        abort_text(b, ARGS(0x100, 0x200, 12, 34)),
        "module \"tested\" called abort: \xe2\x99\xa1sked\\nto (guest.ts, line 12, column 34)");
    assert_string_equal(abort_text(b, ARGS(0, 0, 12, 34)),
                        "module \"tested\" called abort (line 12, column 34)");
}

/* Strings that are none change nothing: not inside memory, longer than it, longer than is told. */
static void abort_reads_no_string_outside(void **state) {
    struct bench *b = *state;
    const uint32_t outside[] = {1, 3, MEMORY, MEMORY + 4, UINT32_MAX, UINT32_MAX - 3};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        assert_string_equal(abort_text(b, ARGS(outside[i], outside[i], 1, 2)),
                            "module \"tested\" called abort (line 1, column 2)");
    store32(b, 0x0fc, MEMORY);
    assert_string_equal(abort_text(b, ARGS(0x100, 0x100, 1, 2)),
                        "module \"tested\" called abort (line 1, column 2)");
    store32(b, 0x0fc, MEMORY - 0x100);
    memset(b->bytes + 0x100, 'x', MEMORY - 0x100);
    assert_non_null(strstr(abort_text(b, ARGS(0x100, 0, 1, 2)), "\xe7\xa1\xb8 (line 1, column 2)"));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_old_name_is_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(no_arguments_and_no_environment, setup, teardown),
        cmocka_unit_test_setup_teardown(clocks_0_and_1_run, setup, teardown),
        cmocka_unit_test_setup_teardown(other_clocks_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(random_bytes_are_random, setup, teardown),
        cmocka_unit_test_setup_teardown(output_becomes_console_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_line_is_not_delivered, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_is_gathered_from_its_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(one_write_may_end_several_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(streams_do_not_mix, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unfinished_line_ends_with_its_call, setup, teardown),
        cmocka_unit_test_setup_teardown(long_output_is_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(a_write_takes_64_kib, setup, teardown),
        cmocka_unit_test_setup_teardown(other_descriptors_cannot_be_written, setup, teardown),
        cmocka_unit_test_setup_teardown(writing_outside_traps, setup, teardown),
        cmocka_unit_test_setup_teardown(input_is_at_its_end, setup, teardown),
        cmocka_unit_test_setup_teardown(standard_descriptors_are_devices, setup, teardown),
        cmocka_unit_test_setup_teardown(everything_else_is_denied, setup, teardown),
        cmocka_unit_test_setup_teardown(there_are_no_preopened_directories, setup, teardown),
        cmocka_unit_test_setup_teardown(proc_exit_keeps_its_code, setup, teardown),
        cmocka_unit_test_setup_teardown(abort_tells_why_and_where, setup, teardown),
        cmocka_unit_test_setup_teardown(abort_reads_no_string_outside, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
