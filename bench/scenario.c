#include "scenario.h"

#include <math.h>
#include <string.h>

#include "host_facts.h"
#include "printable.h"

enum { LABEL_MAX = 160, CELL_MAX = 40, COLUMNS_MAX = 14 };

const struct swapci_scenario *swapci_scenario_find(const char *name) {
    for (const struct swapci_scenario *s = swapci_scenarios; s->name; s++)
        if (strcmp(s->name, name) == 0) return s;
    return NULL;
}

json_t *swapci_scenario_document(const struct swapci_scenario *scenario,
                                 const struct swapci_lab *lab) {
    return json_pack("{s:s, s:s, s:b, s:b, s:b, s:O, s:O, s:O, s:o}", "bench", scenario->name,
                     "means", scenario->means, "incomplete", (int)lab->incomplete, "failed",
                     (int)lab->failed, "quick", (int)lab->quick, "rows", lab->rows, "notes",
                     lab->notes, "distributions", lab->distributions, "host",
                     swapci_host_facts_json());
}

static void cell_text(const json_t *row, const struct swapci_column *column, char *out,
                      size_t size) {
    const json_t *value = json_object_get(row, column->key);
    out[0] = '\0';
    if (json_is_string(value)) snprintf(out, size, "%s", json_string_value(value));
    else if (json_is_boolean(value)) snprintf(out, size, "%s", json_is_true(value) ? "*" : "");
    else if (json_is_number(value))
        snprintf(out, size, "%.*f", column->decimals < 0 ? 0 : column->decimals,
                 json_number_value(value));
}

/* What names a row: the values of the label keys. */
static void label_of(const struct swapci_scenario *scenario, const json_t *row, char *out,
                     size_t size) {
    char keys[LABEL_MAX], cell[CELL_MAX], *rest = NULL;
    size_t used = 0;
    snprintf(keys, sizeof keys, "%s", scenario->labels);
    out[0] = '\0';
    for (char *key = strtok_r(keys, " ", &rest); key; key = strtok_r(NULL, " ", &rest)) {
        struct swapci_column column = {key, key, 4};
        cell_text(row, &column, cell, sizeof cell);
        if (used < size) used += (size_t)snprintf(out + used, size - used, "%s ", cell);
    }
}

bool swapci_scenario_change(const struct swapci_scenario *scenario, const json_t *row,
                            const json_t *old, double *change) {
    char wanted[LABEL_MAX], found[LABEL_MAX];
    const json_t *rows = json_object_get(old, "rows");
    label_of(scenario, row, wanted, sizeof wanted);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *other = json_array_get(rows, i);
        label_of(scenario, other, found, sizeof found);
        double before = json_number_value(json_object_get(other, scenario->chart));
        if (strcmp(wanted, found) != 0) continue;
        *change = before > 0 ? json_number_value(json_object_get(row, scenario->chart)) / before - 1
                             : (double)NAN;
        return true;
    }
    return false;
}

