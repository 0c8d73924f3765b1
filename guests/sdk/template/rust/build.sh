#!/bin/sh
# Builds the bundle build/@NAME@ from Rust: module.wasm and module.toml. Options go to cargo.
#
# Needed is a Rust with the standard library for WebAssembly. The first of these that is here is taken:
#   the cargo on the PATH, or /usr/bin/cargo, with the target wasm32-unknown-unknown
#   (rustup target add wasm32-unknown-unknown; Debian's rustc: apt-get install libstd-rust-dev-wasm32);
#   one of them with the library's source, to build it from (Debian's newest: apt-get install cargo-web rust-web-src lld)
set -eu
cd "$(dirname "$0")"
target=wasm32-unknown-unknown

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

# Sets cargo, rustc and from_source.
find_rust() {
    for folder in "$(dirname "$(command -v cargo || echo /usr/bin/cargo)")" /usr/bin; do
        cargo=$folder/cargo rustc=$folder/rustc
        [ -x "$cargo" ] && [ -x "$rustc" ] || continue
        sysroot=$("$rustc" --print sysroot 2>/dev/null) || continue
        from_source=
        [ ! -d "$sysroot/lib/rustlib/$target/lib" ] || return 0
        from_source=-Zbuild-std=std,panic_abort
        [ ! -f "$sysroot/lib/rustlib/src/rust/library/Cargo.lock" ] || return 0
    done
    return 1
}

find_rust || fail "no Rust here builds for $target: rustup target add $target; on Debian and Ubuntu, where there" \
    "is no rustup: apt-get install cargo-web rust-web-src lld, or rustc with libstd-rust-dev-wasm32; from elsewhere: https://rustup.rs"

# rustup's compiler brings its linker; Debian's takes lld's.
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER
CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=${CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER:-rust-lld}
if ! find "$sysroot/lib/rustlib" -name rust-lld 2>/dev/null | grep -q .; then
    for linker in wasm-ld wasm-ld-24 wasm-ld-23 wasm-ld-22 wasm-ld-21 wasm-ld-20; do
        if command -v "$linker" >/dev/null; then
            CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker
            break
        fi
    done
fi

[ -z "$from_source" ] || export RUSTC_BOOTSTRAP=1
# shellcheck disable=SC2086 # empty or one word
RUSTC=$rustc "$cargo" build --release --target "$target" $from_source "$@"
mkdir -p "build/@NAME@"
cp "${CARGO_TARGET_DIR:-target}/$target/release/guest.wasm" "build/@NAME@/module.wasm"
cp module.toml "build/@NAME@/"
echo "build/@NAME@ is the bundle"
