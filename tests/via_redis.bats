# Signed records over Redis: signers and verifiers on hosts of their own, which come, go, die and hang under load.
load helpers
load services

# A command as on another host: its own /dev/shm, name and processes; where this machine allows none, with what
# all have. Its first argument is the host's name.
on_host() {
    if unshare -m -u -p -f true 2>/dev/null; then
        # shellcheck disable=SC2016
        exec unshare -m -u -p -f --kill-child=KILL -- sh -c \
            'mount -t tmpfs none /dev/shm && hostname "$1" && shift && exec "$@"' sh "$@"
    fi
    exec "${@:2}"
}

hosts_are_apart() {
    unshare -m -u -p -f true 2>/dev/null || skip "this machine makes no host of its own (unshare -m -u -p)"
}

# far_signer NAME [OPTION…]: in $pid
far_signer() {
    background "$1" on_host "$1" "$SWAPC" signer --via redis --keys "$work/keys" --consumer "$@"
}

# far_verifier NAME [OPTION…]
far_verifier() {
    background "$1" on_host "$1" "$SWAPC" verifier --via redis --keys "$work/keys.pub" "${@:2}"
}

# The keys, before several signers would make them.
make_keys() {
    run -0 "$SWAPC" signer --keys keys --keys-only
}

# Two signers and three verifiers: ${signers[@]}, ${verifiers[@]}.
five_hosts() {
    local i
    start_redis
    make_keys
    signers=() verifiers=()
    for i in 1 2; do
        far_signer "signer-$i"
        signers+=("$pid")
    done
    for i in 1 2 3; do
        far_verifier "verifier-$i"
        verifiers+=("$pid")
    done
    await all_ready
}

all_ready() {
    local name
    for name in signer-1 signer-2 verifier-1 verifier-2 verifier-3; do
        grep -q ready: "$name.err" || return 1
    done
}

# kill -9 of the process on a host, and with it of the host's other processes.
kill_host() {
    kill -KILL "$1"
    finish "$1"
}

verdicts_are_at_least() {
    verdicts_reach "$socket" "$1"
}

# The process of swapc on the host of process $1.
on_the_host() {
    child "$1" swapc || child "$1" sh || echo "$1"
}

# What was taken is trimmed away, by each verifier with its next read.
all_trimmed() {
    [[ $(redis "$socket" XLEN swapc:signed) == 0 ]]
}

# Each host serves; one that said otherwise, as of a Redis that was silent for a while, has said so again.
all_serve() {
    local log
    for log in signer-?.err verifier-?.err; do
        [[ $(grep serving "$log" | tail -n 1) != *"not serving"* ]] || return 1
    done
}

@test "6000 messages, two signers and three verifiers on hosts of their own" {
    hosts_are_apart
    five_hosts
    run -0 "$SWAPC" generate --messages 6000
    all_judged_once 6000
    for host in "${signers[@]}" "${verifiers[@]}"; do
        kill -0 "$host"
    done
    await all_trimmed
    await all_serve
}

@test "each kind on each host is killed in the middle, and another comes" {
    local i
    five_hosts
    background load "$SWAPC" generate --messages 6000
    load=$pid
    await verdicts_are_at_least 200
    kill_host "${verifiers[0]}"
    far_verifier verifier-4
    await verdicts_are_at_least 2000
    kill_host "${signers[0]}"
    far_signer signer-1
    kill_host "${verifiers[1]}"
    await verdicts_are_at_least 4000
    kill_host "${signers[1]}"
    far_signer signer-3 # another name: it adopts what is left
    far_verifier verifier-5
    finish "$load"
    [[ $status == 0 ]]
    all_judged_once 6000
}

@test "verifiers and signers join and leave under load" {
    local i
    five_hosts
    background load "$SWAPC" generate --messages 8000
    load=$pid
    for i in 1 2 3 4; do
        await verdicts_are_at_least $((i * 1000))
        stop "$(on_the_host "${verifiers[0]}")" || true
        finish "${verifiers[0]}"
        far_verifier "more-$i"
        verifiers=("${verifiers[@]:1}" "$pid")
    done
    far_signer signer-3
    await verdicts_are_at_least 6000
    kill -TERM "$(on_the_host "${signers[0]}")"
    finish "${signers[0]}"
    finish "$load"
    all_judged_once 8000
}

