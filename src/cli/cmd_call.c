#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "clock.h"
#include "engine_names.h"
#include "hex.h"
#include "histogram.h"
#include "arguments.h"
#include "printable.h"
#include "terminal.h"
#include "utf8.h"

enum { ERROR_SHOWN = 400 };

struct call_job {
    const char *input, *hex, *text, *engine, *flavour, *json;
    uint64_t deadline_ms, memory_max, compile_ms, repeat;
    uint8_t *payload;
    size_t payload_len;
    swapci_histogram *times_ns; /* of --repeat; NULL: not asked for */
};

static enum swapc_status read_hex(struct call_job *job, swapc_error *error) {
    swapc_bytes digits = swapc_bytes_str(job->hex);
    job->payload = malloc(digits.len / 2 + 1);
    if (!job->payload) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the payload");
    if (!swapci_hex_decode(digits, job->payload))
        return swapc_error_set(error, SWAPC_INVALID,
                               "--hex takes an even number of hexadecimal digits");
    job->payload_len = digits.len / 2;
    return SWAPC_OK;
}

static enum swapc_status read_payload(struct call_job *job, swapc_error *error) {
    if (job->hex) return read_hex(job, error);
    if (job->text) {
        job->payload = (uint8_t *)strdup(job->text);
        job->payload_len = strlen(job->text);
        return job->payload ? SWAPC_OK
                            : swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the payload");
    }
    if (job->input) return swapci_cli_read(job->input, &job->payload, &job->payload_len, error);
    return SWAPC_OK;
}

static json_t *hex_json(swapc_bytes bytes) {
    char *text = malloc(SWAPCI_HEX_SIZE(bytes.len));
    if (!text) return json_null();
    swapci_hex_encode(bytes, text);
    json_t *value = json_stringn(text, 2 * bytes.len);
    free(text);
    return value;
}

static json_t *text_json(swapc_bytes bytes) {
    return json_stringn(bytes.len ? (const char *)bytes.ptr : "", bytes.len);
}

static double us(uint64_t ns) {
    return (double)ns / 1e3;
}

static json_t *times_json(const swapci_histogram *h) {
    return json_pack("{s:I, s:f, s:f, s:f, s:f}", "calls", (json_int_t)h->count, "min", us(h->min),
                     "p50", us(swapci_histogram_percentile(h, 50)), "p99",
                     us(swapci_histogram_percentile(h, 99)), "max", us(h->max));
}

static void print_times(const swapci_histogram *h) {
    char text[256];
    snprintf(text, sizeof text,
             "%llu calls one after the other: min %.1f µs, median %.1f µs, p99 %.1f µs, max %.1f "
             "µs\n",
             (unsigned long long)h->count, us(h->min), us(swapci_histogram_percentile(h, 50)),
             us(swapci_histogram_percentile(h, 99)), us(h->max));
    swapci_terminal_put(stderr, text);
}

static enum swapc_status report_json(const struct call_job *job, const swapc_module *module,
                                     enum swapc_status status, const swapc_reply *reply,
                                     swapc_error *error) {
    const swapc_module_info *info = swapc_module_describe(module);
    swapc_bytes none = swapc_bytes_of(NULL, 0);
    json_t *document =
        json_pack("{s:b, s:o, s:o, s:s, s:s, s:s}", "ok", status == SWAPC_OK, "response_hex",
                  hex_json(status == SWAPC_OK ? reply->body : none), "error_hex",
                  hex_json(status == SWAPC_OK ? none : reply->body), "status",
                  swapc_status_name(status), "engine", info->engine, "flavour", info->flavour);
    if (swapci_utf8_valid(reply->body))
        json_object_set_new(document, status == SWAPC_OK ? "response_text" : "error_text",
                            text_json(reply->body));
    if (info->unoptimised) json_object_set_new(document, "unoptimised", json_true());
    if (job->times_ns) json_object_set_new(document, "call_us", times_json(job->times_ns));
    return swapci_cli_write_json(job->json, document, error);
}

