# Sourced by ./dev setup --wasm-opt: wasm-opt of npm's package binaryen, the one published form that knows
# wide arithmetic, into build/deps/binaryen. Optional: the build uses it where it is and needs it nowhere.
# It is a script for node, which stays the user's.

wasm_opt_fresh() {
    [ -f "$deps/binaryen/stamp" ] && [ "$(cat "$deps/binaryen/stamp")" = "$(pin binaryen 2)" ]
}

wasm_opt_make() {
    local name=binaryen version out=$work/out-binaryen tool
    version=$(pin "$name" 2)
    for tool in node npm; do
        command -v "$tool" >/dev/null ||
            die "wasm-opt runs on node and comes from npm, and there is no $tool: install it (Debian: nodejs npm), or put a wasm-opt that knows wide arithmetic on the PATH"
    done
    mkdir -p "$work/npm" "$out/licenses"
    if ! (cd "$work/npm" && npm pack --silent "$name@$version") >"$work/npm.log" 2>&1; then
        tail -n 5 "$work/npm.log" >&2
        die "$name $version: npm could not download it; check the network and npm's configuration"
    fi
    file=$work/npm/$name-$version.tgz
    check_hash "$file" "$name"
    tar -xzf "$file" -C "$work/npm" package/bin/wasm-opt package/bin/package.json package/LICENSE
    mv "$work/npm/package/bin" "$out/bin"
    cp "$work/npm/package/LICENSE" "$out/licenses/"
    "$out/bin/wasm-opt" --version >/dev/null 2>&1 ||
        die "$name $version: its wasm-opt does not run on $(node --version); a newer node is needed"
    printf '%s\n' "$version" >"$out/stamp"
    rm -rf "${deps:?}/$name"
    mv "$out" "$deps/$name"
    say "$name is ready: the next build passes wide.wasm through it"
}
