# What others put into Redis, take away from files, or do not allow to be written.
load helpers
load services

# add_large COUNT BYTES: messages that no ring holds, a small one behind each.
add_large() {
    python3 - "$socket" "$1" "$2" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
f = s.makefile("rb")
def add(body):
    head = b"*5\r\n$4\r\nXADD\r\n$14\r\nswapc:messages\r\n$1\r\n*\r\n$1\r\nm\r\n$%d\r\n" % len(body)
    s.sendall(head + body + b"\r\n")
    f.readline(), f.readline()
for i in range(int(sys.argv[2])):
    add(b"x" * int(sys.argv[3]))
    add(b"small")
PY
}

@test "messages of 200 MB cost neither signer nor verifier their memory" {
    local peak
    export ASAN_OPTIONS=${ASAN_OPTIONS:-}:quarantine_size_mb=1
    start_redis
    add_large 3 200000000
    start_signer
    start_verifier
    await unanswered_none
    [[ $(field reason | xargs) == "too large too large too large" ]]
    [[ $(field status | sort | xargs) == "Error Error Error Valid Valid Valid" ]]
    for peak in $(awk '$1 == "VmHWM:" { print $2 }' "/proc/$signer/status" "/proc/$verifier/status"); do
        ((peak < 390000)) # two of them are as much; a batch was of sixteen
    done
    answered_once 6
}

@test "a ring that is cut off under load ends both sides with a sentence, and loses nothing" {
    start_redis
    start_signer
    start_verifier
    background generate "$SWAPC" generate --messages 8k
    local generate=$pid
    await verdicts_reach "$socket" 100
    truncate -s 0 "/dev/shm/swapc-test-$mark"
    finish "$signer"
    [[ $status == 1 ]]
    says signer.err "test-$mark.*cut off.*start"
    finish "$verifier"
    [[ $status == 1 ]]
    says "$(cat verifier*.err)" "test-$mark.*cut off.*start"
    start_signer successor
    start_verifier
    finish "$generate"
    [[ $status == 0 ]]
    all_judged_once 8000
}

@test "a ring whose file is removed serves the pair, and ends with a sentence who is left of it" {
    start_redis
    start_signer
    start_verifier
    run -0 "$SWAPC" generate --messages 100
    await verdicts_reach "$socket" 100
    rm "/dev/shm/swapc-test-$mark"
    run -0 "$SWAPC" generate --messages 100
    await verdicts_reach "$socket" 200
    kill -KILL "$verifier"
    finish "$signer"
    [[ $status == 1 ]]
    says signer.err "removed its file /dev/shm/swapc-test-$mark.*start signer and verifier again"
    start_signer second
    start_verifier
    run -0 "$SWAPC" generate --messages 100
    await verdicts_reach "$socket" 300
    rm "/dev/shm/swapc-test-$mark"
    stop "$signer"
    finish "$verifier"
    [[ $status == 1 ]]
    says "$(cat verifier*.err)" "removed its file"
    start_signer third
    start_verifier
    all_judged_once 300
}

@test "a run whose ring is cut off ends with a sentence and leaves nothing" {
    background run "$SWAPC" run --no-bound --messages 500k
    local run=$pid
    await private_socket
    await verdicts_reach "$(private_socket)" 100
    truncate -s 0 "/dev/shm/swapc-run-$run"
    finish "$run"
    [[ $status == 1 ]]
    says run.err "cut off"
    not grep -E "Bus error|killed" run.err
    nothing_left
}

# limited COMMAND…: with no file allowed to grow; what is said goes to a pipe.
limited() {
    local said
    status=0
    said=$( (ulimit -f 0 && exec "$program" "$@") 2>&1 </dev/null | cat; exit "${PIPESTATUS[0]}") ||
        status=$?
    [[ $status == 1 ]] || { echo "exit status $status: $said" >&2; return 1; }
    says "$said" "File too large"
}

@test "a file that may not grow is a sentence, not a signal" {
    limited signer --redis unix:/none --ring "test-$mark" --keys keys
    limited module keygen release.key
    limited run --messages 10 --no-bound
}
