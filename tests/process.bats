# swapc process: entries in, a module, entries out, once and in order, whatever happens to whom.
load helpers
load services

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

# start_process [OPTION…]
start_process() {
    background "process${#started[@]}" "$SWAPC" process --in orders --out priced --module ./v1.wasm --operation price \
        --listen "unix:$work/p.sock" "$@"
    process=$pid
    log=process$((${#started[@]} - 1)).err
}

# add PAYLOAD…: an entry each.
add() {
    local payload
    for payload in "$@"; do redis "$socket" XADD orders '*' payload "$payload" >>ids; done
}

# add_many N: as many entries, on the server.
add_many() {
    redis "$socket" EVAL "for i = 1, $1 do redis.call('XADD', KEYS[1], '*', 'payload', 'x' .. i .. string.rep('.', 100)) end" 1 orders >/dev/null
}

outputs_reach() {
    (($(redis "$socket" XLEN priced) >= $1))
}

length_is() {
    [[ $(redis "$socket" XLEN "$1") == "$2" ]]
}

# Each entry has one output, in order, and none is pending.
books_are_right() {
    [[ $(redis "$socket" EVAL "$(<"$here/process/books.lua")" 2 orders priced id) == right ]] || {
        redis "$socket" EVAL "$(<"$here/process/books.lua")" 2 orders priced id >&2
        return 1
    }
    [[ $(redis "$socket" XPENDING orders swapc | head -1) == 0 ]]
}

@test "entries in, outputs out, in order, and the entries stay" {
    start_process_scene
    add_many 2500
    start_process
    await outputs_reach 2500
    add_many 10
    await outputs_reach 2510
    books_are_right
    length_is orders 2510
    says "$(redis "$socket" --raw XREVRANGE priced + - COUNT 1)" "110"
    "$SWAPC" status "unix:$work/p.sock" >status
    says status 'outputs +2510'
    says status 'price +v1'
    stop "$process"
    [[ $(redis "$socket" XINFO CONSUMERS orders swapc) == "" ]]
    [[ $(redis "$socket" EXISTS orders:swapc:owner) == 0 ]]
}

@test "what a guest fails at goes to the errors with the reason, and the rest goes on" {
    start_process_scene
    add xa Ttrap xb Loop xc Error xd
    redis "$socket" XADD orders '*' other field reason mine >/dev/null
    add xe
    start_process --deadline 200
    await outputs_reach 5
    await length_is orders:dead 4
    redis "$socket" --raw XRANGE orders:dead - + >dead
    says dead $'reason\nTRAP\n.*payload\nTtrap'
    says dead $'reason\nDEADLINE\n.*payload\nLoop'
    says dead $'reason\nGUEST_ERROR\ntext\nError\n.*payload\nError'
    says dead $'reason\nno field\ntext\nno field payload\nother\nfield\nin-reason\nmine'
    redis "$socket" --raw XRANGE priced - + | grep -A1 '^payload$' | grep '^1' | tr -d '\n' >answers
    [[ $(<answers) == 1a1b1c1d1e ]]
    [[ $(redis "$socket" XPENDING orders swapc | head -1) == 0 ]]
    "$SWAPC" status "unix:$work/p.sock" >status
    says status 'errors +4'
    stop "$process"
}

@test "other fields by choice, another stream of errors, done entries deleted, outputs trimmed" {
    start_process_scene
    redis "$socket" XADD orders '*' customer ada body x1 id own >/dev/null
    redis "$socket" XADD orders '*' customer bob nobody x2 >/dev/null
    start_process --payload body --copy --errors failed --id-field entry --delete --group g2
    await length_is failed 1
    redis "$socket" --raw XRANGE priced - + | tail -n +2 | tr '\n' ' ' >out
    says out 'entry [0-9]+-0 body 11 customer ada id own'
    length_is orders 0
    [[ $(redis "$socket" XPENDING orders g2 | head -1) == 0 ]]
    stop "$process"
    add_many 4000
    start_process --keep 1000
    await pending_and_new_none swapc 4000
    (($(redis "$socket" XLEN priced) < 1300))
    stop "$process"
}

# The group has been given all, and has done all.
pending_and_new_none() {
    [[ $(redis "$socket" XPENDING orders "$1" | head -1) == 0 && $(redis "$socket" XINFO GROUPS orders) == *"lag"*0* ]] &&
        [[ $(redis "$socket" HGET "orders:$1" done) == $(redis "$socket" --raw XREVRANGE orders + - COUNT 1 | head -1) ]]
}

@test "several workers keep the order" {
    start_process_scene
    start_process --workers 3
    local i
    for i in 1 2 3; do add_many 3000; done
    await outputs_reach 9000
    books_are_right
    stop "$process"
}

@test "a module is swapped and rolled back under load, and garbage is refused while the old one serves" {
    start_process_scene
    start_process
    local i
    head -c 3000 /dev/urandom >garbage.wasm
    for i in 1 2 3 4 5 6; do
        add_many 2000
        case $i in
        2) "$SWAPC" module swap price "$work/v2.wasm" --target "unix:$work/p.sock" >swap.out ;;
        3) run ! "$SWAPC" module swap price "$work/garbage.wasm" --target "unix:$work/p.sock" && says "$output" 'garbage' ;;
        5) "$SWAPC" module rollback price --target "unix:$work/p.sock" >rollback.out ;;
        esac
    done
    await outputs_reach 12000
    books_are_right
    redis "$socket" --raw XRANGE priced - + | awk 'known { print substr($0, 1, 1) } { known = $0 == "payload" }' | uniq | tr -d '\n' >versions
    [[ $(<versions) == 121 ]]
    stop "$process"
}
