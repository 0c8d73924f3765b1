# swapc process: entries in, a module, entries out, once and in order, whatever happens to whom.
load helpers
load services
load processes

# start_process [OPTION…]
start_process() {
    local name=process${#started[@]}
    background "$name" "$SWAPC" process --in orders --out priced --module ./v1.wasm --operation price \
        --listen "unix:$work/p.sock" "$@"
    process=$pid
    log=$name.err
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

stores() {
    redis "$socket" INFO commandstats | sed -n 's/^cmdstat_evalsha:calls=\([0-9]*\),.*/\1/p'
}

# status_says TEXT [SOCKET]: in the file status. What is counted comes a moment after what Redis has.
status_says() {
    "$SWAPC" status "unix:$work/${2:-p}.sock" >status && says status "$1" 2>/dev/null
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
    local before
    before=$(stores)
    printf 'XADD orders * payload x%d\r\n' {1..50} | redis "$socket" --pipe >/dev/null
    await outputs_reach 2560
    (($(stores) == before + 1))
    books_are_right
    await status_says 'outputs +2560'
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
    await status_says 'errors +4'
    stop "$process"
}

@test "an output that Redis hangs up on is a letter with the reason, and the rest goes on" {
    local limit
    start_process_scene
    start_process
    add xa
    await outputs_reach 1
    for limit in proto-max-bulk-len client-query-buffer-limit; do
        redis "$socket" CONFIG SET proto-max-bulk-len 512mb client-query-buffer-limit 1gb >/dev/null
        redis "$socket" CONFIG SET "$limit" 1mb >/dev/null
        add xb Big xc
        await length_is orders:dead 1
        says "$(redis "$socket" --raw XRANGE orders:dead - +)" $'reason\noutput too large\ntext\n.*'"$limit"$'\n.*payload\nBig'
        redis "$socket" DEL orders:dead >/dev/null
        await says "$log" 'serving again'
    done
    await outputs_reach 5
    says "$log" 'invalid bulk length.*raise its proto-max-bulk-len'
    stop "$process"
    [[ $(redis "$socket" XPENDING orders swapc | head -1) == 0 ]]
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
    [[ $(redis "$socket" XPENDING orders "$1" | head -1) == 0 &&
        $(redis "$socket" HGET "orders:$1" done) == $(redis "$socket" --raw XREVRANGE orders + - COUNT 1 | head -1) ]]
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

no_dead_consumers() {
    [[ $(redis "$socket" --raw XINFO CONSUMERS orders swapc | grep -cx name) == 1 ]]
}

# Kills the process `kills` times while N entries go through; each successor has the consumer name that `name_of` gives it.
killed_again_and_again() {
    local n=$1 kills=$2 i
    add_many "$n"
    start_process --consumer "$(name_of 0)"
    for ((i = 1; i <= kills; i++)); do
        await outputs_reach $((n * i / (kills + 1)))
        kill -KILL "$process"
        finish "$process"
        start_process --consumer "$(name_of "$i")"
    done
    await outputs_reach "$n"
    await books_are_right
    await no_dead_consumers # a read that was still in a socket when its process died makes one anew
    stop "$process"
    [[ $(redis "$socket" XINFO CONSUMERS orders swapc) == "" ]]
}

@test "twenty kills: nothing lost, nothing twice, nothing pending, in order" {
    start_process_scene
    name_of() { echo worker; }
    killed_again_and_again 40000 20
}

@test "twenty kills, each successor with a name of its own, as pods have" {
    start_process_scene
    name_of() { echo "pod-$1"; }
    killed_again_and_again 40000 20
}

@test "killed at each place, at the first entry and later" {
    start_process_scene
    local place times
    for place in after_xreadgroup in_call before_script after_script; do
        for times in 1 3; do
            redis "$socket" DEL orders priced orders:swapc >/dev/null
            add_many 3000
            SWAPC_FAIL_POINT=$place:$times start_process
            finish "$process"
            [[ $status == 137 ]]
            start_process --consumer "another-$place"
            await outputs_reach 3000
            await books_are_right
            stop "$process"
        done
    done
}

@test "another process stands by and takes over at once on this host" {
    start_process_scene
    start_process --consumer first
    local first=$process
    add_many 10
    await outputs_reach 10
    background second "$SWAPC" process --in orders --out priced --module ./v2.wasm --operation price \
        --listen "unix:$work/p2.sock" --consumer second
    local second=$pid
    await says second.err 'stands by'
    await status_says 'serving +yes.*standby +1' p2
    add_many 10
    await outputs_reach 20
    kill -KILL "$first"
    finish "$first"
    add_many 10
    await outputs_reach 30
    books_are_right
    start_process --consumer third
    await says "$log" 'stands by'
    stop "$second"
    add_many 10
    await outputs_reach 40
    books_are_right
    redis "$socket" --raw XRANGE priced - + | awk 'known { print substr($0, 1, 1) } { known = $0 == "payload" }' | uniq | tr -d '\n' >versions
    [[ $(<versions) == 121 ]]
    stop "$process"
}

@test "one that was stopped beyond its lease and wakes again changes nothing" {
    start_process_scene
    add_many 5000
    SWAPC_FAIL_POINT=before_script:3:stop start_process --consumer sleeper
    local sleeper=$process
    await is_stopped "$sleeper"
    [[ $(redis "$socket" XPENDING orders swapc | head -1) != 0 ]]
    start_process --consumer heir --listen "unix:$work/p2.sock"
    await outputs_reach 5000 # in 10 s, when the lease has ended
    kill -CONT "$sleeper"
    add_many 5000
    await outputs_reach 10000
    await books_are_right
    stop "$sleeper"
    stop "$process"
    books_are_right
}

@test "one whose lease became another's without its knowing tries to store once, and not again and again" {
    start_process_scene
    start_process
    add_many 10
    await outputs_reach 10
    stores() { redis "$socket" INFO commandstats | sed -n 's/^cmdstat_evalsha:calls=\([0-9]*\).*/\1/p'; }
    local before
    before=$(stores)
    redis "$socket" SET orders:swapc:owner 'another ' PX 600000 >/dev/null
    add_many 10
    await says "$log" 'stands by'
    (($(stores) <= before + 2))
    length_is priced 10
    redis "$socket" DEL orders:swapc:owner >/dev/null
    await outputs_reach 20
    books_are_right
    stop "$process"
}

@test "a group that is lost is made again behind the last entry that is done, and a stream that begins anew is read from its beginning" {
    start_process_scene
    start_process
    add_many 100
    await outputs_reach 100
    redis "$socket" XGROUP DESTROY orders swapc >/dev/null
    add_many 100
    await outputs_reach 200
    books_are_right
    says "$log" 'made anew, behind entry'
    stop "$process"
    redis "$socket" XGROUP DESTROY orders swapc >/dev/null
    add_many 50
    start_process
    await outputs_reach 250
    books_are_right
    redis "$socket" DEL orders >/dev/null
    redis "$socket" XADD orders 5-1 payload xyz >/dev/null
    await outputs_reach 251
    says "$log" 'begun anew'
    stop "$process"
}

@test "what is deleted, too large or given to somebody else is accounted for" {
    start_process_scene
    add xa xb xc xd
    redis "$socket" XGROUP CREATE orders swapc 0 >/dev/null
    redis "$socket" XREADGROUP GROUP swapc dead-pod COUNT 3 STREAMS orders '>' >/dev/null
    redis "$socket" XDEL orders "$(sed -n 2p ids)" >/dev/null
    start_process --consumer new-pod
    await outputs_reach 3
    await length_is orders:dead 1
    says "$(redis "$socket" --raw XRANGE orders:dead - +)" $'reason\ndeleted'
    [[ $(redis "$socket" XPENDING orders swapc | head -1) == 0 ]]
    redis "$socket" CONFIG SET proto-max-bulk-len 512mb >/dev/null
    redis "$socket" EVAL "redis.call('XADD', KEYS[1], '*', 'payload', string.rep('y', 20 * 1048576))" 1 orders >/dev/null
    await length_is orders:dead 2 # while it is the stream's last entry, which XINFO would show
    add xe
    await outputs_reach 4
    says "$(redis "$socket" --raw XREVRANGE orders:dead + - COUNT 1)" 'more than 16 MiB'
    redis "$socket" --raw XRANGE priced - + | grep -A1 '^payload$' | grep '^1' | tr -d '\n' >answers
    [[ $(<answers) == 1a1c1d1e ]]
    stop "$process"
}

@test "reading waits for who reads the outputs" {
    start_process_scene
    redis "$socket" XGROUP CREATE priced billing 0 MKSTREAM >/dev/null
    start_process --max-lag 100
    add_many 3000
    if redis_6; then # which does not count what a group was given: nothing waits
        await outputs_reach 3000
        stop "$process"
        return
    fi
    await outputs_reach 1
    await says "$log" 'group billing is [0-9]+ entries of priced behind'
    none_pending() { [[ $(redis "$socket" XPENDING orders swapc | head -1) == 0 ]]; }
    await none_pending # what was read by then is stored
    # A read that was under way then brings what comes first.
    what_comes_waits() {
        add_many 10
        sleep 0.5
        (($(redis "$socket" XLEN priced) < $(redis "$socket" XLEN orders)))
    }
    await what_comes_waits
    await status_says 'lag +[1-9]'
    redis "$socket" XGROUP SETID priced billing '$' ENTRIESREAD "$(redis "$socket" XLEN priced)" >/dev/null
    redis "$socket" XGROUP DESTROY priced billing >/dev/null
    await outputs_reach "$(redis "$socket" XLEN orders)"
    await books_are_right
    await says "$log" 'have caught up'
    stop "$process"
}

@test "a second output of a stream needs a group of its own, and what else is wrong is said with the remedy" {
    start_process_scene
    add xa
    start_process
    await outputs_reach 1
    stop "$process"
    try() { run --separate-stderr timeout 300 "$SWAPC" process --in orders --out priced --module ./v1.wasm --operation price "$@"; }
    try --out audited
    refused 1 'group swapc of orders writes to priced' '--group'
    redis "$socket" HSET orders:swapc out audited >/dev/null
    try
    refused 1 'group swapc of orders writes to audited' 'HDEL orders:swapc out'
    redis "$socket" HDEL orders:swapc out >/dev/null
    start_process --errors bad
    await says "$log" 'ready:'
    try
    refused 1 'others work on orders as group swapc with --errors bad, and this process has no --errors'
    stop "$process"
    try --in priced
    refused 2 'are both .priced.'
    try --batch 10
    refused 2 '--batch-operation'
    try --contract nowhere.toml
    refused 1 'nowhere.toml'
    printf 'operations = ["weigh"]\n' >c.toml
    try --contract c.toml
    refused 2 'does not ask for operation price'
    try --module echo
    refused 1 'echo offers: .*needs: price'
    redis "$socket" SET text x >/dev/null
    try --in text --group g
    refused 1 'text' 'WRONGTYPE'
    try --out text --in other
    refused 1 "XDEL $(redis_6 && echo 'to store outputs' || echo 'on text') .*WRONGTYPE"
    few_descriptors() { (ulimit -n 20 && try --listen "unix:$work/few.sock"; refused 1 'ulimit -n'); }
    few_descriptors
}

@test "contracts and trust hold for the first module and for swaps" {
    start_process_scene
    printf '[[self_test]]\noperation = "price"\nrequest_text = "xq"\nresponse_text = "1q"\n' >c.toml
    start_process --contract c.toml
    run ! "$SWAPC" module swap price "$work/v2.wasm" --target "unix:$work/p.sock"
    says "$output" 'does not do what'
    add xa
    await outputs_reach 1
    stop "$process"
    mkdir trusted
    "$SWAPC" module keygen release.key
    cp release.key.pub trusted
    run --separate-stderr "$SWAPC" process --in orders --out priced --module ./v1.wasm --operation price --trust-keys trusted
    refused 1 'v1.wasm' 'sign'
}

@test "it ends within two seconds while Redis hangs, a guest loops or nothing comes, and what is not done is done by the next" {
    start_process_scene
    ends_as_promised
    local how
    for how in idle loops hangs; do
        start_process --deadline 60000
        add xa
        await outputs_reach 1
        case $how in
        loops) add Loop && sleep 0.3 ;;
        hangs) hold "$server" && sleep 0.3 ;;
        esac
        kill -TERM "$process"
        within 200 has_ended "$process" # what hangs does so for 30 s, what loops for a minute
        finish "$process"
        [[ $status == 0 ]]
        kill -CONT "$server"
        redis "$socket" DEL orders priced orders:swapc >/dev/null
    done
}

@test "a Redis that restarts, refuses or has lost everything ends nothing" {
    start_process_scene
    start_process
    add_many 500
    await outputs_reach 500
    redis "$socket" CONFIG SET maxmemory 1 >/dev/null
    redis "$socket" CONFIG SET maxmemory-policy noeviction >/dev/null
    await says "$log" 'refused'
    redis "$socket" CONFIG SET maxmemory 0 >/dev/null
    add_many 500
    await outputs_reach 1000
    books_are_right
    redis_stop
    start_redis
    add_many 100
    await outputs_reach 100
    books_are_right
    stop "$process"
}

@test "an entry that processes die of is called alone after the first time, and given up after three deaths" {
    start_process_scene
    local deaths=0
    add_many 50
    add xdeadly
    add_many 50
    one_of_both() { length_is orders:dead 1 || not kill -0 "$process" 2>/dev/null; }
    until length_is orders:dead 1; do
        SWAPC_FAIL_POINT=in_call:=deadly start_process --consumer "pod-$deaths"
        await one_of_both
        kill -0 "$process" 2>/dev/null && break
        finish "$process"
        [[ $status == 137 ]]
        ((++deaths <= 3))
    done
    [[ $deaths == 3 ]]
    await outputs_reach 100
    says "$(redis "$socket" --raw XRANGE orders:dead - +)" $'reason\npoisoned.*xdeadly'
    stop "$process"
    [[ $(redis "$socket" HGET orders:swapc trying) == "" ]]
}

@test "an entry whose call was over when processes died is none that they died of; one of too many fields is a letter where all are to be copied" {
    start_process_scene
    local i
    add xa
    for i in 1 2 3 4; do
        SWAPC_FAIL_POINT=before_script:1 start_process --consumer "pod-$i"
        finish "$process"
        [[ $status == 137 ]]
    done
    start_process --consumer last
    await outputs_reach 1
    books_are_right
    redis "$socket" EVAL "local f = {'payload', 'xb'} for i = 2, 3950 do f[2 * i - 1], f[2 * i] = 'f' .. i, '' end return redis.call('XADD', KEYS[1], '*', unpack(f))" 1 orders >/dev/null
    await outputs_reach 2
    stop "$process"
    redis "$socket" EVAL "local f = {'payload', 'xc'} for i = 2, 3950 do f[2 * i - 1], f[2 * i] = 'f' .. i, '' end return redis.call('XADD', KEYS[1], '*', unpack(f))" 1 orders >/dev/null
    start_process --copy
    await length_is orders:dead 1
    says "$(redis "$socket" --raw XRANGE orders:dead - +)" $'reason\ntoo many fields\n.*left-out\n3949\npayload\nxc'
    stop "$process"
}

@test "it works with the rights that the page names, and says which one is missing" {
    start_process_scene
    local line right
    line=$(sed -n 's/^    \(ACL SETUSER process .*\)/\1/p' "$here/../docs/PROCESS.md")
    # shellcheck disable=SC2086
    redis "$socket" $line >/dev/null
    export SWAPC_REDIS="unix:$socket?user=process&password=secret"
    add_many 500
    start_process --consumer one --delete
    add_many 500
    await outputs_reach 1000
    kill -KILL "$process"
    finish "$process"
    add x
    start_process --consumer two --delete
    await outputs_reach 1001
    stop "$process"
    length_is orders 0
    start_process --consumer three
    await "$SWAPC" status "unix:$work/p.sock" >/dev/null
    redis "$socket" ACL SETUSER process -xreadgroup >/dev/null
    await says "$log" '[+]xreadgroup'
    # Who recovers meanwhile, which is allowed, serves no more for that, and says nothing of it.
    recoveries_reach() { (($(redis "$socket" INFO commandstats | sed -n 's/^cmdstat_xinfo\(|consumers\)\?:calls=\([0-9]*\).*/\2/p') >= $1)); }
    await recoveries_reach $(($(redis "$socket" INFO commandstats | sed -n 's/^cmdstat_xinfo\(|consumers\)\?:calls=\([0-9]*\).*/\2/p') + 2))
    not says "$log" 'serves again'
    redis "$socket" ACL SETUSER process +xreadgroup >/dev/null
    await says "$log" 'serves again'
    stop "$process"
    local delconsumer="xgroup|delconsumer"
    redis_6 && delconsumer=xgroup # which takes away no subcommand
    for right in xadd xdel xack hset hget get xreadgroup xpending xclaim xinfo "$delconsumer" xrevrange pttl; do
        redis "$socket" ACL SETUSER process "-$right" >/dev/null
        run --separate-stderr timeout 300 "$SWAPC" process --in orders --out priced --module ./v1.wasm --operation price
        refused 1 "ACL SETUSER process .*\+${right/|/[|]}"
        redis "$socket" ACL SETUSER process "+$right" >/dev/null
    done
}

@test "many are called at once where the module can, and one by one where that comes to nothing" {
    start_process_scene
    local operation n=0
    for operation in echo fail trap log; do
        add_many 3000
        background many "$SWAPC" process --in orders --out priced --module echo --operation echo --listen "unix:$work/p.sock" \
            --batch 200 --batch-operation "$operation" --workers 2
        n=$((n + 3000))
        await outputs_reach "$n"
        books_are_right
        stop "$pid"
        [[ $(redis "$socket" EXISTS orders:dead) == 0 ]]
    done
    diff <(redis "$socket" --raw XRANGE orders - + | grep '^x') <(redis "$socket" --raw XRANGE priced - + | grep '^x')
}

@test "a module of a process reaches no host" {
    start_process_scene
    add xa xb
    background host "$SWAPC" process --in orders --out priced --module echo --operation host --listen "unix:$work/p.sock"
    both_done() { (($(redis "$socket" XLEN priced) + $(redis "$socket" XLEN orders:dead) == 2)); }
    await both_done
    says "$(redis "$socket" --raw XRANGE orders:dead - +)" $'reason\nGUEST_ERROR\ntext\n[^\n]*host[^\n]*\n.*payload\nxa'
    length_is priced 0
    stop "$pid"
}

@test "metrics and probes are there, and NOT_SERVING while the outputs are refused" {
    start_process_scene
    command -v curl >/dev/null || skip "curl is not here"
    ready_is() { [[ $(curl -s -o ready -w '%{http_code}' --unix-socket "$work/h.sock" http://localhost/readyz) == "$1" ]]; }
    start_process --http "unix:$work/h.sock"
    add xa Ttrap
    await outputs_reach 1
    await length_is orders:dead 1
    await ready_is 200
    counted() { curl -s --unix-socket "$work/h.sock" http://localhost/metrics >metrics && says metrics "event=\"$1\".[ ]1"; }
    await counted outputs 2>/dev/null
    await counted errors 2>/dev/null
    says metrics 'swapc_slot_generation.slot="price". 1'
    redis "$socket" RENAME priced kept >/dev/null
    redis "$socket" SET priced x >/dev/null
    add xb
    await ready_is 503
    says "$log" 'WRONGTYPE'
    redis "$socket" DEL priced >/dev/null
    await outputs_reach 1
    await ready_is 200
    stop "$process"
}

@test "an orderly end under load leaves nothing pending" {
    start_process_scene
    add_many 30000
    start_process --workers 2
    await outputs_reach 3000
    stop "$process"
    [[ $(redis "$socket" XPENDING orders swapc | head -1) == 0 ]]
    [[ $(redis "$socket" XINFO CONSUMERS orders swapc) == "" ]]
    start_process
    await outputs_reach 30000
    books_are_right
    stop "$process"
}
