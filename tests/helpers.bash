# What the system tests share. Each test has its own TMPDIR ($tmp) and its own mark in the environment
# of what it starts, so that whatever is left behind is found and is known to be this test's.
bats_require_minimum_version 1.5.0

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export SWAPC=${SWAPC:-$here/../build/dev/bin/swapc}

setup() {
    work=$BATS_TEST_TMPDIR
    tmp=$work/t
    mark=$$-$BATS_TEST_NUMBER-$RANDOM
    started=0
    mkdir "$tmp"
    cd "$work"
    export TMPDIR=$tmp SWAPC_TEST_MARK=$mark
    export SWAPC_END_TIMES=${end_times:-30} # what an end in order leaves is looked at, however long it takes; see ends_as_promised
    unset SWAPC_MODULES SWAPC_REDIS SWAPC_LOG
    note_pids
}

# From here on $SWAPC writes down its process id before it becomes the program: $program.
note_pids() {
    program=$SWAPC
    SWAPC=$work/swapc
    printf '#!/bin/sh\necho $$ >>"%s/pids"\nexec "%s" "$@"\n' "$work" "$program" >"$SWAPC"
    chmod +x "$SWAPC"
    : >pids
}

# Whatever a test started ends with it, by process id, also when it failed. Only children that still run: the
# id of one that has ended may be another's by now, they come round within minutes where tests run.
teardown() {
    local pid children
    children=$(jobs -pr; jobs -ps)
    disown -a 2>/dev/null || true # bash would tell of each that it was killed
    for pid in $children $(survivors); do
        kill -KILL "$pid" 2>/dev/null || true
    done
    rm -f "/dev/shm/swapc-test-$mark"*
    [[ -n ${BATS_TEST_COMPLETED:-} ]] || last_words
    ! grep -E 'Sanitizer|runtime error:' "$work"/*.err 2>/dev/null
}

# Of a test that failed: what its processes said at last.
last_words() {
    local file
    for file in "$work"/*.err "$work"/redis.log; do
        [[ ! -s $file ]] || { echo "${file##*/}:"; tail -n 6 "$file" | cut -c 1-300; }
    done
}

# swapc's own processes of this test: by the mark; a redis-server wipes its environment, but works in
# a directory of the test.
survivors() {
    local dir name
    for dir in /proc/[0-9]*; do
        { read -r name <"$dir/comm"; } 2>/dev/null || continue
        case $name in
        swapc* | exe) grep -qz "^SWAPC_TEST_MARK=$mark\$" "$dir/environ" 2>/dev/null || continue ;;
        redis*) [[ $(readlink "$dir/cwd") == "$work"* ]] || continue ;;
        *) continue ;;
        esac
        if grep -q '^State:.[^Z]' "$dir/status" 2>/dev/null; then # neither gone nor a zombie
            echo "${dir#/proc/}"
        fi
    done
}

# How long a slow, crowded machine may take for what one of its own has in a moment; who waits for it waits no longer than
# it takes.
patience=300

# Runs the command until it succeeds, for as long as there is patience.
await() {
    local end=$((SECONDS + patience))
    until "$@"; do
        ((SECONDS < end)) || {
            echo "waited in vain for: $*" >&2
            return 1
        }
        sleep 0.05
    done
}

# Succeeds when the command fails. (A plain ! is no assertion: bash's -e passes over it.)
not() {
    if "$@"; then
        echo "succeeded: $*" >&2
        return 1
    fi
}

# background NAME COMMAND…: starts it with NAME.out and NAME.err; its process id is in $pid.
background() {
    local name=$1
    shift
    "$@" >"$name.out" 2>"$name.err" </dev/null 3>&- &
    pid=$!
    ((++started))
}

# Waits for a process that `background` started; its exit status is in $status. One that never ends fails the test, which
# then says what it said at last, and ends it.
finish() {
    status=0
    await has_ended "$1"
    wait "$1" || status=$?
}

# Whether the child has ended. By bash's own books: its id may be another's by now.
has_ended() {
    local running
    running=$(jobs -pr)
    [[ $'\n'$running$'\n' != *$'\n'$1$'\n'* ]]
}

# What is started from here on ends within two seconds, in order or not, as it does everywhere but in tests.
ends_as_promised() {
    export SWAPC_END_TIMES=1
}

# within TURNS COMMAND…: it succeeds within so many turns, each a tenth of a second on a machine that has time for us, and
# longer, as all else is, on a crowded one. For what would otherwise succeed much later.
within() {
    local turn
    for ((turn = 0; turn < $1; turn++)); do
        "${@:2}" && return
        sleep 0.1
    done
    echo "not within $1 turns: ${*:2}" >&2
    return 1
}

# json FILE CONDITION: a Python expression over the document d.
json() {
    python3 - "$@" <<'PY'
import json, sys
d = json.load(open(sys.argv[1]))
if not eval(sys.argv[2]):
    sys.exit("not so: %s\n%s" % (sys.argv[2], json.dumps(d, indent=1)))
PY
}

