/* wat2wasm IN OUT: wasm text to binary, by wasmtime. It parses and does not validate, which is what
 * the suite wants: some of its guests are wrong on purpose. */
#include <stdio.h>
#include <stdlib.h>

#include <wasmtime.h>

static char *read_text(const char *path, size_t *len) {
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    char *text = NULL;
    if (fseek(f, 0, SEEK_END) == 0 && ftell(f) >= 0) {
        *len = (size_t)ftell(f);
        rewind(f);
        text = malloc(*len + 1);
        if (text && fread(text, 1, *len, f) != *len) {
            free(text);
            text = NULL;
        }
    }
    fclose(f);
    return text;
}

static int write_bytes(const char *path, const wasm_byte_vec_t *bytes) {
    FILE *f = fopen(path, "wb");
    if (!f) return 0;
    size_t written = fwrite(bytes->data, 1, bytes->size, f);
    return fclose(f) == 0 && written == bytes->size;
}

static int fail(const char *path, const wasmtime_error_t *error) {
    wasm_name_t message;
    if (error) {
        wasmtime_error_message(error, &message);
        fprintf(stderr, "wat2wasm: %s: %.*s\n", path, (int)message.size, message.data);
    } else {
        fprintf(stderr, "wat2wasm: %s cannot be read or written\n", path);
    }
    return 1;
}

int main(int argc, char **argv) {
    size_t len = 0;
    wasm_byte_vec_t wasm;
    if (argc != 3) {
        fprintf(stderr, "usage: wat2wasm IN OUT\n");
        return 2;
    }
    char *text = read_text(argv[1], &len);
    if (!text) return fail(argv[1], NULL);
    wasmtime_error_t *error = wasmtime_wat2wasm(text, len, &wasm);
    free(text);
    if (error) return fail(argv[1], error);
    int written = write_bytes(argv[2], &wasm);
    wasm_byte_vec_delete(&wasm);
    return written ? 0 : fail(argv[2], NULL);
}
