/* Names of streams and fields as options give them: what is refused names the option. */
#include "process_names.h"

#include <string.h>

#include "test_main.h"

static swapci_process_names names;
static swapc_error error;

static enum swapc_status init(struct swapci_process_given given) {
    swapc_error_clear(&error);
    if (!given.in) given.in = "in";
    if (!given.out) given.out = "out";
    return swapci_process_names_init(&names, &given, &error);
}

static void names_are_as_given_and_the_rest_is_made_of_them(void **state) {
    (void)state;
    assert_int_equal(init((struct swapci_process_given){.in = "orders", .out = "priced"}),
                     SWAPC_OK);
    assert_string_equal(names.stream.messages, "orders");
    assert_string_equal(names.stream.verdicts, "priced");
    assert_string_equal(names.stream.dead, "orders:dead");
    assert_string_equal(names.stream.group, "swapc");
    assert_string_equal(names.state, "orders:swapc");
    assert_string_equal(names.lease, "orders:swapc:owner");
    assert_string_equal(names.payload, "payload");
    assert_string_equal(names.id, "id");
    assert_int_equal(init((struct swapci_process_given){
                         .errors = "\303\266", .group = "g", .payload = "m", .id = "payload"}),
                     SWAPC_OK);
    assert_string_equal(names.stream.dead, "\303\266");
    assert_string_equal(names.lease, "in:g:owner");
    assert_string_equal(names.id, "payload");
}

/* Of who looks at the letters alone. */
static void without_outputs_there_is_no_name_of_theirs(void **state) {
    const struct swapci_process_given given = {.in = "{a}:in", .errors = "bad"};
    swapci_partitions p;
    (void)state;
    swapc_error_clear(&error);
    assert_int_equal(swapci_process_names_init(&names, &given, &error), SWAPC_OK);
    assert_string_equal(names.stream.verdicts, "");
    assert_string_equal(names.stream.dead, "bad");
    assert_int_equal(swapci_partitions_init(&p, "--in", given.in, 4, "unix:x", &error), SWAPC_OK);
    assert_int_equal(swapci_process_names_partition(&names, &p, 3, &given, &error), SWAPC_OK);
    assert_string_equal(names.stream.messages, "{a.3}:in");
    assert_string_equal(names.stream.verdicts, "");
    assert_string_equal(names.stream.dead, "{a.3}:bad");
    swapci_partitions_fini(&p);
}

static void what_no_name_can_be_is_refused_with_its_option(void **state) {
    static const char *const wrong[] = {"", " ", "a b", "a\tb", "a\n", "\x7f", "\x01"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const struct {
            const char *option;
            struct swapci_process_given given;
        } rows[] = {{"--in", {.in = wrong[i]}},           {"--out", {.out = wrong[i]}},
                    {"--errors", {.errors = wrong[i]}},   {"--group", {.group = wrong[i]}},
                    {"--payload", {.payload = wrong[i]}}, {"--id-field", {.id = wrong[i]}}};
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            assert_int_equal(init(rows[k].given), SWAPC_INVALID);
            if (!strstr(error.text, rows[k].option))
                fail_msg("'%s' does not name %s", error.text, rows[k].option);
        }
    }
}

static void lengths_go_up_to_the_limit_and_no_further(void **state) {
    char name[200];
    (void)state;
    for (size_t len = 1; len < sizeof name - 1; len++) {
        memset(name, 'n', len);
        name[len] = 0;
        enum swapc_status in = init((struct swapci_process_given){.in = name});
        assert_int_equal(in, len <= SWAPCI_PROCESS_NAME_MAX ? SWAPC_OK : SWAPC_INVALID);
        if (in == SWAPC_OK) {
            assert_int_equal(strlen(names.stream.dead), len + strlen(":dead"));
            assert_int_equal(strlen(names.lease), len + strlen(":swapc:owner"));
        }
        enum swapc_status group = init((struct swapci_process_given){.group = name});
        assert_int_equal(group, len <= SWAPCI_PROCESS_GROUP_MAX ? SWAPC_OK : SWAPC_INVALID);
    }
}

static void two_that_must_differ_are_told(void **state) {
    const struct {
        struct swapci_process_given given;
        const char *a, *b;
    } rows[] = {{{.out = "in"}, "--in", "--out"},
                {{.errors = "in"}, "--in", "--errors"},
                {{.errors = "out"}, "--out", "--errors"},
                {{.out = "in:dead"}, "--out", "--errors"},
                {{.group = "dead"}, "--group", "in:dead"},
                {{.group = "partitions"}, "--group", "in:partitions"},
                {{.out = "in:swapc"}, "--out", "in:swapc"},
                {{.out = "in:swapc:owner"}, "--out", "in:swapc:owner"},
                {{.errors = "in:swapc:owner:recall"}, "--errors", "in:swapc:owner:recall"},
                {{.errors = "in:partitions"}, "--errors", "in:partitions"},
                {{.payload = "id"}, "--payload", "--id-field"},
                {{.id = "payload"}, "--payload", "--id-field"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(init(rows[i].given), SWAPC_INVALID);
        if (!strstr(error.text, rows[i].a) || !strstr(error.text, rows[i].b))
            fail_msg("'%s' does not name %s and %s", error.text, rows[i].a, rows[i].b);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_as_given_and_the_rest_is_made_of_them),
        cmocka_unit_test(without_outputs_there_is_no_name_of_theirs),
        cmocka_unit_test(what_no_name_can_be_is_refused_with_its_option),
        cmocka_unit_test(lengths_go_up_to_the_limit_and_no_further),
        cmocka_unit_test(two_that_must_differ_are_told),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
