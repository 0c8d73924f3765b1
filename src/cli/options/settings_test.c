/* What sets an option, and what goes before what. One process a case: the file is read once a process. */
#include "settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test_main.h"
#include "usage.h"

static struct {
    uint64_t workers;
    const char *redis, *swap;
    double tamper;
    bool quiet, all;
} got;

static int fake_run(int argc, char **argv) {
    static const char *const swaps[] = {"none", "warm", NULL};
    const struct swapci_option rows[] = {
        {"workers", SWAPCI_OPTION_COUNT, &got.workers, "N", "", 0, 1, 64},
        {"redis", SWAPCI_OPTION_STRING, &got.redis, "URL", "", 0, 0, 0},
        {"swap", SWAPCI_OPTION_CHOICE, &got.swap, "MODE", "", swaps, 0, 0},
        {"tamper", SWAPCI_OPTION_FRACTION, &got.tamper, "F", "", 0, 0, 0},
        {"quiet", SWAPCI_OPTION_FLAG, &got.quiet, NULL, "", 0, 0, 0},
        {"all", SWAPCI_OPTION_ACT, &got.all, NULL, "", 0, 0, 0},
    };
    const struct swapci_options options = {
        "swapc fake", "", "", rows, sizeof rows / sizeof *rows, 0, 0, "swapc fake"};
    int first;
    return swapci_options_parse(&options, argc, argv, &first);
}

static void each(swapci_options_see see, void *user) {
    swapci_options_observe(see, user, fake_run, "fake");
}

static char path[64];

/* The settings file of this case. */
static void file(const char *text) {
    snprintf(path, sizeof path, "/tmp/swapc-settings-%d.toml", (int)getpid());
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    fputs(text, to);
    fclose(to);
}

/* Runs the command with these words after the file; -1: it would go on. */
static int run(const char *word, const char *value) {
    const char *argv[] = {"fake", "--config", path, word, value, NULL};
    got.workers = 1;
    got.swap = "none";
    swapci_options_each = each;
    int status = fake_run(3 + (word != NULL) + (value != NULL), (char **)(uintptr_t)argv);
    unlink(path);
    return status;
}

static void the_default_stands_where_nothing_is_said(void **state) {
    (void)state;
    file("# nothing\n[fake]\n");
    assert_int_equal(run(NULL, NULL), -1);
    assert_int_equal(got.workers, 1);
    assert_null(got.redis);
}

static void the_file_goes_before_the_default(void **state) {
    (void)state;
    file("redis = \"top\"\n[fake]\nworkers = 2\nswap = 'warm'\ntamper = 0.25\nquiet = true\n");
    assert_int_equal(run(NULL, NULL), -1);
    assert_int_equal(got.workers, 2);
    assert_string_equal(got.redis, "top");
    assert_string_equal(got.swap, "warm");
    assert_true(got.tamper > 0.24 && got.tamper < 0.26);
    assert_true(got.quiet);
}

static void the_table_goes_before_the_top(void **state) {
    (void)state;
    file("redis = \"top\"\n[fake]\nredis = \"own\"\n");
    assert_int_equal(run(NULL, NULL), -1);
    assert_string_equal(got.redis, "own");
}

static void the_environment_goes_before_the_file(void **state) {
    (void)state;
    setenv("SWAPC_FAKE_WORKERS", "3", 1);
    setenv("SWAPC_REDIS", "shared", 1);
    setenv("SWAPC_FAKE_QUIET", "false", 1);
    setenv("SWAPC_FAKE_ALL", "true", 1);
    setenv("SWAPC_FAKE_SWAP", "", 1);
    file("[fake]\nworkers = 2\nredis = \"own\"\nquiet = true\nswap = \"warm\"\n");
    assert_int_equal(run(NULL, NULL), -1);
    assert_int_equal(got.workers, 3);
    assert_string_equal(got.redis, "shared");
    assert_false(got.quiet);
    assert_false(got.all); /* an act is asked for each time */
    assert_string_equal(got.swap, "warm");
}

