/* Where a guest was when it was stopped: the names of its functions, innermost first, safe to
 * show. */
#include "test_main.h"

#include "wt_fixture.h"

static const char calls_twice[] =
    "(module " MEMORY "(func $price_total unreachable) (func $respond call $price_total) "
    "(func $sdk_entry (export \"__guest_call\") (param i32 i32) (result i32) "
    "call $respond i32.const 1))";

static void expect_where(struct fixture *f, const char *text, enum swapc_status status,
                         const char *where) {
    int32_t result;
    fixture_start(f, text);
    if (status == SWAPC_DEADLINE) f->run.deadline_ns = swapci_clock_monotonic_ns() + 20000000;
    assert_int_equal(call(f, &result), status);
    const char *said = strstr(f->error.text, "; in ");
    assert_non_null(said);
    assert_string_equal(said + 2, where);
    fixture_close(f);
}

static void trap_names_the_functions(void **unused) {
    (void)unused;
    struct fixture f;
    expect_where(&f, calls_twice, SWAPC_TRAP, "in price_total < respond < __guest_call");
    assert_non_null(strstr(f.error.text, "unreachable"));
    expect_where(&f,
                 "(module " MEMORY "(func $reads (result i32) i32.const -1 i32.load) " GUEST_CALL
                 "call $reads))",
                 SWAPC_TRAP_MEMORY, "in reads < __guest_call");
}

static void deadline_names_the_function(void **unused) {
    (void)unused;
    struct fixture f;
    expect_where(
        &f, "(module " MEMORY "(func $spins (loop (br 0))) " GUEST_CALL "call $spins i32.const 1))",
        SWAPC_DEADLINE, "in spins < __guest_call");
}

/* Numbers count the imports, as the tools do. */
static void without_names_there_are_numbers(void **unused) {
    (void)unused;
    struct fixture f;
    expect_where(&f,
                 "(module (import \"t\" \"fail\" (func)) " MEMORY "(func unreachable) " GUEST_CALL
                 "call 1 i32.const 1))",
                 SWAPC_TRAP, "in function 1 < __guest_call");
}

static void import_names_its_caller(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result;
    fixture_start(&f, "(module (import \"t\" \"fail\" (func $fail)) " MEMORY
                      "(func $asks call $fail) " GUEST_CALL "call $asks i32.const 1))");
    assert_int_equal(call(&f, &result), SWAPC_LIMIT);
    assert_string_equal(f.error.text, "in asks < __guest_call");
    assert_int_equal(f.error.status, SWAPC_LIMIT);
    fixture_close(&f);
}

static void start_section_names_itself(void **unused) {
    (void)unused;
    static const char *const starts[] = {"(func $sets_up unreachable) (start $sets_up) ",
                                         "(func unreachable) (start 0) "};
    static const char *const said[] = {"; in sets_up", "; in function 0"};
    for (unsigned i = 0; i < 2; i++) {
        struct fixture f;
        char text[256];
        snprintf(text, sizeof text, "(module " MEMORY "%s" GUEST_CALL "i32.const 1))", starts[i]);
        fixture_open(&f, 4);
        assert_int_equal(compile_text(&f, text), SWAPC_OK);
        assert_int_equal(instantiate(&f, &f.instance), SWAPC_TRAP);
        assert_non_null(strstr(f.error.text, said[i]));
        fixture_close(&f);
    }
}

static void recursion_is_cut(void **unused) {
    (void)unused;
    struct fixture f;
    expect_where(&f,
                 "(module " MEMORY "(func $deeper call $deeper) " GUEST_CALL
                 "call $deeper i32.const 1))",
                 SWAPC_TRAP_STACK, "in deeper < deeper < ... < deeper < deeper < deeper < deeper");
    /* Nobody knows who is outermost there: no __guest_call is made up. */
    expect_where(
        &f, "(module " MEMORY "(func call 0) " GUEST_CALL "call 0 i32.const 1))", SWAPC_TRAP_STACK,
        "in function 0 < function 0 < ... < function 0 < function 0 < function 0 < function 0");
}

