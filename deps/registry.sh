# Sourced by ./dev: pinned packages of the language registries, fetched by their ordinary clients
# (whose configuration is the user's), checked by SHA-256, built into build/deps/NAME/{include,lib}.
# A stamp file beside each holds the key of what it was made from; an equal key means nothing to do.

arch=$(uname -m)

# pin NAME COLUMN: 2 version, 3 kind, 5 hash. Nothing when the name has no pin for this machine.
pin() {
    awk -F '\t' -v n="$1" -v c="$2" -v a="$arch" '$1 == n && ($4 == a || $4 == "any") { print $c }' \
        "$top/deps/pins.tsv"
}

# The key that a component's stamp must hold: its pins and the recipe.
component_key() {
    {
        awk -F '\t' -v n="$(component_pins "$1")" 'index(n, " " $1 " ")' "$top/deps/pins.tsv"
        cat "$top/deps/registry.sh"
        echo "$arch"
    } | sha256sum | cut -d' ' -f1
}

check_hash() { # FILE NAME
    local want have
    want=$(pin "$2" 5)
    have=$(sha256sum "$1" | cut -d' ' -f1)
    [ "$want" = "$have" ] ||
        die "$2 $(pin "$2" 2): the download's SHA-256 is $have, deps/pins.tsv wants $want; nothing was installed"
}

# fetch_python NAME: sets $file to the checked wheel or sdist. A package is fetched into a folder of
# its own, so that several can be fetched at once.
fetch_python() {
    local name=$1 dir=$work/$1 form
    form=(--no-binary "$name")
    [ "$(pin "$name" 3)" = wheel ] && form=(--only-binary :all:)
    mkdir -p "$dir"
    file=$(find "$dir" -type f | head -n 1)
    if [ -z "$file" ] && ! python3 -m pip --disable-pip-version-check download -q --no-deps "${form[@]}" -d "$dir" \
        "$name==$(pin "$name" 2)" >"$dir.log" 2>&1; then
        tail -n 5 "$dir.log" >&2
        die "$name $(pin "$name" 2): pip could not download it; check the network and pip's configuration"
    fi
    file=$(find "$dir" -type f | head -n 1)
    check_hash "$file" "$name"
}

unpack() { # FILE NAME: into $work/src-NAME, whose only folder is the package; prints it
    local dir=$work/src-$2
    mkdir -p "$dir"
    tar -xzf "$1" -C "$dir"
    find "$dir" -mindepth 1 -maxdepth 1 -type d | head -n 1
}

# place NAME: puts $work/out-NAME in the place of build/deps/NAME and stamps it.
place() {
    component_key "$1" >"$work/out-$1/stamp"
    rm -rf "${deps:?}/$1"
    mv "$work/out-$1" "$deps/$1"
    say "$1 is ready"
}

component_pins() {
    case $1 in
    wasmtime) echo " wasmtime wasmtime-c-api-impl " ;;
    wasm3) echo " pywasm3 " ;;
    secp256k1) echo " electrum-ecc " ;;
    hiredis) echo " hiredis " ;;
    vectors) echo " btclib-ecc electrum-ecc " ;;
    esac
}

# archive LIBRARY OBJECT…: one static library.
archive() {
    rm -f "$1"
    ar rcs "$@"
}

# compile_all OUT COMPILER-AND-FLAGS… -- FILE…: objects into OUT.
compile_all() {
    local out=$1 command=() source
    shift
    while [ "$1" != -- ]; do command+=("$1"); shift; done
    shift
    mkdir -p "$out"
    for source in "$@"; do
        "${command[@]}" -c "$source" -o "$out/$(basename "$source" .c).o" ||
            die "cannot compile $(basename "$source") of $(basename "$out")"
    done
}

# The crate of the C headers, as cargo keeps it. A cargo before 1.82 has no `info`; it fetches the
# crate as a dependency of an empty one.
crate_file() {
    find "${CARGO_HOME:-$HOME/.cargo}/registry/cache" -name "$1-$2.crate" 2>/dev/null | head -n 1 ||
        true
}

# True when the headers have to be fetched and there is no cargo to do it.
registry_needs_cargo() {
    case " ${stale[*]} " in *' wasmtime '*) ;; *) return 1 ;; esac
    [ -n "$(pin wasmtime 5)" ] || return 1
    command -v cargo >/dev/null && return 1
    [ -z "$(crate_file wasmtime-c-api-impl "$(pin wasmtime-c-api-impl 2)")" ]
}

fetch_crate() { # NAME: sets $file
    local name=$1 version dir=$work/crate
    version=$(pin "$name" 2)
    file=$(crate_file "$name" "$version")
    if [ -z "$file" ]; then
        mkdir -p "$dir/src"
        (
            cd "$dir"
            cargo info -q "$name@$version" && exit
            printf '[package]\nname = "headers"\nversion = "0.0.0"\n[dependencies]\n%s = "=%s"\n' \
                "$name" "$version" >Cargo.toml
            : >src/lib.rs
            cargo fetch -q
        ) >"$dir.log" 2>&1 || true
        file=$(crate_file "$name" "$version")
    fi
    if [ -z "$file" ]; then
        tail -n 5 "$dir.log" >&2
        die "$name $version: cargo could not fetch it; check the network and cargo's configuration"
    fi
    check_hash "$file" "$name"
}

