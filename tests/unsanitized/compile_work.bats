# Modules of each kind of work just below what is taken: they answer, or are refused by name. In the
# release build, since sanitizers make compilers take minutes.
load ../helpers

heavy() { python3 "$here/make_heavy.py" "$@"; }

# A frame of very many values may not fit into the guest's stack.
every_kind() {
    built wasmtime
    export SWAPC_CACHE=
    local kind size
    while read -r kind size; do
        heavy "$kind" $size >heavy.wasm
        run timeout 300 "$SWAPC" call heavy.wasm x --engine "$1"
        echo "$kind $size $1: $status ${output:0:200}"
        [[ $status == 0 || $output =~ \[(LIMIT|TRAP_STACK)\] || $1$output == wasm3*"[UNSUPPORTED]"* ]]
    done < <(heavy --list)
}

@test "every kind of work, just below the ceiling, answers or is refused on wasmtime" {
    every_kind wasmtime
}

@test "every kind of work, just below the ceiling, answers or is refused on wasm3" {
    every_kind wasm3
}
