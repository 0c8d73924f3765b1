# Guests in other languages, each built here by its own compiler from one file: nothing but waPC and
# the WASI that its runtime asks for; and once more with the language's own waPC library, where there is one.
# A compiler or library that is not there is a skip, by name. Nothing is downloaded: that is for
# ./dev setup --foreign-tests.
load ../helpers

sources=$here/foreign
node_modules=$here/../build/deps/foreign/node_modules
top=$here/..
# shellcheck source=bench/peers/build.sh
. "$top/bench/peers/build.sh"

# answers ENGINE [TEXT]: guest.wasm does in the engine what every one of these guests does. TEXT: what it says to an
# operation that it lacks.
answers() {
    echo "on $1:"
    [[ $(call "$1" echo) == hello ]]
    [[ $(call "$1" host) == hello ]]
    [[ -z $(call "$1" log) ]]
    says log.err 'source=guest .*msg="hello"'
    run --separate-stderr call "$1" fail
    refused 1 "the guest answered with the error: hello"
    run --separate-stderr call "$1" nonesuch
    refused 1 "${2:-no such operation}"
}

# What the language's own library does at run time: "hello" has four different bytes.
runs() {
    [[ $(call "$1" runtime) == 4 ]]
    says runtime.err 'source=guest .*msg="stdout: hello"'
}

# breaks ENGINE STATUS [TEXT]: its own way to give up ends the call, and swapc says how.
breaks() {
    run --separate-stderr call "$1" panic
    refused 1 "$2" "${3:-}"
}

call() {
    local status=0
    "$SWAPC" call guest.wasm "$2" --hex 68656c6c6f --engine "$1" 2>"$2.err" || status=$?
    cat "$2.err" >&2
    return "$status"
}

# The first rustc that has a WebAssembly target with WASI: sets rustc and target.
find_rust() {
    local libs
    for rustc in "${RUSTC:-rustc}" /usr/bin/rustc; do
        for target in wasm32-wasip1 wasm32-wasi; do
            libs=$("$rustc" --print target-libdir --target "$target" 2>/dev/null) || continue
            ! compgen -G "$libs/libstd-*.rlib" >/dev/null || return 0
        done
    done
    skip "no rustc for WebAssembly is here: rustup target add wasm32-wasip1"
}

@test "a guest in Rust" {
    find_rust
    "$rustc" --edition 2021 --target "$target" --crate-type cdylib -O -C strip=debuginfo \
        -o guest.wasm "$sources/rust/guest.rs"
    for engine in wasmtime wasm3; do
        built "$engine"
        answers "$engine"
        runs "$engine"
        breaks "$engine" TRAP "asked to"
    done
}