/* Characters on the screen: bytes of UTF-8 that begin one. */
static int shown_width(const char *text) {
    int width = 0;
    for (; *text; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void pad(FILE *to, const char *text, int width, bool left) {
    int blanks = width - shown_width(text);
    if (!left) fprintf(to, "  %*s%s", blanks > 0 ? blanks : 0, "", text);
    else fprintf(to, "  %s%*s", text, blanks > 0 ? blanks : 0, "");
}

static int column_width(const struct swapci_column *column, const json_t *rows) {
    char cell[CELL_MAX];
    int width = shown_width(column->title);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        cell_text(json_array_get(rows, i), column, cell, sizeof cell);
        if (shown_width(cell) > width) width = shown_width(cell);
    }
    return width;
}

static void print_change(const struct swapci_scenario *scenario, const json_t *row,
                         const json_t *old, FILE *to) {
    double change;
    if (!old) return;
    if (!swapci_scenario_change(scenario, row, old, &change)) fprintf(to, "        new");
    else if (isnan(change)) fprintf(to, "     from 0");
    else fprintf(to, "  %+7.1f %%", 100 * change);
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "unknown";
}

/* What old is; of another machine, that its times say little here. */
static void print_old(const json_t *old, const struct swapci_host_facts *here, FILE *to) {
    char text[512];
    const json_t *host = json_object_get(old, "host");
    const char *cpu = text_of(host, "cpu");
    long long cores = json_integer_value(json_object_get(host, "cores"));
    bool other = strcmp(cpu, here->cpu) != 0 || cores != here->cores;
    if (!old) return;
    snprintf(text, sizeof text, "old: commit %.64s, measured %.32s%s", text_of(host, "commit"),
             text_of(host, "measured_at"),
             json_is_true(json_object_get(old, "incomplete")) ? ", incomplete" : "");
    fprintf(to, "%s\n", swapci_printable_line(text, sizeof text));
    if (!other) return;
    snprintf(text, sizeof text,
             "old is of ANOTHER MACHINE (%.200s, %lld cores): compare ratios only", cpu, cores);
    fprintf(to, "%s\n", swapci_printable_line(text, sizeof text));
}

static const char *incomplete_text(const json_t *document) {
    if (!json_is_true(json_object_get(document, "incomplete"))) return "";
    return json_is_true(json_object_get(document, "failed")) ? "; INCOMPLETE, it failed"
                                                             : "; INCOMPLETE, interrupted";
}

void swapci_scenario_print(const struct swapci_scenario *scenario, const json_t *document,
                           const json_t *old, FILE *to) {
    const json_t *rows = json_object_get(document, "rows");
    const json_t *notes = json_object_get(document, "notes");
    struct swapci_host_facts facts;
    char cell[CELL_MAX];
    int widths[COLUMNS_MAX];
    swapci_host_facts_read(&facts);
    fprintf(to, "%s: %s\n%s, %ld core%s, %s%s\n", scenario->name, scenario->means, facts.cpu,
            facts.cores, facts.cores == 1 ? "" : "s", facts.os, incomplete_text(document));
    print_old(old, &facts, to);
    fputc('\n', to);
    for (int c = 0; scenario->columns[c].title; c++) {
        widths[c] = column_width(&scenario->columns[c], rows);
        pad(to, scenario->columns[c].title, widths[c], scenario->columns[c].decimals < 0);
    }
    fprintf(to, old ? "   to old\n" : "\n");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        for (int c = 0; scenario->columns[c].title; c++) {
            cell_text(row, &scenario->columns[c], cell, sizeof cell);
            pad(to, cell, widths[c], scenario->columns[c].decimals < 0);
        }
        print_change(scenario, row, old, to);
        fputc('\n', to);
    }
    if (json_array_size(notes) > 0) fputc('\n', to);
    for (size_t i = 0; i < json_array_size(notes); i++)
        fprintf(to, "  %s\n", json_string_value(json_array_get(notes, i)));
    fputc('\n', to);
}

static void csv_cell(FILE *to, const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, to);
        return;
    }
    fputc('"', to);
    for (; *text; text++) fprintf(to, *text == '"' ? "\"\"" : "%c", *text);
    fputc('"', to);
}

static void csv_value(FILE *to, const json_t *value) {
    if (json_is_string(value)) csv_cell(to, json_string_value(value));
    else if (json_is_boolean(value)) fputs(json_is_true(value) ? "true" : "false", to);
    else if (json_is_integer(value)) fprintf(to, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value)) fprintf(to, "%.6g", json_real_value(value));
}

/* Every key that a row has, the first row's order. */
void swapci_scenario_csv(const struct swapci_scenario *scenario, const json_t *document, FILE *to) {
    const json_t *rows = json_object_get(document, "rows");
    json_t *keys = json_object();
    json_t *value;
    const char *key;
    for (int c = 0; scenario->columns[c].title; c++)
        json_object_set_new(keys, scenario->columns[c].key, json_null());
    for (size_t i = 0; i < json_array_size(rows); i++)
        json_object_foreach(json_array_get(rows, i), key, value)
            json_object_set_new(keys, key, json_null());
    const char *comma = "";
    json_object_foreach(keys, key, value) {
        fprintf(to, "%s%s", comma, key);
        comma = ",";
    }
    fputs("\r\n", to);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        comma = "";
        json_object_foreach(keys, key, value) {
            fputs(comma, to);
            csv_value(to, json_object_get(json_array_get(rows, i), key));
            comma = ",";
        }
        fputs("\r\n", to);
    }
    json_decref(keys);
}
