#include "redis_refusal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "redis_impl.h"

/* What it says of an argument with more bytes than its proto-max-bulk-len, before it hangs up. */
#define TOO_LONG "ERR Protocol error: invalid bulk length"

/* By the beginning of the error; a longer one stands before a shorter one that begins alike. Scripts of
 * Redis 6 and 7 say what an ACL denies without NOPERM. */
static const struct {
    const char *code;
    enum swapci_redis_refusal class;
    const char *remedy;
} table[] = {
#define GONE SWAPCI_REDIS_GONE
#define LATER SWAPCI_REDIS_LATER
#define MISSING SWAPCI_REDIS_MISSING
#define NEVER SWAPCI_REDIS_NEVER
    {"LOADING", GONE, "it is still loading its data: try again in a while"},
    {"READONLY", GONE, "it is a read-only replica: give the URL of the primary"},
    {"MASTERDOWN", GONE, "it is a replica that has lost its primary: give the URL of the primary"},
    {"UNBLOCKED", GONE, "the server's role or the stream changed meanwhile: try again"},

    {TOO_LONG, GONE, "it takes nothing of that size: raise its proto-max-bulk-len"},

    {"OOM", LATER, "it is at its maxmemory: raise that, or trim the verdicts with --keep"},
    {"MISCONF", LATER, "it cannot write to its disk: free space there, see its log"},
    {"NOREPLICAS", LATER, "it has too few replicas for its min-replicas-to-write: start them"},
    {"BUSY", LATER, "it is busy with a script: try again, or SCRIPT KILL there"},
    {"TRYAGAIN", LATER, "the cluster moves these keys just now: try again in a while"},
    {"ASK", LATER, "the cluster moves these keys just now: try again in a while"},
    {"CLUSTERDOWN", LATER, "its cluster is down: see its log"},
    {"ERR max number of clients", LATER, "it has no room for a client: raise its maxclients"},

    {"NOGROUP", MISSING, "stream or group was deleted meanwhile: they are made again"},
    {"ERR no such key", MISSING, "the stream was deleted meanwhile: it is made again"},
    {"ERR The XGROUP subcommand requires the key", MISSING,
     "the stream was deleted meanwhile: it is made again"},

    {"NOAUTH", NEVER, "it asks for a password: put it into the URL, redis://:password@host:port"},
    {"WRONGPASS", NEVER, "user or password is wrong: check those in the URL"},
    {"ERR Client sent AUTH", NEVER, "it has no password: leave that out of the URL"},
    {"ERR AUTH <password> called without", NEVER, "it has no password: leave that out of the URL"},
    {"DENIED", NEVER, "it takes strangers from its own host only: give it a password or bind it"},
    {"NOPERM", NEVER, ""},
    {"ERR The user executing the script", NEVER, ""},
    {"The user executing the script", NEVER, ""},
    {"ERR ACL failure in script", NEVER, ""},
    {"WRONGTYPE", NEVER,
     "a key of that name holds something else: delete it, or choose another name (--stream, --in, "
     "--out)"},
    {"ERR The stream has exhausted", NEVER,
     "no id is left in that stream: RENAME it, or choose another name (--stream, --in, --out)"},
    {"ERR The ID specified in XADD", NEVER,
     "no id is left in that stream: RENAME it, or choose another name (--stream, --in, --out)"},
    {"ERR The last done id", NEVER,
     "somebody wrote field done of the hash IN:GROUP: HSET it to the id of the last entry that has "
     "an "
     "output, or HDEL it where none has"},
    {"ERR unknown command", NEVER, "it is too old or no Redis: version 6.2 or newer is needed"},
    {"ERR Invalid command passed", NEVER,
     "a command that is needed was renamed or switched off there"},
    {"ERR DB index", NEVER, "it has no such database: change the number in the URL"},
    {"MOVED", NEVER,
     "it is one of several nodes of a Redis Cluster, and MOVED is not followed: give names with "
     "one "
     "hash tag, as --stream {swapc}, and the URL of the node in brackets; --partitions needs "
     "servers "
     "that are no cluster, or one of a single node"},
    {"CROSSSLOT", NEVER,
     "it is one of a Redis Cluster: all names need one hash tag, as --stream {swapc}, or --in "
     "{orders} --out {orders}:priced"},
#undef GONE
#undef LATER
#undef MISSING
#undef NEVER
};

enum { ROWS = sizeof table / sizeof *table, KEYS_SHOWN_MAX = 200 };

/* Without what Redis 6 puts before an error inside a script, "@user_script: 37: ", and the sign of an error, which
 * may follow it. */
