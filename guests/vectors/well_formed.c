#include "well_formed.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>

/* The curve, with its field's p and its order n. */
struct curve {
    EC_GROUP *group;
    EC_POINT *point;
    BIGNUM *p;
};

static void curve_fini(struct curve *c) {
    EC_GROUP_free(c->group);
    EC_POINT_free(c->point);
    BN_free(c->p);
}

static int curve_init(struct curve *c) {
    c->group = EC_GROUP_new_by_curve_name(NID_secp256k1);
    c->point = c->group ? EC_POINT_new(c->group) : NULL;
    c->p = BN_new();
    if (c->point && c->p && EC_GROUP_get_curve(c->group, c->p, NULL, NULL, NULL)) return 1;
    curve_fini(c);
    return 0;
}

static int below(const BIGNUM *value, const BIGNUM *bound) {
    return BN_cmp(value, bound) < 0;
}

static int in_range(const BIGNUM *value, const BIGNUM *bound) {
    return !BN_is_zero(value) && !BN_is_negative(value) && below(value, bound);
}

int swapci_well_formed_bip340_signature(swapc_bytes signature) {
    struct curve c;
    if (signature.len != 64) return 0;
    if (!curve_init(&c)) return -1;
    BIGNUM *r = BN_bin2bn(signature.ptr, 32, NULL);
    BIGNUM *s = BN_bin2bn(signature.ptr + 32, 32, NULL);
    int result = r && s ? below(r, c.p) && in_range(s, EC_GROUP_get0_order(c.group)) : -1;
    BN_free(r);
    BN_free(s);
    curve_fini(&c);
    return result;
}

int swapci_well_formed_bip340_key(swapc_bytes key) {
    struct curve c;
    if (key.len != 32) return 0;
    if (!curve_init(&c)) return -1;
    BIGNUM *x = BN_bin2bn(key.ptr, 32, NULL);
    int result = -1;
    if (x)
        result =
            below(x, c.p) && EC_POINT_set_compressed_coordinates(c.group, c.point, x, 0, NULL) == 1;
    BN_free(x);
    curve_fini(&c);
    return result;
}

/* OpenSSL reads BER too; what it writes is DER. */
static int is_der(const ECDSA_SIG *signature, swapc_bytes bytes) {
    uint8_t *der = NULL;
    int len = i2d_ECDSA_SIG(signature, &der);
    if (len < 0) return -1;
    int result = swapc_bytes_equal(bytes, swapc_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    return result;
}

int swapci_well_formed_ecdsa_signature(swapc_bytes der) {
    struct curve c;
    const uint8_t *at = der.ptr;
    if (!curve_init(&c)) return -1;
    const BIGNUM *n = EC_GROUP_get0_order(c.group);
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
    int result = signature ? is_der(signature, der) : 0;
    if (result == 1)
        result =
            in_range(ECDSA_SIG_get0_r(signature), n) && in_range(ECDSA_SIG_get0_s(signature), n);
    ECDSA_SIG_free(signature);
    curve_fini(&c);
    return result;
}

int swapci_well_formed_ecdsa_key(swapc_bytes key) {
    struct curve c;
    if ((key.len != 33 && key.len != 65) || (key.len == 65 && key.ptr[0] != 4)) return 0;
    if (!curve_init(&c)) return -1;
    int result = EC_POINT_oct2point(c.group, c.point, key.ptr, key.len, NULL) == 1;
    curve_fini(&c);
    return result;
}
