#include "lab_report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embedded.h"
#include "scenario.h"

enum { PATH_ROOM = 4096 };

extern const struct swapci_embedded swapci_lab_page[];

static const char placeholder[] = "@DATA@";

/* ---- files ----------------------------------------------------------------------------------- */

struct output {
    char path[PATH_ROOM], unfinished[PATH_ROOM + 8];
    FILE *to;
};

static enum swapc_status begin(struct output *out, const char *folder, const char *name,
                               const char *suffix, swapc_error *error) {
    int len = snprintf(out->path, sizeof out->path, "%s/%s%s", folder, name, suffix);
    if (len < 0 || (size_t)len >= sizeof out->path)
        return swapc_error_set(error, SWAPC_IO, "the path of the report's folder is too long");
    snprintf(out->unfinished, sizeof out->unfinished, "%s.new", out->path);
    out->to = fopen(out->unfinished, "we");
    if (out->to) return SWAPC_OK;
    return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot write %s", out->unfinished);
}

/* A disk that is full shows at the latest here. */
static enum swapc_status finish(struct output *out, swapc_error *error) {
    bool good = fflush(out->to) == 0 && !ferror(out->to);
    int why = errno;
    if (fclose(out->to) != 0 && good) {
        good = false;
        why = errno;
    }
    if (good && rename(out->unfinished, out->path) == 0) return SWAPC_OK;
    if (good) why = errno;
    unlink(out->unfinished);
    return swapc_error_set_errno(error, SWAPC_IO, why, "cannot write %s", out->path);
}

enum swapc_status swapci_lab_report_check(const char *folder, swapc_error *error) {
    struct stat st;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot make the folder %s", folder);
    if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode) && access(folder, W_OK | X_OK) == 0)
        return SWAPC_OK;
    return swapc_error_set(error, SWAPC_IO, "%s is no folder that can be written to", folder);
}

/* ---- the page -------------------------------------------------------------------------------- */

static json_t *strings_of(const char *words) {
    char text[160], *rest = NULL;
    json_t *list = json_array();
    snprintf(text, sizeof text, "%s", words);
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        json_array_append_new(list, json_string(word));
    return list;
}

static json_t *shown_of(const struct swapci_scenario *scenario) {
    json_t *columns = json_array();
    for (const struct swapci_column *c = scenario->columns; c->title; c++)
        json_array_append_new(columns, json_pack("[s, s, i]", c->key, c->title, c->decimals));
    return json_pack("{s:s, s:o, s:b, s:o}", "chart", scenario->chart, "labels",
                     strings_of(scenario->labels), "logarithmic", (int)scenario->logarithmic,
                     "columns", columns);
}

/* Text that ends no script: what a module's name or an error might hold. */
static void write_escaped(const char *text, FILE *to) {
    for (; *text; text++)
        if (*text == '<') fputs("\\u003c", to);
        else fputc(*text, to);
}

static enum swapc_status write_page(const char *folder, const json_t *documents,
                                    swapc_error *error) {
    struct output out;
    const char *name;
    json_t *document, *shown = json_object();
    const char *page = (const char *)swapci_lab_page[0].bytes;
    size_t len = swapci_lab_page[0].len;
    json_object_foreach((json_t *)documents, name, document)
        json_object_set_new(shown, name, shown_of(swapci_scenario_find(name)));
    json_t *data = json_pack("{s:O, s:o}", "documents", documents, "shown", shown);
    char *text = data ? json_dumps(data, JSON_COMPACT) : NULL;
    const char *at = memmem(page, len, placeholder, sizeof placeholder - 1);
    json_decref(data);
    if (!text || !at) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the report");
    enum swapc_status status = begin(&out, folder, "report", ".html", error);
    if (status == SWAPC_OK) {
        const char *after = at + sizeof placeholder - 1;
        fwrite(page, 1, (size_t)(at - page), out.to);
        write_escaped(text, out.to);
        fwrite(after, 1, len - (size_t)(after - page), out.to);
        status = finish(&out, error);
    }
    free(text);
    return status;
}

/* ---- the picture ----------------------------------------------------------------------------- */

enum { SVG_WIDTH = 760, SVG_LEFT = 210, SVG_RIGHT = 150, SVG_LINE = 28, SVG_TOP = 44 };

static void svg_style(FILE *to) {
    fputs("<style>text{font:13px system-ui,sans-serif;fill:#1c1e21}.soft{fill:#5b6067}"
          ".wasmtime{fill:#3b63c4}.wasm3{fill:#c2701c}.native{fill:#4d5561}.other{fill:#8a4fbf}"
          ".title{font-weight:600}@media (prefers-color-scheme:dark){text{fill:#e8eaed}"
          ".soft{fill:#a2a8b0}.wasmtime{fill:#7f9ff0}.wasm3{fill:#e6a15a}.native{fill:#a9b1bc}"
          ".other{fill:#bd93e8}}</style>\n",
          to);
}

