/* What the loader of shared objects can get wrong; what every engine must do is in the conformance
 * suite. NATIVE_GUESTS is the folder of the objects built from native_test_guest.c. */
#include "test_main.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "swapc/sys/engine.h"

extern const swapc_engine swapc_engine_native;
static const swapc_engine *const engine = &swapc_engine_native;

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* The core's part: what the guest answered, and what it passed. */
struct swapc_call {
    char response[64];
    char console[16];
    char asked[32];
    bool host_fails;
    bool saw_other_memory;
};

static void copy(char *to, size_t size, uint64_t ptr, uint64_t len) {
    assert_true(len < size);
    if (len > 0) memcpy(to, (const void *)(uintptr_t)ptr, len);
    to[len] = '\0';
}

static enum swapc_status on_request(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                    uint64_t *result) {
    (void)result;
    call->saw_other_memory = memory.base != NULL || memory.size != UINT64_MAX;
    memcpy((void *)(uintptr_t)args[0], "operation", 9);
    memcpy((void *)(uintptr_t)args[1], "message", 7);
    return SWAPC_OK;
}

static enum swapc_status on_response(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                     uint64_t *result) {
    (void)memory, (void)result;
    copy(call->response, sizeof call->response, args[0], args[1]);
    return SWAPC_OK;
}

static enum swapc_status on_error(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                  uint64_t *result) {
    (void)call, (void)memory, (void)result;
    return args[1] == 77 ? SWAPC_LIMIT : SWAPC_OK;
}

static enum swapc_status on_host_call(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                      uint64_t *result) {
    (void)memory;
    char part[4][8];
    for (int i = 0; i < 4; i++) copy(part[i], sizeof part[i], args[2 * i], args[2 * i + 1]);
    snprintf(call->asked, sizeof call->asked, "%s,%s,%s,%s", part[0], part[1], part[2], part[3]);
    *result = !call->host_fails;
    return SWAPC_OK;
}

static enum swapc_status on_length(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                   uint64_t *result) {
    (void)memory, (void)args;
    *result = call->host_fails ? 3 : 4;
    return SWAPC_OK;
}

static enum swapc_status on_answer(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                   uint64_t *result) {
    (void)memory, (void)result;
    memcpy((void *)(uintptr_t)args[0], call->host_fails ? "bad" : "good", call->host_fails ? 3 : 4);
    return SWAPC_OK;
}

static enum swapc_status on_console(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                    uint64_t *result) {
    (void)memory, (void)result;
    copy(call->console, sizeof call->console, args[0], args[1]);
    return SWAPC_OK;
}

static const swapc_import rows[] = {
    {"wapc", "__guest_request", "ii", on_request},
    {"wapc", "__guest_response", "ii", on_response},
    {"wapc", "__guest_error", "ii", on_error},
    {"wapc", "__host_call", "iiiiiiii:i", on_host_call},
    {"wapc", "__host_response_len", ":i", on_length},
    {"wapc", "__host_response", "i", on_answer},
    {"wapc", "__host_error_len", ":i", on_length},
    {"wapc", "__host_error", "i", on_answer},
    {"wapc", "__console_log", "ii", on_console},
};

struct fixture {
    uint8_t *bytes;
    size_t len;
    swapc_engine_state *state;
    swapc_engine_module *module;
    swapc_engine_instance *instance;
    struct swapc_call call;
    swapc_error error;
};

static void path_of(char path[512], const char *kind) {
    snprintf(path, 512, "%s/native_guest_%s.so", NATIVE_GUESTS, kind);
}

static void read_file(struct fixture *f, const char *path) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    f->len = (size_t)st.st_size;
    f->bytes = malloc(f->len);
    assert_non_null(f->bytes);
    assert_int_equal(read(fd, f->bytes, f->len), (ssize_t)f->len);
    close(fd);
}

static void start(struct fixture *f, const char *kind) {
    char path[512];
    *f = (struct fixture){0};
    path_of(path, kind);
    read_file(f, path);
    const swapc_engine_config config = {.imports = rows,
                                        .import_count = sizeof rows / sizeof *rows};
    assert_int_equal(engine->open(&config, &f->state, &f->error), SWAPC_OK);
}

static enum swapc_status compile_len(struct fixture *f, size_t len, swapc_engine_module **out) {
    const swapc_artifact artifact = {
        .bytes = swapc_bytes_of(f->bytes, len), .path = "guest.so", .digest_hex = DIGEST};
    swapc_error_clear(&f->error);
    return engine->compile(f->state, &artifact, out, &f->error);
}

static enum swapc_status instantiate(struct fixture *f) {
    const swapc_limits limits = SWAPC_LIMITS_INIT;
    const swapc_run run = {0};
    return engine->instantiate(f->module, &f->call, &limits, &run, &f->instance, &f->error);
}

static void start_instance(struct fixture *f, const char *kind) {
    start(f, kind);
    assert_int_equal(compile_len(f, f->len, &f->module), SWAPC_OK);
    assert_int_equal(instantiate(f), SWAPC_OK);
}

