#include "minisign.h"

#include <sodium.h>
#include <stdio.h>

#define UNTRUSTED "untrusted comment: "
#define TRUSTED "trusted comment: "

enum { COMMENT_MAX = 1024, SIGNATURE = crypto_sign_BYTES };

/* The files' binary parts, byte for byte. */
struct public_blob {
    uint8_t algorithm[2];
    uint8_t id[SWAPCI_MINISIGN_ID];
    uint8_t key[crypto_sign_PUBLICKEYBYTES];
};

struct signature_blob {
    uint8_t algorithm[2];
    uint8_t id[SWAPCI_MINISIGN_ID];
    uint8_t signature[SIGNATURE];
};

struct sealed {
    uint8_t id[SWAPCI_MINISIGN_ID];
    uint8_t key[crypto_sign_SECRETKEYBYTES];
    uint8_t check[32];
};

struct secret_blob {
    uint8_t algorithm[2], kdf[2], check_algorithm[2];
    uint8_t salt[crypto_pwhash_scryptsalsa208sha256_SALTBYTES];
    uint8_t operations[8], memory[8];
    struct sealed sealed;
};

_Static_assert(sizeof(struct public_blob) == 42, "minisign's public key");
_Static_assert(sizeof(struct signature_blob) == 74, "minisign's signature");
_Static_assert(sizeof(struct secret_blob) == 158, "minisign's secret key");

/* Takes a line off text, without its end. */
static swapc_bytes take_line(swapc_bytes *text) {
    const uint8_t *end = text->len ? memchr(text->ptr, '\n', text->len) : NULL;
    size_t len = end ? (size_t)(end - text->ptr) : text->len;
    swapc_bytes line = swapc_bytes_of(text->ptr, len);
    if (text->len)
        *text = swapc_bytes_of(text->ptr + len + (end != NULL), text->len - len - (end != NULL));
    if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
    return line;
}

/* Takes a line that begins with prefix; *rest is what follows. */
static bool take_comment(swapc_bytes *text, const char *prefix, swapc_bytes *rest) {
    swapc_bytes line = take_line(text);
    size_t skip = strlen(prefix);
    if (line.len < skip || memcmp(line.ptr, prefix, skip) != 0) return false;
    *rest = swapc_bytes_of(line.ptr + skip, line.len - skip);
    return true;
}

/* libsodium's decoder takes some bytes above 127 for digits: two texts would mean the same. */
static bool base64_only(swapc_bytes line) {
    for (size_t i = 0; i < line.len; i++)
        if (line.ptr[i] > 0x7f) return false;
    return line.len > 0;
}

