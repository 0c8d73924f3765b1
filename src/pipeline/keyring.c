#include "keyring.h"

#include <limits.h>
#include <secp256k1.h>
#include <sodium.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "buffer.h"
#include "hex.h"
#include "key_file.h"
#include "swapc/log.h"

enum {
    X_SIZE = SWAPCI_KEY_X_ONLY_SIZE,
    COMPRESSED_SIZE = SWAPCI_KEY_COMPRESSED_SIZE,
    POINT_SIZE = SWAPCI_KEY_POINT_SIZE
};

static const char secret_title[] = "swapc-keys 1";
static const char public_title[] = "swapc-keys-pub 1";

/* ---- secrets -------------------------------------------------------------------------------- */

struct swapci_keyring {
    size_t count;
    uint8_t secrets[][SWAPCI_SECRET_SIZE];
};

/* Appends a line of random key, or of another one if it is not allowed: a chance of 2^-128. */
static enum swapc_status append_random_key(swapci_buffer *text) {
    uint8_t secret[SWAPCI_SECRET_SIZE];
    char hex[SWAPCI_HEX_SIZE(SWAPCI_SECRET_SIZE)];
    do {
        randombytes_buf(secret, sizeof secret);
    } while (!secp256k1_ec_seckey_verify(secp256k1_context_static, secret));
    swapci_hex_encode(swapc_bytes_of(secret, sizeof secret), hex);
    enum swapc_status status = swapci_buffer_printf(text, "%s\n", hex);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(hex, sizeof hex);
    return status;
}

static enum swapc_status make_secrets(const char *path, enum swapci_keys_mode mode, unsigned count,
                                      swapc_error *error) {
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    /* Reserved at once: a buffer that grew would leave copies behind. */
    enum swapc_status status = swapci_buffer_reserve(&text, 128 + (size_t)count * 66);
    if (status == SWAPC_OK) {
        status = swapci_buffer_printf(&text, "%s\n# secret: one key a line; readable by %s only\n",
                                      secret_title,
                                      mode == SWAPCI_KEYS_GROUP ? "you and your group" : "you");
    }
    for (unsigned i = 0; i < count && status == SWAPC_OK; i++) status = append_random_key(&text);
    if (status != SWAPC_OK) swapc_error_set(error, status, "no memory for key file %s", path);
    else
        status = swapci_key_file_write(path, swapci_buffer_bytes(&text),
                                       mode == SWAPCI_KEYS_GROUP ? 0640 : 0600, false, error);
    if (text.ptr) sodium_memzero(text.ptr, text.capacity);
    swapci_buffer_fini(&text);
    return status;
}

static enum swapc_status read_secret(const swapci_key_text *text, swapc_bytes line, uint8_t *out,
                                     swapc_error *error) {
    if (line.len != 2 * SWAPCI_SECRET_SIZE || !swapci_hex_decode(line, out))
        return swapci_key_text_refuse(text, "is not a key of 64 hex digits", error);
    if (!secp256k1_ec_seckey_verify(secp256k1_context_static, out))
        return swapci_key_text_refuse(text, "is no secret key: zero, or not below n", error);
    return SWAPC_OK;
}

/* How many keys text has at most. */
static size_t count_lines(swapci_key_text text) {
    size_t count = 0;
    for (swapc_bytes line; swapci_key_text_next(&text, &line);) count++;
    return count < SWAPCI_KEYRING_MAX ? count : SWAPCI_KEYRING_MAX;
}

static enum swapc_status read_secrets(swapci_key_text *text, swapci_keyring **out,
                                      swapc_error *error) {
    swapc_bytes line;
    enum swapc_status status = SWAPC_OK;
    /* Its size is known: one that grew would leave copies behind. */
    swapci_keyring *ring = calloc(1, sizeof *ring + count_lines(*text) * SWAPCI_SECRET_SIZE);
    if (!ring)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for key file %s", text->path);
    *out = ring;
    while (status == SWAPC_OK && swapci_key_text_next(text, &line)) {
        if (ring->count == SWAPCI_KEYRING_MAX)
            return swapci_key_text_refuse(text, "is one key too many; 4096 are allowed", error);
        status = read_secret(text, line, ring->secrets[ring->count++], error);
    }
    if (status == SWAPC_OK && ring->count == 0) {
        status = swapc_error_set(error, SWAPC_INVALID,
                                 "key file %s has no key; remove it to get a new one", text->path);
    }
    return status;
}

