#include "run_result.h"

#include "host_facts.h"

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
