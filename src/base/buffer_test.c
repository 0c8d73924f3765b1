#include "buffer.h"

#include "test_main.h"

static void appends_keep_order(void **state) {
    (void)state;
    swapci_buffer b = SWAPCI_BUFFER_INIT;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(swapci_buffer_append_u8(&b, (uint8_t)i), SWAPC_OK);
    assert_int_equal(b.len, 1000);
    for (int i = 0; i < 1000; i++) assert_int_equal(b.ptr[i], (uint8_t)i);
    swapci_buffer_fini(&b);
    assert_null(b.ptr);
}

static void clear_keeps_storage(void **state) {
    (void)state;
    swapci_buffer b = SWAPCI_BUFFER_INIT;
    assert_int_equal(swapci_buffer_append(&b, swapc_bytes_str("abc")), SWAPC_OK);
    const uint8_t *storage = b.ptr;
    swapci_buffer_clear(&b);
    assert_int_equal(swapci_buffer_bytes(&b).len, 0);
    assert_int_equal(swapci_buffer_append(&b, swapc_bytes_str("de")), SWAPC_OK);
    assert_ptr_equal(b.ptr, storage);
    assert_true(swapc_bytes_equal(swapci_buffer_bytes(&b), swapc_bytes_str("de")));
    swapci_buffer_fini(&b);
}

static void failed_growth_changes_nothing(void **state) {
    (void)state;
    swapci_buffer b = SWAPCI_BUFFER_INIT;
    assert_int_equal(swapci_buffer_append(&b, swapc_bytes_str("abc")), SWAPC_OK);
    size_t capacity = b.capacity;
    assert_int_equal(swapci_buffer_reserve(&b, SIZE_MAX), SWAPC_NO_MEMORY);
    assert_int_equal(swapci_buffer_reserve(&b, SIZE_MAX - 2), SWAPC_NO_MEMORY);
    assert_int_equal(swapci_buffer_reserve(&b, SIZE_MAX / 2), SWAPC_NO_MEMORY);
    assert_int_equal(b.capacity, capacity);
    assert_true(swapc_bytes_equal(swapci_buffer_bytes(&b), swapc_bytes_str("abc")));
    swapci_buffer_fini(&b);
}

static void appends_its_own_content(void **state) {
    (void)state;
    swapci_buffer b = SWAPCI_BUFFER_INIT;
    assert_int_equal(swapci_buffer_append(&b, swapc_bytes_str("ab")), SWAPC_OK);
    for (int i = 0; i < 10; i++)
        assert_int_equal(swapci_buffer_append(&b, swapci_buffer_bytes(&b)), SWAPC_OK);
    assert_int_equal(b.len, 2048);
    for (size_t i = 0; i < b.len; i++) assert_int_equal(b.ptr[i], i % 2 ? 'b' : 'a');
    swapci_buffer_fini(&b);
}

static void printf_appends_without_nul(void **state) {
    (void)state;
    swapci_buffer b = SWAPCI_BUFFER_INIT;
    assert_int_equal(swapci_buffer_printf(&b, "%d-", 12), SWAPC_OK);
    assert_int_equal(swapci_buffer_printf(&b, "%0100d", 3), SWAPC_OK);
    assert_int_equal(b.len, 103);
    assert_memory_equal(b.ptr, "12-000", 6);
    assert_int_equal(b.ptr[102], '3');
    swapci_buffer_fini(&b);
}

static void empty_append_needs_no_storage(void **state) {
    (void)state;
    swapci_buffer b = SWAPCI_BUFFER_INIT;
    assert_int_equal(swapci_buffer_append(&b, swapc_bytes_of(NULL, 0)), SWAPC_OK);
    assert_null(b.ptr);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_keep_order),
        cmocka_unit_test(clear_keeps_storage),
        cmocka_unit_test(failed_growth_changes_nothing),
        cmocka_unit_test(appends_its_own_content),
        cmocka_unit_test(printf_appends_without_nul),
        cmocka_unit_test(empty_append_needs_no_storage),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
