# One stream as several, shared out among signers and verifiers that come, go, die and hang.
load helpers
load services

parts=4

part_signer() {
    background "$1" "$SWAPC" signer --via redis --partitions "$parts" --keys "$work/keys" \
        --listen "unix:$work/$1.sock" "${@:2}"
}

part_verifier() {
    background "$1" "$SWAPC" verifier --via redis --partitions "$parts" --keys "$work/keys.pub" \
        --listen "unix:$work/$1.sock" "${@:2}"
}

make_keys() {
    run -0 "$SWAPC" signer --keys keys --keys-only
}

# partitions_of NAME: what its status says.
partitions_of() {
    "$SWAPC" status "unix:$work/$1.sock" | awk '$1 == "partitions" { print $2 }'
}

# How many partitions these have together, in numbers and runs of numbers.
owned_by() {
    local name
    for name in "$@"; do partitions_of "$name"; done | tr ',' '\n' |
        awk -F- '/^[0-9]/ { n += (NF == 2 ? $2 - $1 : 0) + 1 } END { print n + 0 }'
}

all_owned_by() {
    [[ $(owned_by "$@") == "$parts" ]]
}

two_owned_by() {
    [[ $(owned_by "$1") == 2 ]]
}

verdicts_of_all() {
    local k sum=0
    for ((k = 0; k < parts; k++)); do
        sum=$((sum + $(redis "$socket" XLEN "{swapc.$k}:verdicts")))
    done
    echo "$sum"
}

at_least() {
    (($(verdicts_of_all) >= $1))
}

none_is_open() {
    local k
    for ((k = 0; k < parts; k++)); do
        [[ $(redis "$socket" XLEN "{swapc.$k}:messages") == 0 ]] || return 1
    done
}

# Each of N messages has one verdict, Valid, in its partition.
each_has_one() {
    local k n
    await none_is_open
    [[ $(verdicts_of_all) == "$1" ]]
    for ((k = 0; k < parts; k++)); do
        n=$(redis "$socket" XLEN "{swapc.$k}:verdicts")
        [[ $n == $(($1 / parts)) ]]
        redis "$socket" --raw XRANGE "{swapc.$k}:verdicts" - + >"verdicts.$k"
        [[ $(awk 'known { print; known = 0; next } $0 == "id" { known = 1 }' "verdicts.$k" | sort -u | wc -l) == "$n" ]]
        [[ $(awk 'known { print; known = 0; next } $0 == "status" { known = 1 }' "verdicts.$k" | sort -u) == Valid ]]
    done
}

@test "signers and verifiers that join, are killed and hang beyond their lease: each message has one verdict" {
    start_redis
    make_keys
    part_signer s1
    s1=$pid
    part_signer s2
    s2=$pid
    part_verifier v1
    v1=$pid
    part_verifier v2
    part_verifier v3
    v3=$pid
    await all_owned_by s1 s2
    await all_owned_by v1 v2 v3
    await two_owned_by s1
    "$SWAPC" generate --partitions "$parts" --messages 20k >/dev/null
    await at_least 1
    kill -KILL "$s1" "$v1"
    finish "$s1"
    finish "$v1"
    hold "$v3"
    part_signer s3
    part_verifier v4
    await all_owned_by s2 s3
    await all_owned_by v2 v4
    kill -CONT "$v3"
    await all_owned_by v2 v3 v4
    hold "$s2"
    await all_owned_by s3
    kill -CONT "$s2"
    each_has_one 20000
    await all_owned_by s2 s3
    stop "$s2"
    await all_owned_by s3
}

@test "partitions of another number, or none, are refused by name; nothing is added or read" {
    start_redis
    make_keys
    "$SWAPC" generate --partitions 4 --messages 8 >/dev/null
    for command in "signer --via redis --keys keys" "verifier --via redis --keys keys.pub" generate "dead list"; do
        # shellcheck disable=SC2086
        run -2 --separate-stderr "$SWAPC" $command --partitions 3
        [[ $stderr == *"has 4 partitions, --partitions says 3: give the same on every command"* ]]
        # shellcheck disable=SC2086
        run -2 --separate-stderr "$SWAPC" $command
        [[ $stderr == *"has 4 partitions: give --partitions 4"* ]]
    done
    [[ $(redis "$socket" EXISTS swapc:messages) == 0 ]]
    for k in 0 1 2 3; do [[ $(redis "$socket" XLEN "{swapc.$k}:messages") == 2 ]]; done
    "$SWAPC" generate --stream plain --messages 1 >/dev/null
    run -2 --separate-stderr "$SWAPC" generate --stream plain --partitions 2
    [[ $stderr == *"stream plain has no partitions"*"leave --partitions out"* ]]
    run -2 --separate-stderr "$SWAPC" signer --ring r --keys keys --partitions 2
    [[ $stderr == *"--partitions 2 needs --via redis"* ]]
    run -2 --separate-stderr "$SWAPC" generate --stream "$(printf '%061d' 0)" --partitions 2
    [[ $stderr == *"is too long for partitions: shorten it by 1, as with a tag and a number it may have 64 bytes"* ]]
}

# what_status_says EXPRESSION of d, the status of v1 with its partitions.
what_status_says() {
    "$SWAPC" status --partitions --json v1.json "unix:$work/v1.sock" >/dev/null 2>&1
    json v1.json "$1"
}