static const char *svg_class(const char *engine) {
    static const char *const known[] = {"wasmtime", "wasm3", "native"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(engine, known[i]) == 0) return known[i];
    return "other";
}

static void svg_bar(const json_t *row, int line, double most, FILE *to) {
    const char *engine = json_string_value(json_object_get(row, "engine"));
    const char *method = json_string_value(json_object_get(row, "method"));
    const char *flavour = json_string_value(json_object_get(row, "flavour"));
    bool peer = json_is_true(json_object_get(row, "peer"));
    double ratio = json_number_value(json_object_get(row, "ratio"));
    double us = json_number_value(json_object_get(row, "median_us"));
    double room = SVG_WIDTH - SVG_LEFT - SVG_RIGHT;
    double bar = 4 + (room - 4) * log(ratio > 1 ? ratio : 1) / log(most);
    int y = SVG_TOP + line * SVG_LINE;
    fprintf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s%s%s, %s</text>\n", SVG_LEFT - 10,
            y + 14, engine, peer ? " " : "", peer ? flavour : "", method);
    fprintf(to, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"18\" rx=\"2\"/>\n",
            svg_class(engine), SVG_LEFT, y, bar);
    fprintf(to, "<text x=\"%.1f\" y=\"%d\">%.*f × · %.*f µs</text>\n", SVG_LEFT + bar + 8, y + 14,
            ratio < 100 ? 2 : 0, ratio, us < 1000 ? 1 : 0, us);
}

/* What users get by default; and of peers the first method, lest the picture be long. */
static bool is_drawn(const json_t *rows, size_t index) {
    const json_t *row = json_array_get(rows, index);
    const char *first = json_string_value(json_object_get(json_array_get(rows, 0), "method"));
    const char *method = json_string_value(json_object_get(row, "method"));
    if (!json_is_true(json_object_get(row, "peer")))
        return json_is_true(json_object_get(row, "default"));
    return first && method && strcmp(first, method) == 0;
}

static enum swapc_status write_picture(const char *folder, const json_t *engines,
                                       swapc_error *error) {
    struct output out;
    const json_t *rows = json_object_get(engines, "rows");
    const json_t *host = json_object_get(engines, "host");
    double most = 2;
    int lines = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        double ratio = json_number_value(json_object_get(row, "ratio"));
        if (!is_drawn(rows, i)) continue;
        most = ratio > most ? ratio : most;
        lines++;
    }
    enum swapc_status status = begin(&out, folder, "report", ".svg", error);
    if (status != SWAPC_OK) return status;
    fprintf(out.to,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\">\n",
            SVG_WIDTH, SVG_TOP + lines * SVG_LINE + 26);
    fputs("<title>One verification on each engine, to native code</title>\n", out.to);
    svg_style(out.to);
    fputs("<text class=\"title\" x=\"10\" y=\"22\">One signature verified, against native code "
          "(logarithmic)</text>\n",
          out.to);
    int line = 0;
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (is_drawn(rows, i)) svg_bar(json_array_get(rows, i), line++, most, out.to);
    fputs("<text class=\"soft\" x=\"10\" y=\"", out.to);
    fprintf(out.to, "%d\">%s, %lld cores; swapc bench engines</text>\n</svg>\n",
            SVG_TOP + lines * SVG_LINE + 16, json_string_value(json_object_get(host, "cpu")),
            (long long)json_integer_value(json_object_get(host, "cores")));
    return finish(&out, error);
}

/* ---- all ------------------------------------------------------------------------------------- */

static enum swapc_status write_figures(const char *folder, const json_t *documents,
                                       swapc_error *error) {
    struct output out;
    enum swapc_status status = begin(&out, folder, "figures", ".json", error);
    if (status != SWAPC_OK) return status;
    json_dumpf(documents, out.to, JSON_INDENT(2));
    return finish(&out, error);
}

enum swapc_status swapci_lab_report_write(const char *folder, const json_t *documents,
                                          swapc_error *error) {
    const char *name;
    json_t *document;
    const json_t *engines = json_object_get(documents, "engines");
    enum swapc_status status = write_figures(folder, documents, error);
    json_object_foreach((json_t *)documents, name, document) {
        struct output out;
        if (status == SWAPC_OK) status = begin(&out, folder, name, ".csv", error);
        if (status != SWAPC_OK) return status;
        swapci_scenario_csv(swapci_scenario_find(name), document, out.to);
        status = finish(&out, error);
    }
    if (status == SWAPC_OK && engines) status = write_picture(folder, engines, error);
    return status == SWAPC_OK ? write_page(folder, documents, error) : status;
}
