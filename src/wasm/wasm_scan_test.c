/* The reader of wasm binaries: what it sees, and that no byte outside is ever read. */
#include "wasm_scan.h"

#include <stdio.h>
#include <stdlib.h>

#include "failing_alloc.h"
#include "test_main.h"
#include "wasm_builder.h"

/* Writes each item down as "import wapc.__console_log ii", one a line. */
struct notes {
    char text[4096];
    size_t used;
    unsigned items;
    uint64_t pages;
    enum swapc_status answer;
};

static enum swapc_status note(const struct swapci_wasm_item *item, void *user, swapc_error *error) {
    (void)error;
    struct notes *n = user;
    n->items++;
    if (item->kind == SWAPCI_WASM_MEMORY) n->pages = item->pages_min;
    if (n->used < sizeof n->text)
        n->used += (size_t)snprintf(n->text + n->used, sizeof n->text - n->used,
                                    "%s%.*s.%.*s %d %s\n", item->import ? "import " : "export ",
                                    (int)item->module.len, item->module.ptr, (int)item->name.len,
                                    item->name.ptr, (int)item->kind, item->signature);
    return n->answer;
}

/* From a heap copy of just this size, so that the address sanitizer sees each byte too many. */
static enum swapc_status scan_copy(swapc_bytes bytes, struct notes *n, swapc_error *error) {
    uint8_t *copy = malloc(bytes.len ? bytes.len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes.ptr, bytes.len);
    *n = (struct notes){.answer = SWAPC_OK};
    enum swapc_status status = swapci_wasm_scan(swapc_bytes_of(copy, bytes.len), note, n, error);
    free(copy);
    return status;
}

/* A module with one of everything that the scanner reads. */
static void build_full(struct swapci_wasm_builder *b) {
    static const uint8_t table_import[] = {1, 'm', 1, 't', 1, 0x70, 1, 1, 2};
    static const uint8_t global_import[] = {1, 'm', 1, 'g', 3, 0x7f, 0};
    static const uint8_t tag_import[] = {1, 'm', 1, 'e', 4, 0, 0};
    static const uint8_t memory_import[] = {1, 'm', 1, 'y', 2, 0, 5};
    swapci_wasm_begin(b);
    swapci_wasm_section(b, 1);
    swapci_wasm_type(b, "ii:i");
    swapci_wasm_type(b, "");
    swapci_wasm_type(b, "iIfFvr:II");
    swapci_wasm_section_end(b);
    swapci_wasm_section(b, 2);
    swapci_wasm_import(b, "wapc", "__console_log", 0);
    swapci_wasm_item(b, swapc_bytes_of(table_import, sizeof table_import));
    swapci_wasm_item(b, swapc_bytes_of(global_import, sizeof global_import));
    swapci_wasm_item(b, swapc_bytes_of(tag_import, sizeof tag_import));
    swapci_wasm_item(b, swapc_bytes_of(memory_import, sizeof memory_import));
    swapci_wasm_section_end(b);
    swapci_wasm_section(b, 3);
    swapci_wasm_function(b, 1);
    swapci_wasm_function(b, 2);
    swapci_wasm_section_end(b);
    swapci_wasm_section(b, 5);
    swapci_wasm_memory(b, 300);
    swapci_wasm_section_end(b);
    swapci_wasm_section(b, 7);
    swapci_wasm_export(b, "log", 0, 0);
    swapci_wasm_export(b, "none", 0, 1);
    swapci_wasm_export(b, "all", 0, 2);
    swapci_wasm_export(b, "memory", 2, 1);
    swapci_wasm_section_end(b);
}

static void every_kind_of_item(void **state) {
    (void)state;
    struct swapci_wasm_builder b;
    struct notes n;
    build_full(&b);
    assert_int_equal(scan_copy(swapci_wasm_bytes(&b), &n, NULL), SWAPC_OK);
    assert_string_equal(n.text, "import wapc.__console_log 0 ii:i\n"
                                "import m.t 1 \n"
                                "import m.g 3 \n"
                                "import m.e 4 \n"
                                "import m.y 2 \n"
                                "export .log 0 ii:i\n"
                                "export .none 0 \n"
                                "export .all 0 iIfFvr:II\n"
                                "export .memory 2 \n");
    assert_int_equal(n.pages, 300);
    swapci_wasm_builder_fini(&b);
}

/* A cut at a section's end is a shorter module, any other cut is refused; none reads outside. */
static void every_truncation(void **state) {
    (void)state;
    struct swapci_wasm_builder b;
    struct notes n;
    unsigned whole = 0;
    build_full(&b);
    swapc_bytes all = swapci_wasm_bytes(&b);
    for (size_t len = 0; len < all.len; len++) {
        swapc_error error = SWAPC_ERROR_INIT;
        enum swapc_status status = scan_copy(swapc_bytes_of(all.ptr, len), &n, &error);
        whole += status == SWAPC_OK;
        if (status != SWAPC_OK) assert_int_equal(status, SWAPC_MODULE_MALFORMED);
        assert_int_equal(error.status, status);
    }
    assert_int_equal(whole, 5);
    swapci_wasm_builder_fini(&b);
}

