# Sourced by ./dev setup --foreign-tests: what tests/foreign/foreign.bats needs beside the compilers that are there.
# For AssemblyScript asc and @wapc/as-guest into build/deps/foreign/node_modules, as package-lock.json pins them by
# hash; for Rust the crates of Cargo.lock into cargo's own cache. Optional: without them those tests are skipped by
# name. Nothing of it is shipped.

foreign_tests_npm=$top/tests/foreign/assemblyscript
foreign_tests_crates=("$top/tests/foreign/rust/wapc_guest" "$top/examples/price_rust")

# shellcheck source=bench/peers/build.sh
. "$top/bench/peers/build.sh"

# Sets $rust, or leaves it empty: what fetches and builds for wasm32-unknown-unknown.
foreign_tests_rust() {
    rust=()
    if command -v cargo >/dev/null && peers_wasm_cargo; then
        rust=(env RUSTC="$rustc" RUSTC_BOOTSTRAP=${build_std:+1} "$cargo")
    fi
}

foreign_tests_key() {
    local rust
    foreign_tests_rust
    {
        cat "$foreign_tests_npm/package-lock.json" "${foreign_tests_crates[@]/%//Cargo.lock}" "$top/deps/foreign_tests.sh"
        node --version 2>/dev/null || echo none
        [ ${#rust[@]} = 0 ] || "${rust[@]}" --version
    } | sha256sum | cut -d' ' -f1
}

foreign_tests_fresh() {
    [ -f "$deps/foreign/stamp" ] && [ "$(cat "$deps/foreign/stamp")" = "$(foreign_tests_key)" ]
}

foreign_tests_assemblyscript() {
    local tool out=$work/out-foreign
    for tool in node npm; do
        if ! command -v "$tool" >/dev/null; then
            say "AssemblyScript is left out: its compiler runs on node and comes from npm, and there is no $tool: install it (Debian: nodejs npm)"
            return
        fi
    done
    cp "$foreign_tests_npm/package.json" "$foreign_tests_npm/package-lock.json" "$out/"
    if ! (cd "$out" && npm ci --ignore-scripts --no-audit --no-fund) >"$work/npm.log" 2>&1; then
        grep -E 'code|integrity' "$work/npm.log" >&2 || tail -n 5 "$work/npm.log" >&2
        say "assemblyscript and @wapc/as-guest: npm could not install what tests/foreign/assemblyscript/package-lock.json pins; check the network and npm's configuration"
        return 1
    fi
    if ! node "$out/node_modules/assemblyscript/bin/asc.js" --version >/dev/null 2>&1; then
        say "assemblyscript: asc does not run on node $(node --version): a newer node is needed (20 or later)"
        return 1
    fi
}

foreign_tests_fetch() {
    local rust host crate
    foreign_tests_rust
    if [ ${#rust[@]} = 0 ]; then
        say "the crate wapc-guest is left out: no Rust here builds for wasm32-unknown-unknown (rustup target add wasm32-unknown-unknown; Debian: cargo-web rust-web-src)"
        return
    fi
    # Building std takes crates that only the machine's own target has, as well.
    host=$("$rustc" -vV | sed -n 's/^host: //p')
    for crate in "${foreign_tests_crates[@]}"; do
        if ! (cd "$crate" && "${rust[@]}" fetch -q --locked "${build_std[@]}" \
            --target wasm32-unknown-unknown --target "$host") >"$work/cargo.log" 2>&1; then
            tail -n 5 "$work/cargo.log" >&2
            say "${crate#"$top"/}: cargo could not fetch what it needs; check the network and cargo's configuration"
            return 1
        fi
    done
}

# What fails for one language costs the other nothing.
foreign_tests_make() {
    local failed=0
    mkdir -p "$work/out-foreign"
    foreign_tests_assemblyscript || failed=1
    foreign_tests_fetch || failed=1
    [ $failed = 1 ] || foreign_tests_key >"$work/out-foreign/stamp"
    rm -rf "$deps/foreign"
    mv "$work/out-foreign" "$deps/foreign"
    [ $failed = 0 ] || die "what guests in other languages are built with is not complete; see above, then run ./dev setup --foreign-tests again"
    say "the tests of guests in other languages are ready: ctest -R tests.foreign"
}