/* Appends the line of secret's public key. */
static enum swapc_status append_public(const secp256k1_context *context, const uint8_t *secret,
                                       swapci_buffer *text) {
    secp256k1_pubkey key;
    uint8_t bytes[COMPRESSED_SIZE];
    char hex[SWAPCI_HEX_SIZE(COMPRESSED_SIZE)];
    size_t len = sizeof bytes;
    SWAPC_CHECK(secp256k1_ec_pubkey_create(context, &key, secret));
    secp256k1_ec_pubkey_serialize(context, bytes, &len, &key, SECP256K1_EC_COMPRESSED);
    swapci_hex_encode(swapc_bytes_of(bytes, sizeof bytes), hex);
    return swapci_buffer_printf(text, "%s %s\n", hex + 2, hex);
}

static enum swapc_status public_text(const swapci_keyring *ring, swapci_buffer *text) {
    uint8_t seed[32];
    secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    if (!context) return SWAPC_NO_MEMORY;
    randombytes_buf(seed, sizeof seed);
    SWAPC_CHECK(secp256k1_context_randomize(context, seed));
    enum swapc_status status =
        swapci_buffer_printf(text, "%s\n# public: x-only and compressed\n", public_title);
    for (size_t i = 0; i < ring->count && status == SWAPC_OK; i++)
        status = append_public(context, ring->secrets[i], text);
    secp256k1_context_destroy(context);
    return status;
}

/* Whether the file at path is text, byte for byte. */
static bool is_current(const char *path, swapc_bytes text) {
    swapci_key_text file;
    if (swapci_key_text_read(path, public_title, SWAPCI_KEY_PUBLIC, &file, NULL) != SWAPC_OK)
        return false;
    bool same = swapc_bytes_equal(swapc_bytes_of(file.bytes, file.len), text);
    swapci_key_text_fini(&file);
    return same;
}

static enum swapc_status settle_public(const char *path, const swapci_keyring *ring,
                                       swapc_error *error) {
    char public_path[PATH_MAX];
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    int len = snprintf(public_path, sizeof public_path, "%s.pub", path);
    if (len < 0 || (size_t)len >= sizeof public_path)
        return swapc_error_set(error, SWAPC_INVALID, "the path of key file %s is too long", path);
    enum swapc_status status = public_text(ring, &text);
    if (status != SWAPC_OK)
        swapc_error_set(error, status, "no memory for key file %s", public_path);
    else if (!is_current(public_path, swapci_buffer_bytes(&text)))
        status = swapci_key_file_write(public_path, swapci_buffer_bytes(&text), 0644, true, error);
    swapci_buffer_fini(&text);
    return status;
}

/* Unless OK, *out may be one to free all the same. */
static enum swapc_status load_secrets(const char *path, enum swapci_keys_mode mode, unsigned make,
                                      swapci_keyring **out, swapc_error *error) {
    enum swapci_key_access access =
        mode == SWAPCI_KEYS_GROUP ? SWAPCI_KEY_SHARED : SWAPCI_KEY_SECRET;
    swapci_key_text text;
    swapc_error first = SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_key_text_read(path, secret_title, access, &text, &first);
    if (status == SWAPC_NOT_FOUND && make > 0) {
        status = make_secrets(path, mode, make, error);
        if (status == SWAPC_OK)
            status = swapci_key_text_read(path, secret_title, access, &text, error);
    } else if (status != SWAPC_OK) {
        swapc_error_set(error, status, "%s", first.text);
    }
    if (status != SWAPC_OK) return status;
    status = read_secrets(&text, out, error);
    swapci_key_text_fini(&text);
    return status;
}

enum swapc_status swapci_keyring_load(const char *path, enum swapci_keys_mode mode, unsigned make,
                                      swapci_keyring **out, swapc_error *error) {
    SWAPC_CHECK(make <= SWAPCI_KEYRING_MAX);
    if (sodium_init() < 0)
        return swapc_error_set(error, SWAPC_SYSTEM, "libsodium finds no source of randomness");
    swapci_keyring *ring = NULL;
    enum swapc_status status = load_secrets(path, mode, make, &ring, error);
    if (status == SWAPC_OK) status = settle_public(path, ring, error);
    if (status == SWAPC_OK) *out = ring;
    else swapci_keyring_free(ring);
    return status;
}

