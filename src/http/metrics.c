#include "metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where a row writes its samples. */
struct writer {
    swapci_buffer *out;
    enum swapc_status status; /* the first failure */
    const char *name;         /* of the row */
    bool announced;           /* its HELP and TYPE are written */
    const char *help, *type;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *w, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len >= (int)sizeof text) len = sizeof text - 1; /* labels are bounded: it does not happen */
    if (w->status == SWAPC_OK && len > 0)
        w->status = swapci_buffer_append(w->out, swapc_bytes_of(text, (size_t)len));
}

static void announce(struct writer *w) {
    if (w->announced) return;
    w->announced = true;
    put(w, "# HELP %s %s\n# TYPE %s %s\n", w->name, w->help, w->name, w->type);
}

/* Appends name="value" to labels, with what the format wants escaped. */
static void label(char *labels, size_t size, const char *name, const char *value) {
    size_t at = strlen(labels);
    if (at + strlen(name) + 2 * strlen(value) + 5 >= size) return;
    at += (size_t)sprintf(labels + at, "%s%s=\"", at ? "," : "", name);
    for (; *value; value++) {
        if (*value == '\\' || *value == '"') labels[at++] = '\\';
        if (*value == '\n') {
            labels[at++] = '\\';
            labels[at++] = 'n';
        } else {
            labels[at++] = *value;
        }
    }
    labels[at++] = '"';
    labels[at] = 0;
}

enum { LABELS_MAX = 900 };

/* labels: "" or what label made; suffix: "" or "_sum" and the like. */
static void sample(struct writer *w, const char *suffix, const char *labels, double value) {
    announce(w);
    put(w, "%s%s%s%s%s %.17g\n", w->name, suffix, *labels ? "{" : "", labels, *labels ? "}" : "",
        value);
}

static void one(struct writer *w, double value) {
    sample(w, "", "", value);
}

static void known(struct writer *w, uint64_t value) {
    if (value != SWAPCI_STREAM_UNKNOWN) one(w, (double)value);
}

/* A bound for each power of two of nanoseconds: a quarter of the buckets that are kept. */
static void histogram(struct writer *w, const char *labels, const swapci_live_counts *counts) {
    uint64_t below = 0;
    char with[LABELS_MAX + 64], bound[32];
    for (unsigned i = 0; i < SWAPCI_LIVE_BUCKETS; i++) {
        below += counts->buckets[i];
        bool last = i == SWAPCI_LIVE_BUCKETS - 1;
        if (i % 4 != 0 && !last) continue;
        if (last) snprintf(bound, sizeof bound, "+Inf");
        else snprintf(bound, sizeof bound, "%.9g", (double)swapci_live_upper_ns(i) / 1e9);
        snprintf(with, sizeof with, "%s", labels);
        label(with, sizeof with, "le", bound);
        sample(w, "_bucket", with, (double)below);
    }
    sample(w, "_sum", labels, (double)counts->sum_ns / 1e9);
    sample(w, "_count", labels, (double)counts->count);
}

static void slot_labels(const swapci_facts_slot *slot, char labels[LABELS_MAX]) {
    labels[0] = 0;
    label(labels, LABELS_MAX, "slot", slot->module.slot);
    label(labels, LABELS_MAX, "engine", slot->module.engine);
}

/* ---- rows whose samples are more than one number ---------------------------------------------- */

static void write_build(struct writer *w, const swapci_facts *f) {
    char labels[LABELS_MAX] = "";
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    label(labels, sizeof labels, "role", f->role);
    label(labels, sizeof labels, "version", f->version);
    for (unsigned i = 0; swapc_engine_at(i, &info); i++)
        label(labels, sizeof labels, info.name, info.built ? info.version : "");
    sample(w, "", labels, 1);
}

static void write_verdicts(struct writer *w, const swapci_facts *f) {
    for (size_t i = 0; !f->has_process && i < f->slot_count; i++) {
        const swapci_verifier_slot *work = &f->slots[i].work;
        const struct {
            const char *status;
            uint64_t count;
        } rows[] = {{"Valid", work->valid}, {"NotValid", work->not_valid}, {"Error", work->errors}};
        for (size_t s = 0; s < sizeof rows / sizeof *rows; s++) {
            char labels[LABELS_MAX];
            slot_labels(&f->slots[i], labels);
            label(labels, sizeof labels, "status", rows[s].status);
            sample(w, "", labels, (double)rows[s].count);
        }
    }
}

