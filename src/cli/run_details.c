/* All figures of a run, for who knows the words. */
#include <inttypes.h>

#include "run_result.h"
#include "wrap.h"

/* Fewer messages say nothing of what 1024 would take. */
enum { EXTRAPOLATED_MIN = 1000, COLUMN = 15 };

static void print_spread(FILE *to, const char *name, const swapci_histogram *h, double unit) {
    fprintf(to, "  %-12s p50 %9.1f   p90 %9.1f   p99 %9.1f   max %9.1f µs\n", name,
            (double)swapci_histogram_percentile(h, 50) / unit,
            (double)swapci_histogram_percentile(h, 90) / unit,
            (double)swapci_histogram_percentile(h, 99) / unit, (double)h->max / unit);
}

static void print_verdicts(const struct swapci_run_result *r, bool colour, FILE *to) {
    bool good = swapci_run_result_good(r);
    const char *on = !colour ? "" : good ? "\033[32m" : "\033[31m";
    fprintf(to, "  %-12s %" PRIu64 " Valid, %" PRIu64 " NotValid, %" PRIu64 " Error", "verdicts",
            r->valid, r->not_valid, r->errors);
    if (r->tampered > 0) fprintf(to, " (%" PRIu64 " tampered with on purpose)", r->tampered);
    fprintf(to,
            "\n  %-12s %slost %" PRIu64 ", duplicates %" PRIu64 ", wrong %" PRIu64
            "%s (sent against stored)\n",
            "ledger", on, r->lost, r->duplicates, r->wrong, colour ? "\033[0m" : "");
}

static void print_throughput(const struct swapci_run_result *r, FILE *to) {
    char text[256];
    fprintf(to, "  %-12s ", "throughput");
    snprintf(text, sizeof text, "%.0f messages/s", swapci_run_result_throughput(r));
    if (r->bound_per_s > 0)
        snprintf(text, sizeof text,
                 "%.0f messages/s, %.0f %% of the bound: %.0f/s if all cores did nothing but sign "
                 "(%.1f µs), verify (%.1f µs) and talk to Redis (%.1f µs)",
                 swapci_run_result_throughput(r),
                 100 * swapci_run_result_throughput(r) / r->bound_per_s, r->bound_per_s, r->sign_us,
                 r->verify_us, r->redis_us);
    swapci_wrap(to, text, COLUMN, COLUMN);
    fputc('\n', to);
}

static void print_times(const struct swapci_run_result *r, FILE *to) {
    fprintf(to, "  %-12s %.3f s, after %.2f s of start-up\n", "elapsed", r->elapsed_s,
            r->startup_s);
    print_throughput(r, to);
    fprintf(to, "  %-12s %.3f s of CPU for %" PRIu64 " messages, %" PRIu64 " swaps\n", "verify",
            (double)r->verify_ns->sum / 1e9, r->verify_ns->count, r->swaps);
    print_spread(to, r->batch > 1 ? "a message" : "one call", r->verify_ns, 1e3);
    if (r->batch > 1)
        fprintf(to, "  %-12s its share of a call, which may judge %u at once\n", "", r->batch);
    print_spread(to, "latency", r->latency_us, 1);
    fprintf(to, "  %-12s from added to stored; all are added at once: most is waiting\n", "");
}

/* What an engine costs on this machine, measured after the run on the same bytes. */
static void print_engine(const struct swapci_run_result *r, const char *engine,
                         const char *original, FILE *to) {
    double cpu_us, ratio;
    fprintf(to, "  %-12s ", engine);
    if (!swapci_bench_engine_mean(r->comparison, engine, &cpu_us, &ratio))
        fprintf(to, "%-34s", "not in this build");
    else if (ratio > 0) fprintf(to, "%9.1f µs CPU   %8.2f × native ", cpu_us, ratio);
    else fprintf(to, "%9.1f µs CPU%20s", cpu_us, "");
    fprintf(to, "  %s\n", original);
}

/* Each engine of the mission, with what the original system measured beside. */
static void print_engines(const struct swapci_run_result *r, FILE *to) {
    fprintf(to, "\n  %-12s %-34s  %s\n", "engine", "one verification here", "the original");
    print_engine(r, "native", "1.00 × native", to);
    print_engine(r, "wasmtime", "2.7–3.2 × native", to);
    print_engine(r, "wasm3", "23–30 × native", to);
    if (r->messages - r->lost >= EXTRAPOLATED_MIN)
        fprintf(to, "  1024 messages, this run %8.1f ms%12s  125–251 ms, swapped 31.2 s\n",
                1024e3 / swapci_run_result_throughput(r), "");
    fprintf(to, "  The original is the Rust system that swapc is built after (i7-4770K); its\n"
                "  native code took three times as long as ours. swapc bench engines measures\n"
                "  all engines and flavours with their spread.\n");
}

void swapci_run_result_absent(FILE *to) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    for (unsigned i = 0; swapc_engine_at(i, &info); i++)
        if (!info.built) fprintf(to, "  engine %s is not in this build\n", info.name);
}

void swapci_run_result_print(const struct swapci_run_result *r, bool colour, FILE *to) {
    fprintf(to, "\n%s%" PRIu64 " messages, method %s, engine %s, swap %s, %u worker%s%s\n",
            colour ? "\033[1m" : "", r->messages, r->method, r->engine, r->swap, r->workers,
            r->workers == 1 ? "" : "s", colour ? "\033[0m" : "");
    print_verdicts(r, colour, to);
    print_times(r, to);
    for (unsigned i = 0; i < r->module_count; i++)
        fprintf(to, "  %-12s %s %s, %s, sha256 %.16s…\n", i == 0 ? "modules" : "",
                r->modules[i].name, r->modules[i].version, r->modules[i].flavour,
                r->modules[i].digest_hex);
    swapci_run_result_absent(to);
    if (r->comparison) print_engines(r, to);
}