void swapci_keyring_free(swapci_keyring *ring) {
    if (!ring) return;
    sodium_memzero(ring->secrets, ring->count * sizeof *ring->secrets);
    free(ring);
}

size_t swapci_keyring_count(const swapci_keyring *ring) {
    return ring->count;
}

const uint8_t *swapci_keyring_secret(const swapci_keyring *ring, size_t i) {
    SWAPC_CHECK(i < ring->count);
    return ring->secrets[i];
}

/* ---- public keys ---------------------------------------------------------------------------- */

/* A point as its uncompressed form; a first byte of 0 is a free place. */
typedef uint8_t point[POINT_SIZE];

/* Open addressing by x, which nobody can choose freely: at most half full, so that there is always a free
 * place. */
struct swapci_keyring_public {
    size_t count;  /* lines */
    size_t points; /* different ones, in the table */
    size_t places; /* of the table, a power of 2; 0: there is none yet */
    point *table;
};

enum { PLACES_FIRST = 16 };

static size_t home_of(const swapci_keyring_public *keys, const uint8_t *x) {
    uint64_t hash;
    memcpy(&hash, x, sizeof hash);
    return (size_t)hash & (keys->places - 1);
}

static size_t next_place(const swapci_keyring_public *keys, size_t i) {
    return (i + 1) & (keys->places - 1);
}

static bool y_is_odd(const uint8_t *entry) {
    return entry[POINT_SIZE - 1] & 1;
}

/* Whether entry is the point that a key of SEC1 form says. */
static bool same_point(const uint8_t *entry, swapc_bytes key) {
    if (key.len == POINT_SIZE) return memcmp(key.ptr, entry, POINT_SIZE) == 0;
    return key.ptr[0] == 2 + y_is_odd(entry) && memcmp(key.ptr + 1, entry + 1, X_SIZE) == 0;
}

static bool is_key(const uint8_t *entry, enum swapci_key_form form, swapc_bytes key) {
    switch (form) {
    case SWAPCI_KEY_X_ONLY:
        return memcmp(key.ptr, entry + 1, X_SIZE) == 0;
    case SWAPCI_KEY_SEC1:
        return same_point(entry, key);
    }
    return false;
}

/* Where the x of a key of this form begins. */
static const uint8_t *x_of(enum swapci_key_form form, swapc_bytes key) {
    return key.ptr + (form == SWAPCI_KEY_SEC1);
}

bool swapci_keyring_public_has(const swapci_keyring_public *keys, enum swapci_key_form form,
                               swapc_bytes key) {
    if (!swapci_key_form_fits(form, key.len) || keys->places == 0) return false;
    size_t i = home_of(keys, x_of(form, key));
    for (; keys->table[i][0]; i = next_place(keys, i))
        if (is_key(keys->table[i], form, key)) return true;
    return false;
}

static void place(swapci_keyring_public *keys, const point entry) {
    size_t i = home_of(keys, entry + 1);
    while (keys->table[i][0]) i = next_place(keys, i);
    memcpy(keys->table[i], entry, POINT_SIZE);
}

/* Twice the places. Returns false when there is no memory; all is then as before. */
static bool widen(swapci_keyring_public *keys) {
    swapci_keyring_public wide = *keys;
    wide.places = keys->places ? 2 * keys->places : PLACES_FIRST;
    wide.table = calloc(wide.places, sizeof *wide.table);
    if (!wide.table) return false;
    for (size_t i = 0; i < keys->places; i++)
        if (keys->table[i][0]) place(&wide, keys->table[i]);
    free(keys->table);
    *keys = wide;
    return true;
}

/* Returns false when there is no memory. */
static bool insert(swapci_keyring_public *keys, const point entry) {
    if (swapci_keyring_public_has(keys, SWAPCI_KEY_SEC1, swapc_bytes_of(entry, POINT_SIZE)))
        return true;
    if (2 * (keys->points + 1) > keys->places && !widen(keys)) return false;
    place(keys, entry);
    keys->points++;
    return true;
}