static swapc_bytes bare(swapc_bytes text) {
    size_t at = 0, colons = 0;
    if (text.len == 0 || text.ptr[0] != '@') return text;
    while (at < text.len && colons < 2) colons += text.ptr[at++] == ':';
    while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '-')) at++;
    return colons == 2 && at < text.len ? swapc_bytes_of(text.ptr + at, text.len - at) : text;
}

/* Whether text begins with code, as a word where code is one. */
static bool begins_with(swapc_bytes text, const char *code) {
    size_t len = strlen(code);
    return text.len >= len && memcmp(text.ptr, code, len) == 0 &&
           (text.len == len || !isalnum(text.ptr[len]));
}

static size_t row_of(swapc_bytes text) {
    size_t row = 0;
    while (row < ROWS && !begins_with(text, table[row].code)) row++;
    return row;
}

enum swapci_redis_refusal swapci_redis_refusal_of(swapc_bytes text) {
    size_t row = row_of(bare(text));
    return row < ROWS ? table[row].class : SWAPCI_REDIS_NEVER;
}

bool swapci_redis_is_outsized(const swapci_redis *redis) {
    return redis->outsized;
}

const char *swapci_redis_last_code(const swapci_redis *redis) {
    return redis->code;
}

enum swapci_redis_refusal swapci_redis_last_refusal(const swapci_redis *redis) {
    return redis->refusal;
}

bool swapci_redis_is_error(const redisReply *reply, const char *code) {
    return reply->type == REDIS_REPLY_ERROR &&
           begins_with(swapc_bytes_of(reply->str, reply->len), code);
}

/* ---- what an ACL denies ---------------------------------------------------------------------------- */

static bool contains(swapc_bytes text, const char *word) {
    return memmem(text.ptr, text.len, word, strlen(word)) != NULL;
}

/* What stands behind a word of the text; no bytes: it has no such word. */
static swapc_bytes behind(swapc_bytes text, const char *word) {
    size_t len = strlen(word);
    const uint8_t *at = text.len > 0 ? memmem(text.ptr, text.len, word, len) : NULL;
    return at ? swapc_bytes_of(at + len, text.len - (size_t)(at - text.ptr) - len)
              : swapc_bytes_of(NULL, 0);
}

static swapc_bytes until(swapc_bytes text, char end) {
    const uint8_t *at = text.len > 0 ? memchr(text.ptr, end, text.len) : NULL;
    return at ? swapc_bytes_of(text.ptr, (size_t)(at - text.ptr)) : text;
}

/* Appends the keys of a list as they are written in a rule. */
static void list_keys(swapci_buffer *out, swapc_bytes list) {
    swapc_bytes key;
    while (swapci_redis_keys_next(&list, &key) && out->len + key.len < KEYS_SHOWN_MAX)
        (void)swapci_buffer_printf(out, " ~%.*s", (int)key.len, (const char *)key.ptr);
}

/* Asks which keys of a list are denied, one by one, for which no other right is needed than scripts have anyway. Out: their
 * list as above; empty: it could not be told. Without an answer the connection is of no use any more. */
static void ask_for_keys(swapci_redis *redis, swapc_bytes keys, swapci_buffer *out) {
    swapc_bytes rest = keys, key;
    enum swapc_status status = SWAPC_OK;
    while (status == SWAPC_OK && swapci_redis_keys_next(&rest, &key))
        status = swapci_redis_appendf(redis, NULL, "EVAL %s 1 %b", "return 0", key.ptr, key.len);
    for (rest = keys; status == SWAPC_OK && redis->owed > 0;) {
        redisReply *reply = NULL;
        swapc_bytes from = rest;
        status = swapci_redis_get_any(redis, &reply, NULL);
        if (status != SWAPC_OK || !swapci_redis_keys_next(&rest, &key)) break;
        if (swapci_redis_is_error(reply, "NOPERM") && !memchr(reply->str, '\'', reply->len))
            list_keys(out, swapc_bytes_of(from.ptr, (size_t)(rest.ptr - from.ptr)));
        freeReplyObject(reply);
    }
    if (status != SWAPC_OK) swapci_redis_drop(redis);
}

/* A server does not say which of its keys it denies a command: of several it is asked, unless answers are owed. */
static void denied_keys(swapci_redis *redis, swapci_buffer *out) {
    swapc_bytes keys = swapci_redis_keys_of_last(&redis->keys), rest = keys, key;
    bool several = swapci_redis_keys_next(&rest, &key) && rest.len > 0;
    swapci_buffer copy = SWAPCI_BUFFER_INIT; /* asking is sending */
    if (several && redis->owed == 0 && redis->context &&
        swapci_buffer_append(&copy, keys) == SWAPC_OK) {
        ask_for_keys(redis, swapci_buffer_bytes(&copy), out);
        keys = swapci_buffer_bytes(&copy);
    }
    if (out->len == 0) list_keys(out, keys);
    swapci_buffer_fini(&copy);
}

