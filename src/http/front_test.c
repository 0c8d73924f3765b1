/* The probes: what they answer follows from what is told, and from when that was. */
#include "front.h"

#include <string.h>

#include "http_client.h"
#include "redis.h"
#include "test_main.h"

enum { HANGS_MS = 200 };

static void collect(void *user, swapci_facts *out) {
    (void)user, (void)out;
}

static swapci_front *start(bool watched) {
    swapci_front *front = NULL;
    const swapci_front_config config = {.address = "127.0.0.1:0",
                                        .role = "verifier",
                                        .watched = watched,
                                        .hangs_ms = HANGS_MS,
                                        .collect = collect};
    assert_int_equal(swapci_front_start(&config, &front, NULL), SWAPC_OK);
    return front;
}

static void tell(swapci_front *front, bool serving, const char *reason) {
    swapci_front_health health = {.serving = serving, .redis_up = true, .peer_up = true};
    strcpy(health.reason, reason);
    swapci_front_tell(front, &health);
}

/* says: what the answer must begin with; NULL: anything. */
static unsigned probe(const swapci_front *front, const char *path, const char *says) {
    swapci_buffer body = SWAPCI_BUFFER_INIT;
    unsigned code = 0;
    const swapci_http_call call = {.address = swapci_front_address(front),
                                   .method = "GET",
                                   .path = path,
                                   .timeout_ms = 60000,
                                   .answer_max = 4096};
    assert_int_equal(swapci_http_call_do(&call, &code, &body, NULL), SWAPC_OK);
    if (says) {
        assert_true(body.len >= strlen(says));
        assert_memory_equal(body.ptr, says, strlen(says));
    }
    swapci_buffer_fini(&body);
    return code;
}

static void a_main_loop_that_does_not_turn_is_not_alive(void **state) {
    swapci_front *front = start(true);
    (void)state;
    assert_int_equal(probe(front, "/livez", "alive"), 200); /* it has not begun to turn */
    do tell(front, true, "");
    while (probe(front, "/livez", NULL) != 200);
    while (probe(front, "/livez", NULL) != 503) swapci_redis_sleep(NULL, 10, NULL);
    (void)probe(front, "/livez", "the main loop has not turned");
    do tell(front, true, ""); /* it turns again */
    while (probe(front, "/livez", NULL) != 200);
    swapci_front_stop(front);
}

static void who_tells_nothing_on_its_own_does_not_hang(void **state) {
    swapci_front *front = start(false);
    (void)state;
    tell(front, true, "");
    swapci_redis_sleep(NULL, 2 * HANGS_MS, NULL);
    assert_int_equal(probe(front, "/livez", "alive"), 200);
    swapci_front_stop(front);
}

static void ready_is_what_was_told(void **state) {
    swapci_front *front = start(true);
    (void)state;
    assert_int_equal(probe(front, "/readyz", "not ready: it is starting"), 503);
    tell(front, true, "");
    assert_int_equal(probe(front, "/readyz", "ready"), 200);
    tell(front, false, "Redis is away");
    assert_int_equal(probe(front, "/readyz", "not ready: Redis is away"), 503);
    swapci_front_stop(front);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_main_loop_that_does_not_turn_is_not_alive),
        cmocka_unit_test(who_tells_nothing_on_its_own_does_not_hang),
        cmocka_unit_test(ready_is_what_was_told),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