static void the_commands_variable_goes_before_the_shared_one(void **state) {
    (void)state;
    setenv("SWAPC_REDIS", "shared", 1);
    setenv("SWAPC_FAKE_REDIS", "own", 1);
    file("");
    assert_int_equal(run(NULL, NULL), -1);
    assert_string_equal(got.redis, "own");
}

static void the_command_line_goes_before_all(void **state) {
    (void)state;
    setenv("SWAPC_FAKE_WORKERS", "3", 1);
    file("[fake]\nworkers = 2\n");
    assert_int_equal(run("--workers", "4"), -1);
    assert_int_equal(got.workers, 4);
}

static void a_mistake_is_one_though_the_command_line_says_otherwise(void **state) {
    (void)state;
    file("[fake]\nworkers = 0\n");
    assert_int_equal(run("--workers", "4"), SWAPCI_EXIT_USAGE);
}

static void a_run_has_a_redis_of_its_own(void **state) {
    (void)state;
    struct swapci_setting setting;
    setenv("SWAPC_REDIS", "shared", 1);
    assert_false(swapci_settings_of_environment("swapc run", "redis", &setting));
    assert_true(swapci_settings_of_environment("swapc signer", "redis", &setting));
    setenv("SWAPC_RUN_REDIS", "own", 1);
    assert_true(swapci_settings_of_environment("swapc run", "redis", &setting));
    assert_string_equal(setting.origin, "$SWAPC_RUN_REDIS");
}

static void an_empty_config_is_none(void **state) {
    (void)state;
    setenv("SWAPC_CONFIG", "/nowhere/swapc.toml", 1);
    path[0] = '\0';
    assert_int_equal(run(NULL, NULL), -1);
    assert_null(swapci_settings_path());
}

static void an_empty_variable_is_none_too(void **state) {
    (void)state;
    swapc_error error = SWAPC_ERROR_INIT;
    setenv("SWAPC_CONFIG", "", 1);
    assert_int_equal(swapci_settings_open(NULL, &error), SWAPC_OK);
    assert_null(swapci_settings_path());
}

static void children_are_what_their_command_lines_say(void **state) {
    (void)state;
    setenv("SWAPC_FAKE_WORKERS", "3", 1);
    setenv("SWAPC_REDIS", "shared", 1);
    setenv("SWAPC_LOG", "debug", 1);
    swapci_options_each = each;
    swapci_settings_forget();
    assert_null(getenv("SWAPC_FAKE_WORKERS"));
    assert_null(getenv("SWAPC_REDIS"));
    assert_string_equal(getenv("SWAPC_LOG"), "debug");
    assert_string_equal(getenv("SWAPC_CONFIG"), "");
}

/* What the file is refused for, and the words that say so. */
static void refused(const char *text, const char *words) {
    swapc_error error = SWAPC_ERROR_INIT;
    file(text);
    swapci_options_each = each;
    enum swapc_status status = swapci_settings_open(path, &error);
    unlink(path);
    assert_int_equal(status, SWAPC_BUNDLE);
    if (!strstr(error.text, words)) fail_msg("\"%s\" is not in \"%s\"", words, error.text);
}

static void an_unknown_key_is_named_with_its_line(void **state) {
    (void)state;
    refused("\n[fake]\nwrokers = 2\n",
            "line 3: no key is called \"wrokers\" here: did you mean \"workers\"?");
}

static void an_unknown_key_at_the_top_too(void **state) {
    (void)state;
    refused("reddis = \"x\"\n",
            "line 1: no key is called \"reddis\" here: did you mean \"redis\"?");
}

static void a_key_of_a_command_belongs_into_its_table(void **state) {
    (void)state;
    refused("workers = 2\n",
            "line 1: \"workers\" belongs under the table of its command, as [fake]");
}