/* Every byte replaced by every value: any answer will do, as long as it comes from inside. */
static void every_damaged_byte(void **state) {
    (void)state;
    struct swapci_wasm_builder b;
    struct notes n;
    build_full(&b);
    uint8_t *at = b.bytes.ptr;
    for (size_t i = 0; i < b.bytes.len; i++) {
        uint8_t kept = at[i];
        for (unsigned value = 0; value < 256; value++) {
            at[i] = (uint8_t)value;
            enum swapc_status status = scan_copy(swapci_wasm_bytes(&b), &n, NULL);
            assert_true(status == SWAPC_OK || status == SWAPC_MODULE_MALFORMED ||
                        status == SWAPC_UNSUPPORTED);
        }
        at[i] = kept;
    }
    swapci_wasm_builder_fini(&b);
}

static void what_is_no_module(void **state) {
    (void)state;
    struct notes n;
    static const uint8_t component[] = {0, 'a', 's', 'm', 0x0d, 0, 1, 0};
    assert_int_equal(scan_copy(swapc_bytes_of("", 0), &n, NULL), SWAPC_MODULE_MALFORMED);
    assert_int_equal(scan_copy(swapc_bytes_str("(module)"), &n, NULL), SWAPC_MODULE_MALFORMED);
    assert_int_equal(scan_copy(swapc_bytes_of(component, sizeof component), &n, NULL),
                     SWAPC_MODULE_MALFORMED);
    assert_false(swapci_wasm_is_module(swapc_bytes_of(component, sizeof component)));
}

static void damage_names_section_and_byte(void **state) {
    (void)state;
    static const uint8_t bytes[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 4, 1, 0x60, 9, 0x7f};
    struct notes n;
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(scan_copy(swapc_bytes_of(bytes, sizeof bytes), &n, &error),
                     SWAPC_MODULE_MALFORMED);
    assert_non_null(strstr(error.text, "section 1 at byte 8"));
}

/* A section cannot read on into the next one. */
static void a_section_ends_where_it_says(void **state) {
    (void)state;
    static const uint8_t bytes[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 3, 1, 0x60, 1, 0, 1, 0};
    struct notes n;
    assert_int_equal(scan_copy(swapc_bytes_of(bytes, sizeof bytes), &n, NULL),
                     SWAPC_MODULE_MALFORMED);
}

static void numbers_too_long_are_refused(void **state) {
    (void)state;
    static const uint8_t bytes[] = {0,    'a',  's',  'm',  1,    0,    0,   0,
                                    0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00};
    struct notes n;
    assert_int_equal(scan_copy(swapc_bytes_of(bytes, sizeof bytes), &n, NULL),
                     SWAPC_MODULE_MALFORMED);
}

static void gc_types_are_unsupported(void **state) {
    (void)state;
    static const uint8_t bytes[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 3, 1, 0x5f, 0};
    struct notes n;
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(scan_copy(swapc_bytes_of(bytes, sizeof bytes), &n, &error), SWAPC_UNSUPPORTED);
    assert_non_null(strstr(error.text, "GC"));
}

/* Not a type of the GC proposal: the status and the sentence say the same. */
static void a_type_that_is_not_there_is_damage(void **state) {
    (void)state;
    static const uint8_t bytes[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 1, 1};
    struct notes n;
    swapc_error error = SWAPC_ERROR_INIT;
    assert_int_equal(scan_copy(swapc_bytes_of(bytes, sizeof bytes), &n, &error),
                     SWAPC_MODULE_MALFORMED);
    assert_int_equal(error.status, SWAPC_MODULE_MALFORMED);
    assert_non_null(strstr(error.text, "section 1 at byte 8"));
}

/* A type index or function index that is not there matches no type. */
static void dangling_indices(void **state) {
    (void)state;
    struct swapci_wasm_builder b;
    struct notes n;
    swapci_wasm_begin(&b);
    swapci_wasm_section(&b, 2);
    swapci_wasm_import(&b, "m", "f", 7);
    swapci_wasm_section_end(&b);
    swapci_wasm_section(&b, 7);
    swapci_wasm_export(&b, "e", 0, 0xffffffffu);
    swapci_wasm_export(&b, "y", 2, 0xffffffffu);
    swapci_wasm_section_end(&b);
    assert_int_equal(scan_copy(swapci_wasm_bytes(&b), &n, NULL), SWAPC_OK);
    assert_string_equal(n.text, "import m.f 0 ?\nexport .e 0 ?\nexport .y 2 \n");
    swapci_wasm_builder_fini(&b);
}

