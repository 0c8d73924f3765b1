/* What the host demands of a wasm module before an engine sees it. */
#include "check.h"

#include "imports.h"
#include "test_main.h"
#include "wasm_builder.h"

/* A module to vary: one import, and exports, of the types named. */
struct shape {
    const char *import_module, *import_name, *import_type;
    const char *call_type; /* NULL: no __guest_call */
    const char *init_name, *init_type;
    unsigned no_memory;
    uint8_t call_kind;
};

static enum swapc_status check(struct shape s, swapc_error *error) {
    struct swapci_wasm_builder b;
    *error = (swapc_error)SWAPC_ERROR_INIT;
    swapci_wasm_begin(&b);
    swapci_wasm_section(&b, 1);
    swapci_wasm_type(&b, s.import_type ? s.import_type : "");
    swapci_wasm_type(&b, s.call_type ? s.call_type : "");
    swapci_wasm_type(&b, s.init_type ? s.init_type : "");
    swapci_wasm_section_end(&b);
    swapci_wasm_section(&b, 2);
    if (s.import_name) swapci_wasm_import(&b, s.import_module, s.import_name, 0);
    swapci_wasm_section_end(&b);
    uint32_t imported = s.import_name ? 1 : 0;
    swapci_wasm_section(&b, 3);
    swapci_wasm_function(&b, 1);
    swapci_wasm_function(&b, 2);
    swapci_wasm_section_end(&b);
    swapci_wasm_section(&b, 5);
    swapci_wasm_memory(&b, 1);
    swapci_wasm_section_end(&b);
    swapci_wasm_section(&b, 7);
    if (!s.no_memory) swapci_wasm_export(&b, "memory", 2, 0);
    if (s.call_type) swapci_wasm_export(&b, "__guest_call", s.call_kind, imported);
    if (s.init_name) swapci_wasm_export(&b, s.init_name, 0, imported + 1);
    swapci_wasm_export(&b, "anything_else", 0, imported);
    swapci_wasm_section_end(&b);
    enum swapc_status status = swapci_check_wasm(swapci_wasm_bytes(&b), 0, NULL, error);
    assert_int_equal(error->status, status);
    swapci_wasm_builder_fini(&b);
    return status;
}

static void the_least_that_passes(void **state) {
    (void)state;
    swapc_error error;
    assert_int_equal(check((struct shape){.call_type = "ii:i"}, &error), SWAPC_OK);
}

static void every_row_of_the_table_is_accepted(void **state) {
    (void)state;
    size_t count;
    const swapc_import *rows = swapci_imports(&count);
    for (size_t i = 0; i < count; i++) {
        swapc_error error;
        struct shape s = {rows[i].module, rows[i].name, rows[i].signature, "ii:i", .no_memory = 0};
        if (check(s, &error) != SWAPC_OK)
            fail_msg("%s.%s: %s", rows[i].module, rows[i].name, error.text);
    }
}

static void every_row_with_another_type_is_refused(void **state) {
    (void)state;
    size_t count;
    const swapc_import *rows = swapci_imports(&count);
    static const char *const others[] = {"", "i", "ii", "I:i", "iiiiiiiiiii:i", "ii:f", ":ii"};
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
            swapc_error error;
            struct shape s = {rows[i].module, rows[i].name, others[k], "ii:i", .no_memory = 0};
            if (strcmp(others[k], rows[i].signature) == 0) continue;
            assert_int_equal(check(s, &error), SWAPC_MODULE_IMPORT);
            assert_non_null(strstr(error.text, rows[i].name));
            assert_non_null(strstr(error.text, rows[i].signature));
        }
}

/* The table is sane itself: no row twice, and no more arguments than an engine must move. */
static void the_table_has_no_row_twice(void **state) {
    (void)state;
    size_t count;
    const swapc_import *rows = swapci_imports(&count);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(
            swapci_imports_find(swapc_bytes_str(rows[i].module), swapc_bytes_str(rows[i].name)),
            &rows[i]);
        assert_true(strcspn(rows[i].signature, ":") <= SWAPC_IMPORT_ARGS_MAX);
    }
}

static void unknown_imports_are_named(void **state) {
    (void)state;
    static const char *const unknown[][2] = {
        {"wapc", "__guest_reply"},
        {"env", "memory_grow"},
        {"wasi_snapshot_preview1", "thread"},
        {"wapc ", "__console_log"},
        {"", ""},
        {"WAPC", "__console_log"},
        {"wasi_snapshot_preview2", "fd_write"},
    };
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        swapc_error error;
        struct shape s = {unknown[i][0], unknown[i][1], "ii", "ii:i", .no_memory = 0};
        assert_int_equal(check(s, &error), SWAPC_MODULE_IMPORT);
        assert_non_null(strstr(error.text, unknown[i][1]));
    }
}