# Asserts that the text of $1 (a file or a string) matches the regular expression $2.
says() {
    local text=$1
    [[ ! -f $1 ]] || text=$(tr -d '\0' <"$1")
    [[ $text =~ $2 ]] || {
        echo "expected /$2/ in: $text" >&2
        return 1
    }
}

# One sentence of refusal: exit status $1, nothing on stdout, and every other argument on stderr.
refused() {
    local wanted
    [[ $status == "$1" ]] || {
        echo "exit status $status, not $1; stderr: $stderr" >&2
        return 1
    }
    [[ -z $output ]] || {
        echo "stdout is not empty: $output" >&2
        return 1
    }
    shift
    for wanted in "$@"; do
        says "$stderr" "$wanted"
    done
}

# Skips the test when the engine is not in the build, by name.
built() {
    ! "$SWAPC" --version | grep -q "^ *$1 *not in this build" || skip "$1 is not in this build"
}

# Whether the program catches SIGTERM, or is gone; it may not have begun its work, and end at once. Before it there are, under
# the same process id, a shell that catches what bats' own does, and would end with 143, and one that catches nothing.
handles_signals() {
    local exe mask
    exe=$(readlink "/proc/$1/exe") || return 0
    [[ $exe == "$(realpath "$program")" ]] || return 1
    mask=$(sed -n 's/^SigCgt:\s*//p' "/proc/$1/status" 2>/dev/null) || return 0
    [[ -z $mask ]] || (((16#$mask >> 14) & 1))
}

# Whether each thread of the process is stopped, by a signal or at a place of SWAPC_FAIL_POINT.
is_stopped() {
    not grep -qs '^State:.[^TZX]' "/proc/$1/task/"*/status 2>/dev/null
}

# Stops processes: what follows finds them so. A signal alone does not, as a thread goes on until it is next given a
# processor.
hold() {
    local held
    kill -STOP "$@"
    for held in "$@"; do await is_stopped "$held"; done
}

# The child of process $1 that is called $2 (a pattern) and has the argument $3, when it is given.
child() {
    local dir stat
    for dir in /proc/[0-9]*; do
        { read -r stat <"$dir/stat"; } 2>/dev/null || continue
        # shellcheck disable=SC2053 # $2 is a pattern
        [[ ${stat##*) } == [A-Z]" $1 "* && ${stat#* } == \($2\)* ]] || continue
        [[ -z ${3:-} ]] || grep -qzx -- "$3" "$dir/cmdline" || continue
        echo "${dir#/proc/}"
        return
    done
    return 1
}

# The socket of the redis-server that `swapc run` made for itself.
private_socket() {
    compgen -G "$tmp/swapc-*/redis.sock"
}

# redis SOCKET COMMAND…
redis() {
    redis-cli -s "$@" 2>/dev/null
}

# Whether the stream of verdicts on the socket has at least $2 entries.
verdicts_reach() {
    local count
    count=$(redis "$1" XLEN swapc:verdicts) && [[ $count =~ ^[0-9]+$ ]] && ((count >= $2))
}

nothing_left() {
    no_survivors || {
        echo "still running: $(survivors | xargs -I{} cat /proc/{}/comm)" >&2
        return 1
    }
    no_files_left
}

# A run's ring is /dev/shm/swapc-run-PID.
no_files_left() {
    local left run
    left=$(ls -A "$tmp")
    for run in $(<pids); do
        left+=$(compgen -G "/dev/shm/swapc-run-$run") || true
    done
    [[ -z $left ]] || {
        echo "left behind: $left" >&2
        return 1
    }
}

no_survivors() {
    [[ -z $(survivors) ]]
}

# redis_start DIRECTORY [OPTION…]: a redis-server on a Unix socket; sets socket and server.
redis_start() {
    redis_launch "$@"
    await redis_answers_at "$socket"
}

# The same, without waiting for it.
redis_launch() {
    local dir=$1 program
    shift
    mkdir -p "$dir"
    program=$(command -v redis-server || command -v redis-check-rdb)
    socket=$dir/s
    (
        cd "$dir"
        exec -a redis-server "$program" --port 0 --unixsocket "$socket" --save '' "$@"
    ) >>redis.log 2>&1 </dev/null 3>&- &
    server=$!
}

redis_answers_at() {
    [[ $(redis "$1" PING) =~ PONG|NOAUTH ]]
}

redis_stop() {
    kill -TERM "$server"
    wait "$server" || true
}

# A TCP port that was free just now, as was the one 10000 above it (a node of a cluster has both). None of those that the
# system gives to whoever asks for any: another test's connection could have it before it is listened on.
free_port() {
    python3 - "$work/ports" <<'PY'
import random, socket, sys
given = open(sys.argv[1], "a+")
given.seek(0)
mine = given.read().split()
while True:
    port = random.randrange(10000, 22000)
    try:
        for number in port, port + 10000:
            with socket.socket() as s:
                s.bind(("", number))
    except OSError:
        continue
    if str(port) not in mine:
        break
print(port, file=given)
print(port)
PY
}

# Copies the shipped modules to a folder of the test's own, where they can be damaged.
copy_modules() {
    cp -r "$(dirname "$program")/../share/swapc/modules" modules
    export SWAPC_MODULES=$work/modules
}