static void write_calls(struct writer *w, const swapci_facts *f) {
    for (size_t i = 0; !f->has_process && i < f->slot_count; i++) {
        char labels[LABELS_MAX];
        slot_labels(&f->slots[i], labels);
        histogram(w, labels, &f->slots[i].work.call_ns);
    }
}

static void write_latency(struct writer *w, const swapci_facts *f) {
    if (f->has_verifier) histogram(w, "", &f->age_ns);
}

static void write_slots(struct writer *w, const swapci_facts *f) {
    for (size_t i = 0; i < f->slot_count; i++) {
        const swapci_control_module *m = &f->slots[i].module;
        char labels[LABELS_MAX];
        slot_labels(&f->slots[i], labels);
        label(labels, sizeof labels, "module", m->name);
        label(labels, sizeof labels, "version", m->version);
        label(labels, sizeof labels, "flavour", m->flavour);
        label(labels, sizeof labels, "digest", m->digest);
        sample(w, "", labels, 1);
    }
}

static void write_generations(struct writer *w, const swapci_facts *f) {
    for (size_t i = 0; i < f->slot_count; i++) {
        char labels[LABELS_MAX] = "";
        label(labels, sizeof labels, "slot", f->slots[i].module.slot);
        sample(w, "", labels, (double)f->slots[i].module.generation);
    }
}

static void write_instances(struct writer *w, const swapci_facts *f) {
    for (size_t i = 0; i < f->slot_count; i++) {
        char labels[LABELS_MAX];
        slot_labels(&f->slots[i], labels);
        sample(w, "", labels, (double)f->slots[i].usage.instances);
    }
}

static void write_instance_memory(struct writer *w, const swapci_facts *f) {
    for (size_t i = 0; i < f->slot_count; i++) {
        char labels[LABELS_MAX];
        slot_labels(&f->slots[i], labels);
        sample(w, "", labels, (double)f->slots[i].usage.memory_bytes);
    }
}

/* All combinations from the start, so that a first refusal is a rise from 0. A rollback has one stage. */
static void write_swaps(struct writer *w, const swapci_facts *f) {
    static const char *const results[] = {"refused", "done"};
    bool slots = f->has_verifier || f->has_process;
    for (unsigned a = 0; slots && a < SWAPCI_ACTION_COUNT; a++)
        for (unsigned stage = 0; stage < SWAPCI_SWAP_STAGES; stage++)
            for (unsigned done = 0; done < 2; done++) {
                char labels[LABELS_MAX] = "";
                if (done && stage != SWAPC_SWAP_PUBLISH) continue;
                label(labels, sizeof labels, "action", swapci_swap_action_name(a));
                label(labels, sizeof labels, "stage", swapc_swap_stage_name(stage));
                label(labels, sizeof labels, "result", results[done]);
                sample(w, "", labels, (double)f->swaps.counts[a][stage][done]);
            }
}

struct event {
    const char *name;
    uint64_t count;
};

static void events(struct writer *w, const struct event *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char labels[LABELS_MAX] = "";
        label(labels, sizeof labels, "event", rows[i].name);
        sample(w, "", labels, (double)rows[i].count);
    }
}

static void write_signed(struct writer *w, const swapci_facts *f) {
#define COUNTER(name) {#name, f->signer.name},
    const struct event rows[] = {SWAPCI_SIGNER_COUNTERS(COUNTER)};
#undef COUNTER
    if (f->has_signer) events(w, rows, sizeof rows / sizeof *rows);
}

static void write_processed(struct writer *w, const swapci_facts *f) {
#define COUNTER(name) {#name, f->entries.name},
    const struct event rows[] = {SWAPCI_PROCESS_COUNTERS(COUNTER)};
#undef COUNTER
    if (f->has_process) events(w, rows, sizeof rows / sizeof *rows);
}

static void write_requests(struct writer *w, const swapci_facts *f) {
    static const char *const codes[] = {"broken_off", "1xx", "2xx", "3xx", "4xx", "5xx"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char labels[LABELS_MAX] = "";
        if (i == 1) continue;
        label(labels, sizeof labels, "code", codes[i]);
        sample(w, "", labels, (double)f->http.requests[i]);
    }
}

