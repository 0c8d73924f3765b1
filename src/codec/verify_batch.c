#include "verify_batch.h"

/* An array of five values of one byte each. */
enum { SHORTEST_REQUEST = 6 };

int swapci_verify_batch_decode(swapc_bytes payload, struct swapci_verify_batch *out) {
    struct swapci_mp_value head;
    out->reader = swapci_mp_reader_of(payload);
    if (!swapci_mp_read(&out->reader, &head) || head.type != SWAPCI_MP_ARRAY) return 0;
    out->count = out->left = head.count;
    return head.count <= (size_t)(out->reader.end - out->reader.at) / SHORTEST_REQUEST;
}

int swapci_verify_batch_next(struct swapci_verify_batch *batch, struct swapci_verify_request *out) {
    batch->left--;
    return swapci_verify_request_read(&batch->reader, out);
}

int swapci_verify_batch_all_valid(swapc_bytes answer) {
    struct swapci_verify_response response;
    struct swapci_mp_reader r = swapci_mp_reader_of(answer);
    return swapci_verify_response_read(&r, &response) && r.at == r.end &&
           response.status == SWAPCI_VERIFY_VALID;
}

size_t swapci_verify_batch_head(uint32_t count, uint8_t out[SWAPCI_VERIFY_BATCH_HEAD_MAX]) {
    struct swapci_mp_writer w = {out, SWAPCI_VERIFY_BATCH_HEAD_MAX, 0};
    swapci_mp_write_array(&w, count);
    return w.len;
}

size_t swapci_verify_batch_encode(const swapc_bytes *requests, uint32_t count, uint8_t *out,
                                  size_t size) {
    uint8_t head[SWAPCI_VERIFY_BATCH_HEAD_MAX];
    size_t len = swapci_verify_batch_head(count, head);
    if (len <= size) memcpy(out, head, len);
    for (uint32_t i = 0; i < count; i++) {
        if (requests[i].len > 0 && len <= size && requests[i].len <= size - len)
            memcpy(out + len, requests[i].ptr, requests[i].len);
        len += requests[i].len;
    }
    return len;
}