/* Reads `x-only compressed` into an uncompressed point. */
static enum swapc_status read_public(const swapci_key_text *text, swapc_bytes line, point out,
                                     swapc_error *error) {
    enum { LINE = 2 * X_SIZE + 1 + 2 * COMPRESSED_SIZE };
    uint8_t x[X_SIZE], compressed[COMPRESSED_SIZE];
    secp256k1_pubkey key;
    size_t len = POINT_SIZE;
    if (line.len != LINE || line.ptr[2 * X_SIZE] != ' ' ||
        !swapci_hex_decode(swapc_bytes_of(line.ptr, 2 * X_SIZE), x) ||
        !swapci_hex_decode(swapc_bytes_of(line.ptr + 2 * X_SIZE + 1, 2 * COMPRESSED_SIZE),
                           compressed)) {
        return swapci_key_text_refuse(text, "is not a key of 64 and one of 66 hex digits", error);
    }
    if (memcmp(x, compressed + 1, X_SIZE) != 0)
        return swapci_key_text_refuse(text, "has two different keys", error);
    if (!secp256k1_ec_pubkey_parse(secp256k1_context_static, &key, compressed, COMPRESSED_SIZE))
        return swapci_key_text_refuse(text, "is no point of the curve", error);
    secp256k1_ec_pubkey_serialize(secp256k1_context_static, out, &len, &key,
                                  SECP256K1_EC_UNCOMPRESSED);
    return SWAPC_OK;
}

static enum swapc_status read_publics(swapci_key_text *text, swapci_keyring_public *keys,
                                      swapc_error *error) {
    swapc_bytes line;
    point entry;
    while (swapci_key_text_next(text, &line)) {
        if (keys->count++ == SWAPCI_KEYRING_MAX)
            return swapci_key_text_refuse(text, "is one key too many; 4096 are allowed", error);
        enum swapc_status status = read_public(text, line, entry, error);
        if (status != SWAPC_OK) return status;
        if (!insert(keys, entry))
            return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for key file %s", text->path);
    }
    return SWAPC_OK;
}

static enum swapc_status read_file(const char *path, swapci_keyring_public *keys,
                                   swapc_error *error) {
    swapci_key_text text;
    size_t before = keys->count;
    enum swapc_status status =
        swapci_key_text_read(path, public_title, SWAPCI_KEY_PUBLIC, &text, error);
    if (status != SWAPC_OK) return status;
    status = read_publics(&text, keys, error);
    swapci_key_text_fini(&text);
    if (status != SWAPC_OK || keys->count > before) return status;
    return swapc_error_set(error, SWAPC_INVALID,
                           "key file %s has no key; start the signer once to have it made anew",
                           path);
}

bool swapci_keyring_is_public_name(const char *name) {
    size_t len = strlen(name);
    return len > 4 && name[0] != '.' && strcmp(name + len - 4, ".pub") == 0;
}

static enum swapc_status read_folder(const char *path, DIR *folder, swapci_keyring_public *keys,
                                     swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    for (struct dirent *entry; status == SWAPC_OK && (entry = readdir(folder));) {
        char file[4096];
        if (!swapci_keyring_is_public_name(entry->d_name)) continue;
        int len = snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        status = len > 0 && (size_t)len < sizeof file
                     ? read_file(file, keys, error)
                     : swapc_error_set(error, SWAPC_INVALID,
                                       "the path of key folder %s is too long", path);
    }
    if (status != SWAPC_OK || keys->count > 0) return status;
    return swapc_error_set(error, SWAPC_NOT_FOUND,
                           "key folder %s has no file *.pub: put the signers' keys.pub there",
                           path);
}

enum swapc_status swapci_keyring_public_load(const char *path, swapci_keyring_public **out,
                                             swapc_error *error) {
    swapci_keyring_public *keys = calloc(1, sizeof *keys);
    if (!keys) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for key file %s", path);
    DIR *folder = opendir(path);
    enum swapc_status status =
        folder ? read_folder(path, folder, keys, error) : read_file(path, keys, error);
    if (folder) closedir(folder);
    if (status == SWAPC_OK) *out = keys;
    else swapci_keyring_public_free(keys);
    return status;
}

bool swapci_keyring_public_equal(const swapci_keyring_public *a, const swapci_keyring_public *b) {
    return a->count == b->count && a->places == b->places &&
           memcmp(a->table, b->table, a->places * sizeof *a->table) == 0;
}

void swapci_keyring_public_free(swapci_keyring_public *keys) {
    if (!keys) return;
    free(keys->table);
    free(keys);
}

size_t swapci_keyring_public_count(const swapci_keyring_public *keys) {
    return keys->count;
}