# v1 has all partitions, and has judged 401 messages: status, metrics and the page's document say so of each and in sum; when the server
# SECOND goes they say which partitions that hinders.
each_is_told() {
    local at
    await what_status_says 'sorted(p["done"] for p in d["each_partition"]) == [100, 100, 100, 101] and d["partition_sums"]["here"]["lag"] == 0 and [p["dead"] for p in d["each_partition"]] == [0] * 4'
    json v1.json 'd["partition_sums"]["all"]["done"] == d["valid"] == 401'
    json v1.json '[p["server"].split("/")[-2] for p in d["each_partition"]] == ["redis", "other"] * 2'
    run -0 "$SWAPC" status --partitions "unix:$work/v1.sock"
    [[ $output =~ 'sum here  4 ' && $output =~ $'\n  3         working ' ]]
    at=$(sed -n 's/.*HTTP at \([0-9.:]*\).*/\1/p' v1.err)
    metrics_tell() {
        curl -sS "http://$at/metrics" >metrics
        [[ $(awk '/^swapc_partition_messages_total/ { n += $2 } END { print n }' metrics) == 401 ]] &&
            [[ $(grep -c '^swapc_partition_owned{partition="[0-3]"} 1$' metrics) == 4 ]] &&
            [[ $(awk '/^swapc_partition_stream_lag/ { n++ } END { print n }' metrics) == 4 ]]
    }
    await metrics_tell
    if command -v promtool >/dev/null; then promtool check metrics <metrics; fi
    curl -sS "http://$at/api/state" >state.json
    json state.json '[(p["number"], p["here"], p["state"]) for p in d["processes"][0]["parts"]] == [(k, True, "working") for k in range(4)]'
    redis "$1" SHUTDOWN NOSAVE >/dev/null 2>&1 || true
    await what_status_says '"partitions 1,3 are hindered; 1: " in d["reason"] and "/other/" in d["reason"] and not d["serving"]'
    json v1.json '[bool(p["why"]) for p in d["each_partition"]] == [False, True] * 2'
    await eval '[[ $(curl -sS "http://$at/readyz") == "not ready: partitions 1,3 are hindered; 1: "*"/other/"* ]]'
    await eval '[[ $(curl -sS "http://$at/metrics" | awk "/^swapc_partition_hindered/ { s = s \$2 } END { print s }") == 0101 ]]'
}

@test "two servers share the partitions; what is dead in any of them is listed and given back" {
    redis_start "$work/other"
    second=$socket
    start_redis
    make_keys
    export SWAPC_REDIS="unix:$socket,unix:$second"
    part_signer s1
    part_verifier v1 --http 127.0.0.1:0
    await test -S s1.sock
    run -0 "$SWAPC" generate --partitions "$parts" --messages 400 --signer "unix:$work/s1.sock"
    [[ $output == "400 messages added" ]]
    for k in 0 2; do [[ $(redis "$socket" XLEN "{swapc.$k}:verdicts") == 100 ]]; done
    for k in 1 3; do [[ $(redis "$second" XLEN "{swapc.$k}:verdicts") == 100 ]]; done
    redis "$second" XADD "{swapc.3}:dead" '*' id 7-7 m hello method schnorr reason poisoned t 1 strikes 3 >/dev/null
    run -0 "$SWAPC" dead list --partitions "$parts"
    [[ $output == *"   3  7-7 "* ]]
    run -0 "$SWAPC" dead retry --all --partitions "$parts"
    [[ $output == "7-7 added again as "* ]]
    await eval '[[ $(redis "$second" XLEN "{swapc.3}:verdicts") == 101 ]]'
    run -2 --separate-stderr env SWAPC_REDIS="unix:$second,unix:$socket" "$SWAPC" generate --partitions "$parts"
    [[ $stderr == *"the same servers in the same order"* ]]
    each_is_told "$second"
}

@test "a drain waits for no Redis that refuses what is to be stored, and gives the partitions back" {
    export SWAPC_END_TIMES=3 # what cannot be stored is given up by then, and what is left of the time is for giving back
    start_redis
    make_keys
    part_signer s1
    part_verifier v1
    verifier=$pid
    background s2 "$SWAPC" signer --via redis --stream plain --keys keys
    background v2 "$SWAPC" verifier --via redis --stream plain --keys keys.pub --listen "unix:$work/v2.sock"
    single=$pid
    await all_owned_by v1
    await grep -q 'ready:' v2.err
    redis "$socket" SET '{swapc.1}:verdicts' x >/dev/null
    redis "$socket" SET plain:verdicts x >/dev/null
    "$SWAPC" generate --partitions "$parts" --messages 8 >/dev/null
    "$SWAPC" generate --stream plain --messages 8 >/dev/null
    await grep -q "WRONGTYPE" v1.err
    await grep -q "WRONGTYPE" v2.err
    "$SWAPC" status --drain "unix:$work/v1.sock" >/dev/null
    "$SWAPC" status --drain "unix:$work/v2.sock" >/dev/null
    finish "$verifier"
    [[ $status == 0 ]]
    finish "$single"
    [[ $status == 0 ]]
    [[ $(redis "$socket" EXISTS '{swapc.0}:owner:verifier') == 0 ]]
    [[ $(redis "$socket" EXISTS swapc:members:verifier) == 0 ]]
}

@test "a run over partitions answers each message once" {
    run -0 --separate-stderr "$SWAPC" run --via redis --partitions 3 --messages 500 --no-bound --progress off --tamper 0.1 --json result.json
    json result.json '[d[name] for name in ("messages", "lost", "duplicates", "wrong", "errors")] == [500, 0, 0, 0, 0]'
}
