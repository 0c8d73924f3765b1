# What a service manager hears (src/base/notify.h): the units of packaging/systemd stand on it.
load helpers
load services

# start_manager [WATCHDOG_USEC]: from here on $SWAPC is what it started.
start_manager() {
    mkfifo hold
    background manager bash -c 'exec python3 "$0" "$1" <"$2"' "$here/notify_manager.py" "$work/n" hold
    exec 8>hold
    await grep -q listening manager.out
    export NOTIFY_SOCKET=$work/n
    [[ -z ${1:-} ]] || export WATCHDOG_USEC=$1
}

heard() {
    grep -qE "^[0-9]+ $1" manager.out
}

beats() {
    grep -c ' WATCHDOG=1$' manager.out
}

# Whether a sign of life comes in $1 s.
beats_again() {
    local before end=$((SECONDS + $1))
    before=$(beats)
    until (($(beats) > before)); do
        ((SECONDS < end)) || return 1
        sleep 0.05
    done
}

@test "READY=1 comes when a service serves, not while Redis is away, and STOPPING=1 with SIGTERM" {
    start_manager
    export SWAPC_REDIS=unix:$work/redis/s
    mkdir redis
    start_signer
    start_verifier
    await grep -q "cannot be reached" signer.err
    await grep -q "cannot be reached" verifier*.err
    not heard "READY=1"
    start_redis
    stopping_heard() { [[ $(grep -c ' STOPPING=1$' manager.out) == "$1" ]]; }
    both_ready() { [[ $(grep -c ' READY=1$' manager.out) == 2 ]]; }
    await both_ready
    await heard "STATUS=serving"
    "$SWAPC" generate --messages 50 >generate.out
    answered_once 50
    not heard "STOPPING=1"
    stop "$verifier"
    await stopping_heard 1
    await heard "STATUS=not serving: no verifier"
    both_ready
    stop "$signer"
    await stopping_heard 2
    not heard "WATCHDOG=1"
}

@test "WATCHDOG=1 comes while the main loop turns, Redis or not, and stays away while it hangs" {
    start_manager 2000000
    start_redis
    start_signer
    await heard "READY=1"
    beats_again $patience
    hold "$server" # no reason to be started anew
    await heard "STATUS=not serving: Redis"
    beats_again $patience
    kill -CONT "$server"
    mkfifo hold2
    background holder bash -c 'exec python3 "$0" --hold "$1" <hold2' "$here/notify_manager.py" "$signer"
    exec 9>hold2
    await test -s holder.out
    ! grep -q "may not trace" holder.out || skip "a thread cannot be stopped alone here: $(<holder.out)"
    not beats_again 4
    exec 9>&-
    beats_again $patience
    stop "$signer"
}

@test "a run that a manager started says nothing in its signer's name" {
    start_manager 2000000
    "$SWAPC" run --messages 50 --json run.json >run.out
    [[ $(<manager.out) == "0 listening" ]]
}

@test "a notify socket that is not there is said once and harms nothing" {
    start_redis
    export NOTIFY_SOCKET=$work/nobody
    start_signer
    await grep -q "ready: " signer.err
    [[ $(grep -c "the service manager cannot be told anything at $work/nobody" signer.err) == 1 ]]
    stop "$signer"
}

@test "keys are made without Redis, for the group where that is meant, and only then read so" {
    "$SWAPC" signer --keys keys --keys-only --keys-count 3 >made.out
    says made.out "keys has 3 secret keys"
    [[ $(stat -c %a keys) == 600 && $(stat -c %a keys.pub) == 644 ]]
    cp keys before
    "$SWAPC" signer --keys keys --keys-only >again.out
    cmp keys before
    chmod 440 keys
    run --separate-stderr "$SWAPC" signer --keys keys --keys-only
    refused 2 "keys-mode group"
    "$SWAPC" signer --keys keys --keys-only --keys-mode group >group.out
    "$SWAPC" signer --keys shared --keys-only --keys-mode group >shared.out
    [[ $(stat -c %a shared) == 640 ]]
    chmod 644 keys
    run --separate-stderr "$SWAPC" signer --keys keys --keys-only --keys-mode group
    refused 2 "run chmod 640"
    run --separate-stderr "$SWAPC" signer --keys-only
    refused 2 "--keys is required"
}
