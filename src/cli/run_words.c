/* The result of a run for who sees one for the first time: what came of the messages, the way they took with
 * the figures of each place, and what the figures mean. The expert's table is run_details.c. */
#include <inttypes.h>
#include <string.h>

#include "run_result.h"
#include "wrap.h"

enum { BOX_LINES = 3, LINE_MAX_BYTES = 64, ROW_BOXES_MAX = 4, INDENT = 2, MANY = 1000 };

/* ---- figures ----------------------------------------------------------------------------------- */

struct words {
    char text[LINE_MAX_BYTES];
};

/* A time as people say it. */
static struct words duration(double us) {
    struct words w;
    if (us < 9.95) snprintf(w.text, sizeof w.text, "%.1f µs", us);
    else if (us < 999.5) snprintf(w.text, sizeof w.text, "%.0f µs", us);
    else if (us < 9995) snprintf(w.text, sizeof w.text, "%.1f ms", us / 1e3);
    else if (us < 999.5e3) snprintf(w.text, sizeof w.text, "%.0f ms", us / 1e3);
    else snprintf(w.text, sizeof w.text, "%.1f s", us / 1e6);
    return w;
}

/* "21 µs each", or nothing where it was not measured. */
static struct words each(double us) {
    struct words w = {""};
    if (us > 0) snprintf(w.text, sizeof w.text, "%.32s each", duration(us).text);
    return w;
}

static struct words count(uint64_t n, const char *of) {
    struct words w;
    snprintf(w.text, sizeof w.text, "%" PRIu64 "%s%.40s", n, *of ? " " : "", of);
    return w;
}

static double mean_us(const swapci_histogram *h) {
    return swapci_histogram_mean(h) / 1e3;
}

/* ---- the picture ------------------------------------------------------------------------------- */

struct box {
    const char *title;
    size_t width; /* of the text in it */
    struct words lines[BOX_LINES];
};

static void repeat(FILE *to, const char *sign, size_t times) {
    while (times-- > 0) fputs(sign, to);
}

static void cell(FILE *to, const char *text, size_t width) {
    fprintf(to, "│ %s", text);
    size_t used = swapci_wrap_columns(text, strlen(text));
    repeat(to, " ", used < width ? width - used : 0);
    fputs(" │", to);
}

/* Where the way comes in from the row above, and where it goes on to the row below: two signs before and after
 * the lines above the middle one, that one, and those below it. */
struct ends {
    const char *above, *middle, *below;
};

/* Boxes beside each other, with arrows between them at their middle line. */
static void draw_row(FILE *to, const struct box *boxes, size_t n, const struct ends *left,
                     const struct ends *right) {
    for (size_t i = 0; i < n; i++) {
        fprintf(to, "%s┌─ %s ", i ? "   " : left->above, boxes[i].title);
        repeat(to, "─", boxes[i].width - 1 - strlen(boxes[i].title));
        fputs("┐", to);
    }
    for (size_t line = 0; line < BOX_LINES; line++) {
        bool middle = line == BOX_LINES / 2, above = line < BOX_LINES / 2;
        fprintf(to, "\n%s", middle ? left->middle : above ? left->above : left->below);
        for (size_t i = 0; i < n; i++) {
            if (i) fputs(middle ? "──▶" : "   ", to);
            cell(to, boxes[i].lines[line].text, boxes[i].width);
        }
        fputs(middle ? right->middle : above ? right->above : right->below, to);
    }
    fputc('\n', to);
    for (size_t i = 0; i < n; i++) {
        fprintf(to, "%s└", i ? "   " : left->below);
        repeat(to, "─", boxes[i].width + 2);
        fputs("┘", to);
    }
    fprintf(to, "%s\n", right->below);
}

