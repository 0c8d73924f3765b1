/* Each ceiling: what lies on it is taken, one more is not; and damage is no crash. */
#include "ceilings.h"

#include <stdlib.h>

#include "opcodes.h"
#include "test_main.h"
#include "writer.h"

struct shape {
    uint32_t functions; /* of the body below */
    uint32_t locals, loops, blocks, instructions;
    uint32_t types, tables, table_min, globals;
    uint32_t going_round, branches; /* locals, in the innermost loop; from its end to it */
};

static void put_body(struct swapci_wasm_writer *w, const struct shape *s) {
    swapci_buffer body = SWAPCI_BUFFER_INIT;
    struct swapci_wasm_writer b = {&body, SWAPC_OK};
    swapci_wasm_put(&b, (const uint8_t[]){1}, 1);
    swapci_wasm_put_u32(&b, s->locals);
    swapci_wasm_put_byte(&b, SWAPCI_WASM_I32);
    for (uint32_t i = 0; i < s->blocks; i++) swapci_wasm_put(&b, "\x02\x40", 2);
    for (uint32_t i = 0; i < s->loops; i++) swapci_wasm_put(&b, "\x03\x40", 2);
    for (uint32_t i = 0; i < s->instructions; i++) swapci_wasm_put_byte(&b, SWAPCI_WASM_OP_NOP);
    for (uint32_t i = 0; i < s->going_round; i++) {
        swapci_wasm_put_byte(&b, SWAPCI_WASM_OP_LOCAL_GET);
        swapci_wasm_put_u32(&b, (i + 1) % s->going_round);
        swapci_wasm_put_byte(&b, SWAPCI_WASM_OP_LOCAL_SET);
        swapci_wasm_put_u32(&b, i);
    }
    for (uint32_t i = 0; i < s->branches; i++) swapci_wasm_put(&b, "\x20\0\x0d\0", 4);
    for (uint32_t i = 0; i < s->loops + s->blocks + 1; i++)
        swapci_wasm_put_byte(&b, SWAPCI_WASM_OP_END);
    assert_int_equal(b.status, SWAPC_OK);
    swapci_wasm_put_name(w, swapci_buffer_bytes(&body));
    swapci_buffer_fini(&body);
}

/* Sections of equal items. */
static void put_section(struct swapci_wasm_writer *w, uint8_t id, uint32_t count, const void *item,
                        size_t size) {
    if (count == 0) return;
    size_t at = swapci_wasm_begin_section(w, id);
    swapci_wasm_put_u32(w, count);
    for (uint32_t i = 0; i < count; i++) swapci_wasm_put(w, item, size);
    swapci_wasm_end_section(w, at);
}

static void build(const struct shape *s, swapci_buffer *out) {
    struct swapci_wasm_writer w = {out, SWAPC_OK};
    swapci_buffer table = SWAPCI_BUFFER_INIT;
    struct swapci_wasm_writer t = {&table, SWAPC_OK};
    swapci_wasm_put(&t, (const uint8_t[]){SWAPCI_WASM_FUNCREF, 0}, 2);
    swapci_wasm_put_u32(&t, s->table_min);
    swapci_wasm_put(&w, "\0asm\1\0\0", 8);
    put_section(&w, SWAPCI_WASM_TYPES, s->types ? s->types : 1, "\x60\0", 3);
    put_section(&w, SWAPCI_WASM_FUNCTIONS, s->functions, "", 1);
    put_section(&w, SWAPCI_WASM_TABLES, s->tables, table.ptr, table.len);
    put_section(&w, SWAPCI_WASM_GLOBALS, s->globals, "\x7f\0\x41\0\x0b", 5);
    if (s->functions > 0) {
        size_t at = swapci_wasm_begin_section(&w, SWAPCI_WASM_CODE);
        swapci_wasm_put_u32(&w, s->functions);
        for (uint32_t i = 0; i < s->functions; i++) put_body(&w, s);
        swapci_wasm_end_section(&w, at);
    }
    assert_int_equal(w.status, SWAPC_OK);
    swapci_buffer_fini(&table);
}

static enum swapc_status check_bytes(swapc_bytes bytes, swapc_error *error) {
    struct swapci_wasm_module module;
    swapc_error_clear(error);
    enum swapc_status status = swapci_wasm_module_read(&module, bytes, error);
    if (status == SWAPC_OK) status = swapci_wasm_check_ceilings(&module, 0, NULL, error);
    swapci_wasm_module_fini(&module);
    assert_int_equal(error->status, status);
    return status;
}

static void expect(struct shape shape, enum swapc_status expected, const char *said) {
    swapci_buffer module = SWAPCI_BUFFER_INIT;
    swapc_error error = SWAPC_ERROR_INIT;
    build(&shape, &module);
    enum swapc_status status = check_bytes(swapci_buffer_bytes(&module), &error);
    if (status != expected || !strstr(error.text, said))
        fail_msg("%s: %s", swapc_status_name(status), error.text);
    swapci_buffer_fini(&module);
}

