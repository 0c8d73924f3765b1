# swapc dead: messages that were given up are listed, given back, dropped; and what may be asked for.
load helpers

rc() {
    redis "$socket" --raw "$@"
}

# A server with three letters; two of them as ours are, one of somebody else's.
letters() {
    redis_start "$work/redis"
    export SWAPC_REDIS=unix:$socket
    rc XADD swapc:dead 1760000000000-0 id 1750000000000-7 m $'eins\e[31m' method schnorr reason poisoned t 1 strikes 3
    rc XADD swapc:dead 1760000001000-0 id 1750000000000-8 m zwei method ecdsa reason poisoned strikes 3
    rc XADD swapc:dead 1760000002000-0 other x
}

@test "no letters" {
    redis_start "$work/redis"
    run -0 --separate-stderr "$SWAPC" dead list --redis "unix:$socket"
    [[ $output == "no letters in swapc:dead" && -z $stderr ]]
    run -0 "$SWAPC" dead list --redis "unix:$socket" --json list
    json list 'd == {"stream": "swapc:dead", "letters": []}'
}

@test "letters are listed, safe to show" {
    letters
    run -0 --separate-stderr "$SWAPC" dead list
    [[ ${#lines[@]} == 4 && -z $stderr ]]
    says "${lines[1]}" '^1750000000000-7 +schnorr +poisoned +2025-10-09T08:53:20Z +9  eins\\x1b\[31m$'
    says "${lines[3]}" '^1760000002000-0 .*no body'
    run -0 "$SWAPC" dead list --json list
    json list '[l["id"] for l in d["letters"]] == ["1750000000000-7", "1750000000000-8", "1760000002000-0"]'
    json list 'd["letters"][1]["text"] == "zwei" and d["letters"][1]["strikes"] == 3'
    json list 'd["letters"][1]["entry"] == "1760000001000-0" and d["letters"][1]["size"] == 4'
    run -0 "$SWAPC" dead list 1750000000000-8
    [[ ${#lines[@]} == 2 ]]
}

@test "a letter is given back as a new message" {
    letters
    run -0 "$SWAPC" dead retry 1750000000000-8 --json done
    [[ $(rc XLEN swapc:dead) == 2 && $(rc XLEN swapc:messages) == 1 ]]
    json done 'd["letters"][0]["id"] == "1750000000000-8" and d["letters"][0]["done"] == "added again"'
    [[ $(rc XRANGE swapc:messages - + | tail -4 | xargs) == "m zwei method ecdsa" ]]
    json done "d['letters'][0]['new_id'] == '$(rc XRANGE swapc:messages - + | head -1)'"
}

@test "letters are dropped, by either id, or all" {
    letters
    run -0 "$SWAPC" dead drop 1750000000000-7 1760000001000-0
    [[ $output == *"1750000000000-7 dropped"*"1750000000000-8 dropped"* ]]
    [[ $(rc XLEN swapc:dead) == 1 && $(rc EXISTS swapc:messages) == 0 ]]
    run -0 "$SWAPC" dead drop --all
    [[ $(rc XLEN swapc:dead) == 0 ]]
}

@test "entries that came to nothing are listed, given back and dropped" {
    redis_start "$work/redis"
    export SWAPC_REDIS=unix:$socket
    rc XADD orders:dead 1760000000000-0 id 1750000000000-7 reason TRAP text $'a\e[31m' digest abc payload x in-text mine
    rc XADD orders:dead 1760000001000-0 id 1750000000000-8 reason deleted
    run -0 --separate-stderr "$SWAPC" dead list --in orders
    [[ ${#lines[@]} == 3 && -z $stderr ]]
    says "${lines[1]}" '^1750000000000-7 +TRAP +2025-10-09T08:53:20Z +5  a\\x1b\[31m$'
    run -0 "$SWAPC" dead list --in orders --json list
    json list '[(l["reason"], l["digest"], l["first"], l["size"]) for l in d["letters"]] == [("TRAP", "abc", "x", 5), ("deleted", "", "", 0)]'
    run -1 --separate-stderr "$SWAPC" dead retry --in orders --all
    [[ $output == "1750000000000-7 added again as "* && $stderr == *"drop it"* ]]
    [[ $(rc XRANGE orders - + | tail -n +2 | xargs) == "payload x text mine" ]]
    run -0 "$SWAPC" dead drop --in orders --errors orders:dead 1750000000000-8
    [[ $(rc XLEN orders:dead) == 0 && $(rc XLEN orders) == 1 ]]
    run -0 "$SWAPC" dead list --in orders --errors failed
    [[ $output == "no letters in failed" ]]
    run -2 "$SWAPC" dead list --in orders --errors orders
    run -2 "$SWAPC" dead list --errors failed
    run -2 "$SWAPC" dead list --in orders --stream swapc
}

# letter_of STREAM ID: one of `swapc process`.
letter_of() {
    rc XADD "$1" 1760000000000-0 id "$2" reason TRAP text why payload "x $2" >/dev/null
}

@test "of a process with partitions letters are found where it puts them, in each partition, whatever tags the names have" {
    local in errors one two
    redis_start "$work/redis"
    export SWAPC_REDIS=unix:$socket
    while read -r in errors one two; do
        rc FLUSHALL
        letter_of "$two" 1750000000000-7
        rc XADD "$two" '*' id 1750000000000-8 reason deleted >/dev/null
        set -- --in "$in" --partitions 3
        [[ $errors == - ]] || set -- "$@" --errors "$errors"
        run -0 --separate-stderr "$SWAPC" dead list "$@"
        [[ ${#lines[@]} == 3 && -z $stderr ]]
        says "${lines[0]}" '^PART +ID'
        says "${lines[1]}" '^ +2 +1750000000000-7 +TRAP'
        run -0 "$SWAPC" dead list "$@" --json list
        json list '[(l["partition"], l["reason"], l["first"]) for l in d["letters"]] == [(2, "TRAP", "x 1750000000000-7"), (2, "deleted", "")]'
        run -1 --separate-stderr "$SWAPC" dead drop "$@" 9-9
        run -0 "$SWAPC" dead drop "$@" 1750000000000-8
        run -0 "$SWAPC" dead retry "$@" 1750000000000-7
        [[ $output == "1750000000000-7 added again as "* ]]
        [[ $(rc XRANGE "$one" - + | tail -n +2 | xargs) == "payload x 1750000000000-7" && $(rc XLEN "$two") == 0 ]]
        run -0 "$SWAPC" dead list "$@"
        [[ $output == "no letters in $in" ]]
    done <<'ROWS'
orders bad {orders.2} {orders.2}:bad
{orders}:in - {orders.2}:in {orders.2}:in:dead
{orders}:in bad {orders.2}:in {orders.2}:bad
{orders}:in {orders}:in:bad {orders.2}:in {orders.2}:in:bad
a*b/{o}|c bad a*b/{o.2}|c {o.2}:bad
ROWS
    [[ $(rc KEYS '*:partitions') == "" ]] # who only looks keeps no number
    rc SET '{o}:partitions' '3 partitions, server 1 of 1' >/dev/null
    run -2 --separate-stderr "$SWAPC" dead list --in '{orders}:in' --partitions 3 --errors '{other}:bad'
    says "$stderr" "the tag of --in"
    run -2 --separate-stderr "$SWAPC" dead list --in 'a*b/{o}|c' --partitions 4
    says "$stderr" "3 partitions"
    run -0 "$SWAPC" dead list --in 'any*name'
    [[ $output == "no letters in any*name:dead" ]]
}

@test "an id that is not there changes nothing" {
    local verb
    letters
    for verb in list retry drop; do
        run --separate-stderr "$SWAPC" dead $verb 9-9
        refused 1 9-9 "dead list"
        run "$SWAPC" dead $verb 1750000000000-7 9-9
        [[ $status == 1 && $(rc XLEN swapc:dead) == 3 && $(rc EXISTS swapc:messages) == 0 ]]
    done
}

@test "what cannot be given back is said, and stays" {
    letters
    run --separate-stderr "$SWAPC" dead retry 1760000002000-0
    refused 1 "1760000002000-0 has no body" "drop it"
    [[ $(rc XLEN swapc:dead) == 3 ]]
    rc SET swapc:messages x
    run --separate-stderr "$SWAPC" dead retry --all
    refused 1 WRONGTYPE
    [[ $(rc XLEN swapc:dead) == 3 ]]
}

@test "a command line that is wrong is a sentence" {
    run --separate-stderr "$SWAPC" dead
    refused 2 "list.retry.drop"
    run --separate-stderr "$SWAPC" dead lst
    refused 2 'lst' 'did you mean "list"'
    run --separate-stderr "$SWAPC" dead list
    refused 2 "--redis is required"
    run --separate-stderr "$SWAPC" dead drop --redis unix:/x
    refused 2 "drop which" "--all"
    run --separate-stderr "$SWAPC" dead drop --redis unix:/x --all 1-1
    refused 2 "not both"
    run --separate-stderr "$SWAPC" dead drop --redis unix:/x one
    refused 2 '"one" is no id'
    run --separate-stderr "$SWAPC" dead list --redis unix:/x --stream 'a b'
    refused 2 "no stream prefix"
    run --separate-stderr "$SWAPC" dead list --redis "unix:$work/none"
    refused 1 "$work/none"
    run -0 --separate-stderr "$SWAPC" dead --help
    says "$output" "retry"
    says "$output" "example:"
}