static void draw_flow(const struct swapci_run_result *r, FILE *to) {
    struct words none = {""};
    struct words workers = count(r->workers, r->workers == 1 ? "worker" : "workers");
    struct words swaps = count(r->swaps, "swaps"), together = none;
    struct words judged = count(r->verify_ns->count, r->batch > 1 ? "messages" : "calls");
    if (r->batch > 1) snprintf(together.text, sizeof together.text, "up to %u a call", r->batch);
    static const struct box ring = {"ring", 12, {{"hands them"}, {"over in"}, {"memory"}}};
    static const struct box stream = {"stream", 12, {{"hands them"}, {"over in"}, {"Redis"}}};
    const struct box first[] = {
        {"generator", 12, {count(r->messages, ""), {"messages"}, {"added"}}},
        {"Redis", 12, {count(r->messages, ""), {"kept in line"}, each(r->redis_us)}},
        {"signer", 12, {r->sent ? count(r->sent, "") : none, {"signed"}, each(r->sign_us)}},
        r->ring ? ring : stream,
    };
    const struct box second[] = {
        {"verifier", 12, {workers, {"asks the"}, {"module"}}},
        {"module", 16, {judged, each(mean_us(r->verify_ns)), r->swaps ? swaps : together}},
        {"verdicts",
         18,
         {count(r->valid, "Valid"), count(r->not_valid, "NotValid"), count(r->errors, "Error")}},
    };
    static const struct ends begin = {"  ", "  ", "  "}, down = {"", "─┐", " │"};
    static const struct ends up = {"│ ", "└▶", "  "}, end = {"", "  in Redis", ""};
    draw_row(to, first, sizeof first / sizeof *first, &begin, &down);
    fputs("┌", to);
    repeat(to, "─", 75);
    fputs("┘\n", to);
    draw_row(to, second, sizeof second / sizeof *second, &up, &end);
}

/* ---- sentences --------------------------------------------------------------------------------- */

static void paragraph(FILE *to, const char *text) {
    fprintf(to, "%*s", INDENT, "");
    swapci_wrap(to, text, INDENT, INDENT);
    fputc('\n', to);
}

static void tell_headline(const struct swapci_run_result *r, bool colour, FILE *to) {
    uint64_t answered = r->messages - r->lost;
    fprintf(to, "\n%s%" PRIu64 " message%s sent, signed and judged in %.2f s",
            colour ? "\033[1m" : "", answered, answered == 1 ? "" : "s", r->elapsed_s);
    if (answered >= MANY) fprintf(to, ": %.0f a second", swapci_run_result_throughput(r));
    fprintf(to, "%s\n\n", colour ? "\033[0m" : "");
}

static void tell_verdicts(const struct swapci_run_result *r, FILE *to) {
    fprintf(to, "  genuine %9" PRIu64 "  the signature fits the message (Valid)\n", r->valid);
    fprintf(to, "  forged  %9" PRIu64 "  it does not fit (NotValid)", r->not_valid);
    if (r->tampered > 0) fprintf(to, "; %" PRIu64 " were altered on purpose", r->tampered);
    fprintf(to, "\n  failed  %9" PRIu64 "  no verdict was possible (Error)\n\n", r->errors);
}

/* What of the books is not as it should be, and what to do. */
static void tell_faults(const struct swapci_run_result *r, FILE *to) {
    char text[512];
    snprintf(text, sizeof text,
             "Not all is well: %" PRIu64 " lost (sent, and no verdict is stored), %" PRIu64
             " judged more than once, %" PRIu64
             " judged wrongly. The lines above name the first of "
             "each; docs/DURABILITY.md says what Redis can lose.",
             r->lost, r->duplicates, r->wrong);
    if (r->lost + r->duplicates + r->wrong > r->errors) paragraph(to, text);
    if (r->errors > 0)
        paragraph(to, "What failed has its reason in a line above, and in the field \"reason\" of "
                      "its verdict in Redis.");
    if (r->input_error)
        paragraph(to, "The input was not read to its end: what was read before is judged.");
}

