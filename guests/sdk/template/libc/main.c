/* @NAME@ - a waPC module with the C library: a table of operations, each a function from bytes to
 * bytes. This one takes and gives JSON.
 *
 * swapc/guest.h says what a guest can do: answer, fail with a text, call the host, write a line to its
 * console. Besides there is the C library: the heap, snprintf, string.h, strtol, qsort, math.h. What is
 * printed to stdout or stderr goes to the host's log. Files, sockets and threads a guest has not.
 *
 * An instance serves many calls: what malloc gave, free takes back, and no variable outlives a call (the
 * native flavour refuses to build with one).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swapc/guest.h"

/* The JSON reader in sdk/: one header, which splits a text into tokens that point into it. */
#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include "jsmn.h"

/* The tokens of a JSON text, to be freed, and how many there are; NULL when it is no JSON. */
static jsmntok_t *parse(swapc_bytes json, int *count) {
    const char *text = (const char *)json.ptr;
    jsmn_parser parser;
    jsmn_init(&parser);
    *count = json.len > 0 ? jsmn_parse(&parser, text, json.len, NULL, 0) : 0;
    if (*count <= 0) return NULL;
    jsmntok_t *tokens = calloc((size_t)*count, sizeof *tokens);
    if (!tokens) return NULL;
    jsmn_init(&parser);
    *count = jsmn_parse(&parser, text, json.len, tokens, (unsigned)*count);
    if (*count > 0) return tokens;
    free(tokens);
    return NULL;
}

static swapc_bytes text_of(swapc_bytes json, const jsmntok_t *token) {
    return swapc_bytes_of(json.ptr + token->start, (size_t)(token->end - token->start));
}

/* The text of that name in the outermost object, as it stands there (an escape stays one); of ptr NULL
 * when there is none. */
static swapc_bytes text_field(swapc_bytes json, const jsmntok_t *tokens, int count,
                              const char *name) {
    for (int i = 1; i + 1 < count && tokens[0].type == JSMN_OBJECT; i++)
        if (tokens[i].parent == 0 && tokens[i + 1].parent == i &&
            tokens[i + 1].type == JSMN_STRING &&
            swapc_bytes_equal(text_of(json, &tokens[i]), swapc_bytes_str(name)))
            return text_of(json, &tokens[i + 1]);
    return swapc_bytes_of(NULL, 0);
}

static int32_t greet(swapc_guest *g, swapc_bytes name) {
    static const char form[] = "{\"greeting\":\"hello, %.*s\"}";
    size_t size = sizeof form + name.len;
    char *text = malloc(size);
    if (!text) return swapc_guest_fail_text(g, "no memory for the answer");
    int len = snprintf(text, size, form, (int)name.len, (const char *)name.ptr);
    int32_t done = swapc_guest_respond(g, swapc_bytes_of(text, (size_t)len));
    free(text);
    return done;
}

static int32_t answer(swapc_guest *g, swapc_bytes request) {
    int count;
    jsmntok_t *tokens = parse(request, &count);
    swapc_bytes name = text_field(request, tokens, tokens ? count : 0, "name");
    free(tokens);
    return name.ptr ? greet(g, name)
                    : swapc_guest_fail_text(g, "wanted is a JSON object with a text \"name\"");
}

const swapc_guest_operation swapc_guest_operations[] = {{"@NAME@", answer}, {0, 0}};