static void write_remotes(struct writer *w, const swapci_facts *f) {
    for (size_t i = 0; i < f->remote_count; i++) {
        char labels[LABELS_MAX] = "";
        label(labels, sizeof labels, "address", f->remotes[i].address);
        sample(w, "", labels, f->remotes[i].up);
    }
}

/* ---- rows of partitions: a sample for each, SWAPCI_CONTROL_PARTITION_ROWS at most ------------- */

static void of_partition(struct writer *w, const swapci_control_partition *row, uint64_t value) {
    char number[16], labels[LABELS_MAX] = "";
    if (value == SWAPCI_CONTROL_UNKNOWN) return;
    snprintf(number, sizeof number, "%u", row->number);
    label(labels, sizeof labels, "partition", number);
    sample(w, "", labels, (double)value);
}

/* Whose figures of the stream this process tells: so that each is told by one process of a role. */
static bool is_here(const swapci_control_partition *row) {
    return row->here;
}

/* What this process has counted stays when the partition goes to another. */
static bool was_here(const swapci_control_partition *row) {
    return row->here || row->done > 0 || row->errors > 0;
}

static bool is_any(const swapci_control_partition *row) {
    (void)row;
    return true;
}

#define PARTITION(name, which, value)                                                              \
    static void write_part_##name(struct writer *w, const swapci_facts *f) {                       \
        for (size_t i = 0; i < f->parts.count; i++) {                                              \
            const swapci_control_partition *row = &f->parts.rows[i];                               \
            if (which(row)) of_partition(w, row, value);                                           \
        }                                                                                          \
    }

PARTITION(owned, is_any, row->here)
PARTITION(hindered, is_any, row->why[0] != 0)
PARTITION(done, was_here, row->done)
PARTITION(errors, was_here, row->errors)
PARTITION(in_hand, is_here, row->in_hand)
PARTITION(messages, is_here, row->messages)
PARTITION(lag, is_here, row->lag)
PARTITION(pending, is_here, row->pending)
PARTITION(dead, is_here, row->dead)

/* ---- rows of one number ----------------------------------------------------------------------- */

#define NUMBER(row, condition, value)                                                              \
    static void write_##row(struct writer *w, const swapci_facts *f) {                             \
        if (condition) one(w, (double)(value));                                                    \
    }
#define STREAM(row, field)                                                                         \
    static void write_##row(struct writer *w, const swapci_facts *f) {                             \
        if (f->has_streams) known(w, f->streams.field);                                            \
    }

NUMBER(ready, true, f->serving)
NUMBER(redis, true, f->redis_up)
NUMBER(peer, f->has_verifier || f->has_signer, f->peer_up)
NUMBER(workers, f->has_verifier, f->workers)
NUMBER(judged, f->has_verifier, f->judged)
NUMBER(unstored, f->has_verifier, f->verdicts.in_flight)
NUMBER(unknown_keys, f->has_verifier, f->verdicts.unknown_keys)
NUMBER(publishes, f->has_verifier || f->has_process, f->publishes)
NUMBER(ring_used, f->has_verifier && f->ring.capacity > 0, f->ring.used)
NUMBER(ring_capacity, f->has_verifier && f->ring.capacity > 0, f->ring.capacity)
NUMBER(in_flight, f->has_signer, f->signer.in_flight)
NUMBER(waits, f->has_signer, f->signer.full)
NUMBER(standby, f->has_signer, f->signer.state == SWAPCI_SIGNER_WAITING)
NUMBER(in_hand, f->has_process, f->entries.in_hand)
NUMBER(process_standby, f->has_process, f->entries.state == SWAPCI_PROCESS_STANDBY)
NUMBER(output_lag, f->has_process, f->entries.lag)
NUMBER(partitions, f->parts.count > 0, f->parts.count)
NUMBER(generated, f->has_generator, f->generated)
STREAM(messages, messages)
STREAM(lag, lag)
STREAM(pending, pending)
STREAM(added, added)
STREAM(verdict_entries, verdicts)
STREAM(dead, dead)
STREAM(redis_memory, used_memory_bytes)
NUMBER(streams_age, f->has_streams && f->streams.age_ms != SWAPCI_STREAM_UNKNOWN,
       (double)f->streams.age_ms / 1000)