static void an_unknown_table_is_named(void **state) {
    (void)state;
    refused("[fkae]\n", "line 1: no table is called \"fkae\" here: did you mean \"fake\"?");
}

static void an_act_is_no_key(void **state) {
    (void)state;
    refused("[fake]\nall = true\n", "line 2: no key is called \"all\"");
}

static void a_key_stands_once(void **state) {
    (void)state;
    refused("[fake]\nworkers = 2\nworkers = 3\n", "line 3: \"workers\" stands there already");
}

static void a_table_stands_once(void **state) {
    (void)state;
    refused("[fake]\n[fake]\n", "line 2: [fake] stands there already");
}

static void a_command_is_no_array(void **state) {
    (void)state;
    refused("[[fake]]\n", "line 1: a command has one table: write [fake]");
}

static void a_value_is_a_value(void **state) {
    (void)state;
    refused("[fake]\nworkers = two\n", "line 2: expected \"a string\", a number, true or false");
}

static void a_setting_has_no_nul(void **state) {
    (void)state;
    refused("redis = \"a\\u0000b\"\n", "line 1: a setting holds no \\u0000");
}

/* Each value of the file that its option does not take. */
static void wrong_value(const char *line) {
    char text[128];
    snprintf(text, sizeof text, "[fake]\n%s\n", line);
    file(text);
    assert_int_equal(run(NULL, NULL), SWAPCI_EXIT_USAGE);
}

static void a_text_is_no_number(void **state) {
    (void)state;
    wrong_value("redis = 6379");
}

static void a_flag_is_true_or_false(void **state) {
    (void)state;
    wrong_value("quiet = \"true\"");
}

static void a_choice_is_one_of_its_choices(void **state) {
    (void)state;
    wrong_value("swap = \"wram\"");
}

static void a_fraction_is_one(void **state) {
    (void)state;
    wrong_value("tamper = 1.5");
}

static void a_variable_is_looked_at_too(void **state) {
    (void)state;
    setenv("SWAPC_FAKE_QUIET", "maybe", 1);
    file("");
    assert_int_equal(run(NULL, NULL), SWAPCI_EXIT_USAGE);
}

int main(int argc, char **argv) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_stands_where_nothing_is_said),
        cmocka_unit_test(the_file_goes_before_the_default),
        cmocka_unit_test(the_table_goes_before_the_top),
        cmocka_unit_test(the_environment_goes_before_the_file),
        cmocka_unit_test(the_commands_variable_goes_before_the_shared_one),
        cmocka_unit_test(the_command_line_goes_before_all),
        cmocka_unit_test(a_mistake_is_one_though_the_command_line_says_otherwise),
        cmocka_unit_test(a_run_has_a_redis_of_its_own),
        cmocka_unit_test(an_empty_config_is_none),
        cmocka_unit_test(an_empty_variable_is_none_too),
        cmocka_unit_test(children_are_what_their_command_lines_say),
        cmocka_unit_test(an_unknown_key_is_named_with_its_line),
        cmocka_unit_test(an_unknown_key_at_the_top_too),
        cmocka_unit_test(a_key_of_a_command_belongs_into_its_table),
        cmocka_unit_test(an_unknown_table_is_named),
        cmocka_unit_test(an_act_is_no_key),
        cmocka_unit_test(a_key_stands_once),
        cmocka_unit_test(a_table_stands_once),
        cmocka_unit_test(a_command_is_no_array),
        cmocka_unit_test(a_value_is_a_value),
        cmocka_unit_test(a_setting_has_no_nul),
        cmocka_unit_test(a_text_is_no_number),
        cmocka_unit_test(a_flag_is_true_or_false),
        cmocka_unit_test(a_choice_is_one_of_its_choices),
        cmocka_unit_test(a_fraction_is_one),
        cmocka_unit_test(a_variable_is_looked_at_too),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
