#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "case.h"
#include "schema.h"
#include "swapc/host.h"

static enum swapc_status find_engine(const char *name, uint32_t *caps, swapc_error *error) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    for (unsigned i = 0; swapc_engine_at(i, &info); i++) {
        if (strcmp(info.name, name) != 0) continue;
        *caps = info.caps;
        return info.built ? SWAPC_OK
                          : swapc_error_set(error, SWAPC_NO_ENGINE,
                                            "engine \"%s\" is not in this build", name);
    }
    return swapc_error_set(error, SWAPC_NO_ENGINE, "no engine is called \"%s\"", name);
}

static enum swapc_status read_suite(const char *folder, json_t **out, swapc_error *error) {
    char path[4096];
    json_error_t place;
    snprintf(path, sizeof path, "%s/cases.json", folder);
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &place);
    if (!root && json_error_code(&place) == json_error_cannot_open_file)
        return swapc_error_set(
            error, SWAPC_NOT_FOUND,
            "no conformance suite at %s: a build has it, an installation has not; "
            "--folder names another place",
            path);
    if (!root)
        return swapc_error_set(error, SWAPC_CORRUPT, "%s line %d: %s", path, place.line,
                               place.text);
    if (!json_is_array(json_object_get(root, "cases"))) {
        json_decref(root);
        return swapc_error_set(error, SWAPC_CORRUPT, "%s holds no array \"cases\"", path);
    }
    *out = root;
    return SWAPC_OK;
}

static void count(struct swapci_conformance_summary *summary,
                  enum swapci_conformance_verdict verdict) {
    switch (verdict) {
    case SWAPCI_CASE_PASSED:
        summary->passed++;
        break;
    case SWAPCI_CASE_FAILED:
        summary->failed++;
        break;
    case SWAPCI_CASE_SKIPPED:
        summary->skipped++;
    }
}

static enum swapc_status run_case(const struct swapci_conformance_options *options, uint32_t caps,
                                  const json_t *data, swapci_conformance_fn fn, void *user,
                                  struct swapci_conformance_summary *summary, swapc_error *error) {
    char text[SWAPCI_CASE_TEXT] = "";
    struct swapci_conformance_result result = {
        .name = json_string_value(json_object_get(data, "name")), .text = text};
    enum swapc_status status = swapci_conformance_check(data, error);
    if (status != SWAPC_OK) return status;
    if (options->only && strcmp(options->only, result.name) != 0) return SWAPC_OK;
    status = swapci_conformance_case(options, caps, data, &result.verdict, text, error);
    if (status != SWAPC_OK) return status;
    count(summary, result.verdict);
    fn(&result, user);
    return SWAPC_OK;
}

enum swapc_status swapci_conformance_run(const struct swapci_conformance_options *options,
                                         swapci_conformance_fn fn, void *user,
                                         struct swapci_conformance_summary *summary,
                                         swapc_error *error) {
    uint32_t caps = 0;
    json_t *suite = NULL, *data;
    size_t index;
    *summary = (struct swapci_conformance_summary){0, 0, 0};
    enum swapc_status status = find_engine(options->engine, &caps, error);
    if (status == SWAPC_OK) status = read_suite(options->folder, &suite, error);
    if (status != SWAPC_OK) return status;
    json_array_foreach(json_object_get(suite, "cases"), index, data) {
        status = run_case(options, caps, data, fn, user, summary, error);
        if (status != SWAPC_OK) break;
    }
    json_decref(suite);
    if (status == SWAPC_OK && options->only &&
        summary->passed + summary->failed + summary->skipped == 0)
        return swapc_error_set(error, SWAPC_NOT_FOUND, "no case is called \"%s\"", options->only);
    return status;
}
