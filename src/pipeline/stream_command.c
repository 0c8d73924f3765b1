#include "stream_command.h"

enum swapc_status swapci_resp_id(swapci_buffer *buffer, swapci_stream_id id) {
    char text[SWAPCI_STREAM_ID_SIZE];
    size_t len = swapci_decimal_write(id.ms, text);
    text[len++] = '-';
    len += swapci_decimal_write(id.seq, text + len);
    return swapci_resp_bulk(buffer, swapc_bytes_of(text, len));
}
