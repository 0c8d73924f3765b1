# The harness of ./dev chaos itself: that its books see what they are there for, and how it ends.
load helpers

# ledger COMMAND…: the books of a run in which messages 1-1 … 1-4 are added, then each COMMAND happens, one
# that begins with "take" by way of the ledger.
ledger() {
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/chaos python3 - "$socket" "$@" <<'END'
import sys
from ledger import Ledger
from resp import Resp

redis, ledger = Resp(sys.argv[1]), Ledger("swapc")
for i in range(1, 5):
    ledger.added([redis.call("XADD", "swapc:messages", "1-%d" % i, "m", "x")])
for words in map(str.split, sys.argv[2:]):
    if words[0] == "take":
        assert ledger.take(redis, ["swapc:messages"], words[1:])
    else:
        redis.call(*words)
result = ledger.close(redis)[0]
print(" ".join(str(result[name]) for name in ("generated", "verdicts", "lost", "duplicates", "wrong", "taken")))
END
}

# verdict N [STATUS]
verdict() {
    echo "XADD swapc:verdicts * id 1-$1 status ${2:-Valid}"
}

@test "the ledger sees what is lost, twice, wrong and taken away" {
    redis_start "$work/redis"
    check() {
        local expected=$1
        shift
        run -0 ledger "$@"
        [[ $output == "$expected" ]]
        redis "$socket" FLUSHALL
    }
    check "4 4 0 0 0 0" "$(verdict 1)" "$(verdict 2)" "$(verdict 3)" "$(verdict 4)"
    check "4 3 1 0 0 0" "$(verdict 1)" "$(verdict 2)" "$(verdict 3)"
    check "4 5 0 1 0 0" "$(verdict 1)" "$(verdict 2)" "$(verdict 3)" "$(verdict 4)" "$(verdict 2)"
    check "4 4 0 0 1 0" "$(verdict 1)" "$(verdict 2)" "$(verdict 3)" "$(verdict 4 Error)"
    check "4 5 0 0 1 0" "$(verdict 1)" "$(verdict 2)" "$(verdict 3)" "$(verdict 4)" "$(verdict 5)"
    # As in a run: an answered message is gone from the stream when the rest is flushed.
    check "1 1 0 0 0 3" "$(verdict 1)" "XDEL swapc:messages 1-1" "take FLUSHALL"
    check "2 1 1 0 0 3" "$(verdict 1)" "XDEL swapc:messages 1-1" "take FLUSHALL" "XADD swapc:messages 2-1 m x"
    check "1 1 0 0 0 3" "$(verdict 1)" "XDEL swapc:messages 1-1" "take DEL swapc:messages"
}

chaos() {
    TMPDIR=$tmp exec python3 "$here/chaos/chaos.py" --program "$program" --seed 1 "$@"
}

# Nothing of a run is there: neither files nor rings nor processes, which work in its folder.
nothing_left() {
    local left
    left=$(ls "$tmp"; ls /dev/shm | grep "^swapc-chaos-$1-" || true
        for dir in /proc/[0-9]*; do readlink "$dir/cwd" | grep "^$tmp" || true; done)
    echo "left: $left"
    [[ -z $left ]]
}

@test "interrupted, it leaves nothing behind" {
    local number
    for number in INT TERM; do
        background chaos chaos --kills 1000 # in a shell that becomes it
        await grep -q "under load" chaos.err
        sleep 0.5
        kill -$number "$pid"
        finish "$pid"
        [[ $status == 130 ]]
        grep -q "chaos: interrupted: nothing is left behind" chaos.err
        nothing_left "$pid"
        rm chaos.err
    done
}

@test "the time is a bound, what does not happen in it is said, and the result names itself" {
    (chaos --kills 500 --faults 0 --minutes 0.05 --json result.json 2>run.err)
    grep -q "before all has happened: give more --minutes" run.err
    json result.json 'd["seed"] == 1 and 0 < d["kills"] < 500 and d["faults"] == 0'
    json result.json 'd["generated"] == d["verdicts"] > 0'
    json result.json 'd["lost"] == d["duplicates"] == d["wrong"] == 0'
}
