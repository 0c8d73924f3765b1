/* minisign.h - keys and detached signatures in minisign's format, over libsodium.
 *
 * A public key is two lines, a signature four, as minisign writes and reads them:
 *
 *     untrusted comment: anything
 *     base64 of {"Ed" legacy | "ED" prehashed, key id, Ed25519 signature}
 *     trusted comment: signed text
 *     base64 of the signature over {signature, trusted comment}
 *
 * A legacy signature is over the message itself, a prehashed one over its BLAKE2b-512. Both are
 * taken; prehashed is what is made. Only the untrusted comment is outside of what is verified.
 *
 * Threads: pure; sodium_init must have been called (swapc_host_new and swapc_trust_new do).
 * Ownership: plain storage of the caller; views in a signature point into the text it was read
 *     from.
 */
#ifndef SWAPCI_MINISIGN_H
#define SWAPCI_MINISIGN_H

#include <stdbool.h>

#include "buffer.h"
#include "swapc/bytes.h"
#include "swapc/error.h"

#define SWAPCI_MINISIGN_ID 8
#define SWAPCI_MINISIGN_FILE_MAX 4096u /* bytes of any such file; a larger one is none */

struct swapci_minisign_public {
    uint8_t id[SWAPCI_MINISIGN_ID];
    uint8_t key[32];
};

struct swapci_minisign_secret {
    uint8_t id[SWAPCI_MINISIGN_ID];
    uint8_t key[64]; /* seed and public key */
};

struct swapci_minisign_signature {
    uint8_t id[SWAPCI_MINISIGN_ID]; /* of the key that made it */
    bool prehashed;
    uint8_t over_message[64];
    uint8_t over_comment[64];
    swapc_bytes trusted_comment;
};

/* A key's id as minisign shows it: 16 digits and a NUL. */
void swapci_minisign_id_text(const uint8_t id[SWAPCI_MINISIGN_ID], char out[17]);

/* Each reads one file's text; path is for the message. Returns SWAPC_OK, or SIGNATURE. */
enum swapc_status swapci_minisign_public_parse(swapc_bytes text, const char *path,
                                               struct swapci_minisign_public *out,
                                               swapc_error *error);
enum swapc_status swapci_minisign_signature_parse(swapc_bytes text, const char *path,
                                                  struct swapci_minisign_signature *out,
                                                  swapc_error *error);

/* password NULL: the key must not be encrypted. Returns also NO_MEMORY (scrypt takes much). */
enum swapc_status swapci_minisign_secret_parse(swapc_bytes text, const char *path,
                                               const char *password,
                                               struct swapci_minisign_secret *out,
                                               swapc_error *error);

/* Whether key made the signature over message and over the trusted comment. */
bool swapci_minisign_verify(const struct swapci_minisign_signature *signature,
                            const struct swapci_minisign_public *key, swapc_bytes message);

/* A new key. */
void swapci_minisign_generate(struct swapci_minisign_secret *out);

/* Append a file's text. The secret key is written unencrypted, as `minisign -G -W` does.
 * Return SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_minisign_public_write(const struct swapci_minisign_secret *secret,
                                               swapci_buffer *out);
enum swapc_status swapci_minisign_secret_write(const struct swapci_minisign_secret *secret,
                                               swapci_buffer *out);

/* Appends a signature's text; comment is one line. Returns SWAPC_OK, NO_MEMORY, TOO_LARGE (the
 * comment). */
enum swapc_status swapci_minisign_sign(const struct swapci_minisign_secret *secret,
                                       swapc_bytes message, bool prehashed, const char *comment,
                                       swapci_buffer *out);

#endif
