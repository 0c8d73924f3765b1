/* The writer against facts that the test makes up; promtool holds the whole against Prometheus' own reader in
 * tests/http.bats. */
#include "metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry.h"
#include "test_main.h"

const struct swapci_engine_entry swapci_engine_table[] = {{"none", NULL}};
const unsigned swapci_engine_count = 1;

static char *written(const swapci_facts *facts) {
    swapci_buffer out = SWAPCI_BUFFER_INIT;
    assert_int_equal(swapci_metrics_write(facts, &out), SWAPC_OK);
    assert_int_equal(swapci_buffer_append_u8(&out, 0), SWAPC_OK);
    assert_int_equal(strlen((char *)out.ptr), out.len - 1);
    return (char *)out.ptr;
}

static swapci_facts *new_facts(void) {
    swapci_facts *facts = calloc(1, sizeof *facts);
    assert_non_null(facts);
    return facts;
}

static void expect(const char *text, const char *wanted) {
    if (strstr(text, wanted)) return;
    print_message("%s\nhas not: %s\n", text, wanted);
    fail();
}

static void what_is_not_known_is_not_said(void **state) {
    swapci_facts *facts = new_facts();
    (void)state;
    char *text = written(facts);
    expect(text, "# TYPE swapc_ready gauge\nswapc_ready 0\n");
    static const char *const absent[] = {"swapc_workers",
                                         "swapc_stream_",
                                         "swapc_signer_",
                                         "swapc_generator_",
                                         "swapc_peer_up",
                                         "swapc_swaps_total",
                                         "swapc_message_latency_seconds"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_null(strstr(text, absent[i]));
    free(text);
    facts->has_streams = true;
    facts->streams = (swapci_stream_facts){.messages = 7, .lag = SWAPCI_STREAM_UNKNOWN};
    text = written(facts);
    expect(text, "\nswapc_stream_messages 7\n");
    assert_null(strstr(text, "swapc_stream_lag"));
    free(text);
    free(facts);
}

static void labels_are_escaped(void **state) {
    swapci_facts *facts = new_facts();
    (void)state;
    facts->slot_count = 1;
    snprintf(facts->slots[0].module.slot, 64, "s");
    snprintf(facts->slots[0].module.engine, 64, "e");
    snprintf(facts->slots[0].module.name, 64, "a\\b\"c\nd");
    facts->slots[0].module.generation = 9;
    facts->slots[0].usage.instances = 3;
    facts->slots[0].usage.memory_bytes = 3 << 20;
    char *text = written(facts);
    expect(text, "swapc_slot_info{slot=\"s\",engine=\"e\",module=\"a\\\\b\\\"c\\nd\",");
    expect(text, "swapc_slot_generation{slot=\"s\"} 9\n");
    expect(text, "swapc_slot_instances{slot=\"s\",engine=\"e\"} 3\n");
    expect(text, "swapc_slot_instance_memory_bytes{slot=\"s\",engine=\"e\"} 3145728\n");
    free(text);
    free(facts);
}

static void a_histogram_rises_to_its_count(void **state) {
    swapci_facts *facts = new_facts();
    swapci_live_histogram h = {0};
    unsigned long long last = 0, count;
    int bounds = 0;
    (void)state;
    facts->has_verifier = true;
    static const uint64_t values[] = {0, 1000, 1500, 3000, 40000, 40000, UINT64_C(1) << 40};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) swapci_live_record(&h, values[i]);
    swapci_live_add(&h, &facts->age_ns);
    char *text = written(facts);
    expect(text, "# TYPE swapc_message_latency_seconds histogram\n"
                 "swapc_message_latency_seconds_bucket{le=\"1.024e-06\"} 2\n"
                 "swapc_message_latency_seconds_bucket{le=\"2.048e-06\"} 3\n"
                 "swapc_message_latency_seconds_bucket{le=\"4.096e-06\"} 4\n");
    expect(text, "\nswapc_message_latency_seconds_bucket{le=\"+Inf\"} 7\n");
    expect(text, "\nswapc_message_latency_seconds_count 7\n");
    for (char *at = text; (at = strstr(at, "latency_seconds_bucket{")); at++, bounds++) {
        assert_int_equal(sscanf(strchr(at, '}') + 1, " %llu", &count), 1);
        assert_true(count >= last);
        last = count;
    }
    assert_int_equal(bounds, SWAPCI_LIVE_OCTAVES + 2);
    assert_int_equal(last, 7);
    free(text);
    free(facts);
}

