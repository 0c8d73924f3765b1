# swapc process --partitions: several processes share the partitions of a stream; each entry has one output, in the order of its
# partition, whoever dies, sleeps, joins and leaves.
load helpers
load services
load processes

start_scene() {
    start_process_scene
    names=({orders.0} {orders.1} {orders.2} {orders.3})
    total=0
}

# member NAME [OPTION…]: a process with that consumer name; its id is in $member.
member() {
    local name=$1
    background "$name" "$SWAPC" process --in orders --out priced --module ./v1.wasm --operation price --partitions 4 \
        --consumer "$name" --listen "unix:$work/$name.sock" "${@:2}"
    member=$pid
}

# add_each N: as many entries to each partition.
add_each() {
    redis "$socket" EVAL "for _, key in ipairs(KEYS) do for i = 1, $1 do redis.call('XADD', key, '*', 'payload', 'x' .. i) end end" \
        4 "${names[@]}" >/dev/null
    total=$((total + $1))
}

# outputs N: each partition has as many.
outputs() {
    local name
    for name in "${names[@]}"; do [[ $(redis "$socket" XLEN "$name:priced") -ge $1 ]] || return; done
}

# owns NAME N: the process works on N partitions, and says so.
owns() {
    [[ $("$SWAPC" status --json - "unix:$work/$1.sock" 2>/dev/null) =~ \"partitions_owned\":\ *$2[^0-9] ]]
}

# What would else take as long as a lease and a member's last beat: who was NAME is dead for all others.
forget() {
    local field name holder
    for field in $(redis "$socket" HKEYS orders:members:process:swapc); do
        [[ $field != "m:$1/"* ]] || redis "$socket" HSET orders:members:process:swapc "$field" 1 >/dev/null
    done
}

gone() {
    [[ $(redis "$socket" EXISTS "$1") == 0 ]]
}

# Each entry of each partition has one output, at its place, and none is pending.
books_are_right() {
    local name
    for name in "${names[@]}"; do
        [[ $(redis "$socket" XLEN "$name") == "$total" ]]
        says "$(redis "$socket" EVAL "$(<"$here/process/books.lua")" 2 "$name" "$name:priced" id)" "^right$"
        [[ $(redis "$socket" XPENDING "$name" swapc | head -1) == 0 ]]
    done
}

@test "killed, stopped beyond the lease and woken, joined: one owner at a time, each entry once, in order" {
    local one two name
    start_scene
    add_each 300
    member one
    one=$member
    await outputs 1
    member two
    two=$member
    await owns one 2
    await owns two 2
    add_each 300
    kill -KILL "$one"
    add_each 300
    forget one # and what it was at is taken over, as on this host it is known to be dead
    await outputs "$total"
    await owns two 4
    hold "$two"
    member three
    add_each 300
    forget two
    for name in "${names[@]}"; do redis "$socket" DEL "$name:swapc:owner" >/dev/null; done
    await outputs "$total"
    kill -CONT "$two" # it still believes that all four are its own
    add_each 300
    await owns two 2
    await owns three 2
    add_each 300
    await outputs "$total"
    books_are_right
    kill -TERM "$two"
    finish "$two"
    [[ $status == 0 ]]
    await owns three 4 # who leaves says so
    add_each 10
    await outputs "$total"
    books_are_right
    kill -TERM "$member"
    finish "$member"
    [[ $status == 0 ]]
    for name in "${names[@]}"; do await gone "$name:swapc:owner"; done
    await gone orders:members:process:swapc
}

# process OPTION…: what must be refused.
process() {
    run --separate-stderr timeout 300 "$SWAPC" process --in orders --out priced --module ./v1.wasm --operation price "$@"
}

# A member that is alive, however crowded the machine is.
beat_for_long() {
    while redis "$socket" EVAL "local t = redis.call('TIME') return redis.call('HSET', KEYS[1], 'm:ghost', t[1] * 1000 + 9000)" \
        1 orders:members:process:swapc; do
        sleep 0.2
    done
}

@test "another number, other servers, another tag: refused by name, and nothing is kept" {
    start_scene
    local a=$SWAPC_REDIS b=$SWAPC_REDIS?db=1
    process --partitions 2 --redis "$a,$b,$b"
    refused 2 "--partitions 3"
    process --partitions 2 --in 'or}ders'
    refused 2 "without braces"
    process --partitions 2 --out '{priced}'
    refused 2 "the tag of --in orders"
    redis "$socket" XADD orders '*' payload x >/dev/null
    process --partitions 4
    refused 2 "orders is there, and --partitions says 4: leave --partitions out"
    [[ $(redis "$socket" --raw KEYS '*') == orders ]]
    redis "$socket" DEL orders
    member one --redis "$a,$b"
    await grep -q 'ready:' one.err
    background ghost beat_for_long
    process --partitions 4 --redis "$a,$b" --operation weigh
    refused 1 "others work on orders as group swapc with --operation price, and this process has --operation weigh"
    kill -KILL "$pid"
    process --partitions 8 --redis "$a,$b"
    refused 2 "stream orders has 4 partitions, --partitions says 8: give the same"
    process --redis "$a"
    refused 2 "give --partitions 4"
    process --partitions 4 --redis "$b,$a"
    refused 2 "is server 2 of 2 of stream orders, and in --redis it is 1 of 2"
    [[ $(redis "$socket" EXISTS orders) == 0 ]]
    kill -KILL "$member"
    redis "$socket" FLUSHALL
    redis "$socket" SET '{orders.2}:priced' x >/dev/null
    run --separate-stderr timeout 300 "$SWAPC" process --in orders --out priced --module ./v1.wasm --operation price --partitions 4
    [[ $status == 1 ]]
    says "$stderr" "partition [{]orders[.]2[}]: .*a key of that name holds something else"
}

@test "partitions with the rights that the page names, and one less" {
    local line right
    start_scene
    line=$(sed -n 's/^    \(ACL SETUSER partitions .*\)/\1/p' "$here/../docs/PROCESS.md")
    # shellcheck disable=SC2086
    redis "$socket" $line >/dev/null
    export SWAPC_REDIS="unix:$socket?user=partitions&password=secret"
    add_each 50
    member one
    await outputs 50
    member two
    await owns two 2
    kill -TERM "$member"
    finish "$member"
    await owns one 4
    books_are_right
    [[ -z $(grep -h "SETUSER" ./*.err) ]]
    for right in exists time hgetall hdel pexpire; do
        redis "$socket" ACL SETUSER partitions "-$right" >/dev/null
        run --separate-stderr timeout 300 "$SWAPC" process --in orders --out priced --module ./v1.wasm --operation price --partitions 4 --redis "$SWAPC_REDIS&db=1"
        [[ $status == 1 ]]
        says "$stderr" "ACL SETUSER partitions [+]$right"
        redis "$socket" ACL SETUSER partitions "+$right" >/dev/null
    done
}

@test "partitions on two servers, and the next stage" {
    start_scene
    local first="$SWAPC_REDIS?db=0" second="$SWAPC_REDIS?db=1" key
    member one --redis "$first,$second"
    for key in 0 1 2 3; do
        redis "$socket" -n $((key % 2)) XADD "{orders.$key}" '*' payload "x$key" >/dev/null
    done
    background stage "$SWAPC" process --in '{orders}:priced' --out '{orders}:final' --errors bad --module ./v1.wasm --operation price \
        --partitions 4 --redis "$first,$second"
    final() {
        [[ $(redis "$socket" -n $(($1 % 2)) --raw XRANGE "{orders.$1}:final" - + | tail -1) == "1$1" ]]
    }
    for key in 0 1 2 3; do await final $key; done
    [[ $(redis "$socket" GET orders:partitions) == "4 partitions, server 1 of 2" ]]
    [[ $(redis "$socket" -n 1 GET '{orders}:partitions') == "4 partitions, server 2 of 2" ]]
    kill -TERM "$member" "$pid"
    finish "$member"
    [[ $status == 0 ]]
}
