#include "facts.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define COPY(to, from) snprintf(to, sizeof to, "%s", from)

static uint64_t count_open_fds(void) {
    DIR *folder = opendir("/proc/self/fd");
    uint64_t count = 0;
    if (!folder) return 0;
    while (readdir(folder)) count++;
    closedir(folder);
    return count > 3 ? count - 3 : 0; /* ".", ".." and the folder itself */
}

/* Seconds since 1970 at which a process began that did so start_ticks after the machine. */
static double began(unsigned long long start_ticks) {
    struct timespec up;
    double now = (double)swapci_clock_realtime_us() / 1e6;
    clock_gettime(CLOCK_BOOTTIME, &up);
    double uptime = (double)up.tv_sec + (double)up.tv_nsec / 1e9;
    return now - uptime + (double)start_ticks / (double)sysconf(_SC_CLK_TCK);
}

void swapci_facts_read_process(swapci_facts_process *out) {
    char text[1024] = "";
    unsigned long long threads = 0, start = 0, pages = 0;
    FILE *file = fopen("/proc/self/stat", "re");
    *out = (swapci_facts_process){.cpu_s = (double)swapci_clock_process_cpu_ns() / 1e9,
                                  .open_fds = count_open_fds()};
    size_t got = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    text[got] = 0;
    /* After the name, which may hold anything: fields 3 on; 20 is threads, 22 start, 24 pages. */
    const char *at = strrchr(text, ')');
    if (!at || sscanf(at + 1,
                      " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %llu "
                      "%*d %llu %*u %llu",
                      &threads, &start, &pages) != 3)
        return;
    out->threads = threads;
    out->start_time_s = began(start);
    out->resident_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void describe(const swapc_pin *pin, const char *slot, swapci_control_module *out) {
    const swapc_module_info *info = swapc_module_describe(pin->module);
    COPY(out->slot, slot);
    COPY(out->name, info->name);
    COPY(out->version, info->version);
    COPY(out->engine, info->engine);
    COPY(out->flavour, info->flavour);
    COPY(out->path, info->path);
    COPY(out->digest, info->digest_hex);
    out->generation = pin->generation;
    out->unoptimised = info->unoptimised != 0;
}

static bool pin_slot(const swapci_slots *slots, unsigned number, swapc_pin *pin) {
    swapc_slot *slot = swapci_slots_at(slots, number);
    return slot && swapc_slot_pin(slot, pin) == SWAPC_OK;
}

bool swapci_facts_read_module(const swapci_slots *slots, unsigned number,
                              swapci_control_module *out) {
    swapc_pin pin;
    if (!pin_slot(slots, number, &pin)) return false;
    describe(&pin, swapci_slots_name(slots, number), out);
    swapc_pin_release(&pin);
    return true;
}

bool swapci_facts_read_slot(const swapci_slots *slots, unsigned number, swapci_facts_slot *out) {
    swapc_pin pin;
    if (!pin_slot(slots, number, &pin)) return false;
    describe(&pin, swapci_slots_name(slots, number), &out->module);
    out->usage = (swapc_module_usage)SWAPC_MODULE_USAGE_INIT;
    enum swapc_status status = swapc_module_measure(pin.module, &out->usage, NULL);
    swapc_pin_release(&pin);
    return status == SWAPC_OK;
}

void swapci_facts_read_verifiers(swapci_judges *judges, const swapci_verifier_sum *verifiers,
                                 swapci_facts *out) {
    swapci_slots *slots = swapci_judges_slots(judges);
    out->has_verifier = true;
    out->verdicts = verifiers->stats;
    out->judged = swapci_judges_judged(judges);
    out->publishes = swapci_slots_swaps(slots);
    out->age_ns = verifiers->age_ns;
    for (unsigned m = 0; m < swapci_method_count; m++) {
        swapci_facts_slot *slot = &out->slots[out->slot_count];
        if (!swapci_facts_read_slot(slots, m, slot)) continue;
        slot->work = verifiers->slots[m];
        out->slot_count++;
    }
    swapci_swap_log_copy(swapci_slots_log(slots), &out->swaps);
}

void swapci_facts_add_streams(swapci_stream_watch *watch, swapci_control_partitions *parts) {
    _Static_assert(SWAPCI_CONTROL_UNKNOWN == SWAPCI_STREAM_UNKNOWN,
                   "what is not known is one value");
    _Static_assert((int)SWAPCI_CONTROL_PLACE_MAX == (int)SWAPCI_STREAM_WATCH_TEXT_MAX,
                   "texts are of one size");
    for (size_t k = 0; k < parts->count; k++) {
        swapci_control_partition *row = &parts->rows[k];
        swapci_stream_facts facts;
        swapci_stream_watch_get_one(watch, (unsigned)k, &facts, row->server, row->owner);
        row->messages = facts.messages;
        row->lag = facts.lag;
        row->pending = facts.pending;
        row->dead = facts.dead;
    }
}

void swapci_facts_read_process_of_entries(swapci_slots *slots, const swapci_process_stats *stats,
                                          swapci_facts *out) {
    out->has_process = true;
    out->entries = *stats;
    out->publishes = swapci_slots_swaps(slots);
    if (swapci_facts_read_slot(slots, 0, &out->slots[0])) out->slot_count = 1;
    swapci_swap_log_copy(swapci_slots_log(slots), &out->swaps);
}