/* Takes a line that is the base64 of exactly size bytes. */
static bool take_blob(swapc_bytes *text, void *out, size_t size) {
    swapc_bytes line = take_line(text);
    size_t got;
    return base64_only(line) &&
           sodium_base642bin(out, size, (const char *)line.ptr, line.len, NULL, &got, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           got == size;
}

static bool nothing_left(swapc_bytes *text) {
    while (text->len)
        if (take_line(text).len) return false;
    return true;
}

static bool is(const uint8_t *at, const char *two) {
    return memcmp(at, two, 2) == 0;
}

void swapci_minisign_id_text(const uint8_t id[SWAPCI_MINISIGN_ID], char out[17]) {
    for (int i = 0; i < SWAPCI_MINISIGN_ID; i++)
        snprintf(out + 2 * i, 3, "%02X", id[SWAPCI_MINISIGN_ID - 1 - i]);
}

enum swapc_status swapci_minisign_public_parse(swapc_bytes text, const char *path,
                                               struct swapci_minisign_public *out,
                                               swapc_error *error) {
    struct public_blob blob;
    swapc_bytes comment;
    if (!take_comment(&text, UNTRUSTED, &comment) || !take_blob(&text, &blob, sizeof blob) ||
        !nothing_left(&text) || !is(blob.algorithm, "Ed"))
        return swapc_error_set(error, SWAPC_SIGNATURE,
                               "%s is no minisign public key: expected a comment line and one line "
                               "of base64",
                               path);
    memcpy(out->id, blob.id, sizeof out->id);
    memcpy(out->key, blob.key, sizeof out->key);
    return SWAPC_OK;
}

enum swapc_status swapci_minisign_signature_parse(swapc_bytes text, const char *path,
                                                  struct swapci_minisign_signature *out,
                                                  swapc_error *error) {
    struct signature_blob blob;
    swapc_bytes comment;
    if (!take_comment(&text, UNTRUSTED, &comment) || !take_blob(&text, &blob, sizeof blob) ||
        !take_comment(&text, TRUSTED, &out->trusted_comment) ||
        !take_blob(&text, out->over_comment, SIGNATURE) || !nothing_left(&text) ||
        !(is(blob.algorithm, "Ed") || is(blob.algorithm, "ED")) ||
        out->trusted_comment.len > COMMENT_MAX)
        return swapc_error_set(error, SWAPC_SIGNATURE,
                               "%s is no minisign signature: sign the bundle again (swapc module "
                               "sign)",
                               path);
    out->prehashed = is(blob.algorithm, "ED");
    memcpy(out->id, blob.id, sizeof out->id);
    memcpy(out->over_message, blob.signature, SIGNATURE);
    return SWAPC_OK;
}

/* What the message's signature is over. */
static swapc_bytes signed_bytes(swapc_bytes message, bool prehashed,
                                uint8_t hash[crypto_generichash_BYTES_MAX]) {
    if (!prehashed) return message;
    crypto_generichash(hash, crypto_generichash_BYTES_MAX, message.ptr, message.len, NULL, 0);
    return swapc_bytes_of(hash, crypto_generichash_BYTES_MAX);
}

/* What the comment's signature is over; the comment is at most COMMENT_MAX long. */
static swapc_bytes commented(const uint8_t signature[SIGNATURE], swapc_bytes comment,
                             uint8_t out[SIGNATURE + COMMENT_MAX]) {
    memcpy(out, signature, SIGNATURE);
    if (comment.len) memcpy(out + SIGNATURE, comment.ptr, comment.len);
    return swapc_bytes_of(out, SIGNATURE + comment.len);
}

bool swapci_minisign_verify(const struct swapci_minisign_signature *signature,
                            const struct swapci_minisign_public *key, swapc_bytes message) {
    uint8_t hash[crypto_generichash_BYTES_MAX], both[SIGNATURE + COMMENT_MAX];
    swapc_bytes first = signed_bytes(message, signature->prehashed, hash);
    swapc_bytes second = commented(signature->over_message, signature->trusted_comment, both);
    return memcmp(signature->id, key->id, sizeof key->id) == 0 &&
           crypto_sign_verify_detached(signature->over_message, first.ptr, first.len, key->key) ==
               0 &&
           crypto_sign_verify_detached(signature->over_comment, second.ptr, second.len, key->key) ==
               0;
}

void swapci_minisign_generate(struct swapci_minisign_secret *out) {
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    crypto_sign_keypair(public, out->key);
    randombytes_buf(out->id, sizeof out->id);
}

static enum swapc_status append_blob(swapci_buffer *out, const void *blob, size_t size) {
    char
        text[sodium_base64_ENCODED_LEN(sizeof(struct secret_blob), sodium_base64_VARIANT_ORIGINAL)];
    sodium_bin2base64(text, sizeof text, blob, size, sodium_base64_VARIANT_ORIGINAL);
    enum swapc_status status = swapci_buffer_printf(out, "%s\n", text);
    sodium_memzero(text, sizeof text);
    return status;
}

enum swapc_status swapci_minisign_public_write(const struct swapci_minisign_secret *secret,
                                               swapci_buffer *out) {
    struct public_blob blob = {.algorithm = {'E', 'd'}};
    char id[17];
    memcpy(blob.id, secret->id, sizeof blob.id);
    crypto_sign_ed25519_sk_to_pk(blob.key, secret->key);
    swapci_minisign_id_text(secret->id, id);
    enum swapc_status status = swapci_buffer_printf(out, UNTRUSTED "minisign public key %s\n", id);
    return status == SWAPC_OK ? append_blob(out, &blob, sizeof blob) : status;
}

static void checksum(const struct secret_blob *blob, uint8_t out[32]) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, 32);
    crypto_generichash_update(&state, blob->algorithm, sizeof blob->algorithm);
    crypto_generichash_update(&state, blob->sealed.id, sizeof blob->sealed.id);
    crypto_generichash_update(&state, blob->sealed.key, sizeof blob->sealed.key);
    crypto_generichash_final(&state, out, 32);
}

enum swapc_status swapci_minisign_secret_write(const struct swapci_minisign_secret *secret,
                                               swapci_buffer *out) {
    struct secret_blob blob = {.algorithm = {'E', 'd'}, .check_algorithm = {'B', '2'}};
    memcpy(blob.sealed.id, secret->id, sizeof blob.sealed.id);
    memcpy(blob.sealed.key, secret->key, sizeof blob.sealed.key);
    enum swapc_status status =
        swapci_buffer_printf(out, UNTRUSTED "minisign secret key, not encrypted\n");
    if (status == SWAPC_OK) status = append_blob(out, &blob, sizeof blob);
    sodium_memzero(&blob, sizeof blob);
    return status;
}

