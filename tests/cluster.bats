# A Redis Cluster: what works on one of its nodes, and what is said where it does not.
load helpers

cluster_is_up() {
    [[ $(redis "$socket" CLUSTER INFO) == cluster_state:ok* ]]
}

answers_or_is_gone() {
    redis_answers_at "$socket" || not kill -0 "$server" 2>/dev/null
}

# The one node of a cluster, which has all slots. Its clients come over a socket; a port it needs all the same.
start_cluster() {
    local port
    port=$(free_port)
    redis_launch "$work/redis" --cluster-enabled yes --port "$port"
    await answers_or_is_gone
    redis_answers_at "$socket" || skip "redis-server starts no node of a cluster here"
    # shellcheck disable=SC2046
    redis "$socket" CLUSTER ADDSLOTS $(seq 0 16383) >/dev/null
    await cluster_is_up
    export SWAPC_REDIS=unix:$socket
}

processed() {
    [[ $(redis "$socket" XLEN "{orders.0}:priced") == 1 ]]
}

@test "a node of a Redis Cluster that has all slots: partitions, or names with one hash tag; else they are asked for" {
    start_cluster
    run -0 --separate-stderr "$SWAPC" run --redis "$SWAPC_REDIS" --via redis --partitions 3 --messages 60 --no-bound --progress off --json a.json
    json a.json '[d[name] for name in ("messages", "lost", "duplicates", "wrong", "errors")] == [60, 0, 0, 0, 0]'
    run -0 --separate-stderr "$SWAPC" run --redis "$SWAPC_REDIS" --stream '{b}' --messages 30 --no-bound --progress off --json b.json
    json b.json '[d[name] for name in ("messages", "lost", "duplicates", "wrong", "errors")] == [30, 0, 0, 0, 0]'
    background process "$SWAPC" process --in orders --out priced --partitions 2 --module echo --operation echo
    redis "$socket" XADD "{orders.0}" '*' payload tea >/dev/null
    await processed
    run -1 --separate-stderr "$SWAPC" signer --ring "test-$mark" --stream plain --keys keys
    refused 1 "CROSSSLOT" "as --stream \{swapc\}"
    run -1 --separate-stderr "$SWAPC" process --in untagged --out priced --module echo --operation echo
    refused 1 "CROSSSLOT" "--in \{orders\} --out \{orders\}:priced"
}
