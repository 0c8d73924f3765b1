/* transport_service.h - the server's side of transport_interface.Transport_interface: the signer is
 * told that messages are there.
 *
 * Connect names the Redis stream and is answered Proceed; without a name, Error (the callback is
 * not asked then). Sending is answered Ok with the stream's name once all entries present at its receipt
 * have been signed: so on_sending gets a handle that it answers whenever that is so.
 *
 * Threads: callbacks run where the server's handlers run (rpc_server.h). answer: any thread.
 * Ownership: names are borrowed for the callback. A `sending` is the callback's until answered,
 *     which must happen exactly once, also after the server was shut down.
 * Limits: a stream's name has up to SWAPCI_TRANSPORT_STREAM_MAX bytes, else INVALID_ARGUMENT; of
 *     Sending, SWAPCI_TRANSPORT_WAITING_MAX wait at a time, more get RESOURCE_EXHAUSTED.
 */
#ifndef SWAPCI_TRANSPORT_SERVICE_H
#define SWAPCI_TRANSPORT_SERVICE_H

#include "rpc_server.h"
#include "transport_answer.h"

#include <stdint.h>

#define SWAPCI_TRANSPORT_WAITING_MAX 256

typedef struct swapci_transport_sending swapci_transport_sending;

typedef struct swapci_transport_service {
    /* A generator has messages in stream; serial is its own count, not interpreted. answer is
     * Proceed with the stream's name, and may be changed to Error or Halt with a reason. */
    void (*on_connect)(void *user, const char *stream, uint32_t serial,
                       swapci_transport_answer *answer);
    /* All of stream's messages are there; stream is NULL when the client gave none. */
    void (*on_sending)(void *user, const char *stream, uint32_t serial,
                       swapci_transport_sending *sending);
    /* The client of a sending that is not answered has left; it must still be answered. May run while
     * another thread answers: then sending serves only to be compared. NULL: does not matter. */
    void (*on_left)(void *user, swapci_transport_sending *sending);
    void *user;
} swapci_transport_service;

/* Adds the service; *service is borrowed until the server is shut down. */
void swapci_transport_service_add(swapci_rpc_server *server,
                                  const swapci_transport_service *service);

/* Answers Sending: status Ok with the stream's name as text, or Error or Halt with a reason; text
 * NULL sends none. Voids the handle. */
void swapci_transport_sending_answer(swapci_transport_sending *sending,
                                     enum swapci_transport_status status, const char *text);

#endif
