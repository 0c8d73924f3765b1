# What swapc is made of, as others read it: packaging/sbom.cdx.json, and whose each file is (REUSE.toml).
load helpers

top=$(cd "$here/.." && pwd)

# A copy of what sbom.py reads, where it can be changed.
copy_tree() {
    mkdir -p tree/packaging tree/deps
    cp "$top"/packaging/sbom.* tree/packaging/
    cp "$top"/deps/pins.tsv "$top"/deps/apt.txt tree/deps/
    cp "$top/THIRD-PARTY.md" "$top/CMakeLists.txt" tree/
}

@test "the bill of materials says what is pinned, installed and shipped" {
    python3 "$top/packaging/sbom.py" --check
    json "$top/packaging/sbom.cdx.json" 'all(c["bom-ref"] for c in d["components"]) and d["specVersion"] == "1.6"'
}

@test "another pin makes it stale, and what it does not know is named" {
    copy_tree
    python3 tree/packaging/sbom.py --check
    sed -i 's/^hiredis\t3.5.0/hiredis\t3.5.1/' tree/deps/pins.tsv
    run python3 tree/packaging/sbom.py --check
    ((status == 1))
    says "$output" "stale: run packaging/sbom.py"
    python3 tree/packaging/sbom.py
    python3 tree/packaging/sbom.py --check
    printf 'left-pad\t1.0.0\tnpm\tany\t%064d\n' 0 >>tree/deps/pins.tsv
    run python3 tree/packaging/sbom.py --check
    says "$output" "deps/pins.tsv has left-pad"
    copy_tree
    echo 'libleft-dev hdr:left.h' >>tree/deps/apt.txt
    run python3 tree/packaging/sbom.py
    says "$output" "deps/apt.txt has libleft-dev"
    copy_tree
    sed -i '/^| wasm3 /d' tree/THIRD-PARTY.md
    run python3 tree/packaging/sbom.py
    says "$output" "differ in \['wasm3'\]"
}

@test "it is CycloneDX 1.6 to a validator of others" {
    local python
    for python in python3 "$top/build/deps/validators/bin/python3" "$(head -n 1 "$(command -v check-jsonschema)" 2>/dev/null | sed 's/^#!//')"; do
        [[ -n $python ]] && "$python" -c 'import cyclonedx.validation.json, jsonschema, referencing' 2>/dev/null && break
        python=
    done
    [[ -n $python ]] || skip "the module cyclonedx is not there (./dev setup --validators, or pip install 'cyclonedx-python-lib[json-validation]')"
    "$python" - "$top/packaging/sbom.cdx.json" <<'PY'
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
sys.exit(str(error) if error else 0)
PY
}

@test "each file says whose it is, by the rules of REUSE" {
    command -v reuse >/dev/null || skip "reuse is not there (pip install reuse)"
    git -C "$top" rev-parse >/dev/null 2>&1 || skip "this tree has no history, by which reuse knows what is not ours"
    reuse --root "$top" lint
}
