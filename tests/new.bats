# swapc module new: each kind of module is generated, built as its README says, and answers on every engine that
# it is for. (Those in other languages: foreign/foreign.bats.)
load helpers

# builds FOLDER [OPTION…]: as WebAssembly.
builds() {
    command -v cmake >/dev/null || skip "cmake is not here"
    (cd "$1" && cmake -B build -DCMAKE_TOOLCHAIN_FILE=wasm.cmake -DSWAPC="$SWAPC" "${@:2}" &&
        cmake --build build) >build.log 2>&1 || {
        grep -o 'has no C library for WebAssembly' build.log && skip "clang has no C library for WebAssembly: wasi-libc"
        cat build.log >&2
        return 1
    }
}

@test "a new guest with the C library reads and writes JSON" {
    "$SWAPC" module new greet --libc
    builds greet
    for engine in wasmtime wasm3; do
        built "$engine"
        [[ $("$SWAPC" call ./greet/build/greet greet --text '{"name": "world"}' --engine $engine) == '{"greeting":"hello, world"}' ]]
        # More than fits into the memory it starts with, in one answer and in many.
        python3 -c 'print("{\"name\": \"%s\"}" % ("x" * 3000000))' >large
        [[ $("$SWAPC" call ./greet/build/greet greet --input large --engine $engine | wc -c) == 3000022 ]]
    done
    run -0 "$SWAPC" module check ./greet/build/greet
    says "$output" "ok +wasm3 mvp .* 5 self-test vectors"
    # What malloc gave is given back: hundreds of megabytes in all, in 64 MiB.
    "$SWAPC" call ./greet/build/greet greet --input large --repeat 60 --memory-max 67108864 >answers
    run -0 ctest --test-dir greet/build
    says "$output" "100% tests passed, 0 tests failed out of 1"
}

@test "a new guest with the C library prints to the host's log and has no files" {
    "$SWAPC" module new greet --libc
    sed -i 's|^    int count;|    FILE *file = fopen("/etc/passwd", "r");\n    printf("a file: %s, log2 8 is %.1f\\n", file ? "yes" : "no", log2((double)request.len));\n&|; s|^#include <stdio.h>|#include <math.h>\n&|' greet/main.c
    builds greet
    run -0 --separate-stderr "$SWAPC" call ./greet/build/greet greet --text '{"name":"a"} '
    says "$stderr" "a file: no, log2 8 is 3.[0-9]"
}

@test "a new guest with the C library is tested as native code" {
    command -v cmake >/dev/null || skip "cmake is not here"
    built native
    "$SWAPC" module new greet --libc
    (cd greet && cmake -B native -DSWAPC="$SWAPC" && cmake --build native) >build.log 2>&1
    run -0 ctest --test-dir greet/native
    says "$output" "100% tests passed, 0 tests failed out of 1"
}

@test "a compiler without a C library for WebAssembly is told from one that has it" {
    command -v cmake >/dev/null || skip "cmake is not here"
    "$SWAPC" module new greet --libc
    printf '#!/bin/sh\ncase "$*" in --version) echo clang version 22 ;; *wasip1*|*wasm32-wasi*) exit 1 ;; esac\n' >compiler
    chmod +x compiler
    run cmake -S greet -B b -DCMAKE_TOOLCHAIN_FILE="$work/greet/wasm.cmake" -DGUEST_CLANG="$work/compiler"
    [[ $status != 0 ]]
    for what in "has no C library for WebAssembly" "apt-get install wasi-libc" "wasi-sdk" "GUEST_CLANG="; do
        says "$(tr '\n' ' ' <<<"$output" | tr -s ' ')" "$what"
    done
}

@test "a guest without its JSON reader is told where that comes from" {
    command -v cmake >/dev/null || skip "cmake is not here"
    "$SWAPC" module new greet --libc
    [[ -f greet/sdk/jsmn.h ]] || skip "jsmn.h was not here when swapc was built"
    grep -q "MIT License" greet/sdk/jsmn.h
    rm greet/sdk/jsmn.h
    sed -i 's|/usr/include NO_DEFAULT_PATH|/nonexistent NO_DEFAULT_PATH|' greet/CMakeLists.txt
    run cmake -S greet -B greet/native
    [[ $status != 0 ]]
    says "$output" "jsmn.h is not here"
    says "$output" "libjsmn-dev"
}

@test "what to type next fits the machine" {
    local tool
    mkdir path
    for tool in sh env cat; do ln -s "$(command -v $tool)" path/; done
    printf '#!/bin/sh\n' >path/ninja
    chmod +x path/ninja
    run -0 env PATH="$work/path" "$program" module new one
    says "$output" "cmake -B build -G Ninja -DCMAKE_TOOLCHAIN_FILE"
    says "$output" "cmake -B native -G Ninja &&"
    run -0 env PATH="$work/path" CMAKE_GENERATOR=Ninja "$program" module new two
    not grep -q -- '-G Ninja' <<<"$output"
    cp path/ninja path/make
    run -0 env PATH="$work/path" "$program" module new three
    not grep -q -- '-G Ninja' <<<"$output"
    rm path/ninja path/make
    run -0 env PATH="$work/path" "$program" module new four
    not grep -q -- '-G Ninja' <<<"$output"
}

@test "no mark of a template is left over, whichever kind it is" {
    local kind
    for kind in '' --libc '--lang rust' '--lang as' '--lang c'; do
        # shellcheck disable=SC2086 # several words
        "$SWAPC" module new -- greet-2 made >/dev/null 2>&1 || true
        rm -rf made
        # shellcheck disable=SC2086
        "$SWAPC" module new $kind greet-2 made >said
        not grep -rE '@[A-Z]+@' made said
        grep -rq 'greet-2' made
        [[ ! -e made/next.txt ]]
        grep -q 'name = "greet-2"' made/module.toml
    done
    run --separate-stderr "$SWAPC" module new greet --lang rust --libc
    refused 2 "--libc is for --lang c" "rust"
    run --separate-stderr "$SWAPC" module new greet --lang go
    refused 2 "rust"
}

@test "a project in another language says what is missing to build it" {
    local tool
    mkdir path
    for tool in sh dirname mkdir cp find grep; do ln -s "$(command -v $tool)" path/; done
    "$SWAPC" module new r --lang rust
    sed -i 's|/usr/bin/cargo|/nonexistent/cargo|; s|" /usr/bin; do|" /nonexistent; do|' r/build.sh
    run --separate-stderr env PATH="$work/path" sh r/build.sh
    refused 1 "no Rust here builds for wasm32-unknown-unknown" "rustup target add" "apt-get install"
    "$SWAPC" module new a --lang as
    run --separate-stderr env PATH="$work/path" sh a/build.sh
    refused 1 "there is no node" "apt-get install nodejs npm"
    printf '#!/bin/sh\n' >path/node
    chmod +x path/node
    run --separate-stderr env PATH="$work/path" sh a/build.sh
    refused 1 "assemblyscript and @wapc/as-guest are not here yet" "npm ci"
    # The pins of the project are those of its lock.
    python3 - <<'PY'
import json
package, lock = json.load(open("a/package.json")), json.load(open("a/package-lock.json"))
assert package["dependencies"] == lock["packages"][""]["dependencies"]
PY
    local crate
    crate=$(sed -n 's/^wapc-guest = "=\(.*\)"$/\1/p' r/Cargo.toml)
    grep -A1 'name = "wapc-guest"' r/Cargo.lock | grep -q "version = \"$crate\""
}
