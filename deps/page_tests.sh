# Sourced by ./dev setup --page-tests: what tests/page.bats needs, into build/deps/page/node_modules:
# npm's playwright-core and axe-core, pinned and checked, and Debian's chromium. Optional: without
# them that test is skipped by name. Nothing of it is shipped.

page_tests_key() {
    echo "$(pin playwright-core 2) $(pin axe-core 2)"
}

page_tests_fresh() {
    [ -f "$deps/page/stamp" ] && [ "$(cat "$deps/page/stamp")" = "$(page_tests_key)" ] &&
        command -v chromium >/dev/null
}

page_tests_make() {
    local name out=$work/out-page tool
    for tool in node npm; do
        command -v "$tool" >/dev/null ||
            die "the page's tests run on node, and their packages come from npm, and there is no $tool: install it (Debian: nodejs npm)"
    done
    command -v chromium >/dev/null || system_install chromium
    mkdir -p "$work/npm"
    for name in playwright-core axe-core; do
        if ! (cd "$work/npm" && npm pack --silent "$name@$(pin "$name" 2)") >"$work/npm.log" 2>&1; then
            tail -n 5 "$work/npm.log" >&2
            die "$name $(pin "$name" 2): npm could not download it; check the network and npm's configuration"
        fi
        check_hash "$work/npm/$name-$(pin "$name" 2).tgz" "$name"
        mkdir -p "$out/node_modules/$name"
        tar -xzf "$work/npm/$name-$(pin "$name" 2).tgz" -C "$out/node_modules/$name" --strip-components=1
    done
    page_tests_key >"$out/stamp"
    rm -rf "$deps/page"
    mv "$out" "$deps/page"
    say "the page's tests are ready: ctest -R tests.page"
}