static uint64_t little_endian(const uint8_t at[8]) {
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--) value = value << 8 | at[i];
    return value;
}

/* Takes the password's stream off the sealed part. */
static enum swapc_status unseal(struct secret_blob *blob, const char *path, const char *password,
                                swapc_error *error) {
    uint8_t stream[sizeof blob->sealed];
    uint8_t *at = (uint8_t *)&blob->sealed;
    if (!password)
        return swapc_error_set(error, SWAPC_SIGNATURE,
                               "%s is encrypted: give its password in a file by --password-file",
                               path);
    if (crypto_pwhash_scryptsalsa208sha256(stream, sizeof stream, password, strlen(password),
                                           blob->salt, little_endian(blob->operations),
                                           little_endian(blob->memory)) != 0)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory to decrypt %s", path);
    for (size_t i = 0; i < sizeof stream; i++) at[i] ^= stream[i];
    sodium_memzero(stream, sizeof stream);
    return SWAPC_OK;
}

/* A key's second half is the public key, which follows from the first. */
static bool consistent(const struct secret_blob *blob) {
    uint8_t public[crypto_sign_PUBLICKEYBYTES], again[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(public, again, blob->sealed.key);
    bool same = sodium_memcmp(again, blob->sealed.key, sizeof again) == 0;
    sodium_memzero(again, sizeof again);
    return same;
}

/* Only an encrypted key carries a checksum: it tells a wrong password. */
static enum swapc_status open_secret(struct secret_blob *blob, const char *path,
                                     const char *password, struct swapci_minisign_secret *out,
                                     swapc_error *error) {
    uint8_t check[32];
    bool encrypted = is(blob->kdf, "Sc");
    enum swapc_status status = encrypted ? unseal(blob, path, password, error) : SWAPC_OK;
    if (status != SWAPC_OK) return status;
    checksum(blob, check);
    if (encrypted && sodium_memcmp(check, blob->sealed.check, sizeof check) != 0)
        return swapc_error_set(error, SWAPC_SIGNATURE, "%s: wrong password", path);
    if (!consistent(blob))
        return swapc_error_set(error, SWAPC_SIGNATURE,
                               "%s is damaged: its halves are no key pair; restore it, or make a "
                               "new one by swapc module keygen",
                               path);
    memcpy(out->id, blob->sealed.id, sizeof out->id);
    memcpy(out->key, blob->sealed.key, sizeof out->key);
    return SWAPC_OK;
}

enum swapc_status swapci_minisign_secret_parse(swapc_bytes text, const char *path,
                                               const char *password,
                                               struct swapci_minisign_secret *out,
                                               swapc_error *error) {
    struct secret_blob blob;
    swapc_bytes comment;
    enum swapc_status status;
    if (!take_comment(&text, UNTRUSTED, &comment) || !take_blob(&text, &blob, sizeof blob) ||
        !nothing_left(&text) || !is(blob.algorithm, "Ed") || !is(blob.check_algorithm, "B2") ||
        !(is(blob.kdf, "Sc") || is(blob.kdf, "\0\0")))
        status =
            swapc_error_set(error, SWAPC_SIGNATURE,
                            "%s is no minisign secret key: make one by swapc module keygen", path);
    else status = open_secret(&blob, path, password, out, error);
    sodium_memzero(&blob, sizeof blob);
    return status;
}

enum swapc_status swapci_minisign_sign(const struct swapci_minisign_secret *secret,
                                       swapc_bytes message, bool prehashed, const char *comment,
                                       swapci_buffer *out) {
    struct signature_blob blob = {.algorithm = {'E', prehashed ? 'D' : 'd'}};
    uint8_t hash[crypto_generichash_BYTES_MAX], both[SIGNATURE + COMMENT_MAX], over[SIGNATURE];
    if (strlen(comment) > COMMENT_MAX) return SWAPC_TOO_LARGE;
    memcpy(blob.id, secret->id, sizeof blob.id);
    swapc_bytes first = signed_bytes(message, prehashed, hash);
    crypto_sign_detached(blob.signature, NULL, first.ptr, first.len, secret->key);
    swapc_bytes second = commented(blob.signature, swapc_bytes_str(comment), both);
    crypto_sign_detached(over, NULL, second.ptr, second.len, secret->key);
    enum swapc_status status = swapci_buffer_printf(out, UNTRUSTED "signature by swapc\n");
    if (status == SWAPC_OK) status = append_blob(out, &blob, sizeof blob);
    if (status == SWAPC_OK) status = swapci_buffer_printf(out, TRUSTED "%s\n", comment);
    return status == SWAPC_OK ? append_blob(out, over, sizeof over) : status;
}