# The crate needs no WASI; cargo keeps what it built for the next time.
@test "a guest in Rust on the crate wapc-guest" {
    local cargo rustc build_std target=wasm32-unknown-unknown crate=$sources/rust/wapc_guest
    if ! command -v cargo >/dev/null || ! peers_wasm_cargo; then
        skip "no Rust here builds for $target: rustup target add $target; Debian: cargo-web rust-web-src"
    fi
    export RUSTC=$rustc RUSTC_BOOTSTRAP=${build_std:+1} CARGO_NET_OFFLINE=true
    export CARGO_TARGET_DIR=$(dirname "$program")/../foreign
    [[ ${#build_std[@]} == 0 ]] || CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$(command -v wasm-ld-22 || command -v wasm-ld)
    export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER
    (cd "$crate" && "$cargo" build -q --release --locked "${build_std[@]}" --target "$target") 2>cargo.log || {
        cat cargo.log >&2
        ! grep -qe --offline cargo.log || skip "the crate wapc-guest is not here: ./dev setup --foreign-tests"
        return 1
    }
    cp "$CARGO_TARGET_DIR/$target/release/wapc_guest_test.wasm" guest.wasm
    for engine in wasmtime wasm3; do
        built "$engine"
        answers "$engine" "No handler registered for function nonesuch"
        runs "$engine"
        breaks "$engine" TRAP
    done
}

# bundle_answers NAME: a project as `swapc module new` writes it, built.
bundle_answers() {
    run -0 "$SWAPC" module check "./$1/build/$1"
    says "$output" "ok +wasmtime plain .* 3 self-test vectors"
    for engine in wasmtime wasm3; do
        built "$engine"
        [[ $("$SWAPC" call "./$1/build/$1" "$1" --text world --engine "$engine") == "hello, world" ]]
    done
}

@test "a guest in Rust by module new" {
    local cargo rustc build_std
    if ! command -v cargo >/dev/null || ! peers_wasm_cargo; then
        skip "no Rust here builds for wasm32-unknown-unknown: rustup target add wasm32-unknown-unknown; Debian: cargo-web rust-web-src"
    fi
    "$SWAPC" module new greet-2 --lang rust
    export CARGO_NET_OFFLINE=true CARGO_TARGET_DIR=$(dirname "$program")/../foreign
    sh greet-2/build.sh -q 2>cargo.log || {
        cat cargo.log >&2
        ! grep -qe --offline cargo.log || skip "the crate wapc-guest is not here: ./dev setup --foreign-tests"
        return 1
    }
    bundle_answers greet-2
    sed -i 's|    let name = std|    assert!(name.len() < 9, "too long");\n&|' greet-2/src/lib.rs
    sh greet-2/build.sh -q
    run --separate-stderr "$SWAPC" call ./greet-2/build/greet-2 greet-2 --text "nine bytes"
    refused 1 'TRAP' 'core::panicking::panic_fmt < .*< __guest_call'
    (cd greet-2 && CARGO_TARGET_DIR=$work/target cargo test -q) >test.log 2>&1 || {
        cat test.log >&2
        return 1
    }
    says test.log "1 passed"
}

@test "a guest in AssemblyScript by module new" {
    find_asc
    [[ ${asc[1]} == "$node_modules"/* ]] || skip "@wapc/as-guest is not here: ./dev setup --foreign-tests"
    "$SWAPC" module new greet-2 --lang as
    ln -s "$node_modules" greet-2/node_modules
    sh greet-2/build.sh
    bundle_answers greet-2
    sed -i 's|^  const name = .*|&\n  if (name.length > 8) throw new Error("too long");|' greet-2/guest.ts
    sh greet-2/build.sh
    run --separate-stderr "$SWAPC" call ./greet-2/build/greet-2 greet-2 --text "nine bytes"
    refused 1 'TRAP' 'in guest/answer < .*handleCall < __guest_call' 'its error before that: "too long; guest.ts'
}

# prices: the tutorial's module of examples/, under the contract of its callers.
prices() {
    printf 'name = "prices"\noperations = ["price"]\n[[self_test]]\noperation = "price"\n%s\n%s\n[[self_test]]\n%s\n' \
        "request_text = '{\"unit_cents\": 990, \"quantity\": 1}'" "response_text = '{\"total_cents\":990}'" \
        $'operation = "price"\nrequest_text = "[]"\nerror = true' >contract.toml
    run -0 "$SWAPC" module check ./price/build/price --contract ./contract.toml
    says "$output" "ok +wasmtime plain .* 4 self-test vectors, answers contract prices"
    says "$output" "ok +wasm3 mvp .* 4 self-test vectors, answers contract prices"
}

@test "a guest in Rust of the examples" {
    local cargo rustc build_std
    built wasm3
    if ! command -v cargo >/dev/null || ! peers_wasm_cargo; then
        skip "no Rust here builds for wasm32-unknown-unknown: rustup target add wasm32-unknown-unknown; Debian: cargo-web rust-web-src"
    fi
    "$SWAPC" module new price --lang rust
    cp -r "$top/examples/price_rust/." price/
    export CARGO_NET_OFFLINE=true CARGO_TARGET_DIR=$(dirname "$program")/../foreign
    sh price/build.sh -q --locked 2>cargo.log || {
        cat cargo.log >&2
        ! grep -qe --offline cargo.log || skip "the crates of examples/price_rust are not here: ./dev setup --foreign-tests"
        return 1
    }
    prices
}

@test "a guest in AssemblyScript of the examples" {
    built wasm3
    find_asc
    [[ ${asc[1]} == "$node_modules"/* ]] || skip "@wapc/as-guest is not here: ./dev setup --foreign-tests"
    "$SWAPC" module new price --lang as
    cp "$top"/examples/price_as/* price/
    ln -s "$node_modules" price/node_modules
    sh price/build.sh
    prices
}

@test "a guest in Go" {
    command -v go >/dev/null || skip "go is not here: 1.24 or newer is needed"
    go version | grep -qE 'go1\.(2[4-9]|[3-9][0-9])' || skip "go is too old: 1.24 or newer is needed"
    (cd "$sources/go" && GOOS=wasip1 GOARCH=wasm GOTOOLCHAIN=local GOPROXY=off GOFLAGS= \
        go build -trimpath -buildmode=c-shared -ldflags='-s -w' -o "$work/guest.wasm" .)
    for engine in wasmtime wasm3; do
        built "$engine"
        answers "$engine"
        runs "$engine"
        breaks "$engine" TRAP 'msg="panic: asked to"'
    done
}

@test "a guest in Zig" {
    zig=(zig)
    command -v zig >/dev/null || zig=(python3 -m ziglang)
    "${zig[@]}" version >/dev/null 2>&1 || skip "zig is not here: pip install ziglang"
    "${zig[@]}" build-exe -target wasm32-wasi -mcpu=mvp -mexec-model=reactor -fno-entry \
        --export=__guest_call -O ReleaseSafe -fstrip --cache-dir cache --global-cache-dir cache \
        -femit-bin=guest.wasm "$sources/zig/guest.zig"
    for engine in wasmtime wasm3; do
        built "$engine"
        answers "$engine"
        runs "$engine"
        breaks "$engine" TRAP "asked to"
    done
}

# Sets asc: of ./dev setup --foreign-tests, else the user's own.
find_asc() {
    asc=(node "$node_modules/assemblyscript/bin/asc.js")
    [[ -f ${asc[1]} ]] || asc=(asc)
    "${asc[@]}" --version >/dev/null 2>&1 || skip "asc is not here: ./dev setup --foreign-tests"
}

@test "a guest in AssemblyScript" {
    find_asc
    "${asc[@]}" "$sources/assemblyscript/guest.ts" --outFile guest.wasm -O
    for engine in wasmtime wasm3; do
        built "$engine"
        answers "$engine"
        runs "$engine"
        breaks "$engine" TRAP "called abort: asked to"
    done
}

@test "a guest in AssemblyScript on @wapc/as-guest" {
    find_asc
    [[ -d $node_modules/@wapc/as-guest ]] || skip "@wapc/as-guest is not here: ./dev setup --foreign-tests"
    cp "$sources/assemblyscript/as_guest.ts" .
    "${asc[@]}" as_guest.ts --path "$node_modules" --outFile guest.wasm -O --use abort=as_guest/abort
    for engine in wasmtime wasm3; do
        built "$engine"
        answers "$engine" 'Could not find function "nonesuch"'
        runs "$engine"
        breaks "$engine" TRAP 'its error before that: "asked to; as_guest\.ts'
    done
}

emscripten_answers() {
    for engine in wasmtime wasm3; do
        built "$engine"
        answers "$engine"
        runs "$engine"
        breaks "$engine" TRAP 'its error before that: "asked to"'
    done
}

@test "a guest in C by emscripten standalone" {
    command -v emcc >/dev/null || skip "emcc is not here: emscripten, or Debian's package of that name"
    emcc "$sources/emscripten/guest.c" -O2 -o guest.wasm --no-entry -sSTANDALONE_WASM \
        -sALLOW_MEMORY_GROWTH -sERROR_ON_UNDEFINED_SYMBOLS=0 -sEXPORTED_FUNCTIONS=___guest_call
    emscripten_answers
}

# The same source, which then tells of its memory as emscripten's own libc does.
@test "a guest in C that tells of its memory as emscripten does" {
    local clang
    clang=$(compgen -c clang- | grep -xE 'clang-2[0-9]' | sort -V | tail -n 1)
    [[ -n $clang && -d /usr/include/wasm32-wasi ]] || skip "clang 20 or later and wasi-libc are not here: ./dev setup"
    "$clang" --target=wasm32-wasi -mexec-model=reactor -O2 -Wno-deprecated -Wl,--strip-all \
        -Wl,--export=__guest_call -o guest.wasm "$sources/emscripten/guest.c"
    grep -q emscripten_notify_memory_growth guest.wasm
    emscripten_answers
}