static void every_family_is_announced_once_and_before_its_samples(void **state) {
    swapci_facts *facts = new_facts();
    char name[128], *line, *rest;
    (void)state;
    facts->has_verifier = facts->has_signer = facts->has_generator = facts->has_streams = true;
    facts->has_process = true;
    facts->slot_count = 2;
    facts->parts.count = 2;
    facts->parts.rows[1].here = true;
    char *text = written(facts), *copy = strdup(text);
    for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char announced[160];
        if (sscanf(line, "# HELP %127s", name) == 1) {
            snprintf(announced, sizeof announced, "# HELP %s ", name);
            char *first = strstr(text, announced);
            assert_non_null(first);
            assert_null(strstr(first + 1, announced));
            snprintf(announced, sizeof announced, "# TYPE %s ", name);
            assert_non_null(strstr(first, announced));
        } else if (line[0] != '#') {
            assert_memory_equal(line, name, strlen(name)); /* of the family announced last */
        }
    }
    free(copy);
    free(text);
    free(facts);
}

static unsigned samples_of(const char *text, const char *name) {
    unsigned count = 0;
    size_t len = strlen(name);
    for (const char *at = text; (at = strstr(at, name)); at++)
        count += at[len] == '{' && (at == text || at[-1] == '\n');
    return count;
}

/* The stream's figures by who has the partition, what was counted by who has done it: so that sums over the processes of a role count
 * nothing twice. Beyond the greatest number there are no more series. */
static void partitions_have_a_series_each_and_no_sum_among_them(void **state) {
    swapci_facts *facts = new_facts();
    (void)state;
    facts->has_signer = facts->has_streams = true;
    char *text = written(facts);
    assert_null(strstr(text, "swapc_partition"));
    free(text);
    facts->parts.count = SWAPCI_CONTROL_PARTITION_ROWS;
    for (unsigned k = 0; k < SWAPCI_CONTROL_PARTITION_ROWS; k++) {
        swapci_control_partition *row = &facts->parts.rows[k];
        *row = (swapci_control_partition){.number = k, .here = k < 3, .lag = 10 + k, .pending = 1};
        if (k == 1) row->lag = SWAPCI_CONTROL_UNKNOWN;
        if (k == 2) snprintf(row->why, sizeof row->why, "because");
        if (k < 5) row->done = 100 + k;
    }
    text = written(facts);
    expect(text, "\nswapc_partitions 256\n");
    assert_int_equal(samples_of(text, "swapc_partition_owned"), 256);
    assert_int_equal(samples_of(text, "swapc_partition_hindered"), 256);
    assert_int_equal(samples_of(text, "swapc_partition_messages_total"), 5);
    assert_int_equal(samples_of(text, "swapc_partition_stream_pending"), 3);
    assert_int_equal(samples_of(text, "swapc_partition_stream_lag"), 2);
    expect(text, "\nswapc_partition_owned{partition=\"2\"} 1\n");
    expect(text, "\nswapc_partition_owned{partition=\"255\"} 0\n");
    expect(text, "\nswapc_partition_hindered{partition=\"2\"} 1\n");
    expect(text, "\nswapc_partition_stream_lag{partition=\"2\"} 12\n");
    expect(text, "\nswapc_partition_messages_total{partition=\"4\"} 104\n");
    free(text);
    free(facts);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_known_is_not_said),
        cmocka_unit_test(labels_are_escaped),
        cmocka_unit_test(a_histogram_rises_to_its_count),
        cmocka_unit_test(partitions_have_a_series_each_and_no_sum_among_them),
        cmocka_unit_test(every_family_is_announced_once_and_before_its_samples),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
