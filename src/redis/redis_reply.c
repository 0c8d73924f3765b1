#include "redis_reply.h"

bool swapci_decimal_parse(swapc_bytes text, uint64_t *out) {
    uint64_t value = 0;
    if (text.len == 0 || text.len > 20) return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t digit = (uint8_t)(text.ptr[i] - '0');
        if (digit > 9 || value > (UINT64_MAX - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

swapc_bytes swapci_reply_bytes(const redisReply *reply) {
    bool has_text = reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS;
    return has_text ? swapc_bytes_of(reply->str, reply->len) : swapc_bytes_of(NULL, 0);
}

enum swapc_status swapci_reply_unexpected(const swapci_redis *redis, const char *command,
                                          swapc_error *error) {
    return swapc_error_set(error, SWAPC_PROTOCOL,
                           "Redis at %s answered %s in an unknown form: version 6.2 or newer is "
                           "needed",
                           swapci_redis_name(redis), command);
}

size_t swapci_decimal_write(uint64_t value, char out[SWAPCI_DECIMAL_MAX]) {
    char digits[SWAPCI_DECIMAL_MAX];
    size_t len = 0;
    do {
        digits[len++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    for (size_t i = 0; i < len; i++) out[i] = digits[len - 1 - i];
    return len;
}

/* mark, decimal, CR LF. */
static enum swapc_status resp_number(swapci_buffer *buffer, char mark, size_t value) {
    char text[SWAPCI_DECIMAL_MAX + 3];
    text[0] = mark;
    size_t len = 1 + swapci_decimal_write(value, text + 1);
    text[len++] = '\r';
    text[len++] = '\n';
    return swapci_buffer_append(buffer, swapc_bytes_of(text, len));
}

enum swapc_status swapci_resp_head(swapci_buffer *buffer, size_t argc) {
    return resp_number(buffer, '*', argc);
}

enum swapc_status swapci_resp_bulk(swapci_buffer *buffer, swapc_bytes bytes) {
    enum swapc_status status = resp_number(buffer, '$', bytes.len);
    if (status == SWAPC_OK) status = swapci_buffer_append(buffer, bytes);
    return status == SWAPC_OK ? swapci_buffer_append(buffer, swapc_bytes_of("\r\n", 2)) : status;
}

enum swapc_status swapci_resp_str(swapci_buffer *buffer, const char *text) {
    return swapci_resp_bulk(buffer, swapc_bytes_str(text));
}

enum swapc_status swapci_resp_u64(swapci_buffer *buffer, uint64_t value) {
    char text[SWAPCI_DECIMAL_MAX];
    size_t len = swapci_decimal_write(value, text);
    return swapci_resp_bulk(buffer, swapc_bytes_of(text, len));
}