make_wasmtime() {
    local out=$work/out-wasmtime source
    if [ -z "$(pin wasmtime 5)" ]; then
        say "wasmtime: no pinned wheel for $arch; the engine is left out (SWAPC_WASMTIME_ROOT takes your own)"
        return
    fi
    mkdir -p "$out/lib" "$out/licenses"
    fetch_python wasmtime
    python3 -m zipfile -e "$file" "$work/wheel"
    cp "$work/wheel/wasmtime/linux-$arch/_libwasmtime.so" "$out/lib/libwasmtime.so"
    chmod 755 "$out/lib/libwasmtime.so"
    find "$work/wheel" -path '*dist-info/*' -type f -iname 'LICENSE*' -exec cp {} "$out/licenses/" \;
    fetch_crate wasmtime-c-api-impl
    source=$(unpack "$file" crate)
    cp -r "$source/include" "$out/include"
    # The wheel is built with the crate's default features: all but these two.
    sed -E '/DISABLE_LOGGING|ALL_ARCH/d; s/^#cmakedefine /#define /' \
        "$out/include/wasmtime/conf.h.in" >"$out/include/wasmtime/conf.h"
    place wasmtime
}

make_wasm3() {
    local out=$work/out-wasm3 source compiler
    compiler=$(system_clang)
    fetch_python pywasm3
    source=$(unpack "$file" wasm3)
    mkdir -p "$out/include" "$out/lib" "$out/licenses"
    # It works by tail calls: never below -O2, never sanitized.
    # Unaligned instructions cost up to 70 %, as chance has it with each link.
    compile_all "$work/obj-wasm3" "${compiler:-gcc}" -std=gnu11 -O3 -g -DNDEBUG -fPIC \
        -fvisibility=hidden -fomit-frame-pointer -fno-stack-protector -falign-functions=64 -w \
        "-ffile-prefix-map=$source=wasm3" -I"$source/wasm3" -- "$source"/wasm3/*.c
    archive "$out/lib/libwasm3.a" "$work"/obj-wasm3/*.o
    cp "$source"/wasm3/*.h "$out/include/"
    cp "$source/LICENSE" "$out/licenses/"
    place wasm3
}

# secp256k1 for the signer and, as sources (src/ beside include/ as upstream has them), for guests.
make_secp256k1() {
    local out=$work/out-secp256k1 source asm=()
    [ "$arch" != x86_64 ] || asm=(-DUSE_ASM_X86_64=1)
    fetch_python electrum-ecc
    source=$(unpack "$file" secp256k1)/libsecp256k1
    mkdir -p "$out/lib" "$out/licenses"
    compile_all "$work/obj-secp256k1" gcc -std=gnu99 -O3 -g -DNDEBUG -fPIC -fvisibility=hidden -w \
        -DECMULT_WINDOW_SIZE=15 -DECMULT_GEN_KB=86 -DENABLE_MODULE_EXTRAKEYS=1 \
        -DENABLE_MODULE_SCHNORRSIG=1 "${asm[@]}" \
        -DSECP256K1_STATIC "-ffile-prefix-map=$source=secp256k1" -I"$source/include" -I"$source/src" -- \
        "$source"/src/{secp256k1,precomputed_ecmult,precomputed_ecmult_gen}.c
    archive "$out/lib/libsecp256k1.a" "$work"/obj-secp256k1/*.o
    cp -r "$source/include" "$out/include"
    cp "$source/COPYING" "$out/licenses/"
    cp -r "$source/src" "$out/src"
    place secp256k1
}

make_hiredis() {
    local out=$work/out-hiredis source
    fetch_python hiredis
    source=$(unpack "$file" hiredis)/vendor/hiredis
    mkdir -p "$out/lib" "$out/include/hiredis" "$out/licenses"
    compile_all "$work/obj-hiredis" gcc -std=gnu99 -O2 -g -DNDEBUG -fPIC -fvisibility=hidden -w \
        "-ffile-prefix-map=$source=hiredis" -I"$source" -- \
        "$source"/{alloc,async,hiredis,net,read,sds,sockcompat,ssl}.c
    archive "$out/lib/libhiredis.a" "$work"/obj-hiredis/*.o
    cp "$source"/*.h "$out/include/hiredis/"
    cp "$source/COPYING" "$out/licenses/"
    place hiredis
}

make_vectors() {
    local out=$work/out-vectors source
    fetch_python btclib-ecc
    source=$(unpack "$file" vectors)
    mkdir -p "$out"
    cp "$source/tests/ecc/_data/bip340_test_vectors.csv" "$out/"
    cp "$deps"/secp256k1/src/wycheproof/*.json "$out/"
    place vectors
}

component_fresh() {
    [ -f "$deps/$1/stamp" ] && [ "$(cat "$deps/$1/stamp")" = "$(component_key "$1")" ]
}

# Sets $stale to the components that have to be made.
registry_stale() {
    local name
    stale=()
    for name in wasmtime wasm3 secp256k1 hiredis vectors; do
        component_fresh "$name" || stale+=("$name")
    done
}

# Starts the downloads of what is stale while apt works; a failure shows itself in registry_make.
registry_prefetch() {
    local name package
    python3 -c 'import pip' 2>/dev/null || return 0
    for name in "${stale[@]}"; do
        for package in $(component_pins "$name"); do
            case $(pin "$package" 3) in wheel | sdist) (fetch_python "$package") 2>/dev/null & ;; esac
        done
    done
}

# Makes what is stale, all at once; the vectors need the sources of secp256k1.
registry_make() {
    local name pids=() pid failed=0
    wait
    say "making ${stale[*]}"
    for name in "${stale[@]}"; do
        [ "$name" = vectors ] && continue
        ("make_$name") &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
    [ $failed = 0 ] || die "setup is not complete; see above, then run ./dev setup again"
    case " ${stale[*]} " in *' vectors '*) make_vectors ;; esac
}
