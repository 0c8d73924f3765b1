# swapc run while parts of it are killed.
load helpers

# A run that lasts some seconds, in the background.
long_run() {
    background run "$SWAPC" run --no-bound --json result "$@"
    run_pid=$pid
}

slowly() {
    if "$SWAPC" --version | grep -q 'wasm3 *[0-9]'; then
        echo --engine wasm3 --messages "$1"
    else
        echo --swap cold --messages "$(($1 / 20))"
    fi
}

nothing_lost() {
    finish "$run_pid"
    [[ $status == 0 ]] || {
        cat run.err >&2
        return 1
    }
    json result 'd["lost"] == d["duplicates"] == d["wrong"] == d["errors"] == 0'
    json result 'd["valid"] == d["messages"] > 0'
}

@test "the signer of a run is killed" {
    local signer
    # shellcheck disable=SC2046
    long_run $(slowly 1500)
    await private_socket
    await verdicts_reach "$(private_socket)" 20
    signer=$(child "$run_pid" swapc signer)
    kill -KILL "$signer"
    nothing_lost
    says run.err "signer was killed"
    nothing_left
}

@test "the signer of a run is killed again and again" {
    local i last=0 signer
    # shellcheck disable=SC2046
    long_run $(slowly 2500)
    await private_socket
    await verdicts_reach "$(private_socket)" 1
    another_signer() {
        signer=$(child "$run_pid" swapc signer) && [[ $signer != "$last" ]]
    }
    for i in 1 2 3; do
        await another_signer
        kill -KILL "$signer"
        last=$signer
    done
    nothing_lost
    nothing_left
}

@test "the private redis of a run dies" {
    local server
    # shellcheck disable=SC2046
    long_run $(slowly 1500)
    await private_socket
    await verdicts_reach "$(private_socket)" 20
    server=$(child "$run_pid" 'redis*')
    kill -KILL "$server"
    finish "$run_pid"
    [[ $status == 1 ]]
    says run.err "[Rr]edis"
    nothing_left
}

@test "a run on the user's redis leaves it as it was" {
    redis_start "$work/redis"
    run -0 "$SWAPC" run --no-bound --messages 200 --redis "unix:$socket" --json result
    json result 'd["valid"] == 200'
    [[ $(redis "$socket" XLEN swapc:verdicts) == 200 && $(redis "$socket" XLEN swapc:messages) == 0 ]]
    run -0 "$SWAPC" run --no-bound --messages 100 --redis "unix:$socket" --json result
    json result 'd["messages"] == d["valid"] == 100' # the first run's verdicts are not its own
    [[ $(redis "$socket" KEYS '*' | sort | xargs) == "swapc:messages swapc:verdicts" ]]
    [[ -z $(redis "$socket" XINFO CONSUMERS swapc:messages swapc) ]]
    [[ $(redis "$socket" PING) == PONG ]]
    rm -rf "$work/redis" && [[ -z $(ls -A "$tmp") ]]
}

@test "measuring the bound leaves no keys in the user's redis" {
    local prefix
    prefix=$(printf 'p%.0s' {1..64})
    redis_start "$work/redis"
    run -0 "$SWAPC" run --messages 20 --redis "unix:$socket" --stream "$prefix"
    [[ -n $(redis "$socket" --raw KEYS "$prefix:*") ]]
    [[ -z $(redis "$socket" --raw KEYS "*bound*") ]]
    redis "$socket" ACL SETUSER default -info
    run -1 --separate-stderr "$SWAPC" run --messages 20 --redis "unix:$socket"
    says "$stderr" "CPU time"
    [[ -z $(redis "$socket" --raw KEYS "*bound*") ]]
}

@test "two runs at the same time on one redis" {
    local first
    redis_start "$work/redis"
    background a "$SWAPC" run --no-bound --messages 800 --redis "unix:$socket" --json a.json
    first=$pid
    background b "$SWAPC" run --no-bound --messages 800 --redis "unix:$socket" --json b.json --stream b
    finish "$pid"
    [[ $status == 0 ]]
    finish "$first"
    [[ $status == 0 ]]
    json a.json 'd["valid"] == 800'
    json b.json 'd["valid"] == 800'
}

@test "the user's redis is stopped and started again" {
    redis_start "$work/redis" --appendonly yes --appendfsync always
    # shellcheck disable=SC2046
    long_run $(slowly 1200) --redis "unix:$socket"
    await verdicts_reach "$socket" 50
    redis_stop
    redis_start "$work/redis" --appendonly yes --appendfsync always
    nothing_lost
    [[ $(redis "$socket" XLEN swapc:messages) == 0 ]]
}

@test "the user's redis is killed and started again" {
    redis_start "$work/redis" --appendonly yes --appendfsync always
    # shellcheck disable=SC2046
    long_run $(slowly 1200) --redis "unix:$socket"
    await verdicts_reach "$socket" 50
    kill -KILL "$server"
    redis_start "$work/redis" --appendonly yes --appendfsync always
    nothing_lost
}

@test "a signer gives up on a redis that stays away" {
    redis_start "$work/redis"
    background signer "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys keys --retry 1
    await test -s "/dev/shm/swapc-test-$mark"
    kill -KILL "$server"
    finish "$pid"
    [[ $status == 1 ]]
    says signer.err "unix:$socket"
}

@test "a signer and a verifier that a hang-up ends leave no ring and no consumer" {
    local ring=/dev/shm/swapc-test-$mark signer verifier
    redis_start "$work/redis"
    background signer env --default-signal=HUP "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys keys
    signer=$pid
    await test -s keys.pub
    background verifier env --default-signal=HUP "$SWAPC" verifier --redis "unix:$socket" --ring "test-$mark" --keys keys.pub
    verifier=$pid
    run -0 "$SWAPC" generate --redis "unix:$socket" --messages 20
    await verdicts_reach "$socket" 20
    kill -HUP "$signer"
    finish "$signer"
    [[ $status == 0 && -s $ring ]]
    kill -HUP "$verifier"
    finish "$verifier"
    [[ $status == 0 && ! -e $ring ]]
    [[ -z $(redis "$socket" XINFO CONSUMERS swapc:messages swapc) ]]
}