/* The response is written as it is; but on a terminal only as text, as curl does it. */
static bool may_show(swapc_bytes body) {
    if (!isatty(STDOUT_FILENO)) return true;
    while (body.len > 0) {
        char piece[SWAPCI_PRINTABLE_PIECE];
        if (swapci_printable_next(&body, piece) && !strchr("nt\\", piece[1])) return false;
    }
    return true;
}

static bool write_response(const struct call_job *job, swapc_bytes body) {
    bool written = body.len == 0 || fwrite(body.ptr, 1, body.len, stdout) == body.len;
    /* A text that was asked for as a text: the prompt comes on its own line. */
    if (job->text && isatty(STDOUT_FILENO) && body.len > 0 && body.ptr[body.len - 1] != '\n')
        fputc('\n', stdout);
    return fflush(stdout) == 0 && written;
}

static int report(const struct call_job *job, const swapc_module *module, enum swapc_status status,
                  const swapc_reply *reply, swapc_error *error) {
    char shown[ERROR_SHOWN];
    if (status == SWAPC_GUEST_ERROR)
        swapc_error_set(error, status, "the guest answered with the error: %s",
                        swapci_printable(reply->body, shown, sizeof shown));
    if (job->json) {
        swapc_error written = SWAPC_ERROR_INIT;
        if (report_json(job, module, status, reply, &written) != SWAPC_OK)
            return swapci_cli_fail("swapc call", &written);
    } else if (status == SWAPC_OK && !may_show(reply->body)) {
        swapc_error_set(error, SWAPC_UNSUPPORTED,
                        "the call was answered, by %zu bytes that would act on the terminal: send "
                        "them to a file or a pipe (| xxd), or ask for --json -",
                        reply->body.len);
        return swapci_cli_fail("swapc call", error);
    } else if (status == SWAPC_OK && !write_response(job, reply->body)) {
        swapc_error_set(error, SWAPC_IO, "cannot write the response to standard output");
        return swapci_cli_fail("swapc call", error);
    }
    return status == SWAPC_OK ? SWAPCI_EXIT_OK : swapci_cli_fail("swapc call", error);
}

static int call_module(const struct call_job *job, swapc_module *module, const char *operation,
                       swapc_error *error) {
    swapc_reply reply = SWAPC_REPLY_INIT;
    enum swapc_status status = SWAPC_OK;
    for (uint64_t i = 0; i < job->repeat && status == SWAPC_OK; i++) {
        uint64_t start = swapci_clock_monotonic_ns();
        status =
            swapc_module_call(module, swapc_bytes_str(operation),
                              swapc_bytes_of(job->payload, job->payload_len), NULL, &reply, error);
        if (job->times_ns)
            swapci_histogram_record(job->times_ns, swapci_clock_monotonic_ns() - start);
    }
    if (job->times_ns && !job->json) print_times(job->times_ns);
    int exit_status = report(job, module, status, &reply, error);
    swapc_reply_fini(&reply);
    return exit_status;
}

/* The host call that `echo`'s operation "host" and the original system's modules make: answered with
 * its own payload, so that such modules can be tried. */
static enum swapc_status echo_host_call(swapc_bytes binding, swapc_bytes ns, swapc_bytes operation,
                                        swapc_bytes payload, swapc_reply *reply, void *call_user,
                                        void *user) {
    (void)binding, (void)ns, (void)operation, (void)call_user, (void)user;
    return swapc_reply_set(reply, payload);
}

/* A deadline that was asked for is held or refused. name NULL: not known yet. */
static enum swapc_status check_deadline(const struct call_job *job, const char *name,
                                        swapc_error *error) {
    swapc_engine_info engine = SWAPC_ENGINE_INFO_INIT;
    for (unsigned i = 0; name && job->deadline_ms && swapc_engine_at(i, &engine); i++)
        if (strcmp(engine.name, name) == 0 && engine.built && !(engine.caps & SWAPC_CAP_DEADLINE))
            return swapc_error_set(error, SWAPC_INVALID,
                                   "engine %s cannot stop a call: leave --deadline out", name);
    return SWAPC_OK;
}

