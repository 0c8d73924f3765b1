/* transport_answer.h - an answer of Transport_interface, as both sides see it. */
#ifndef SWAPCI_TRANSPORT_ANSWER_H
#define SWAPCI_TRANSPORT_ANSWER_H

#define SWAPCI_TRANSPORT_METHOD "/transport_interface.Transport_interface/establish_connection"
#define SWAPCI_TRANSPORT_STREAM_MAX 255 /* bytes of a stream's name */

/* The wire's numbers. */
enum swapci_transport_status {
    SWAPCI_TRANSPORT_OK = 0,      /* Sending: all signed; text is the stream's name */
    SWAPCI_TRANSPORT_HALT = 1,    /* stop sending */
    SWAPCI_TRANSPORT_ERROR = 2,   /* the request cannot be served: text says why */
    SWAPCI_TRANSPORT_PROCEED = 3, /* Connect: reading has started */
};

typedef struct swapci_transport_answer {
    enum swapci_transport_status status;
    char text[SWAPCI_TRANSPORT_STREAM_MAX + 1]; /* the stream's name, or a reason; "" is none */
} swapci_transport_answer;

#endif
