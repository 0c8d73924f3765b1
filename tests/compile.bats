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

# Each was taken once and kept a compiler busy for 2.5 s and more. Nothing of them is compiled here.
@test "what compilers take long for is refused by the name of its kind" {
    built wasmtime
    local kind n m most
    export SWAPC_CACHE=
    while read -r kind n m most; do
        heavy "$kind" "$n" "$m" >heavy.wasm
        run --separate-stderr "$SWAPC" call heavy.wasm x --engine wasmtime
        refused 1 "LIMIT" "most of them for $most"
    done <<'END'
branch_values 174000 900 values that branches carry
table_values 800 300 values that targets of br_table take
live_stack 10000 10000 blocks and branches times values on the stack
result_types 15000 90 values in its function types
truncations 490000 1 vector instructions
END
    # optimised no more: these were compiled with optimisation, for 4 to 6 s
    while read -r kind n m; do
        heavy "$kind" "$n" "$m" >heavy.wasm
        run -0 "$SWAPC" inspect heavy.wasm
        says "$output" "unoptimised on wasmtime, unless --compile-max"
    done <<'END'
changed_locals 17 1000
loops_in_a_row 7400 1
grows 11500 1
END
}