static void tell_books(const struct swapci_run_result *r, bool colour, FILE *to) {
    bool good = swapci_run_result_good(r);
    if (colour) fputs(good ? "\033[32m" : "\033[31m", to);
    if (good)
        paragraph(to, "lost 0, duplicates 0, wrong 0: each message that was sent has one stored "
                      "verdict, no more, and it is the one that is right.");
    else tell_faults(r, to);
    fprintf(to, "%s\n", colour ? "\033[0m" : "");
}

static void tell_words(const struct swapci_run_result *r, FILE *to) {
    char text[512];
    bool random = strcmp(r->method, SWAPCI_METHOD_RANDOM) == 0;
    snprintf(text, sizeof text,
             "A message is a text%s, which the signer signs (%s%s). Whether signature and "
             "text fit is decided by a module: a small WebAssembly program that can be replaced "
             "while messages flow%s. waPC is the way to call one: the name of an operation and "
             "bytes in, bytes out.",
             r->own_input ? "" : ", here a random name", random ? "one of " : "",
             random ? "the methods at random" : r->method,
             r->swaps > 0 ? ", as was done here" : "");
    fputc('\n', to);
    paragraph(to, text);
}

static void tell_speed(const struct swapci_run_result *r, FILE *to) {
    char text[512];
    uint64_t answered = r->messages - r->lost;
    if (answered == 0) return;
    fputc('\n', to);
    if (r->bound_per_s > 0 && answered >= MANY) {
        snprintf(text, sizeof text,
                 "Speed: %.0f messages a second, %.0f %% of the %.0f that this machine could "
                 "do at best, with all its cores signing (%s a message), verifying (%s) and "
                 "talking to Redis (%s) all the time.%s",
                 swapci_run_result_throughput(r),
                 100 * swapci_run_result_throughput(r) / r->bound_per_s, r->bound_per_s,
                 duration(r->sign_us).text, duration(r->verify_us).text, duration(r->redis_us).text,
                 r->workers == 1 ? " --workers 2 verifies on two of them." : "");
        paragraph(to, text);
    }
    snprintf(text, sizeof text,
             "Time: %s %s (half of them less, 99 of 100 less than %s). From being sent to its "
             "stored verdict a message took %s%s",
             r->batch > 1 ? "a message's share of a call that judges many is"
                          : "a call of the module takes",
             duration((double)swapci_histogram_percentile(r->verify_ns, 50) / 1e3).text,
             duration((double)swapci_histogram_percentile(r->verify_ns, 99) / 1e3).text,
             duration((double)swapci_histogram_percentile(r->latency_us, 50)).text,
             answered >= MANY ? ", nearly all of it waiting in line, since all were sent at once: "
                                "swapc bench single shows how long one takes alone."
                              : ".");
    paragraph(to, text);
}

static void tell_engine(const struct swapci_run_result *r, const char *engine, FILE *to) {
    double cpu_us, ratio;
    if (!swapci_bench_engine_mean(r->comparison, engine, &cpu_us, &ratio)) return;
    fprintf(to, "    %-10s %9.1f µs", engine, cpu_us);
    if (ratio > 0) fprintf(to, " %7.2f × native code", ratio);
    fputc('\n', to);
}

static void tell_engines(const struct swapci_run_result *r, FILE *to) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    if (!r->comparison) return;
    fprintf(to, "\n  The same verification on each engine of this build:\n");
    tell_engine(r, "native", to);
    for (unsigned i = 0; swapc_engine_at(i, &info); i++)
        if (strcmp(info.name, "native") != 0) tell_engine(r, info.name, to);
}

void swapci_run_result_tell(const struct swapci_run_result *r, bool colour, FILE *to) {
    tell_headline(r, colour, to);
    tell_verdicts(r, to);
    tell_books(r, colour, to);
    draw_flow(r, to);
    tell_words(r, to);
    tell_speed(r, to);
    tell_engines(r, to);
    swapci_run_result_absent(to);
    fprintf(to, "\n  --details shows all figures, swapc help words explains them.\n");
}
