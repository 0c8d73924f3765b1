# Sourced by ./dev bench --peers: builds into build/peers/bin the peers whose tool chain is there (README.md beside
# this file), each pinned by its lock file, and writes into NAME.absent why one is not there. Work folders: build/peers.
# What is built already takes cargo and go no time.

peers_here=$top/bench/peers
peers_work=$top/build/peers
peers_bin=$peers_work/bin

# peer_absent NAME WHY…
peer_absent() {
    local name=$1
    shift
    echo "$*" >"$peers_bin/$name.absent"
    say "peer $name takes no part: $*"
}

# peer_try NAME COMMAND…: whether it went well; else what it said first of an error is the reason.
peer_try() {
    local name=$1 log=$peers_work/$1.log why
    shift
    rm -f "$peers_bin/$name" "$peers_bin/$name.absent"
    if (renice -n 10 $BASHPID && "$@") >"$log" 2>&1; then return; fi
    why=$(grep -m 1 -E '^(error|ERROR)' "$log" || tail -n 1 "$log")
    peer_absent "$name" "$why (all of it: ${log#"$top"/})"
    return 1
}

# The first cargo with a rustc that is able: sets $cargo, $rustc and $build_std (options) for wasm32-unknown-unknown.
peers_wasm_cargo() {
    local folder sysroot
    build_std=()
    for folder in "$(dirname "$(command -v cargo)")" /usr/bin; do
        cargo=$folder/cargo rustc=$folder/rustc
        [ -x "$cargo" ] && [ -x "$rustc" ] || continue
        sysroot=$("$rustc" --print sysroot 2>/dev/null) || continue
        [ -d "$sysroot/lib/rustlib/wasm32-unknown-unknown/lib" ] && return
        if [ -f "$sysroot/lib/rustlib/src/rust/library/Cargo.lock" ]; then # out of its source
            build_std=(-Zbuild-std=std,panic_abort)
            return
        fi
    done
    return 1
}

# peers_guest FLAVOUR FLAGS CRATE: build/peers/guest-FLAVOUR/…/CRATE.wasm
peers_guest() {
    local flavour=$1 flags=$2 crate=$3
    cd "$peers_here/rust" && env RUSTC="$rustc" RUSTC_BOOTSTRAP=${build_std:+1} RUSTFLAGS="$flags" \
        CARGO_TARGET_DIR="$peers_work/guest-$flavour" CARGO_PROFILE_RELEASE_LTO=fat \
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 "$cargo" build --release --locked -j 1 "${build_std[@]}" \
        --target wasm32-unknown-unknown -p "$crate"
}

# The guests of k256; wasm3 needs the first release's instructions.
peers_guests() {
    local linker from=wasm32-unknown-unknown/release name
    linker=$(command -v wasm-ld-22 || command -v wasm-ld || true)
    [ -z "$linker" ] || export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker
    rm -f "$peers_bin"/k256*.wasm
    if ! command -v cargo >/dev/null || ! peers_wasm_cargo; then
        for name in k256 k256-mvp k256-extism; do
            peer_absent $name.wasm "no Rust here builds for wasm32-unknown-unknown (rustup target add wasm32-unknown-unknown; Debian: cargo-web rust-web-src)"
        done
        return
    fi
    if peer_try k256.wasm peers_guest new '' guest_wapc; then
        cp "$peers_work/guest-new/$from/guest_wapc.wasm" "$peers_bin/k256.wasm"
    fi
    if peer_try k256-extism.wasm peers_guest new '' guest_extism; then
        cp "$peers_work/guest-new/$from/guest_extism.wasm" "$peers_bin/k256-extism.wasm"
    fi
    if peer_try k256-mvp.wasm peers_guest mvp '-C target-cpu=mvp' guest_wapc; then
        cp "$peers_work/guest-mvp/$from/guest_wapc.wasm" "$peers_bin/k256-mvp.wasm"
    fi
}

# peers_cargo NAME CRATE: a host of bench/peers/rust.
peers_cargo() {
    if peer_try "$1" env CARGO_TARGET_DIR="$peers_work/hosts" cargo build --release --locked -j 1 \
        --manifest-path "$peers_here/rust/Cargo.toml" -p "$2"; then
        cp "$peers_work/hosts/release/$2" "$peers_bin/$1"
    fi
}

# bindgen of 2021, which the crate wasm3 uses, does not understand libclang 16 and later.
peers_wasm3() {
    local folder
    for folder in "${LIBCLANG_PATH:-/nonexistent}" /usr/lib/llvm-1[1-5]/lib; do
        if compgen -G "$folder/libclang*.so*" | grep -qv cpp; then
            (export LIBCLANG_PATH=$folder && peers_cargo wapc-wasm3 wapc_wasm3)
            return
        fi
    done
    peer_absent wapc-wasm3 "the crate wasm3 needs libclang 11 to 15 (Debian: libclang1-14; elsewhere LIBCLANG_PATH)"
}

peers_extism() {
    local package=$peers_work/extism
    if [ ! -f "$package/extism_sys/libextism_sys.so" ]; then
        peer_try extism python3 -m pip --disable-pip-version-check install -q --no-deps --require-hashes \
            --only-binary :all: --target "$package" -r "$peers_here/extism/requirements.txt" || return 0
    fi
    cp "$package/extism_sys/libextism_sys.so" "$peers_bin/"
    # shellcheck disable=SC2016 # $ORIGIN is the loader's
    peer_try extism gcc -O2 -o "$peers_bin/extism" "$peers_here/extism/main.c" "$peers_bin/libextism_sys.so" \
        '-Wl,-rpath,$ORIGIN' || true
}

peers_build() {
    local name
    mkdir -p "$peers_bin"
    if command -v go >/dev/null; then
        peer_try wazero go build -C "$peers_here/wazero" -o "$peers_bin/wazero" . || true
    else
        peer_absent wazero "there is no go (Debian: golang-go)"
    fi
    if command -v cargo >/dev/null; then
        peers_cargo k256-native k256_native
        peers_cargo wapc-wasmtime wapc_wasmtime
        peers_wasm3
    else
        for name in k256-native wapc-wasmtime wapc-wasm3; do
            peer_absent "$name" "there is no cargo (Debian: cargo-web)"
        done
    fi
    peers_extism
    peers_guests
}