static void counts_have_ceilings(void **unused) {
    (void)unused;
    expect((struct shape){.functions = SWAPCI_WASM_FUNCTIONS_MAX}, SWAPC_OK, "");
    expect((struct shape){.functions = SWAPCI_WASM_FUNCTIONS_MAX + 1}, SWAPC_LIMIT, "functions");
    expect((struct shape){.types = SWAPCI_WASM_TYPES_MAX}, SWAPC_OK, "");
    expect((struct shape){.types = SWAPCI_WASM_TYPES_MAX + 1}, SWAPC_LIMIT, "types");
    expect((struct shape){.globals = SWAPCI_WASM_GLOBALS_MAX}, SWAPC_OK, "");
    expect((struct shape){.globals = SWAPCI_WASM_GLOBALS_MAX + 1}, SWAPC_LIMIT, "globals");
    expect((struct shape){.tables = SWAPCI_WASM_TABLES_MAX}, SWAPC_OK, "");
    expect((struct shape){.tables = SWAPCI_WASM_TABLES_MAX + 1}, SWAPC_LIMIT, "tables");
}

static void table_elements_count_in_all_tables(void **unused) {
    (void)unused;
    uint32_t half = SWAPCI_WASM_TABLE_ELEMENTS_MAX / 2;
    expect((struct shape){.tables = 2, .table_min = half}, SWAPC_OK, "");
    expect((struct shape){.tables = 2, .table_min = half + 1}, SWAPC_LIMIT, "elements");
    expect((struct shape){.tables = 16, .table_min = UINT32_MAX}, SWAPC_LIMIT, "elements");
}

static void bodies_have_ceilings(void **unused) {
    (void)unused;
    uint32_t most = SWAPCI_WASM_BODY_MAX - 1; /* and the end */
    expect((struct shape){.functions = 1, .instructions = most}, SWAPC_OK, "");
    expect((struct shape){.functions = 1, .instructions = most + 1}, SWAPC_LIMIT, "function 0");
    uint32_t deep = SWAPCI_WASM_NESTING_MAX - 1;
    expect((struct shape){.functions = 1, .blocks = deep}, SWAPC_OK, "");
    expect((struct shape){.functions = 1, .blocks = deep + 1}, SWAPC_LIMIT, "blocks");
    expect((struct shape){.functions = 1, .blocks = 3 * deep}, SWAPC_LIMIT, "blocks");
    expect((struct shape){.functions = 1, .loops = SWAPCI_WASM_LOOP_DEPTH_MAX}, SWAPC_OK, "");
    expect((struct shape){.functions = 1, .loops = SWAPCI_WASM_LOOP_DEPTH_MAX + 1}, SWAPC_LIMIT,
           "loops");
}

/* Kinds of work that each alone is too much, in modules of some kilobytes to some hundred; and next
 * to each, a fifth of it, which is taken. */
