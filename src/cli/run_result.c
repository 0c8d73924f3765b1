#include "run_result.h"

#include <inttypes.h>

#include "host_facts.h"

/* Fewer messages say nothing of what 1024 would take. */
enum { EXTRAPOLATED_MIN = 1000 };

bool swapci_run_result_good(const struct swapci_run_result *r) {
    return r->lost == 0 && r->duplicates == 0 && r->wrong == 0 && r->errors == 0 && !r->input_error;
}

double swapci_run_result_throughput(const struct swapci_run_result *r) {
    return r->elapsed_s > 0 ? (double)(r->messages - r->lost) / r->elapsed_s : 0;
}

static double efficiency(const struct swapci_run_result *r) {
    return r->bound_per_s > 0 ? swapci_run_result_throughput(r) / r->bound_per_s : 0;
}

static double verify_s(const struct swapci_run_result *r) {
    return (double)r->verify_ns->sum / 1e9;
}

static json_t *percentiles(const swapci_histogram *h, double unit) {
    return json_pack(
        "{s:f, s:f, s:f, s:f}", "p50", (double)swapci_histogram_percentile(h, 50) / unit, "p90",
        (double)swapci_histogram_percentile(h, 90) / unit, "p99",
        (double)swapci_histogram_percentile(h, 99) / unit, "max", (double)h->max / unit);
}

static json_t *modules_json(const struct swapci_run_result *r) {
    json_t *list = json_array();
    for (unsigned i = 0; i < r->module_count; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s}", "name", r->modules[i].name,
                                        "version", r->modules[i].version, "flavour",
                                        r->modules[i].flavour, "digest", r->modules[i].digest_hex));
    return list;
}

static json_t *engines_json(const struct swapci_run_result *r) {
    json_t *list = json_array();
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    double cpu_us, ratio;
    for (unsigned i = 0; r->comparison && swapc_engine_at(i, &info); i++)
        if (swapci_bench_engine_mean(r->comparison, info.name, &cpu_us, &ratio))
            json_array_append_new(list, json_pack("{s:s, s:f, s:f}", "engine", info.name, "call_us",
                                                  cpu_us, "ratio", ratio));
    return list;
}

json_t *swapci_run_result_json(const struct swapci_run_result *r) {
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, "
                     "s:f, s:f, s:o, "
                     "s:o, s:I, s:I, s:o, s:o, s:I, s:o}",
                     "engine", r->engine, "method", r->method, "swap", r->swap, "messages",
                     (json_int_t)r->messages, "valid", (json_int_t)r->valid, "not_valid",
                     (json_int_t)r->not_valid, "errors", (json_int_t)r->errors, "lost",
                     (json_int_t)r->lost, "duplicates", (json_int_t)r->duplicates, "wrong",
                     (json_int_t)r->wrong, "tampered", (json_int_t)r->tampered, "startup_s",
                     r->startup_s, "elapsed_s", r->elapsed_s, "throughput_per_s",
                     swapci_run_result_throughput(r), "bound_per_s", r->bound_per_s, "efficiency",
                     efficiency(r), "verify_s", verify_s(r), "verify_us",
                     percentiles(r->verify_ns, 1e3), "latency_us", percentiles(r->latency_us, 1),
                     "swaps", (json_int_t)r->swaps, "workers", (json_int_t)r->workers, "modules",
                     modules_json(r), "engines", engines_json(r), "batch", (json_int_t)r->batch,
                     "host", swapci_host_facts_json());
}

static void print_spread(FILE *to, const char *name, const swapci_histogram *h, double unit,
                         const char *note) {
    fprintf(to, "  %-12s p50 %9.1f   p90 %9.1f   p99 %9.1f   max %9.1f µs%s\n", name,
            (double)swapci_histogram_percentile(h, 50) / unit,
            (double)swapci_histogram_percentile(h, 90) / unit,
            (double)swapci_histogram_percentile(h, 99) / unit, (double)h->max / unit, note);
}

static void print_verdicts(const struct swapci_run_result *r, bool colour, FILE *to) {
    bool good = swapci_run_result_good(r);
    const char *on = !colour ? "" : good ? "\033[32m" : "\033[31m";
    fprintf(to, "  %-12s %" PRIu64 " Valid, %" PRIu64 " NotValid, %" PRIu64 " Error", "verdicts",
            r->valid, r->not_valid, r->errors);
    if (r->tampered > 0) fprintf(to, " (%" PRIu64 " tampered with on purpose)", r->tampered);
    fprintf(to, "\n  %-12s %slost %" PRIu64 ", duplicates %" PRIu64 ", wrong %" PRIu64 "%s\n",
            "ledger", on, r->lost, r->duplicates, r->wrong, colour ? "\033[0m" : "");
}

static void print_times(const struct swapci_run_result *r, FILE *to) {
    fprintf(to, "  %-12s %.3f s, after %.2f s of start-up\n", "elapsed", r->elapsed_s,
            r->startup_s);
    fprintf(to, "  %-12s %.0f messages/s", "throughput", swapci_run_result_throughput(r));
    if (r->bound_per_s > 0)
        fprintf(to, ", %.0f %% of the %.0f/s that this machine's cores could do",
                100 * efficiency(r), r->bound_per_s);
    fprintf(to, "\n  %-12s %.3f s of CPU for %" PRIu64 " messages, %" PRIu64 " swaps\n", "verify",
            verify_s(r), r->verify_ns->count, r->swaps);
    print_spread(to, r->batch > 1 ? "a message" : "one call", r->verify_ns, 1e3,
                 r->batch > 1 ? " (of a call for many: its share)" : "");
    print_spread(to, "latency", r->latency_us, 1, " (of a saturated run: queue length)");
}

/* What an engine costs on this machine, measured after the run on the same bytes. */
static void cost(const struct swapci_run_result *r, const char *engine, char *out, size_t size) {
    double cpu_us, ratio;
    if (!swapci_bench_engine_mean(r->comparison, engine, &cpu_us, &ratio))
        snprintf(out, size, "not in this build");
    else if (ratio > 0) snprintf(out, size, "%9.1f µs  %6.2f × native%7s", cpu_us, ratio, "");
    else snprintf(out, size, "%9.1f µs%24s", cpu_us, "");
}

/* Each engine of the mission, with what the original system measured beside. */
static void print_engines(const struct swapci_run_result *r, FILE *to) {
    static const struct {
        const char *engine, *original;
    } rows[] = {
        {"native", "1.00 × its native (three times slower than ours)"},
        {"wasmtime", "2.7–3.2 × its native"},
        {"wasm3", "23–30 × its native"},
    };
    fprintf(to, "\n  %-12s %-36s %s\n", "engine", "one verification here, CPU time",
            "the original (Rust, i7-4770K)");
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        char mine[96];
        cost(r, rows[i].engine, mine, sizeof mine);
        fprintf(to, "  %-12s %-36s %s\n", rows[i].engine, mine, rows[i].original);
    }
    if (r->messages - r->lost >= EXTRAPOLATED_MIN)
        fprintf(to,
                "\n  1024 messages, this run%9.1f ms      the original: native 125–251 ms, "
                "modules swapped 31.2 s\n",
                1024e3 / swapci_run_result_throughput(r));
    fprintf(to, "  swapc bench engines measures the engines with all flavours and their spread.\n");
}

static void print_absent(FILE *to) {
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
    print_absent(to);
    if (r->comparison) print_engines(r, to);
}