/* The command, which is named in quotes where no script names it, and the key where the text or we know it; without a
 * command it is one of its keys that is denied. */
static void permission_remedy(swapci_redis *redis, swapc_bytes text, swapc_bytes command, char *out,
                              size_t size) {
    const char *user = redis->url.user[0] ? redis->url.user : "default";
    const swapc_bytes all = swapci_redis_keys_of_last(&redis->keys);
    swapci_buffer keys = SWAPCI_BUFFER_INIT;
    swapc_bytes key = behind(behind(text, "may not run "), " on ");
    bool of_script = command.len > 0;
    if (key.len == 0) key = behind(command, " on ");
    command = of_script ? until(command, ' ') : until(behind(text, "'"), '\'');
    if (key.len > 0)
        (void)swapci_buffer_printf(&keys, " ~%.*s", (int)key.len, (const char *)key.ptr);
    else if (command.len == 0) denied_keys(redis, &keys);
    else if (!of_script || contains(text, "key")) list_keys(&keys, all);
    if (command.len == 0 && keys.len == 0) (void)swapci_buffer_printf(&keys, " ~PREFIX:*");
    int written = snprintf(out, size, "this user may not %s: allow it with ACL SETUSER %.64s ",
                           command.len > 0 ? "do that" : "touch that key", user);
    char *rule = out + written;
    snprintf(rule, size - (size_t)written, "%s%.*s%.*s", command.len > 0 ? "+" : "",
             (int)command.len, (const char *)command.ptr, (int)keys.len,
             keys.len > 0 ? (const char *)keys.ptr : "");
    if (command.len == 0) memmove(rule, rule + 1, strlen(rule)); /* the space before the first */
    for (; *rule && *rule != ' ' && *rule != '~'; rule++)
        *rule = (char)tolower((unsigned char)*rule);
    swapci_buffer_fini(&keys);
}

static void remember(swapci_redis *redis, swapc_bytes text) {
    size_t len = 0;
    while (len < text.len && text.ptr[len] != ' ' && len < sizeof redis->code - 1) len++;
    redis->refusal = swapci_redis_refusal_of(text);
    redis->outsized |= begins_with(text, TOO_LONG);
    memcpy(redis->code, text.ptr, len);
    redis->code[len] = 0;
}

/* A server's text may fill a log line (MISCONF's is 380 bytes), and the remedy comes behind it. */
enum { QUOTE_MAX = 160 };

enum swapc_status swapci_redis_refused(swapci_redis *redis, swapc_bytes text, const char *what,
                                       swapc_bytes command, swapc_error *error) {
    char permission[384];
    text = bare(text);
    size_t row = row_of(text);
    const char *remedy = row < ROWS ? table[row].remedy : "see the server's log";
    if (text.len == 0) text = swapc_bytes_str("no reason");
    if (!remedy[0]) {
        permission_remedy(redis, text, command, permission, sizeof permission);
        remedy = permission;
    }
    remember(redis, text);
    int quoted = text.len > QUOTE_MAX ? QUOTE_MAX : (int)text.len;
    return swapc_error_set(
        error, SWAPC_PROTOCOL, "Redis at %s refused %.*s%s%s (%.*s%s): %s", redis->url.shown,
        (int)command.len, command.len ? (const char *)command.ptr : "", command.len ? " " : "",
        what, quoted, (const char *)text.ptr, text.len > QUOTE_MAX ? "..." : "", remedy);
}

enum swapc_status swapci_redis_check(swapci_redis *redis, const redisReply *reply, const char *what,
                                     swapc_error *error) {
    if (reply->type != REDIS_REPLY_ERROR) return SWAPC_OK;
    return swapci_redis_refused(redis, swapc_bytes_of(reply->str, reply->len), what,
                                swapc_bytes_of(NULL, 0), error);
}

enum swapc_status swapci_redis_check_script(swapci_redis *redis, const redisReply *reply,
                                            const char *what, swapc_error *error) {
    bool refused = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
                   reply->element[0]->type == REDIS_REPLY_STRING &&
                   reply->element[1]->type == REDIS_REPLY_STRING;
    return refused
               ? swapci_redis_refused(
                     redis, swapc_bytes_of(reply->element[1]->str, reply->element[1]->len), what,
                     swapc_bytes_of(reply->element[0]->str, reply->element[0]->len), error)
               : swapci_redis_check(redis, reply, what, error);
}

enum swapc_status swapci_redis_refused_tls(swapci_redis *redis, const char *why,
                                           swapc_error *error) {
    redis->refusal = SWAPCI_REDIS_NEVER;
    strcpy(redis->code, "TLS");
    return swapc_error_set(error, SWAPC_PROTOCOL, "Redis at %s: %s", redis->url.shown, why);
}
