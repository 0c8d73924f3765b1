/* What a name, a version and an expiry may be, by tables, and the order of versions. */
#include "manifest_values.h"

#include <stdio.h>
#include <string.h>

#include "test_main.h"

#define NAME_OF_63 "012345678901234567890123456789012345678901234567890123456789abc"

/* In rising order, as the specification of semantic versions has it and beyond. */
static const char *const rising[] = {
    "0.0.1",
    "0.1.0",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0-rc-1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.9.0",
    "1.10.0",
    "2.0.0-9",
    "2.0.0-10",
    "2.0.0-a",
    "2.0.0",
    "10.0.0",
    "99999999999999999.0.0",
    "100000000000000000.0.0",
    "999999999999999999.999999999999999999.999999999999999999",
};

static void precedence(void **state) {
    (void)state;
    int count = sizeof rising / sizeof *rising;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++) {
            int order = swapci_version_compare(rising[i], rising[j]);
            if (order != (i > j) - (i < j)) fail_msg("%s and %s: %d", rising[i], rising[j], order);
        }
    assert_int_equal(swapci_version_compare("1.0.0+a", "1.0.0+b"), 0);
    assert_int_equal(swapci_version_compare("1.0.0-a+b", "1.0.0-a"), 0);
    assert_int_equal(swapci_version_compare("1.0.0+z", "1.0.1"), -1);
}

struct table {
    bool (*valid)(const char *text);
    const char *good[24], *bad[48];
};

static void expect(const struct table *table) {
    for (const char *const *good = table->good; *good; good++)
        if (!table->valid(*good)) fail_msg("\"%s\" is refused", *good);
    for (const char *const *bad = table->bad; *bad; bad++)
        if (table->valid(*bad)) fail_msg("\"%s\" passes", *bad);
}

static void what_is_a_version(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rising / sizeof *rising; i++)
        assert_true(swapci_version_valid(rising[i]));
    expect(&(struct table){
        .valid = swapci_version_valid,
        .good = {"1.0.0-0A.is.legal+001.-", "0.0.0", "1.0.0+20261126", "1.20261126123059.0"},
        .bad = {"",
                "1",
                "1.2",
                "1.0",
                "1.2.3.4",
                "v1.2.3",
                "1.2.x",
                "01.2.3",
                "1.02.3",
                "1.2.3-",
                "1.2.3+",
                "1.2.3-a.",
                "1.2.3-01",
                "1.2.3-a_b",
                "1.2.3 ",
                " 1.2.3",
                "1.2.-3",
                "1..3",
                "1.2.3-+",
                "1.2.3+a+",
                "-1.2.3",
                "-1.0.0",
                "+1.0.0",
                "1.2.3/x",
                "1.2.3\n",
                "1.0.0-\xc3\xa9",
                "1,0,0",
                "0x1.0.0",
                "1e3.0.0",
                "99999999999999999999.0.0",
                "1.18446744073709551616.0",
                "1.0.1000000000000000000",
                "1.0.0-9999999999999999999",
                "latest"}});
}

static void what_is_a_name(void **state) {
    (void)state;
    expect(&(struct table){
        .valid = swapci_module_name_valid,
        .good = {"a", "schnorr", "Schnorr_2", "x.y-z", "0day", "com.example.price", NAME_OF_63},
        .bad = {"",     "../../x", "..",     ".",   ".hidden",  "/etc",        "a/b",
                "a\\b", "-x",      "--help", "_x",  "a b",      " a",          "a ",
                "a\tb", "a\nb",    "a:b",    "a%b", "a\x1b[2J", "a\x7f",       "\xc3\xa9",
                "a\"b", "a*",      "$(x)",   "a;b", "a@b",      NAME_OF_63 "d"}});
}

static bool is_expiry(const char *text) {
    int64_t seconds;
    return swapci_expiry_parse(text, &seconds);
}

static void what_is_an_expiry(void **state) {
    (void)state;
    int64_t seconds;
    assert_true(swapci_expiry_parse("1970-01-02", &seconds));
    assert_int_equal(seconds, 86400);
    assert_true(swapci_expiry_parse("1970-01-01T00:00:09Z", &seconds));
    assert_int_equal(seconds, 9);
    expect(
        &(struct table){.valid = is_expiry,
                        .good = {"2028-02-29", "2000-02-29", "9999-12-31", "2026-12-31T23:59:59Z"},
                        .bad = {"",
                                "soon",
                                "2026",
                                "2026-01",
                                "2026-02-30",
                                "2026-02-31",
                                "2026-02-29",
                                "1900-02-29",
                                "2026-04-31",
                                "2026-13-01",
                                "2026-00-01",
                                "2026-01-00",
                                "2026-1-2",
                                " 2026-01-01",
                                "2026-01-01 ",
                                "+026-01-01",
                                "-026-01-01",
                                "26-01-01",
                                "20260101",
                                "2026/01/01",
                                "01-02-2026",
                                "2026-01-01Z",
                                "2026-01-01T00:00:00",
                                "2026-01-01T25:00:00Z",
                                "2026-01-01T24:00:00Z",
                                "2026-01-01T00:60:00Z",
                                "2026-01-01T00:00:60Z",
                                "2026-01-01T00:00:61Z",
                                "2026-01-01t00:00:00z",
                                "2026-01-01T00:00:00+01:00",
                                "2026-01-01T0:0:0Z",
                                "12026-01-01",
                                "never"}});
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(precedence),
        cmocka_unit_test(what_is_a_version),
        cmocka_unit_test(what_is_a_name),
        cmocka_unit_test(what_is_an_expiry),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