static void finish(struct fixture *f) {
    if (f->instance) engine->free_instance(f->instance);
    if (f->module) engine->free_module(f->module);
    engine->close(f->state);
    free(f->bytes);
}

static enum swapc_status call(swapc_engine_instance *instance, uint32_t op_len, uint32_t msg_len,
                              int32_t *result) {
    const swapc_run run = {0};
    swapc_error error = SWAPC_ERROR_INIT;
    return engine->call(instance, &run, op_len, msg_len, result, &error);
}

static void request_and_response_pass(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    start_instance(&f, "GOOD");
    assert_int_equal(call(f.instance, 9, 7, &result), SWAPC_OK);
    assert_int_equal(result, 1);
    assert_string_equal(f.call.response, "operationmessage");
    assert_false(f.call.saw_other_memory);
    finish(&f);
}

static void host_call_and_console_pass(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    start_instance(&f, "GOOD");
    assert_int_equal(call(f.instance, 2, 0, &result), SWAPC_OK);
    assert_string_equal(f.call.asked, "a,bc,def,ghij");
    assert_string_equal(f.call.console, "good");
    f.call.host_fails = true;
    assert_int_equal(call(f.instance, 2, 0, &result), SWAPC_OK);
    assert_string_equal(f.call.console, "bad");
    finish(&f);
}

static void import_status_stops_the_guest(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 55;
    start_instance(&f, "GOOD");
    assert_int_equal(call(f.instance, 3, 0, &result), SWAPC_LIMIT);
    assert_int_equal(result, 55);
    finish(&f);
}

static void state_is_per_instance(void **unused) {
    (void)unused;
    struct fixture f;
    swapc_engine_instance *first;
    int32_t result = 0;
    start_instance(&f, "GOOD");
    first = f.instance;
    assert_int_equal(call(first, 1, 0, &result), SWAPC_OK);
    assert_int_equal(call(first, 1, 0, &result), SWAPC_OK);
    assert_int_equal(result, 2);
    assert_int_equal(instantiate(&f), SWAPC_OK);
    assert_int_equal(call(f.instance, 1, 0, &result), SWAPC_OK);
    assert_int_equal(result, 1);
    engine->free_instance(first);
    finish(&f);
}

/* How many mappings of this process are of a module. */
static unsigned mapped(void) {
    char line[1024];
    unsigned count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) count += strstr(line, "swapc-" DIGEST) != NULL;
    fclose(maps);
    return count;
}

static void same_bytes_twice_are_two_libraries(void **unused) {
    (void)unused;
    struct fixture f;
    swapc_engine_module *second = NULL;
    int32_t result = 0;
    start_instance(&f, "GOOD");
    unsigned once = mapped();
    assert_true(once > 0);
    assert_int_equal(compile_len(&f, f.len, &second), SWAPC_OK);
    assert_int_equal(mapped(), 2 * once);
    engine->free_module(second);
    assert_int_equal(mapped(), once);
    assert_int_equal(call(f.instance, 9, 7, &result), SWAPC_OK);
    assert_string_equal(f.call.response, "operationmessage");
    finish(&f);
    assert_int_equal(mapped(), 0);
}

static void opening_and_freeing_leaks_nothing(void **unused) {
    (void)unused;
    struct fixture f;
    start(&f, "GOOD");
    int before = dup(0);
    assert_true(before >= 0);
    close(before);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(compile_len(&f, f.len, &f.module), SWAPC_OK);
        assert_int_equal(instantiate(&f), SWAPC_OK);
        engine->free_instance(f.instance);
        engine->free_module(f.module);
    }
    f.instance = NULL, f.module = NULL;
    int after = dup(0);
    assert_int_equal(after, before);
    close(after);
    assert_int_equal(mapped(), 0);
    finish(&f);
}

/* The engine must not run from the buffer or file it was given. */
static void overwriting_the_file_changes_nothing(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result = 0;
    start_instance(&f, "GOOD");
    memset(f.bytes, 0xcc, f.len);
    assert_int_equal(call(f.instance, 9, 7, &result), SWAPC_OK);
    assert_string_equal(f.call.response, "operationmessage");
    finish(&f);
}

static void refuses(const char *kind, enum swapc_status expected, const char *said) {
    struct fixture f;
    start(&f, kind);
    assert_int_equal(compile_len(&f, f.len, &f.module), expected);
    assert_null(f.module);
    assert_int_equal(f.error.status, expected);
    assert_non_null(strstr(f.error.text, "guest.so"));
    assert_non_null(strstr(f.error.text, said));
    assert_int_equal(mapped(), 0);
    finish(&f);
}

static void object_without_table_is_refused(void **unused) {
    (void)unused;
    refuses("NO_TABLE", SWAPC_MODULE_EXPORT, "swapc_native_module");
}

static void other_abi_is_refused(void **unused) {
    (void)unused;
    refuses("OTHER_ABI", SWAPC_UNSUPPORTED, "version");
}