/* A name is any text: it may not act on a terminal, forge a line, or push the reason out. */
static void names_are_escaped_and_cut(void **unused) {
    (void)unused;
    static const char head[] = "(module " MEMORY "(func $f (@name \"";
    static const char tail[] = "\") unreachable) " GUEST_CALL "call $f i32.const 1))";
    char text[8192];
    struct fixture f;
    snprintf(text, sizeof text, "%s%s%s", head, "\\1b[2J\\0anext \\u{202e}", tail);
    expect_where(&f, text, SWAPC_TRAP, "in \\x1b[2J\\nnext \\u{202e} < __guest_call");
    for (unsigned len = 1; len < 4000; len += len < 200 ? 1 : 397) {
        snprintf(text, sizeof text, "%s", head);
        memset(text + sizeof head - 1, 'n', len);
        snprintf(text + sizeof head - 1 + len, sizeof text - sizeof head - len, "%s", tail);
        int32_t result;
        fixture_start(&f, text);
        assert_int_equal(call(&f, &result), SWAPC_TRAP);
        const char *said = strstr(f.error.text, "; in n");
        assert_non_null(said);
        assert_in_range(strlen(said), 1, 180);
        assert_non_null(strstr(said, " < __guest_call"));
        assert_true(len < 64 || strstr(said, "..."));
        fixture_close(&f);
    }
}

static void a_long_chain_is_cut_to_its_room(void **unused) {
    (void)unused;
    char text[4096], name[64];
    struct fixture f;
    int32_t result;
    memset(name, 'x', 50);
    name[50] = '\0';
    int used = snprintf(text, sizeof text, "(module " MEMORY "(func $%s0 unreachable) ", name);
    for (int i = 1; i < 6; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "(func $%s%d call $%s%d) ", name,
                         i, name, i - 1);
    snprintf(text + used, sizeof text - (size_t)used, GUEST_CALL "call $%s5 i32.const 1))", name);
    fixture_start(&f, text);
    assert_int_equal(call(&f, &result), SWAPC_TRAP);
    const char *said = strstr(f.error.text, "; in x");
    assert_non_null(said);
    assert_in_range(strlen(said), 100, 180);
    assert_non_null(strstr(said, " < ... < "));
    fixture_close(&f);
}

/* The functions of a panic stand inside, the guest's own further out. */
static void the_middle_of_a_chain_is_left_out(void **unused) {
    (void)unused;
    char text[2048];
    struct fixture f;
    int used = snprintf(text, sizeof text, "(module " MEMORY "(func $f0 unreachable) ");
    for (int i = 1; i < 12; i++)
        used +=
            snprintf(text + used, sizeof text - (size_t)used, "(func $f%d call $f%d) ", i, i - 1);
    snprintf(text + used, sizeof text - (size_t)used, GUEST_CALL "call $f11 i32.const 1))");
    expect_where(&f, text, SWAPC_TRAP, "in f0 < f1 < ... < f9 < f10 < f11 < __guest_call");
}

static void rust_names_are_readable(void **unused) {
    (void)unused;
    static const struct {
        const char *given, *shown;
    } names[] = {
        {"_RNvNtCs1aB2_5price5guest5price", "price::guest::price"},
        {"_RNvCsfgHYwM92fyn_7___rustc12___rust_abort", "__rustc::__rust_abort"},
        {"_RNCNvNtCs4_5price5guest4init0B5_", "price::guest::init"},
        {"_RINvNtCs4_4core3mem9take_manyhE", "core::mem::take_many"},
        {"_RNvC99999999999999999999x", "x"},
        {"_R", "_R"},
        {"_Rs", "_Rs"},
        {"_R0", "_R0"},
        {"_Reader", "_Reader"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct fixture f;
        char text[512], where[256];
        snprintf(text, sizeof text,
                 "(module " MEMORY "(func $f (@name \"%s\") unreachable) " GUEST_CALL
                 "call $f i32.const 1))",
                 names[i].given);
        snprintf(where, sizeof where, "in %s < __guest_call", names[i].shown);
        expect_where(&f, text, SWAPC_TRAP, where);
    }
}

/* Nobody wants to know. */
static void no_report_is_wanted(void **unused) {
    (void)unused;
    struct fixture f;
    int32_t result;
    fixture_start(&f, calls_twice);
    assert_int_equal(engine->call(f.instance, &f.run, 3, 4, &result, NULL), SWAPC_TRAP);
    fixture_close(&f);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trap_names_the_functions),
        cmocka_unit_test(deadline_names_the_function),
        cmocka_unit_test(without_names_there_are_numbers),
        cmocka_unit_test(import_names_its_caller),
        cmocka_unit_test(start_section_names_itself),
        cmocka_unit_test(recursion_is_cut),
        cmocka_unit_test(names_are_escaped_and_cut),
        cmocka_unit_test(a_long_chain_is_cut_to_its_room),
        cmocka_unit_test(the_middle_of_a_chain_is_left_out),
        cmocka_unit_test(rust_names_are_readable),
        cmocka_unit_test(no_report_is_wanted),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
