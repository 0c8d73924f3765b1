#include "scenario.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test_main.h"

static const struct swapci_scenario made_up = {
    .name = "made_up",
    .means = "what a test says",
    .chart = "median_us",
    .labels = "engine bytes",
    .columns = {{"engine", "engine", -1},
                {"bytes", "bytes", 0},
                {"median_us", "µs", 1},
                {"default", "default", -1}},
};

static struct swapci_lab lab;

static json_t *document(double median) {
    assert_int_equal(swapci_lab_begin(&lab, NULL), SWAPC_OK);
    for (int i = 0; i < 2; i++) {
        json_t *row = swapci_lab_row(&lab);
        json_object_set_new(row, "engine", json_string(i ? "b, \"quoted\"" : "a"));
        json_object_set_new(row, "bytes", json_integer(64));
        swapci_lab_spread(row, "us", (struct swapci_spread){median, 1, 9, 2, 8}, 1);
        json_object_set_new(row, "default", json_boolean(i == 0));
    }
    swapci_lab_note(&lab, "a note of %d", 7);
    json_t *made = swapci_scenario_document(&made_up, &lab);
    assert_non_null(made);
    swapci_lab_fini(&lab);
    return made;
}

static char *printed(const json_t *now, const json_t *old, bool csv) {
    char *text = NULL;
    size_t len;
    FILE *to = open_memstream(&text, &len);
    assert_non_null(to);
    if (csv) swapci_scenario_csv(&made_up, now, to);
    else swapci_scenario_print(&made_up, now, old, to);
    fclose(to);
    return text;
}

static void the_table_shows_rows_notes_and_meaning(void **state) {
    (void)state;
    json_t *now = document(4.25);
    char *text = printed(now, NULL, false);
    assert_non_null(strstr(text, "made_up: what a test says"));
    assert_non_null(strstr(text, "a note of 7"));
    assert_non_null(strstr(text, "4.2"));
    assert_null(strstr(text, "INCOMPLETE"));
    free(text);
    json_decref(now);
}

static void an_interrupted_document_says_so(void **state) {
    (void)state;
    json_t *now = document(4);
    json_object_set_new(now, "incomplete", json_true());
    char *text = printed(now, NULL, false);
    assert_non_null(strstr(text, "INCOMPLETE"));
    free(text);
    json_decref(now);
}

static void a_comparison_finds_rows_by_their_names(void **state) {
    (void)state;
    json_t *old = document(4), *now = document(5);
    double change = 0;
    json_t *row = json_array_get(json_object_get(now, "rows"), 1);
    assert_true(swapci_scenario_change(&made_up, row, old, &change));
    assert_true(change > 0.249 && change < 0.251);
    json_object_set_new(row, "bytes", json_integer(65));
    assert_false(swapci_scenario_change(&made_up, row, old, &change));
    char *text = printed(now, old, false);
    assert_non_null(strstr(text, "+25.0 %"));
    assert_non_null(strstr(text, "new"));
    assert_null(strstr(text, "ANOTHER MACHINE"));
    free(text);
    json_decref(old);
    json_decref(now);
}

/* It is said where the old figures are another machine's, or were nothing. */
static void a_comparison_says_what_it_compares_with(void **state) {
    (void)state;
    json_t *old = document(0), *now = document(5);
    double change = 0;
    json_t *host = json_object_get(old, "host");
    json_object_set_new(host, "cpu", json_string("abacus\x1b[31m"));
    json_object_set_new(host, "commit", json_string("f32afde"));
    const json_t *row = json_array_get(json_object_get(now, "rows"), 0);
    assert_true(swapci_scenario_change(&made_up, row, old, &change) && isnan(change));
    char *text = printed(now, old, false);
    assert_non_null(strstr(text, "f32afde"));
    assert_non_null(strstr(text, "ANOTHER MACHINE (abacus"));
    assert_null(strchr(text, 0x1b));
    assert_non_null(strstr(text, "from 0"));
    free(text);
    json_decref(old);
    json_decref(now);
}

static void csv_quotes_what_it_must(void **state) {
    (void)state;
    json_t *now = document(4.5);
    char *text = printed(now, NULL, true);
    assert_string_equal(text, "engine,bytes,median_us,default,min_us,max_us,low_us,high_us\r\n"
                              "a,64,4.5,true,1,9,2,8\r\n"
                              "\"b, \"\"quoted\"\"\",64,4.5,false,1,9,2,8\r\n");
    free(text);
    json_decref(now);
}

/* Every scenario can be shown: a meaning, columns that end, a drawn key among them, labels too. */
static void every_scenario_is_whole(void **state) {
    (void)state;
    for (const struct swapci_scenario *s = swapci_scenarios; s->name; s++) {
        unsigned columns = 0;
        bool drawn = false;
        assert_non_null(s->means);
        assert_non_null(s->summary);
        assert_non_null(s->run);
        while (columns < sizeof s->columns / sizeof *s->columns && s->columns[columns].title) {
            drawn = drawn || strcmp(s->columns[columns].key, s->chart) == 0;
            columns++;
        }
        assert_in_range(columns, 1, sizeof s->columns / sizeof *s->columns - 1);
        assert_true(drawn);
        assert_ptr_equal(swapci_scenario_find(s->name), s);
    }
    assert_null(swapci_scenario_find("none"));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_shows_rows_notes_and_meaning),
        cmocka_unit_test(an_interrupted_document_says_so),
        cmocka_unit_test(a_comparison_finds_rows_by_their_names),
        cmocka_unit_test(a_comparison_says_what_it_compares_with),
        cmocka_unit_test(csv_quotes_what_it_must),
        cmocka_unit_test(every_scenario_is_whole),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