@test "a verifier that is stopped beyond its lease and wakes judges nothing twice" {
    local host
    five_hosts
    # The first process of a host cannot stop itself; one of this host does so in its first call.
    SWAPC_FAIL_POINT=in_call:1:stop background sleeper "$SWAPC" verifier --via redis --keys keys.pub
    host=$pid
    await grep -q ready: sleeper.err
    run -0 "$SWAPC" generate --messages 5000
    await is_stopped "$host"
    all_judged_once 5000 # what it had is sent again to the others: its lease is 8 s
    says "$(cat signer-1.err signer-2.err)" "records may have been lost"
    kill -CONT "$host"
    run -0 "$SWAPC" generate --messages 1000
    all_judged_once 6000
    kill -0 "$host"
}

@test "the stream of signed records is deleted, and its group, under load" {
    five_hosts
    background load "$SWAPC" generate --messages 6000
    load=$pid
    await verdicts_are_at_least 500
    redis "$socket" DEL swapc:signed
    await verdicts_are_at_least 1500
    redis "$socket" XGROUP DESTROY swapc:signed swapc
    await verdicts_are_at_least 2500
    redis "$socket" DEL swapc:signed swapc:signed:peers swapc:signed:losses swapc:signed:notes
    await verdicts_are_at_least 3500
    redis "$socket" XGROUP DESTROY swapc:messages swapc
    finish "$load"
    [[ $status == 0 ]]
    all_judged_once 6000
}

@test "Redis is emptied under load: what comes afterwards is judged" {
    five_hosts
    background load "$SWAPC" generate --messages 4000
    await verdicts_are_at_least 200
    redis "$socket" FLUSHALL
    finish "$pid"
    await unanswered_none
    redis "$socket" XTRIM swapc:verdicts MAXLEN 0
    run -0 "$SWAPC" generate --messages 2000
    all_judged_once 2000
}

@test "a message that kills verifiers over Redis is given up, and takes nobody with it" {
    start_redis
    make_keys
    far_signer signer-1
    for text in one two deadly three; do
        redis "$socket" XADD swapc:messages '*' m "$text" method ecdsa
    done
    deaths=0
    until unanswered_none; do
        SWAPC_FAIL_POINT=in_call:=deadly background "verifier-$started" \
            "$SWAPC" verifier --via redis --keys keys.pub # the first process of a host cannot kill itself
        verifier=$pid
        gone_or_done() { unanswered_none || not kill -0 "$verifier" 2>/dev/null; }
        await gone_or_done
        kill -0 "$verifier" 2>/dev/null && break
        finish "$verifier"
        ((++deaths <= 3))
    done
    [[ $deaths == 3 ]]
    [[ $(field reason) == poisoned && $(redis "$socket" XLEN swapc:verdicts) == 4 ]]
    [[ $(field status | sort | uniq -c | xargs) == "1 Error 3 Valid" ]]
}

@test "a record of another release stays pending, and is said once" {
    start_redis
    make_keys
    far_signer signer-1
    far_verifier verifier-1
    run -0 "$SWAPC" generate --messages 10
    all_judged_once 10
    redis "$socket" XADD swapc:signed '*' r "$(printf 'swapc record of the future, no version that anybody knows yet')"
    redis "$socket" XADD swapc:signed '*' other field
    run -0 "$SWAPC" generate --messages 500
    all_judged_once 510
}

@test "a verifier whose signers send by the other way is refused" {
    start_redis
    start_signer
    await grep -q ready: signer.err
    run -0 "$SWAPC" generate --messages 10 # with the first read the signer is in the group
    run --separate-stderr timeout 300 "$SWAPC" verifier --via redis --keys keys.pub
    refused 2 "sends over ring test-$mark, by --via shm" "--via shm --ring test-$mark"
    start_verifier
    all_judged_once 10
    stop "$verifier"
    stop "$signer"
    background signer2 "$SWAPC" signer --via redis --keys keys
    signer=$pid
    await grep -q ready: signer2.err
    run -0 "$SWAPC" generate --messages 10
    run --separate-stderr timeout 300 "$SWAPC" verifier --ring "test-$mark" --keys keys.pub
    refused 2 "sends over Redis" "--via redis"
    stop "$signer"
}
