# --http: probes, metrics, and what is refused. curl is what a user has.
load helpers

start_pair() {
    redis_start "$work/redis"
    background signer "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys keys \
        --http "unix:$work/signer.http"
    signer=$pid
    await test -S signer.http
    background verifier "$SWAPC" verifier --redis "unix:$socket" --ring "test-$mark" --keys keys.pub \
        --workers 2 --http 127.0.0.1:0 "$@"
    verifier=$pid
    await grep -q "HTTP at" verifier.err
    at=$(sed -n 's/.*HTTP at \([0-9.:]*\).*/\1/p' verifier.err)
}

# The status code of a request, its body in body: get PATH [OPTION of curl…]
get() {
    code=$(curl -s -o body -w '%{http_code}' --max-time 300 "${@:2}" "http://$at$1")
}

answers() {
    get "$2" && [[ $code == "$1" ]]
}

# answers_with CODE PATH TEXT
answers_with() {
    answers "$1" "$2" && says body "$3" 2>/dev/null
}

signer_answers() {
    code=$(curl -s -o body -w '%{http_code}' --max-time 300 --unix-socket signer.http "http://localhost$2")
    [[ $code == "$1" ]]
}

# metric NAME{LABELS}: its value in body.
metric() {
    awk -v name="$1" '$1 == name { print $2 }' body
}

@test "livez, readyz and metrics say how a pair is, and readyz is 503 while Redis or the peer is gone" {
    start_pair
    await answers 200 /readyz
    await signer_answers 200 /readyz
    "$SWAPC" generate --redis "unix:$socket" --messages 60 --method random >generate.out
    await verdicts_reach "$socket" 60
    answers 200 /livez
    says body "^alive"
    sixty_counted() { answers 200 /metrics && [[ $(metric swapc_message_latency_seconds_count) == 60 ]]; }
    await sixty_counted
    [[ $(metric swapc_ready) == 1 && $(metric swapc_redis_up) == 1 && $(metric swapc_peer_up) == 1 ]]
    [[ $(metric swapc_workers) == 2 && $(metric swapc_message_latency_seconds_count) == 60 ]]
    local schnorr ecdsa
    schnorr=$(metric 'swapc_verdicts_total{slot="schnorr",engine="wasmtime",status="Valid"}')
    ecdsa=$(metric 'swapc_verdicts_total{slot="ecdsa",engine="wasmtime",status="Valid"}')
    ((schnorr + ecdsa == 60 && schnorr > 0 && ecdsa > 0))
    [[ $(metric 'swapc_call_seconds_count{slot="schnorr",engine="wasmtime"}') == "$schnorr" ]]
    says body 'swapc_slot_info[{]slot="schnorr",engine="wasmtime",module="[a-z.]+",version="[0-9.]+",'
    (($(metric 'swapc_slot_instances{slot="schnorr",engine="wasmtime"}') >= 1))
    (($(metric 'swapc_slot_instance_memory_bytes{slot="schnorr",engine="wasmtime"}') >= 65536))
    says body 'swapc_ring_capacity_bytes [1-9]'
    sixty_sent() { signer_answers 200 /metrics && [[ $(metric 'swapc_signer_messages_total{event="sent"}') == 60 ]]; }
    await sixty_sent
    hold "$server"
    await answers_with 503 /readyz "not ready: Redis"
    await signer_answers 503 /readyz
    answers 200 /livez
    answers 200 /metrics
    [[ $(metric swapc_ready) == 0 && $(metric swapc_redis_up) == 0 ]]
    kill -CONT "$server"
    await answers 200 /readyz
    kill -KILL "$signer"
    await answers_with 503 /readyz "no signer is on the ring"
}

streams_are_known() {
    get /metrics && [[ -n $(metric swapc_stream_messages) ]]
}

@test "the streams' figures come from Redis, and are absent while it is gone" {
    redis_start "$work/redis"
    background signer "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys keys \
        --http 127.0.0.1:0
    await grep -q "HTTP at" signer.err
    at=$(sed -n 's/.*HTTP at \([0-9.:]*\).*/\1/p' signer.err)
    "$SWAPC" generate --redis "unix:$socket" --messages 30 >generate.out
    has_thirty() { get /metrics && [[ $(metric swapc_stream_messages) == 30 ]]; }
    await has_thirty
    [[ $(metric swapc_stream_dead) == 0 && $(metric swapc_stream_verdicts) == 0 ]]
    says body "swapc_redis_memory_bytes [1-9]"
    kill -KILL "$server"
    await not streams_are_known
}

