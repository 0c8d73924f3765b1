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
    SWAPC_FAIL_POINT=after_signing:400 long_run --messages 700
    nothing_lost
    says run.err "signer was killed"
    nothing_left
}

@test "the signer of a run is killed again and again" {
    SWAPC_FAIL_POINT=after_signing:400 long_run --messages 1700 # each signer that comes dies of it, but the last
    nothing_lost
    [[ $(grep -c "signer was killed" run.err) -ge 3 ]]
    nothing_left
}

@test "the private redis of a run dies" {
    local server
    long_run --messages 1M
    await private_socket
    await verdicts_reach "$(private_socket)" 20
    server=$(child "$run_pid" 'redis*')
    kill -KILL "$server"
    finish "$run_pid"
    [[ $status == 1 ]]
    says run.err "[Rr]edis"
    nothing_left
}

# module_goes MODE: in the middle of a run that loads the module for each message.
module_goes() {
    copy_modules
    long_run --swap "$1" --method schnorr --messages 50k
    await child "$run_pid" swapc signer # by then the run has what it needs to begin
    rm -r modules/schnorr
    within 900 has_ended "$run_pid" # two minutes once
    finish "$run_pid"
    [[ $status == 1 ]]
    says run.err 'no module for schnorr: [^"]*modules/schnorr'
    says run.err "put the module back, and run again"
    nothing_left
}

@test "a module that goes during a run from disk ends it with a sentence" {
    module_goes disk
}

@test "a module that goes during a run that compiles it for each message ends it with a sentence" {
    module_goes cold
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

# bound_ends SIGNAL: a run, which would last, gets the signal when the keys of its bound are there; what they are and how
# long they live is in the file keys.
bound_ends() {
    background run "$SWAPC" run --messages 1M --redis "unix:$socket"
    python3 - "$socket" "$1" pids >keys <<'PY'
import os, re, signal, socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
def ask(*words):
    s.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
    return s.recv(65536)
end = time.time() + 300
found = []
while not found and time.time() < end:
    found = re.findall(rb"swapc:bound:\w+", ask(b"KEYS", b"*bound*"))
os.kill(int(open(sys.argv[3]).read().split()[-1]), getattr(signal, "SIG" + sys.argv[2]))
for key in found:
    print(key.decode(), ask(b"PTTL", key).decode().strip())
PY
    finish "$pid"
    [[ -s keys ]]
}

no_bound_keys() {
    [[ -z $(redis "$socket" --raw KEYS "*bound*") ]]
}

@test "a run that is interrupted while it measures the bound leaves no keys" {
    redis_start "$work/redis"
    bound_ends TERM
    [[ $status == 130 ]]
    no_bound_keys
}

@test "the keys of the bound expire where nobody is left to delete them" {
    redis_start "$work/redis"
    bound_ends KILL
    [[ $status == 137 ]]
    not grep -vE '^swapc:bound:[mv][0-9a-f]{7} :([1-5]?[0-9]{1,4}|60000|-2)$' keys
    for key in $(redis "$socket" --raw KEYS "*bound*"); do
        (($(redis "$socket" PTTL "$key") > 0))
    done
}

@test "the bound is measured before and after and is no less than what a run does" {
    local i
    for i in 1 2 3; do
        "$SWAPC" run --messages 2000 --workers 2 --json result >/dev/null 2>run.err
        json result '0 < d["efficiency"] <= 1 and d["throughput_per_s"] <= d["bound_per_s"]'
        json result 'abs(d["efficiency"] - d["throughput_per_s"] / d["bound_per_s"]) < 1e-9'
    done
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
