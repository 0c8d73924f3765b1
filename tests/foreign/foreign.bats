# Guests in other languages, each built here by its own compiler from one file: nothing but waPC and
# the WASI that its runtime asks for. A compiler that is not there is a skip, by name. Nothing is
# downloaded.
load ../helpers

sources=$here/foreign

# answers ENGINE: guest.wasm does in the engine what every one of these guests does.
answers() {
    echo "on $1:"
    [[ $(call "$1" echo) == hello ]]
    [[ $(call "$1" host) == hello ]]
    [[ -z $(call "$1" log) ]]
    says log.err 'source=guest .*msg="hello"'
    run --separate-stderr call "$1" fail
    refused 1 "the guest answered with the error: hello"
    run --separate-stderr call "$1" nonesuch
    refused 1 "no such operation"
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

@test "a guest in AssemblyScript" {
    command -v asc >/dev/null || skip "asc is not here: npm install -g assemblyscript"
    asc "$sources/assemblyscript/guest.ts" --outFile guest.wasm -O
    for engine in wasmtime wasm3; do
        built "$engine"
        answers "$engine"
        runs "$engine"
        breaks "$engine" TRAP "called abort: asked to"
    done
}