static int call_path(const struct call_job *job, const char *path, const char *operation,
                     swapc_error *error) {
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    config.log = swapci_cli_log();
    config.console = swapci_cli_console;
    config.host_call = echo_host_call;
    config.instances = 1;
    config.engines = swapci_engine_names(job->engine, engines);
    if (job->deadline_ms) config.limits.deadline_ms = (uint32_t)job->deadline_ms;
    if (job->memory_max) config.limits.memory_max = job->memory_max;
    config.limits.compile_ms = job->compile_ms;
    swapc_host *host = NULL;
    swapc_module *module = NULL;
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    options.engine = job->engine;
    options.flavour = job->flavour;
    enum swapc_status status = check_deadline(job, job->engine, error);
    if (status == SWAPC_OK) status = swapci_cli_json_check(job->json, error);
    if (status == SWAPC_OK) status = swapc_host_new(&config, &host, error);
    if (status == SWAPC_OK) status = swapc_module_load(host, path, &options, &module, error);
    if (status == SWAPC_OK)
        status = check_deadline(job, swapc_module_describe(module)->engine, error);
    int exit_status = status == SWAPC_OK ? call_module(job, module, operation, error)
                                         : swapci_cli_fail("swapc call", error);
    swapc_module_release(module);
    swapc_host_free(host);
    return exit_status;
}

int swapci_cmd_call(int argc, char **argv) {
    struct call_job job = {0};
    const struct swapci_option rows[] = {
        {"input", SWAPCI_OPTION_STRING, &job.input, "FILE|-", "the payload, from a file or stdin",
         0, 0, 0},
        {"hex", SWAPCI_OPTION_STRING, &job.hex, "HEX", "the payload, in hexadecimal", 0, 0, 0},
        {"text", SWAPCI_OPTION_STRING, &job.text, "TEXT", "the payload, as it stands here", 0, 0,
         0},
        {"repeat", SWAPCI_OPTION_COUNT, &job.repeat, "N",
         "call N times: the times of a call on stderr, the last response once", 0, 1, 100000000},
        {"engine", SWAPCI_OPTION_STRING, &job.engine, "E",
         "engine (default: the first sandbox that runs it); native: trusted code, unconfined", 0, 0,
         0},
        {"flavour", SWAPCI_OPTION_STRING, &job.flavour, "F",
         "flavour of a bundle (default: the engine's best)", 0, 0, 0},
        {"deadline", SWAPCI_OPTION_COUNT, &job.deadline_ms, "MS",
         "wall time of the call (default 10000); not on native", 0, 1, 3600000},
        SWAPCI_COMPILE_MAX_ROW(&job.compile_ms),
        {"memory-max", SWAPCI_OPTION_COUNT, &job.memory_max, "BYTES",
         "ceiling of the guest's memory (default 256 MiB)", 0, 65536, 0},
        {"json", SWAPCI_OPTION_STRING, &job.json, "FILE|-",
         "write the outcome as one JSON document", 0, 0, 0},
    };
    const struct swapci_options options = {
        "swapc call",
        "BUNDLE|FILE OPERATION",
        "Calls one operation of a module and writes its raw response to stdout. Without "
        "--input, --hex and --text the payload is empty. A module named without '/' and '.' is one "
        "that swapc ships.",
        rows,
        sizeof rows / sizeof *rows,
        2,
        2,
        "swapc call echo echo --text hello"};
    int first;
    int stop = swapci_options_parse(&options, argc, argv, &first);
    if (stop >= 0) return stop;
    if ((job.input != NULL) + (job.hex != NULL) + (job.text != NULL) > 1)
        return swapci_cli_usage("swapc call", "--input, --hex and --text exclude each other: a "
                                              "call has one payload");
    if (job.repeat > 0) {
        job.times_ns = malloc(sizeof *job.times_ns);
        if (!job.times_ns) return SWAPCI_EXIT_FAILED;
        swapci_histogram_init(job.times_ns);
    } else {
        job.repeat = 1;
    }
    swapc_error error = SWAPC_ERROR_INIT;
    char path[4096];
    int exit_status;
    if (swapci_cli_module_path(argv[first], path, sizeof path, &error) != SWAPC_OK ||
        read_payload(&job, &error) != SWAPC_OK)
        exit_status = swapci_cli_fail("swapc call", &error);
    else exit_status = call_path(&job, path, argv[first + 1], &error);
    free(job.payload);
    free(job.times_ns);
    return exit_status;
}
