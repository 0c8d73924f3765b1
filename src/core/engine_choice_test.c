/* Which engine a module gets, and which it never gets, whatever its bytes, manifest or options say.
 * The engines here only say that they were chosen; one that was must not have been asked
 * silently. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry.h"
#include "swapc/slot.h"
#include "test_main.h"

static unsigned objects_opened;

static const char *name_version(void) {
    return "1";
}

#define SAYS(name, count)                                                                          \
    static enum swapc_status name##_open(const swapc_engine_config *config,                        \
                                         swapc_engine_state **out, swapc_error *error) {           \
        (void)config, (void)out;                                                                   \
        count;                                                                                     \
        return swapc_error_set(error, SWAPC_SYSTEM, #name " was chosen");                          \
    }
SAYS(lax, (void)0)
SAYS(objects, objects_opened++)
SAYS(strict, (void)0)

static enum swapc_status strict_validate(swapc_engine_state *state, swapc_bytes bytes,
                                         swapc_error *error) {
    (void)state, (void)bytes, (void)error;
    return SWAPC_OK;
}

static const char *const lax_flavours[] = {"mvp", "tiny", NULL};
static const char *const objects_flavours[] = {"native", NULL};
static const char *const strict_flavours[] = {"wide", "mvp", NULL};

static const swapc_engine lax = {.abi = SWAPC_ENGINE_ABI,
                                 .caps = SWAPC_CAP_WASM | SWAPC_CAP_SANDBOX,
                                 .name = "lax",
                                 .flavours = lax_flavours,
                                 .version = name_version,
                                 .open = lax_open};
static const swapc_engine objects = {.abi = SWAPC_ENGINE_ABI,
                                     .name = "objects",
                                     .flavours = objects_flavours,
                                     .version = name_version,
                                     .open = objects_open};
/* Changed by the tests of a build in which nothing validates. */
static swapc_engine strict = {.abi = SWAPC_ENGINE_ABI,
                              .caps = SWAPC_CAP_WASM | SWAPC_CAP_SANDBOX,
                              .name = "strict",
                              .flavours = strict_flavours,
                              .version = name_version,
                              .open = strict_open,
                              .validate = strict_validate};

const struct swapci_engine_entry swapci_engine_table[] = {
    {"lax", &lax}, {"objects", &objects}, {"gone", NULL}, {"strict", &strict}};
const unsigned swapci_engine_count = 4;

static void write_file(const char *folder, const char *name, const char *text) {
    char path[96];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *folder, const char *name) {
    char path[96];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
}

static swapc_host *host_of(const char *const *engines) {
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    swapc_host *host = NULL;
    config.engines = engines;
    assert_int_equal(swapc_host_new(&config, &host, NULL), SWAPC_OK);
    objects_opened = 0;
    return host;
}

static void expect_text(const swapc_error *error, const char *text) {
    if (!strstr(error->text, text)) fail_msg("\"%s\" is not in \"%s\"", text, error->text);
}

/* Loads a bundle with these flavours in a host of these engines. */
static void expect_bundle(const char *const *engines, const char *flavours,
                          const swapc_module_options *options, enum swapc_status expected,
                          const char *text) {
    char folder[] = "/tmp/swapc-choice-XXXXXX", manifest[256];
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_host *host = host_of(engines);
    swapc_module *module = NULL;
    assert_non_null(mkdtemp(folder));
    snprintf(manifest, sizeof manifest, "name = \"m\"\nversion = \"1.0.0\"\n[flavours]\n%s",
             flavours);
    write_file(folder, "module.toml", manifest);
    write_file(folder, "mvp.wasm", "");
    write_file(folder, "native.so", "\177ELF");
    assert_int_equal(swapc_module_load(host, folder, options, &module, &error), expected);
    swapc_host_free(host);
    remove_file(folder, "module.toml");
    remove_file(folder, "mvp.wasm");
    remove_file(folder, "native.so");
    assert_int_equal(rmdir(folder), 0);
    expect_text(&error, text);
}

static const char *const with_objects[] = {"lax", "objects", NULL};
static const char *const only_lax[] = {"lax", NULL};
static const char *const nothing[] = {NULL};

static const char mvp[] = "mvp = \"mvp.wasm\"\n";
static const char tiny[] = "tiny = \"mvp.wasm\"\n";
static const char native[] = "native = \"native.so\"\n";
static const char disguised[] = "native = \"mvp.wasm\"\n";

static swapc_module_options asking(const char *engine, const char *flavour) {
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    options.engine = engine;
    options.flavour = flavour;
    return options;
}

/* Under default options and under every way to ask: it must not even be opened. */
static void no_sandbox_no_run_unless_it_is_listed(void **state) {
    (void)state;
    const swapc_module_options asked[] = {asking(NULL, NULL), asking("objects", NULL),
                                          asking(NULL, "native"), asking("objects", "native")};
    const char *const flavours[] = {native, disguised};
    const char *const *const lists[] = {NULL, only_lax, nothing};
    for (unsigned o = 0; o < 4; o++)
        for (unsigned f = 0; f < 2; f++)
            for (unsigned l = 0; l < 3; l++) {
                expect_bundle(lists[l], flavours[f], &asked[o], SWAPC_NOT_ALLOWED,
                              "swapc_host_config.engines");
                assert_int_equal(objects_opened, 0);
            }
}

