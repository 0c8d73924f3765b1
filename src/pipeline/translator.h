/* translator.h - between a record and the waPC operation that judges it.
 *
 * A record becomes the MessagePack request of `verify_message`; what the module answered becomes a
 * verdict. The method is chosen by the slot, so `oper` is always One; `id` is the sequence
 * part of the message's id.
 *
 * Threads: pure functions. Ownership: the request is written into the caller's buffer; status and
 *     reason are static strings.
 */
#ifndef SWAPCI_TRANSLATOR_H
#define SWAPCI_TRANSLATOR_H

#include "buffer.h"
#include "record.h"

#define SWAPCI_TRANSLATOR_OPERATION "verify_message"

/* Puts the request into out; what out held is dropped. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_translator_request(const swapci_record *record, swapci_buffer *out,
                                            swapc_error *error);

/* What a call's status and body mean: "Valid", "NotValid" or "Error", and for Error a reason (else
 * NULL): the call's status by name when it failed, "response" when the body is no response. */
void swapci_translator_verdict(enum swapc_status status, swapc_bytes body, const char **verdict,
                               const char **reason);

#endif