static void work_has_a_ceiling(void **unused) {
    (void)unused;
    static const struct {
        struct shape taken, refused;
        const char *said;
    } rows[] = {
        {{.functions = 20000}, {.functions = 65000, .locals = 600}, "locals (39000000)"},
        {{.functions = 1, .locals = 1000, .loops = 100},
         {.functions = 20, .locals = 1000, .loops = 100},
         "loops times locals"},
        {{.functions = 1, .locals = 1000, .blocks = 500},
         {.functions = 1, .locals = 50000, .blocks = 500},
         "blocks and branches times locals"},
        {{.functions = 1, .locals = 40, .blocks = 5000},
         {.functions = 10, .locals = 40, .blocks = 9000},
         "blocks"},
        {{.functions = 4, .instructions = 400000},
         {.functions = 30, .instructions = 400000},
         "instructions"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expect(rows[i].taken, SWAPC_OK, "");
        expect(rows[i].refused, SWAPC_LIMIT, rows[i].said);
        expect(rows[i].refused, SWAPC_LIMIT, "compiling the module is estimated at");
    }
}

/* Where many locals go round in loops, compilers need minutes for some kilobytes: 500 such loops in
 * each other took 60 s even without optimisation, 1000 branches with 100 locals 10 s with it. */
static void copies_that_go_round_are_counted(void **unused) {
    (void)unused;
    static const struct shape few = {.functions = 1, .locals = 100, .loops = 1, .branches = 1000};
    struct shape round = few, nested = {.functions = 1, .locals = 1000, .loops = 500};
    swapci_buffer bytes = SWAPCI_BUFFER_INIT;
    struct swapci_wasm_module module;
    struct swapci_wasm_work work[2];
    round.going_round = round.locals;
    for (int i = 0; i < 2; i++) {
        swapci_buffer_clear(&bytes);
        build(i ? &round : &few, &bytes);
        assert_int_equal(swapci_wasm_module_read(&module, swapci_buffer_bytes(&bytes), NULL),
                         SWAPC_OK);
        assert_int_equal(swapci_wasm_check_ceilings(&module, 0, &work[i], NULL), SWAPC_OK);
        swapci_wasm_module_fini(&module);
    }
    assert_true(swapci_wasm_work_best_ms(&work[0]) < 1000);
    assert_true(swapci_wasm_work_best_ms(&work[1]) > 5000);
    swapci_buffer_fini(&bytes);
    expect(nested, SWAPC_OK, "");
    nested.going_round = nested.locals;
    expect(nested, SWAPC_LIMIT, "copies around loops");
}

/* What one estimate says of a module, by kind. */
static void work_is_counted_by_kind(void **unused) {
    (void)unused;
    swapci_buffer bytes = SWAPCI_BUFFER_INIT;
    struct swapci_wasm_module module;
    struct swapci_wasm_work work;
    build(&(struct shape){.functions = 3, .locals = 4, .loops = 2, .blocks = 5, .globals = 2},
          &bytes);
    assert_int_equal(swapci_wasm_module_read(&module, swapci_buffer_bytes(&bytes), NULL), SWAPC_OK);
    assert_int_equal(swapci_wasm_check_ceilings(&module, 0, &work, NULL), SWAPC_OK);
    assert_int_equal(work.counts[SWAPCI_WASM_WORK_FUNCTIONS], 3);
    assert_int_equal(work.counts[SWAPCI_WASM_WORK_LOCALS], 12);
    assert_int_equal(work.counts[SWAPCI_WASM_WORK_BLOCKS], 21);
    assert_int_equal(work.counts[SWAPCI_WASM_WORK_LOOPS], 6);
    assert_int_equal(work.counts[SWAPCI_WASM_WORK_LOOP_LOCALS], 24);
    assert_int_equal(work.counts[SWAPCI_WASM_WORK_WAY_LOCALS], 84);
    assert_int_equal(work.counts[SWAPCI_WASM_WORK_CONSTANTS], 4);
    swapci_wasm_work_add(&work, SWAPCI_WASM_WORK_LOOPS, UINT64_MAX, UINT64_MAX, 2);
    swapci_wasm_work_add(&work, SWAPCI_WASM_WORK_LOOPS, 1, 1, 1);
    assert_true(work.counts[SWAPCI_WASM_WORK_LOOPS] == UINT64_MAX); /* and no wrap */
    assert_int_equal(swapci_wasm_work_most(&work), SWAPCI_WASM_WORK_LOOPS);
    assert_int_equal(swapci_wasm_work_quick_ms(&work), UINT32_MAX);
    swapci_wasm_module_fini(&module);
    swapci_buffer_fini(&bytes);
}

static void externref_is_called_by_its_name(void **unused) {
    (void)unused;
    static const uint8_t global[] = {0, 'a', 's', 'm',  1, 0,    0,    0,
                                     6, 6,   1,   0x6f, 0, 0xd0, 0x6f, 0x0b};
    static const uint8_t type[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 5, 1, 0x60, 1, 0x6f, 0};
    static const uint8_t table[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 4, 4, 1, 0x6f, 0, 1};
    const swapc_bytes all[] = {swapc_bytes_of(global, sizeof global),
                               swapc_bytes_of(type, sizeof type),
                               swapc_bytes_of(table, sizeof table)};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        assert_int_equal(check_bytes(all[i], &error), SWAPC_UNSUPPORTED);
        assert_non_null(strstr(error.text, "externref"));
        assert_null(strstr(error.text, "GC"));
    }
}

static void unknown_instructions_are_placed(void **unused) {
    (void)unused;
    static const uint8_t module[] = {0, 'a', 's', 'm', 1, 0,  0, 0, 1, 4, 1,    0x60, 0,
                                     0, 3,   2,   1,   0, 10, 6, 1, 4, 0, 0xfe, 3,    0x0b};
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(check_bytes(swapc_bytes_of(module, sizeof module), &error), SWAPC_UNSUPPORTED);
    assert_non_null(
        strstr(error.text, "function 0 uses instruction 0xfe0003 at byte 23 (threads)"));
}

/* Cut at each byte, each copy of its very length, for the sanitizer to see a step past its end. */
static void truncations_are_survived(void **unused) {
    (void)unused;
    swapci_buffer module = SWAPCI_BUFFER_INIT;
    build(&(struct shape){.functions = 3,
                          .locals = 3,
                          .loops = 2,
                          .blocks = 2,
                          .instructions = 9,
                          .types = 2,
                          .tables = 1,
                          .table_min = 200,
                          .globals = 2},
          &module);
    for (size_t len = 0; len < module.len; len++) {
        uint8_t *copy = malloc(len + 1);
        swapc_error error = SWAPC_ERROR_INIT;
        assert_non_null(copy);
        memcpy(copy + 1, module.ptr, len);
        enum swapc_status status = check_bytes(swapc_bytes_of(copy + 1, len), &error);
        assert_true(status == SWAPC_OK || status == SWAPC_MODULE_MALFORMED);
        free(copy);
    }
    swapci_buffer_fini(&module);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_have_ceilings),
        cmocka_unit_test(table_elements_count_in_all_tables),
        cmocka_unit_test(bodies_have_ceilings),
        cmocka_unit_test(work_has_a_ceiling),
        cmocka_unit_test(copies_that_go_round_are_counted),
        cmocka_unit_test(work_is_counted_by_kind),
        cmocka_unit_test(externref_is_called_by_its_name),
        cmocka_unit_test(unknown_instructions_are_placed),
        cmocka_unit_test(truncations_are_survived),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
