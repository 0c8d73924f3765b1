#include "manifest_values.h"

#include <string.h>
#include <time.h>

#include "toml.h"

enum { DIGITS_MAX = 18 };

/* Whatever the locale says. */
static bool letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool swapci_module_name_valid(const char *text) {
    size_t len = 0;
    for (; text[len]; len++)
        if (!letter_or_digit(text[len]) && (len == 0 || !strchr("._-", text[len]))) return false;
    return len > 0 && len < SWAPCI_NAME_MAX;
}

/* ---- versions -------------------------------------------------------------------------------- */

/* The length of an identifier: what stands before a dot or the end of its part. */
static size_t identifier(const char *at, const char *stops) {
    return strcspn(at, stops);
}

static bool digits(const char *at, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (at[i] < '0' || at[i] > '9') return false;
    return len > 0;
}

static bool number(const char *at, size_t len) {
    return digits(at, len) && len <= DIGITS_MAX && (len == 1 || at[0] != '0');
}

static bool word(const char *at, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (!letter_or_digit(at[i]) && at[i] != '-') return false;
    return len > 0;
}

/* Takes identifiers with dots between them; numbers in a pre-release have no leading zeros. */
static bool take_identifiers(const char **at, const char *stops, bool build) {
    for (;;) {
        size_t len = identifier(*at, stops);
        if (!word(*at, len) || (!build && digits(*at, len) && !number(*at, len))) return false;
        *at += len;
        if (**at != '.') return true;
        (*at)++;
    }
}

static bool take_core(const char **at) {
    for (int i = 0; i < 3; i++) {
        size_t len = strspn(*at, "0123456789");
        if (!number(*at, len)) return false;
        *at += len;
        if (i < 2 && *(*at)++ != '.') return false;
    }
    return true;
}

bool swapci_version_valid(const char *text) {
    if (!take_core(&text)) return false;
    if (*text == '-') {
        text++;
        if (!take_identifiers(&text, ".+", false)) return false;
    }
    if (*text == '+') {
        text++;
        if (!take_identifiers(&text, ".", true)) return false;
    }
    return *text == '\0';
}

static int sign(int value) {
    return (value > 0) - (value < 0);
}

/* Numbers by value (without leading zeros the longer one is larger), words by their bytes, a number
 * before any word. */
static int compare_identifiers(const char *a, size_t a_len, const char *b, size_t b_len) {
    bool a_number = digits(a, a_len), b_number = digits(b, b_len);
    if (a_number != b_number) return a_number ? -1 : 1;
    if (a_number && a_len != b_len) return a_len < b_len ? -1 : 1;
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? sign(order) : (a_len > b_len) - (a_len < b_len);
}

/* Both stand at the first identifier of a part; the part with more of them is larger. */
static int compare_parts(const char **a, const char **b, const char *stops) {
    for (;;) {
        size_t a_len = identifier(*a, stops), b_len = identifier(*b, stops);
        int order = compare_identifiers(*a, a_len, *b, b_len);
        *a += a_len;
        *b += b_len;
        if (order || **a != '.' || **b != '.') return order ? order : (**a == '.') - (**b == '.');
        (*a)++;
        (*b)++;
    }
}

int swapci_version_compare(const char *a, const char *b) {
    int order = compare_parts(&a, &b, ".-+");
    if (order) return order;
    /* A pre-release precedes its release. */
    if (*a != '-' || *b != '-') return (*b == '-') - (*a == '-');
    a++;
    b++;
    return compare_parts(&a, &b, ".+"); /* a pre-release may hold dashes */
}

/* ---- times ----------------------------------------------------------------------------------- */

/* Whether text is pattern with a digit for each 0. strptime alone takes blanks, signs and single
 * digits. */
static bool has_shape(const char *text, const char *pattern) {
    for (; *pattern; text++, pattern++)
        if (*pattern == '0' ? !digits(text, 1) : *text != *pattern) return false;
    return *text == '\0';
}

bool swapci_expiry_parse(const char *text, int64_t *seconds) {
    struct tm tm = {0};
    const bool whole_day = has_shape(text, "0000-00-00");
    if (!whole_day && !has_shape(text, "0000-00-00T00:00:00Z")) return false;
    if (!strptime(text, whole_day ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%SZ", &tm)) return false;
    struct tm again = tm;
    *seconds = timegm(&again);
    return again.tm_mday == tm.tm_mday && again.tm_mon == tm.tm_mon && /* no 30th of February */
           again.tm_sec == tm.tm_sec;                                  /* and no 61st second */
}