static void listed_it_runs(void **state) {
    (void)state;
    const swapc_module_options flavour = asking(NULL, "native");
    expect_bundle(with_objects, native, NULL, SWAPC_SYSTEM, "objects was chosen");
    expect_bundle(with_objects, native, &flavour, SWAPC_SYSTEM, "objects was chosen");
}

static void bytes_that_are_a_shared_object_run_nowhere_by_themselves(void **state) {
    (void)state;
    const char *const *const lists[] = {NULL, only_lax, with_objects};
    for (unsigned l = 0; l < 3; l++) {
        swapc_error error = SWAPC_ERROR_INIT;
        swapc_host *host = host_of(lists[l]);
        swapc_module *module = NULL;
        assert_int_equal(swapc_module_load_bytes(host, "upload.wasm", swapc_bytes_str("\177ELF..."),
                                                 NULL, &module, &error),
                         l == 2 ? SWAPC_SYSTEM : SWAPC_NOT_ALLOWED);
        expect_text(&error, l == 2 ? "objects was chosen" : "upload.wasm");
        assert_int_equal(objects_opened, l == 2);
        swapc_host_free(host);
    }
}

static void a_swap_is_no_way_around(void **state) {
    (void)state;
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_host *host = host_of(NULL);
    swapc_slot *slot = NULL;
    swapc_swap_options options = SWAPC_SWAP_OPTIONS_INIT;
    swapc_swap_report report = SWAPC_SWAP_REPORT_INIT;
    char folder[] = "/tmp/swapc-choice-XXXXXX";
    assert_non_null(mkdtemp(folder));
    write_file(folder, "x.wasm", "\177ELF");
    char path[96];
    snprintf(path, sizeof path, "%s/x.wasm", folder);
    options.module.engine = "objects";
    assert_int_equal(swapc_slot_new("s", &slot, NULL), SWAPC_OK);
    assert_int_equal(swapc_slot_swap(slot, host, path, &options, &report, &error),
                     SWAPC_NOT_ALLOWED);
    assert_int_equal(objects_opened, 0);
    assert_int_equal(report.generation, 0);
    swapc_slot_free(slot);
    swapc_host_free(host);
    remove_file(folder, "x.wasm");
    assert_int_equal(rmdir(folder), 0);
}

static void a_lax_engine_is_not_given_what_nobody_signed(void **state) {
    (void)state;
    const swapc_module_options named = asking("lax", NULL);
    expect_bundle(NULL, mvp, NULL, SWAPC_SYSTEM, "strict was chosen");
    expect_bundle(NULL, tiny, NULL, SWAPC_NOT_ALLOWED, "ask for it by name");
    expect_bundle(NULL, tiny, &named, SWAPC_SYSTEM, "lax was chosen");
    expect_bundle(only_lax, mvp, NULL, SWAPC_SYSTEM, "lax was chosen");
}

/* In a build where nothing validates, an unsigned module cannot run on a lax engine at all: another
 * one that runs the bundle is taken, and where there is none the lax one's refusal says why. */
static void what_nothing_validates_is_passed_over(void **state) {
    (void)state;
    const char both[] = "mvp = \"mvp.wasm\"\nnative = \"native.so\"\n";
    strict.validate = NULL;
    strict.flavours = NULL;
    expect_bundle(with_objects, both, NULL, SWAPC_SYSTEM, "objects was chosen");
    expect_bundle(with_objects, mvp, NULL, SWAPC_SYSTEM, "lax was chosen");
    strict.validate = strict_validate;
    strict.flavours = strict_flavours;
}

static void a_flavour_finds_its_engine(void **state) {
    (void)state;
    const swapc_module_options unknown = asking(NULL, "odd"), wide = asking(NULL, "wide");
    expect_bundle(NULL, mvp, &unknown, SWAPC_NO_FLAVOUR, "flavour odd");
    expect_bundle(NULL, mvp, &wide, SWAPC_NO_FLAVOUR, "wide");
}

static void a_list_names_engines_of_this_build(void **state) {
    (void)state;
    const char *const unknown[] = {"lax", "v8", NULL}, *const absent[] = {"gone", NULL};
    const char *const *const lists[] = {unknown, absent};
    for (unsigned l = 0; l < 2; l++) {
        swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
        swapc_error error = SWAPC_ERROR_INIT;
        swapc_host *host = NULL;
        config.engines = lists[l];
        assert_int_equal(swapc_host_new(&config, &host, &error), SWAPC_NO_ENGINE);
        expect_text(&error, l == 0 ? "v8" : "gone");
        assert_null(host);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_sandbox_no_run_unless_it_is_listed),
        cmocka_unit_test(listed_it_runs),
        cmocka_unit_test(bytes_that_are_a_shared_object_run_nowhere_by_themselves),
        cmocka_unit_test(a_swap_is_no_way_around),
        cmocka_unit_test(a_lax_engine_is_not_given_what_nobody_signed),
        cmocka_unit_test(what_nothing_validates_is_passed_over),
        cmocka_unit_test(a_flavour_finds_its_engine),
        cmocka_unit_test(a_list_names_engines_of_this_build),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
