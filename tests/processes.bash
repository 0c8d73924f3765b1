# What the tests of swapc process share.

# A server, and the guest of tests/process in two versions.
start_process_scene() {
    start_redis
    local wat2wasm version
    wat2wasm=$(dirname "$program")/../test/wat2wasm
    [[ -x $wat2wasm ]] || skip "wat2wasm is not in this build"
    built wasmtime
    for version in 1 2; do
        sed "s/VERSION/$((48 + version))/" "$here/process/guest.wat" >"v$version.wat"
        "$wat2wasm" "v$version.wat" "v$version.wasm"
    done
}