@test "the metrics are as promtool wants them, and docs/OPERATING.md lists each" {
    start_pair
    get /metrics
    local name
    for name in $(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' body); do
        grep -qF "\`$name\`" "$here/../docs/OPERATING.md" || {
            echo "docs/OPERATING.md does not list $name" >&2
            return 1
        }
    done
    for name in $(sed -n 's/^| `\([a-z_]*\)` | \(gauge\|counter\|histogram\) .*/\1/p' "$here/../docs/OPERATING.md"); do
        grep -qF "\"$name\"" "$here/../src/http/metrics.c" || {
            echo "docs/OPERATING.md lists $name, which there is not" >&2
            return 1
        }
    done
    command -v promtool >/dev/null || skip "promtool is not there (Debian: prometheus)"
    promtool check metrics <body >promtool.out 2>&1 || {
        cat promtool.out >&2
        return 1
    }
    [[ ! -s promtool.out ]]
}

@test "other machines' names, other methods and large requests are refused" {
    start_pair
    get /metrics -H 'Host: evil.example'
    [[ $code == 421 ]]
    get /readyz -H 'Host: evil.example:80'
    [[ $code == 421 ]]
    get /metrics -X POST -d x
    [[ $code == 405 ]]
    get /nothing
    [[ $code == 404 ]]
    head -c 100000 /dev/zero | tr '\0' a >large
    get /metrics -H "X-Large: $(head -c 40000 large)"
    [[ $code == 431 ]]
    await answers 200 /readyz
}

# Opens $2 connections that say a part of a request to HOST:PORT $1 and keep them until its stdin ends.
slow_clients() {
    python3 - "$1" "$2" <<'PY'
import socket, sys, time
host, port = sys.argv[1].split(":")
held = []
for i in range(int(sys.argv[2])):
    s = socket.create_connection((host, int(port)))
    s.sendall(b"GET /metr")
    held.append(s)
    time.sleep(0.005)
print("held", flush=True)
time.sleep(60)
PY
}

@test "slow clients, more than there is room for, hold nothing: probes and work go on" {
    start_pair
    await answers 200 /readyz
    background slow slow_clients "$at" 200
    await grep -q held slow.out
    await answers 200 /readyz
    await answers 200 /metrics
    (($(metric swapc_http_connections) <= 64 && $(metric swapc_http_shed_total) > 0))
    "$SWAPC" generate --redis "unix:$socket" --messages 50 >generate.out
    await verdicts_reach "$socket" 50
    kill -TERM "$verifier"
    finish "$verifier"
    ((status == 0))
}

@test "run serves probes and metrics until its end, and leaves nothing" {
    background run "$SWAPC" run --messages 1M --no-bound --http "unix:$tmp/run.http"
    run_ready() {
        code=$(curl -s -o body -w '%{http_code}' --unix-socket "$tmp/run.http" http://localhost/readyz)
        [[ $code == 200 ]]
    }
    await run_ready
    judged() {
        curl -s --unix-socket "$tmp/run.http" http://localhost/metrics >body
        (($(metric swapc_judged_total) > 100))
    }
    await judged
    says body "swapc_generator_messages_total [1-9]"
    await grep -q "the page is at unix:$tmp/run.http" run.err
    # The signer is asked from the first look on: its answer comes with a later one.
    both_answer() {
        curl -s --unix-socket "$tmp/run.http" http://localhost/api/state >body
        json body '[p.get("role") for p in d["processes"]] == ["run", "signer"]' 2>/dev/null
    }
    await both_answer
    [[ $(curl -s --unix-socket "$tmp/run.http" http://localhost/) == *"<title>swapc</title>"* ]]
    kill -INT "$pid"
    finish "$pid"
    ((status == 130))
    nothing_left
}

# In place of the signer's page one that never answers: who asked it has to wait when the end is forced.
@test "a run whose end is forced while its page ends leaves nothing" {
    local run place
    ends_as_promised
    background run "$SWAPC" run --messages 1M --no-bound --http "unix:$tmp/run.http"
    run=$pid
    there() {
        place=$(compgen -G "$tmp/swapc-*/signer.http")
    }
    await there
    background mute python3 -c 'import os, signal, socket, sys, time
os.unlink(sys.argv[1])
place = socket.socket(socket.AF_UNIX)
place.bind(sys.argv[1])
place.listen()
asked = place.accept()
os.kill(int(sys.argv[2]), signal.SIGINT)
time.sleep(600)' "$place" "$run"
    finish "$run"
    ((status == 130))
    nothing_left
}

@test "an address that cannot be had is said, and nothing is started" {
    redis_start "$work/redis"
    local -a signer=("$SWAPC" signer --redis "unix:$socket" --ring "test-$mark" --keys keys)
    local command
    for command in signer verifier; do # before they wait for a Redis that is not there
        run --separate-stderr "$SWAPC" $command --redis unix:/nowhere --ring a --keys k --http nonsense
        refused 2 "nonsense"
    done
    run --separate-stderr "$SWAPC" run --http nonsense
    refused 2 "nonsense"
    run --separate-stderr "${signer[@]}" --http unix:/nowhere/at/all
    refused 1 "/nowhere/at/all"
    background one "${signer[@]}" --http "unix:$work/one.http"
    await test -S one.http
    [[ $(stat -c %a one.http) == 600 ]]
    run --separate-stderr "$SWAPC" signer --redis "unix:$socket" --ring "test-$mark-2" --keys keys \
        --consumer two --http "unix:$work/one.http"
    refused 1 "listen"
}

# post PATH JSON [OPTION of curl…]: as the page would, with the token of file `token`.
post() {
    code=$(curl -s -o body -w '%{http_code}' --max-time 300 -H "Authorization: Bearer $(cat token)" \
        -H 'Content-Type: application/json' -d "$2" "${@:3}" "http://$at$1")
}

generation() {
    get /metrics
    metric 'swapc_slot_generation{slot="schnorr"}'
}

@test "who has the token checks, swaps and rolls back; a refusal says where and why" {
    local modules
    start_pair --http-token token
    modules=$(cd "$(dirname "$program")/../share/swapc/modules" && pwd)
    [[ $(stat -c %a token) == 600 ]]
    post /api/check "{\"slot\":\"schnorr\",\"path\":\"$modules/schnorr\"}"
    [[ $code == 200 && $(generation) == 1 ]]
    post /api/check "{\"slot\":\"schnorr\",\"path\":\"$modules/ecdsa\"}"
    [[ $code == 422 ]]
    json body 'd["ok"] is False and d["stage"] == "self-test" and d["status"] == "CONTRACT" and d["text"]'
    post /api/swap "{\"process\":\"0\",\"slot\":\"schnorr\",\"path\":\"$modules/schnorr\"}"
    [[ $code == 200 ]]
    json body 'd["ok"] and d["generation"] == 2 and d["self_tests"] > 0'
    [[ $(generation) == 2 ]]
    post /api/swap '{"slot":"schnorr","path":"/no/such"}'
    [[ $code == 422 ]]
    json body 'd["status"] == "NOT_FOUND" and "/no/such" in d["text"]'
    post /api/rollback '{"slot":"schnorr"}'
    [[ $code == 200 && $(generation) == 3 ]]
    post /api/swap '{"slot":"nothing","path":"/x"}'
    [[ $code == 422 ]]
    post /api/swap '{"process":"3/0","slot":"schnorr","path":"/x"}'
    [[ $code == 404 ]]
    post /api/swap 'no json'
    [[ $code == 400 ]]
    get /metrics
    [[ $(metric 'swapc_swaps_total{action="swap",stage="publish",result="done"}') == 1 ]]
    [[ $(metric 'swapc_swaps_total{action="check",stage="self-test",result="refused"}') == 1 ]]
    get /api/state
    json body '" ".join(e["action"] for e in d["processes"][0]["verifier"]["swaps"]) == "check check swap swap rollback"'
}

# signed FOLDER VERSION: the shipped schnorr of that version, signed by ./key.
signed() {
    cp -r "$(dirname "$program")/../share/swapc/modules/schnorr" "$1"
    sed -i "s/^version = .*/version = \"$2\"/" "$1/module.toml"
    "$SWAPC" module sign "$work/$1" --key key >/dev/null
}

@test "a check neither compares nor remembers the version" {
    mkdir own allowed
    "$SWAPC" module keygen key >/dev/null
    cp key.pub allowed
    signed own/schnorr 2.0.0
    signed older 1.0.0
    signed newer 3.0.0
    start_pair --http-token token --method schnorr --modules own --trust-keys allowed --trust-state state
    await answers 200 /readyz
    for which in older newer; do
        post /api/check "{\"slot\":\"schnorr\",\"path\":\"$work/$which\"}"
        [[ $code == 200 ]]
    done
    post /api/swap "{\"slot\":\"schnorr\",\"path\":\"$work/older\"}"
    [[ $code == 422 ]]
    json body 'd["status"] == "VERSION"'
    post /api/swap "{\"slot\":\"schnorr\",\"path\":\"$work/own/schnorr\"}"
    [[ $code == 200 ]]
}

@test "a wrong token, another site, a large body, no token at all: refused, and nothing changes" {
    start_pair --http-token token
    local swap='{"slot":"schnorr","path":"/x"}' json='Content-Type: application/json'
    get /api/swap -X POST -H "$json" -d "$swap"
    [[ $code == 401 ]]
    get /api/swap -X POST -H "$json" -H "Authorization: Bearer $(printf %064d 7)" -d "$swap"
    [[ $code == 403 ]]
    post /api/swap "$swap" -H 'Origin: http://evil.example'
    [[ $code == 403 ]]
    post /api/swap "$swap" -H 'Sec-Fetch-Site: cross-site'
    [[ $code == 403 ]]
    post /api/swap "$swap" -H 'Host: evil.example'
    [[ $code == 421 ]]
    head -c 1000000 /dev/zero | tr '\0' a >large
    post /api/swap @large
    [[ $code == 413 ]]
    get "/api/swap?token=$(cat token)"
    [[ $code == 405 ]]
    get /api/state -H 'Origin: http://evil.example'
    [[ $code == 403 ]]
    curl -s -D head -o body "http://$at/" -H 'Origin: http://evil.example'
    not grep -qi '^access-control' head
    grep -qi "^content-security-policy: default-src 'none'" head
    [[ $(metric_of_swaps) == 0 ]]
    chmod 644 token
    run --separate-stderr "$SWAPC" verifier --redis "unix:$socket" --ring "test-$mark-2" --keys keys.pub \
        --http 127.0.0.1:0 --http-token token
    refused 1 "chmod 600"
}

metric_of_swaps() {
    get /metrics
    metric 'swapc_swaps_total{action="swap",stage="publish",result="done"}'
}

@test "a dashboard shows several processes, hands controls on, and sees one go and come back" {
    local modules process
    start_pair --http-token token
    process=$at
    modules=$(cd "$(dirname "$program")/../share/swapc/modules" && pwd)
    background board "$SWAPC" dashboard --connect "unix:$work/signer.http" "$process"
    await grep -q "page is at" board.out
    at=$(sed -n 's,.*http://\([0-9.:]*\)/,\1,p' board.out)
    both() { get /api/state && json body 'len([p for p in d["processes"] if "gone" not in p]) == 2' 2>/dev/null; }
    await both
    json body '[p["role"] for p in d["processes"]] == ["signer", "verifier"]'
    post /api/swap "{\"process\":\"2/0\",\"slot\":\"schnorr\",\"path\":\"$modules/schnorr\"}"
    [[ $code == 200 ]]
    json body 'd["generation"] == 2'
    get /api/swap -H 'Content-Type: application/json' -d '{"process":"2/0","slot":"schnorr","path":"/x"}' \
        -H "Authorization: Bearer $(printf %064d 7)"
    [[ $code == 403 ]]
    kill -KILL "$verifier"
    one_gone() { get /api/state && json body '"gone" in d["processes"][1] and d["processes"][1]["verifier"]' 2>/dev/null; }
    await one_gone
    background verifier "$SWAPC" verifier --redis "unix:$socket" --ring "test-$mark" --keys keys.pub \
        --http "$process"
    await both
    run --separate-stderr "$SWAPC" dashboard
    refused 2 "--connect"
}

@test "alert rules and the Grafana dashboard are sound, and name metrics that there are" {
    local name rules=$here/../packaging/prometheus board=$here/../packaging/grafana/swapc.json
    for name in $(grep -oh 'swapc_[a-z_]*' "$rules/swapc.rules.yml" "$board" | sort -u); do
        grep -qE "^\| \`${name%_bucket}\` " "$here/../docs/OPERATING.md" || {
            echo "no metric is called $name" >&2
            return 1
        }
    done
    json "$board" 'len(d["panels"]) > 9 and len({p["id"] for p in d["panels"]}) == len(d["panels"])'
    command -v promtool >/dev/null || skip "promtool is not there (Debian: prometheus)"
    promtool check rules "$rules/swapc.rules.yml"
    promtool test rules "$rules/swapc.rules.test.yml"
    python3 - "$board" >queries.yml <<'PY'
import json, sys
print("groups:\n- name: board\n  rules:")
for panel in json.load(open(sys.argv[1]))["panels"]:
    for target in panel["targets"]:
        expr = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
        print("  - {record: a, expr: %s}" % json.dumps(expr))
PY
    promtool check rules --lint=none queries.yml
}
