#include "state.h"

static json_t *count(uint64_t value) {
    return json_integer((json_int_t)value);
}

static json_t *known(uint64_t value) {
    return value == SWAPCI_STREAM_UNKNOWN ? json_null() : count(value);
}

/* [bucket, count] of those that hold something; the page knows their bounds (live_histogram.h). */
static json_t *histogram(const swapci_live_counts *counts) {
    json_t *rows = json_array();
    for (unsigned i = 0; i < SWAPCI_LIVE_BUCKETS; i++)
        if (counts->buckets[i] > 0)
            json_array_append_new(rows,
                                  json_pack("[i, I]", (int)i, (json_int_t)counts->buckets[i]));
    return rows;
}

json_t *swapci_state_event(const swapci_swap_event *e) {
    return json_pack("{s:I, s:I, s:s, s:b, s:s, s:s, s:i, s:I, s:I, s:I, s:s, s:s, s:s}", "number",
                     (json_int_t)e->number, "at_us", (json_int_t)e->at_us, "action",
                     swapci_swap_action_name(e->action), "ok", e->status == SWAPC_OK, "status",
                     swapc_status_name(e->status), "stage", swapc_swap_stage_name(e->stage),
                     "self_tests", (int)e->self_tests, "generation", (json_int_t)e->generation,
                     "load_us", (json_int_t)e->load_us, "self_test_us", (json_int_t)e->self_test_us,
                     "slot", e->slot, "path", e->path, "text", e->text);
}

/* Oldest first. */
static json_t *events(const swapci_swap_log *log) {
    json_t *rows = json_array();
    uint64_t first = log->count > SWAPCI_SWAP_LOG_MAX ? log->count - SWAPCI_SWAP_LOG_MAX : 0;
    for (uint64_t i = first; i < log->count; i++) /* a text that is no UTF-8 is left out */
        json_array_append_new(rows, swapci_state_event(&log->events[i % SWAPCI_SWAP_LOG_MAX]));
    return rows;
}

static json_t *slots(const swapci_facts *f) {
    json_t *rows = json_array();
    for (size_t i = 0; i < f->slot_count; i++) {
        const swapci_control_module *m = &f->slots[i].module;
        const swapci_verifier_slot *work = &f->slots[i].work;
        json_array_append_new(
            rows,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:I, s:I, s:I, s:o}", "slot",
                      m->slot, "module", m->name, "version", m->version, "engine", m->engine,
                      "flavour", m->flavour, "path", m->path, "digest", m->digest, "generation",
                      (json_int_t)m->generation, "unoptimised", (int)m->unoptimised, "valid",
                      (json_int_t)work->valid, "not_valid", (json_int_t)work->not_valid, "errors",
                      (json_int_t)work->errors, "call", histogram(&work->call_ns)));
    }
    return rows;
}

static json_t *verifier(const swapci_facts *f) {
    return json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:I, s:o, s:I, s:I, s:o, s:o}",
                     "workers", (int)f->workers, "unstored", (json_int_t)f->verdicts.in_flight,
                     "valid", (json_int_t)f->verdicts.valid, "not_valid",
                     (json_int_t)f->verdicts.not_valid, "errors", (json_int_t)f->verdicts.errors,
                     "unknown_keys", (json_int_t)f->verdicts.unknown_keys, "last_error",
                     f->verdicts.last_reason, "judged", (json_int_t)f->judged, "publishes",
                     (json_int_t)f->publishes, "age", histogram(&f->age_ns), "ring_used",
                     (json_int_t)f->ring.used, "ring_capacity", (json_int_t)f->ring.capacity,
                     "slots", slots(f), "swaps", events(&f->swaps));
}

static json_t *signer(const swapci_facts *f) {
    json_t *object =
        json_pack("{s:s, s:I, s:b}", "state", swapci_signer_state_name(f->signer.state),
                  "in_flight", (json_int_t)f->signer.in_flight, "full", (int)f->signer.full);
#define COUNTER(name) json_object_set_new(object, #name, count(f->signer.name));
    SWAPCI_SIGNER_COUNTERS(COUNTER)
#undef COUNTER
    return object;
}

static json_t *streams(const swapci_stream_facts *s) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "messages", known(s->messages), "lag",
                     known(s->lag), "pending", known(s->pending), "added", known(s->added),
                     "verdicts", known(s->verdicts), "dead", known(s->dead), "redis_bytes",
                     known(s->used_memory_bytes));
}

/* Each; what is not known is left out, as of 256 it is much. */
static json_t *partitions(const swapci_control_partitions *parts) {
    json_t *rows = json_array();
    for (size_t i = 0; i < parts->count; i++) {
        const swapci_control_partition *p = &parts->rows[i];
        json_t *row = json_pack("{s:i, s:b, s:s}", "number", (int)p->number, "here", (int)p->here,
                                "state", p->state);
        /* One that is no UTF-8 is left out. */
        json_object_set_new(row, "server", json_string(p->server));
        json_object_set_new(row, "owner", json_string(p->owner));
        if (p->why[0]) json_object_set_new(row, "why", json_string(p->why));
#define FIGURE(name)                                                                               \
    if (p->name != SWAPCI_CONTROL_UNKNOWN) json_object_set_new(row, #name, count(p->name));
        SWAPCI_CONTROL_FIGURES(FIGURE)
#undef FIGURE
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *entries(const swapci_facts *f) {
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:i, s:i, s:s, s:I, s:I, s:s, s:I, s:o, s:o}", "in", f->entries_in, "out",
        f->entries_out, "errors_to", f->entries_errors, "partitions", (int)f->entries_partitions,
        "owned", (int)f->entries_owned, "state", swapci_process_state_name(f->entries.state),
        "in_hand", (json_int_t)f->entries.in_hand, "lag", (json_int_t)f->entries.lag, "last_error",
        f->entries.last_reason, "publishes", (json_int_t)f->publishes, "slots", slots(f), "swaps",
        events(&f->swaps));
#define COUNTER(name) json_object_set_new(object, #name, count(f->entries.name));
    SWAPCI_PROCESS_COUNTERS(COUNTER)
#undef COUNTER
    return object;
}

json_t *swapci_state_process(const swapci_facts *f) {
    json_t *object = json_pack(
        "{s:s, s:s, s:I, s:I, s:b, s:b, s:s, s:b, s:b, s:b, s:f, s:I, s:I}", "role", f->role,
        "version", f->version, "pid", (json_int_t)f->pid, "uptime_ms", (json_int_t)f->uptime_ms,
        "serving", (int)f->serving, "draining", (int)f->draining, "reason", f->reason, "redis_up",
        (int)f->redis_up, "peer_up", (int)f->peer_up, "controls", (int)f->controls, "cpu_s",
        f->process.cpu_s, "resident_bytes", (json_int_t)f->process.resident_bytes, "threads",
        (json_int_t)f->process.threads);
    if (!object) return NULL;
    if (f->partitions[0]) json_object_set_new(object, "partitions", json_string(f->partitions));
    if (f->parts.count > 0) json_object_set_new(object, "parts", partitions(&f->parts));
    if (f->has_streams) json_object_set_new(object, "streams", streams(&f->streams));
    if (f->has_generator)
        json_object_set_new(object, "generator",
                            json_pack("{s:I, s:I}", "sent", (json_int_t)f->generated, "wanted",
                                      (json_int_t)f->wanted));
    if (f->has_signer) json_object_set_new(object, "signer", signer(f));
    if (f->has_verifier) json_object_set_new(object, "verifier", verifier(f));
    if (f->has_process) json_object_set_new(object, "entries", entries(f));
    return object;
}