static void type_of(const char *params, const char *results, char *out, size_t size) {
    struct swapci_wasm_builder b;
    struct notes n;
    char signature[256];
    snprintf(signature, sizeof signature, "%s:%s", params, results);
    swapci_wasm_begin(&b);
    swapci_wasm_section(&b, 1);
    swapci_wasm_type(&b, signature);
    swapci_wasm_section_end(&b);
    swapci_wasm_section(&b, 2);
    swapci_wasm_import(&b, "m", "f", 0);
    swapci_wasm_section_end(&b);
    assert_int_equal(scan_copy(swapci_wasm_bytes(&b), &n, NULL), SWAPC_OK);
    snprintf(out, size, "%.*s", (int)strcspn(n.text + 13, "\n"), n.text + 13);
    swapci_wasm_builder_fini(&b);
}

/* Types of every length around the room for their letters: cut, never written outside. */
static void long_types_are_cut(void **state) {
    (void)state;
    char many[101], out[128];
    memset(many, 'i', 100);
    many[100] = '\0';
    for (int params = 0; params <= 100; params++)
        for (int results = 0; results <= 100; results += results < 4 ? 1 : 12) {
            char p[101], r[101];
            snprintf(p, sizeof p, "%.*s", params, many);
            snprintf(r, sizeof r, "%.*s", results, many);
            type_of(p, r, out, sizeof out);
            assert_true(strlen(out) < SWAPCI_WASM_SIGNATURE_MAX);
            if (params + results < 40) {
                char whole[256];
                snprintf(whole, sizeof whole, "%s%s%s", p, results ? ":" : "", r);
                assert_string_equal(out, whole);
            } else if (params > 70 || results > 70) {
                assert_non_null(strstr(out, "..."));
            }
        }
}

/* Many imports of one huge type would otherwise cost their product. */
static void huge_types_are_refused(void **state) {
    (void)state;
    struct swapci_wasm_builder b;
    struct notes n;
    char *many = malloc(1002);
    assert_non_null(many);
    memset(many, 'i', 1001);
    many[1001] = '\0';
    swapci_wasm_begin(&b);
    swapci_wasm_section(&b, 1);
    swapci_wasm_type(&b, many);
    swapci_wasm_section_end(&b);
    assert_int_equal(scan_copy(swapci_wasm_bytes(&b), &n, NULL), SWAPC_UNSUPPORTED);
    swapci_wasm_builder_fini(&b);
    free(many);
}

static void ten_thousand_functions(void **state) {
    (void)state;
    struct swapci_wasm_builder b;
    struct notes n;
    swapci_wasm_begin(&b);
    swapci_wasm_section(&b, 1);
    for (int i = 0; i < 10000; i++) swapci_wasm_type(&b, i == 9999 ? "I:I" : "i");
    swapci_wasm_section_end(&b);
    swapci_wasm_section(&b, 3);
    for (uint32_t i = 0; i < 10000; i++) swapci_wasm_function(&b, i);
    swapci_wasm_section_end(&b);
    swapci_wasm_section(&b, 7);
    swapci_wasm_export(&b, "last", 0, 9999);
    swapci_wasm_section_end(&b);
    assert_int_equal(scan_copy(swapci_wasm_bytes(&b), &n, NULL), SWAPC_OK);
    assert_string_equal(n.text, "export .last 0 I:I\n");
    swapci_wasm_builder_fini(&b);
}

static void the_visitor_ends_the_scan(void **state) {
    (void)state;
    struct swapci_wasm_builder b;
    struct notes n = {.answer = SWAPC_MODULE_IMPORT};
    build_full(&b);
    assert_int_equal(swapci_wasm_scan(swapci_wasm_bytes(&b), note, &n, NULL), SWAPC_MODULE_IMPORT);
    assert_int_equal(n.items, 1);
    swapci_wasm_builder_fini(&b);
}

static void out_of_memory_is_a_status(void **state) {
    (void)state;
    struct swapci_wasm_builder b;
    build_full(&b);
    size_t n = 0;
    enum swapc_status status;
    do {
        struct notes notes = {.answer = SWAPC_OK};
        swapci_alloc_fail_at(++n);
        status = swapci_wasm_scan(swapci_wasm_bytes(&b), note, &notes, NULL);
        assert_int_equal(status, swapci_alloc_failed() ? SWAPC_NO_MEMORY : SWAPC_OK);
    } while (status != SWAPC_OK);
    swapci_alloc_fail_at(0);
    assert_true(n > 2);
    swapci_wasm_builder_fini(&b);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_item),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(every_damaged_byte),
        cmocka_unit_test(what_is_no_module),
        cmocka_unit_test(damage_names_section_and_byte),
        cmocka_unit_test(a_section_ends_where_it_says),
        cmocka_unit_test(numbers_too_long_are_refused),
        cmocka_unit_test(gc_types_are_unsupported),
        cmocka_unit_test(a_type_that_is_not_there_is_damage),
        cmocka_unit_test(dangling_indices),
        cmocka_unit_test(long_types_are_cut),
        cmocka_unit_test(huge_types_are_refused),
        cmocka_unit_test(ten_thousand_functions),
        cmocka_unit_test(the_visitor_ends_the_scan),
        cmocka_unit_test(out_of_memory_is_a_status),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