/* A name is the module's and may be anything; a report is one line of text all the same. */
static void names_cannot_break_the_report(void **state) {
    (void)state;
    swapc_error error;
    struct shape s = {"env", "two\nlines \x1b[31m", "", "ii:i", .no_memory = 0};
    assert_int_equal(check(s, &error), SWAPC_MODULE_IMPORT);
    assert_null(strpbrk(error.text, "\n\x1b"));
    assert_non_null(strstr(error.text, "env.two?lines ?[31m"));
}

static void imported_memories_and_globals_are_refused(void **state) {
    (void)state;
    static const uint8_t memory[] = {3, 'e', 'n', 'v', 6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 0, 1};
    struct swapci_wasm_builder b;
    swapc_error error = SWAPC_ERROR_INIT;
    swapci_wasm_begin(&b);
    swapci_wasm_section(&b, 2);
    swapci_wasm_item(&b, swapc_bytes_of(memory, sizeof memory));
    swapci_wasm_section_end(&b);
    assert_int_equal(swapci_check_wasm(swapci_wasm_bytes(&b), 0, NULL, &error),
                     SWAPC_MODULE_IMPORT);
    swapci_wasm_builder_fini(&b);
}

static void guest_call_is_required(void **state) {
    (void)state;
    swapc_error error;
    assert_int_equal(check((struct shape){.call_type = NULL}, &error), SWAPC_MODULE_EXPORT);
    assert_non_null(strstr(error.text, "__guest_call"));
}

static void guest_call_has_one_type(void **state) {
    (void)state;
    static const char *const others[] = {"", "ii", "i:i", "iii:i", "II:i", "ii:I", "ii:ii"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        swapc_error error;
        assert_int_equal(check((struct shape){.call_type = others[i]}, &error),
                         SWAPC_MODULE_EXPORT);
    }
}

static void guest_call_is_a_function(void **state) {
    (void)state;
    for (uint8_t kind = 1; kind <= 4; kind++) {
        swapc_error error;
        struct shape s = {.call_type = "ii:i", .call_kind = kind};
        assert_int_equal(check(s, &error), SWAPC_MODULE_EXPORT);
    }
}

static void memory_is_required(void **state) {
    (void)state;
    swapc_error error;
    struct shape s = {.call_type = "ii:i", .no_memory = 1};
    assert_int_equal(check(s, &error), SWAPC_MODULE_EXPORT);
    assert_non_null(strstr(error.text, "memory"));
}

static void init_exports_take_and_give_nothing(void **state) {
    (void)state;
    for (const char *const *name = swapci_init_exports; *name; name++) {
        swapc_error error;
        struct shape s = {.call_type = "ii:i", .init_name = *name, .init_type = ""};
        assert_int_equal(check(s, &error), SWAPC_OK);
        s.init_type = "i";
        assert_int_equal(check(s, &error), SWAPC_MODULE_EXPORT);
        assert_non_null(strstr(error.text, *name));
        s.init_type = ":i";
        assert_int_equal(check(s, &error), SWAPC_MODULE_EXPORT);
    }
}

static void init_order_is_the_design_s(void **state) {
    (void)state;
    assert_string_equal(swapci_init_exports[0], "_start");
    assert_string_equal(swapci_init_exports[1], "_initialize");
    assert_string_equal(swapci_init_exports[2], "wapc_init");
    assert_null(swapci_init_exports[3]);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_that_passes),
        cmocka_unit_test(every_row_of_the_table_is_accepted),
        cmocka_unit_test(every_row_with_another_type_is_refused),
        cmocka_unit_test(the_table_has_no_row_twice),
        cmocka_unit_test(unknown_imports_are_named),
        cmocka_unit_test(names_cannot_break_the_report),
        cmocka_unit_test(imported_memories_and_globals_are_refused),
        cmocka_unit_test(guest_call_is_required),
        cmocka_unit_test(guest_call_has_one_type),
        cmocka_unit_test(guest_call_is_a_function),
        cmocka_unit_test(memory_is_required),
        cmocka_unit_test(init_exports_take_and_give_nothing),
        cmocka_unit_test(init_order_is_the_design_s),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
