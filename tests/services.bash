# The services as processes of their own: what the tests of several files start, and what they look at.

start_redis() {
    redis_start "$work/redis"
    export SWAPC_REDIS=unix:$socket
}

# start_signer [NAME [OPTION…]]
start_signer() {
    background "${1:-signer}" "$SWAPC" signer --ring "test-$mark" --keys keys \
        --listen "unix:$work/signer.sock" "${@:2}"
    signer=$pid
    await test -s keys.pub
}

# start_verifier [OPTION…]
start_verifier() {
    background "verifier$started" "$SWAPC" verifier --ring "test-$mark" --keys keys.pub "$@"
    verifier=$pid
}

# An engine that takes its time, so that a kill in mid-run is one.
slow_engine() {
    if "$SWAPC" --version | grep -q 'wasm3 *[0-9]'; then
        echo --engine wasm3
    else
        echo --swap cold
    fi
}

stop() {
    kill -TERM "$1"
    finish "$1"
    [[ $status == 0 ]]
}

# Whether the server is a Redis 6, which cannot be asked some things.
redis_6() {
    redis "$socket" INFO server | grep -q '^redis_version:6'
}

# Field $1 of every verdict.
field() {
    redis "$socket" --raw XRANGE swapc:verdicts - + |
        awk -v name="$1" 'known { print; known = 0; next } $0 == name { known = 1 }'
}

unanswered_none() {
    [[ $(redis "$socket" XLEN swapc:messages) == 0 ]]
}

pending_none() {
    [[ $(redis "$socket" XPENDING swapc:messages swapc | head -1) == 0 ]]
}

# Every one of N messages has one verdict, none is open.
answered_once() {
    await unanswered_none
    await pending_none # a group that was deleted by a test may not be there again yet
    [[ $(redis "$socket" XLEN swapc:verdicts) == "$1" ]]
    [[ $(field id | sort -u | wc -l) == "$1" ]]
}

# … and all are Valid.
all_judged_once() {
    answered_once "$1"
    [[ $(field status | sort -u) == Valid ]]
}

# Verifiers (OPTION…) that die of messages with "deadly" in them, until all is answered: $deaths of them.
three_verifiers_die_at_most() {
    ends_or_done() {
        unanswered_none || not kill -0 "$verifier" 2>/dev/null
    }
    deaths=0
    until unanswered_none; do
        SWAPC_FAIL_POINT=in_call:=deadly start_verifier "$@"
        await ends_or_done
        kill -0 "$verifier" 2>/dev/null && break
        finish "$verifier"
        [[ $status == 137 ]]
        ((++deaths <= 3))
    done
}