static void empty_table_is_refused(void **unused) {
    (void)unused;
    refuses("EMPTY", SWAPC_MODULE_EXPORT, "empty");
}

static void refusing_init_fails_the_instance(void **unused) {
    (void)unused;
    struct fixture f;
    start(&f, "REFUSING");
    assert_int_equal(compile_len(&f, f.len, &f.module), SWAPC_OK);
    assert_int_equal(instantiate(&f), SWAPC_MODULE_INIT);
    assert_null(f.instance);
    finish(&f);
}

static void not_an_object_is_refused(void **unused) {
    (void)unused;
    static const uint8_t wasm[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    struct fixture f;
    start(&f, "GOOD");
    memcpy(f.bytes, wasm, sizeof wasm);
    assert_int_equal(compile_len(&f, sizeof wasm, &f.module), SWAPC_MODULE_MALFORMED);
    assert_non_null(strstr(f.error.text, "not a shared object"));
    assert_int_equal(compile_len(&f, 0, &f.module), SWAPC_MODULE_MALFORMED);
    finish(&f);
}

static void other_machines_are_refused(void **unused) {
    (void)unused;
    struct fixture f;
    start(&f, "GOOD");
    Elf64_Ehdr *header = (Elf64_Ehdr *)f.bytes;
    header->e_machine ^= 0x101;
    assert_int_equal(compile_len(&f, f.len, &f.module), SWAPC_UNSUPPORTED);
    assert_non_null(strstr(f.error.text, "another machine"));
    header->e_machine ^= 0x101;
    f.bytes[EI_CLASS] = ELFCLASS32;
    assert_int_equal(compile_len(&f, f.len, &f.module), SWAPC_UNSUPPORTED);
    f.bytes[EI_CLASS] = ELFCLASS64;
    header->e_type = ET_REL;
    assert_int_equal(compile_len(&f, f.len, &f.module), SWAPC_MODULE_MALFORMED);
    finish(&f);
}

/* Each length of a cut file: a status, never a signal. */
static void truncated_objects_are_refused(void **unused) {
    (void)unused;
    struct fixture f;
    start(&f, "GOOD");
    for (size_t len = 0; len < f.len; len += len < 4096 ? 1 : 61) {
        enum swapc_status status = compile_len(&f, len, &f.module);
        assert_int_equal(status, SWAPC_MODULE_MALFORMED);
        assert_non_null(strstr(f.error.text, "guest.so"));
    }
    finish(&f);
}

/* Program headers that name what is not there are refused before the loader sees them. */
static void segments_past_the_end_are_refused(void **unused) {
    (void)unused;
    struct fixture f;
    start(&f, "GOOD");
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)f.bytes;
    Elf64_Phdr *segment = (Elf64_Phdr *)(f.bytes + header->e_phoff);
    segment->p_offset = UINT64_MAX - 4;
    assert_int_equal(compile_len(&f, f.len, &f.module), SWAPC_MODULE_MALFORMED);
    segment->p_offset = 0;
    segment->p_filesz = f.len + 1;
    assert_int_equal(compile_len(&f, f.len, &f.module), SWAPC_MODULE_MALFORMED);
    finish(&f);
}

static void missing_import_row_fails_open(void **unused) {
    (void)unused;
    swapc_engine_state *state = NULL;
    swapc_error error = SWAPC_ERROR_INIT;
    const swapc_engine_config config = {.imports = rows,
                                        .import_count = sizeof rows / sizeof *rows - 1};
    assert_int_equal(engine->open(&config, &state, &error), SWAPC_INVALID);
    assert_non_null(strstr(error.text, "__console_log"));
    assert_null(state);
}

static void claims_nothing_it_does_not_hold(void **unused) {
    (void)unused;
    assert_int_equal(engine->caps, 0);
    assert_int_equal(engine->abi, SWAPC_ENGINE_ABI);
    assert_string_equal(engine->name, "native");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_and_response_pass),
        cmocka_unit_test(host_call_and_console_pass),
        cmocka_unit_test(import_status_stops_the_guest),
        cmocka_unit_test(state_is_per_instance),
        cmocka_unit_test(same_bytes_twice_are_two_libraries),
        cmocka_unit_test(opening_and_freeing_leaks_nothing),
        cmocka_unit_test(overwriting_the_file_changes_nothing),
        cmocka_unit_test(object_without_table_is_refused),
        cmocka_unit_test(other_abi_is_refused),
        cmocka_unit_test(empty_table_is_refused),
        cmocka_unit_test(refusing_init_fails_the_instance),
        cmocka_unit_test(not_an_object_is_refused),
        cmocka_unit_test(other_machines_are_refused),
        cmocka_unit_test(truncated_objects_are_refused),
        cmocka_unit_test(segments_past_the_end_are_refused),
        cmocka_unit_test(missing_import_row_fails_open),
        cmocka_unit_test(claims_nothing_it_does_not_hold),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
