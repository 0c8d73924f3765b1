# What compiling may take: --compile-max, said where a module is compiled without optimisation.
# unsanitized/compile_work.bats goes through every kind of work.
load helpers

heavy() { python3 "$here/make_heavy.py" "$@"; }

# Above 2500 ms with optimisation, far below without; and above 2500 ms without.
heavy_files() {
    built wasmtime
    export SWAPC_CACHE=$work/cache
    heavy ifs 500 8 >unoptimised.wasm
    heavy calls 30000 100 >refused.wasm
}

@test "a heavy module is compiled without optimisation, and that is said" {
    heavy_files
    run -0 "$SWAPC" call unoptimised.wasm x --json a.json
    json a.json 'd["unoptimised"] is True'
    run -0 "$SWAPC" call unoptimised.wasm x --json b.json # kept as it was compiled
    json b.json 'd["unoptimised"] is True'
    run -0 "$SWAPC" call unoptimised.wasm x --json c.json --compile-max 3600000
    json c.json '"unoptimised" not in d'
    run -0 "$SWAPC" call unoptimised.wasm x --json d.json
    json d.json 'd["unoptimised"] is True'
    [[ $(ls "$SWAPC_CACHE" | wc -l) == 2 ]]
    run -0 "$SWAPC" inspect unoptimised.wasm
    says "$output" "unoptimised on wasmtime, unless --compile-max"
}

@test "what compiles too long is refused by the option's name, and taken by the option" {
    heavy_files
    local engine
    for engine in wasmtime wasm3; do
        run --separate-stderr "$SWAPC" call refused.wasm x --engine "$engine"
        refused 1 "LIMIT" "--compile-max" "calls"
        run -0 "$SWAPC" call refused.wasm x --engine "$engine" --compile-max 100000
        run --separate-stderr "$SWAPC" call refused.wasm x --engine "$engine" # not what was kept
        refused 1 "LIMIT"
    done
    run -0 "$SWAPC" inspect refused.wasm
    says "$output" "refused, unless --compile-max"
}