NUMBER(connections, true, f->http.connections)
NUMBER(event_streams, true, f->http.streams)
NUMBER(shed, true, f->http.shed)
NUMBER(cpu, true, f->process.cpu_s)
NUMBER(start_time, true, f->process.start_time_s)
NUMBER(resident, true, f->process.resident_bytes)
NUMBER(fds, true, f->process.open_fds)
NUMBER(threads, true, f->process.threads)

#define COUNTER_TYPE "counter"
#define GAUGE_TYPE "gauge"
#define HISTOGRAM_TYPE "histogram"

static const struct row {
    const char *name, *type;
    void (*write)(struct writer *w, const swapci_facts *f);
    const char *help;
} rows[] = {
    {"swapc_build_info", GAUGE_TYPE, write_build,
     "Always 1; the labels say the role, the version, and of each engine its version, empty when "
     "it "
     "is not in this build."},
    {"swapc_ready", GAUGE_TYPE, write_ready, "1 while /readyz says 200, else 0."},
    {"swapc_redis_up", GAUGE_TYPE, write_redis, "1 while Redis answers and takes what is asked."},
    {"swapc_peer_up", GAUGE_TYPE, write_peer,
     "1 while the other side of the ring is there: a signer's verifier, a verifier's signer."},
    {"swapc_workers", GAUGE_TYPE, write_workers, "Threads that verify."},
    {"swapc_verdicts_total", COUNTER_TYPE, write_verdicts,
     "Verdicts of this process, by slot, its present engine, and status."},
    {"swapc_judged_total", COUNTER_TYPE, write_judged,
     "Records judged; some have no verdict yet, or are judged once more."},
    {"swapc_unstored_verdicts", GAUGE_TYPE, write_unstored,
     "Verdicts given and not known to be stored in Redis."},
    {"swapc_unknown_keys_total", COUNTER_TYPE, write_unknown_keys,
     "Verdicts NotValid because the key is not in keys.pub."},
    {"swapc_call_seconds", HISTOGRAM_TYPE, write_calls,
     "One verification by a module: CPU time of the thread, with its MessagePack; wall time with "
     "--swap disk and cold."},
    {"swapc_message_latency_seconds", HISTOGRAM_TYPE, write_latency,
     "From a message's XADD to its verdict."},
    {"swapc_slot_info", GAUGE_TYPE, write_slots,
     "Always 1; the labels say which module judges in the slot now."},
    {"swapc_slot_generation", GAUGE_TYPE, write_generations,
     "The number of the slot's current generation."},
    {"swapc_slot_instances", GAUGE_TYPE, write_instances,
     "Instances of the slot's current module: in calls, and kept warm."},
    {"swapc_slot_instance_memory_bytes", GAUGE_TYPE, write_instance_memory,
     "Linear memory of these, as of each one's last answer; 0 for native modules, which have "
     "none."},
    {"swapc_swaps_total", COUNTER_TYPE, write_swaps,
     "Swaps, rollbacks and checks asked for, by the stage they came to and their result."},
    {"swapc_publishes_total", COUNTER_TYPE, write_publishes,
     "Generations published after the start, those included that messages swap (--swap)."},
    {"swapc_ring_used_bytes", GAUGE_TYPE, write_ring_used,
     "Bytes in the ring that the verifier has not taken."},
    {"swapc_ring_capacity_bytes", GAUGE_TYPE, write_ring_capacity, "Bytes that the ring holds."},
    {"swapc_signer_messages_total", COUNTER_TYPE, write_signed,
     "What the signer did with messages: sent, resent (delivered before), tampered, refused, "
     "adopted (from a dead signer)."},
    {"swapc_signer_in_flight", GAUGE_TYPE, write_in_flight, "Records sent and not taken."},
    {"swapc_signer_waits_for_room", GAUGE_TYPE, write_waits,
     "1 while what is to be sent finds no room."},
    {"swapc_signer_standby", GAUGE_TYPE, write_standby,
     "1 while another signer has this one's consumer name."},
    {"swapc_process_entries_total", COUNTER_TYPE, write_processed,
     "What a process did with entries: done, of them with outputs and errors, recovered (pending "
     "before), adopted (from a dead process), and batches that stored them."},
    {"swapc_process_in_hand", GAUGE_TYPE, write_in_hand, "Entries read and not stored."},
    {"swapc_process_standby", GAUGE_TYPE, write_process_standby,
     "1 while another process reads the stream, and this one stands by."},
    {"swapc_process_output_lag", GAUGE_TYPE, write_output_lag,
     "Outputs that the slowest group of their readers has not been given (Redis 7 or later)."},
    {"swapc_generator_messages_total", COUNTER_TYPE, write_generated,
     "Messages that swapc run has added."},
    {"swapc_stream_messages", GAUGE_TYPE, write_messages,
     "Entries in the stream of messages: without a verdict."},
    {"swapc_stream_lag", GAUGE_TYPE, write_lag,
     "Of these: given to no signer yet (Redis 7 or later)."},
    {"swapc_stream_pending", GAUGE_TYPE, write_pending,
     "Of these: given to a signer, and not acknowledged."},
    {"swapc_stream_added_total", COUNTER_TYPE, write_added,
     "Entries ever added to the stream of messages, as its group counts (Redis 7 or later)."},
    {"swapc_stream_verdicts", GAUGE_TYPE, write_verdict_entries,
     "Entries in the stream of verdicts."},
    {"swapc_stream_dead", GAUGE_TYPE, write_dead, "Messages that were given up (swapc dead)."},
    {"swapc_redis_memory_bytes", GAUGE_TYPE, write_redis_memory, "Memory that Redis uses."},
    {"swapc_stream_age_seconds", GAUGE_TYPE, write_streams_age,
     "How old the figures of the streams are; absent while there are none."},
    {"swapc_partitions", GAUGE_TYPE, write_partitions,
     "Partitions of the stream; the next ones have one of the numbers below it as partition."},
    {"swapc_partition_owned", GAUGE_TYPE, write_part_owned,
     "1 while the partition is this process's, else 0: of one role, 1 in all processes together."},
    {"swapc_partition_hindered", GAUGE_TYPE, write_part_hindered,
     "1 while something keeps this process from the partition's work; /readyz says what."},
    {"swapc_partition_messages_total", COUNTER_TYPE, write_part_done,
     "Messages of the partition that this process has signed, given a verdict, or done; "
     "a part of its own count of all."},
    {"swapc_partition_errors_total", COUNTER_TYPE, write_part_errors,
     "Of these: refused by the signer, verdicts Error, letters among the errors."},
    {"swapc_partition_in_hand", GAUGE_TYPE, write_part_in_hand,
     "Taken from the partition and not done; of partitions that are this process's."},
    {"swapc_partition_stream_messages", GAUGE_TYPE, write_part_messages,
     "As swapc_stream_messages, of one partition that is this process's."},
    {"swapc_partition_stream_lag", GAUGE_TYPE, write_part_lag, "As swapc_stream_lag, the same."},
    {"swapc_partition_stream_pending", GAUGE_TYPE, write_part_pending,
     "As swapc_stream_pending, the same."},
    {"swapc_partition_stream_dead", GAUGE_TYPE, write_part_dead, "As swapc_stream_dead, the same."},
    {"swapc_remote_up", GAUGE_TYPE, write_remotes,
     "1 while a process that this one shows beside its own answers."},
    {"swapc_http_requests_total", COUNTER_TYPE, write_requests,
     "HTTP requests of this server, by the class of their answer."},
    {"swapc_http_connections", GAUGE_TYPE, write_connections, "Open connections of this server."},
    {"swapc_http_event_streams", GAUGE_TYPE, write_event_streams, "Of these: open pages."},
    {"swapc_http_shed_total", COUNTER_TYPE, write_shed,
     "Connections closed because they said nothing, or took nothing, for too long."},
    {"process_cpu_seconds_total", COUNTER_TYPE, write_cpu, "CPU time of this process."},
    {"process_start_time_seconds", GAUGE_TYPE, write_start_time,
     "When this process began, in seconds since 1970."},
    {"process_resident_memory_bytes", GAUGE_TYPE, write_resident, "Memory of this process."},
    {"process_open_fds", GAUGE_TYPE, write_fds, "Open file descriptors of this process."},
    {"process_threads", GAUGE_TYPE, write_threads, "Threads of this process."},
};

enum swapc_status swapci_metrics_write(const swapci_facts *facts, swapci_buffer *out) {
    struct writer w = {.out = out, .status = SWAPC_OK};
    for (size_t i = 0; i < sizeof rows / sizeof *rows && w.status == SWAPC_OK; i++) {
        w.name = rows[i].name;
        w.help = rows[i].help;
        w.type = rows[i].type;
        w.announced = false;
        rows[i].write(&w, facts);
    }
    return w.status;
}
