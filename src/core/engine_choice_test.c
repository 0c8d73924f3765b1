/* Which engine a bundle gets when none is asked for, in a build where none validates. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry.h"
#include "swapc/module.h"
#include "test_main.h"

static const char *name_version(void) {
    return "1";
}

static enum swapc_status lax_open(const swapc_engine_config *config, swapc_engine_state **out,
                                  swapc_error *error) {
    (void)config, (void)out;
    return swapc_error_set(error, SWAPC_SYSTEM, "lax was chosen");
}

static enum swapc_status objects_open(const swapc_engine_config *config, swapc_engine_state **out,
                                      swapc_error *error) {
    (void)config, (void)out;
    return swapc_error_set(error, SWAPC_SYSTEM, "objects was chosen");
}

static const char *const lax_flavours[] = {"mvp", NULL};
static const char *const objects_flavours[] = {"native", NULL};

static const swapc_engine lax = {.abi = SWAPC_ENGINE_ABI,
                                 .caps = SWAPC_CAP_WASM,
                                 .name = "lax",
                                 .flavours = lax_flavours,
                                 .version = name_version,
                                 .open = lax_open};
static const swapc_engine objects = {.abi = SWAPC_ENGINE_ABI,
                                     .name = "objects",
                                     .flavours = objects_flavours,
                                     .version = name_version,
                                     .open = objects_open};

const struct swapci_engine_entry swapci_engine_table[] = {{"lax", &lax}, {"objects", &objects}};
const unsigned swapci_engine_count = 2;

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

/* Loads a bundle with these flavours; the engines say that they were chosen. */
static void expect_choice(const char *flavours, const char *chosen) {
    char folder[] = "/tmp/swapc-choice-XXXXXX", manifest[256];
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_host *host = NULL;
    swapc_module *module = NULL;
    assert_non_null(mkdtemp(folder));
    snprintf(manifest, sizeof manifest, "name = \"m\"\nversion = \"1.0.0\"\n[flavours]\n%s",
             flavours);
    write_file(folder, "module.toml", manifest);
    write_file(folder, "mvp.wasm", "");
    write_file(folder, "native.so", "");
    assert_int_equal(swapc_host_new(NULL, &host, NULL), SWAPC_OK);
    assert_int_equal(swapc_module_load(host, folder, NULL, &module, &error), SWAPC_SYSTEM);
    swapc_host_free(host);
    remove_file(folder, "module.toml");
    remove_file(folder, "mvp.wasm");
    remove_file(folder, "native.so");
    assert_int_equal(rmdir(folder), 0);
    if (!strstr(error.text, chosen)) fail_msg("\"%s\" is not in \"%s\"", chosen, error.text);
}

static void an_engine_that_may_not_run_it_is_passed_over(void **state) {
    (void)state;
    expect_choice("mvp = \"mvp.wasm\"\nnative = \"native.so\"\n", "objects was chosen");
}

static void the_only_engine_says_why_not(void **state) {
    (void)state;
    expect_choice("mvp = \"mvp.wasm\"\n", "lax was chosen");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_engine_that_may_not_run_it_is_passed_over),
        cmocka_unit_test(the_only_engine_says_why_not),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
