# bash completion of swapc, written by `swapc completions bash`.

_swapc_modules() {
    local folder=${SWAPC_MODULES:-$(dirname -- "$(command -v swapc)")/../share/swapc/modules} path
    for path in "$folder"/*/; do
        [[ ! -d $path ]] || basename -- "$path"
    done
}

_swapc() {
    local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command= options= words= modules= files= value= i
    COMPREPLY=()
    # "=" is a word of its own
    if [[ $cur == = ]]; then
        cur=
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case $command/${COMP_WORDS[i]} in
        /run) command=run ;;
        /signer) command=signer ;;
        /verifier) command=verifier ;;
        /process) command=process ;;
        /generate) command=generate ;;
        /bench) command=bench ;;
        /call) command=call ;;
        /inspect) command=inspect ;;
        /module) command=module ;;
        module/new) command=module-new ;;
        module/check) command=module-check ;;
        module/keygen) command=module-keygen ;;
        module/sign) command=module-sign ;;
        module/list) command=module-list ;;
        module/swap) command=module-swap ;;
        module/rollback) command=module-rollback ;;
        /dead) command=dead ;;
        /status) command=status ;;
        /dashboard) command=dashboard ;;
        /conformance) command=conformance ;;
        /check-config) command=check-config ;;
        /completions) command=completions ;;
        esac
    done
    case $command/$before in
    run/--engine) value=1 words="wasmtime wasm3 native" ;;
    run/--method) value=1 words="schnorr ecdsa random" ;;
    run/--messages) value=1 ;;
    run/--input) value=1 files=-f ;;
    run/--swap) value=1 words="none warm disk cold" ;;
    run/--modules) value=1 files=-d ;;
    run/--tamper) value=1 ;;
    run/--redis) value=1 ;;
    run/--stream) value=1 ;;
    run/--via) value=1 words="shm redis" ;;
    run/--partitions) value=1 ;;
    run/--http) value=1 ;;
    run/--http-token) value=1 files=-f ;;
    run/--workers) value=1 ;;
    run/--batch) value=1 ;;
    run/--deadline) value=1 ;;
    run/--compile-max) value=1 ;;
    run/--keys) value=1 files=-f ;;
    run/--keys-count) value=1 ;;
    run/--keep) value=1 ;;
    run/--seed) value=1 ;;
    run/--json) value=1 files=-f ;;
    run/--progress) value=1 words="auto off" ;;
    run/--config) value=1 files=-f ;;
    run/--log-format) value=1 words="logfmt json" ;;
    signer/--redis) value=1 ;;
    signer/--ring) value=1 ;;
    signer/--via) value=1 words="shm redis" ;;
    signer/--partitions) value=1 ;;
    signer/--keys) value=1 files=-f ;;
    signer/--listen) value=1 ;;
    signer/--http) value=1 ;;
    signer/--tls-cert) value=1 files=-f ;;
    signer/--tls-key) value=1 files=-f ;;
    signer/--tls-client-ca) value=1 files=-f ;;
    signer/--stream) value=1 ;;
    signer/--keys-count) value=1 ;;
    signer/--keys-mode) value=1 words="private group" ;;
    signer/--method) value=1 words="schnorr ecdsa" ;;
    signer/--consumer) value=1 ;;
    signer/--tamper) value=1 ;;
    signer/--seed) value=1 ;;
    signer/--retry) value=1 ;;
    signer/--parent) value=1 ;;
    signer/--config) value=1 files=-f ;;
    signer/--log-format) value=1 words="logfmt json" ;;
    verifier/--redis) value=1 ;;
    verifier/--ring) value=1 ;;
    verifier/--via) value=1 words="shm redis" ;;
    verifier/--partitions) value=1 ;;
    verifier/--keys) value=1 files=-f ;;
    verifier/--listen) value=1 ;;
    verifier/--http) value=1 ;;
    verifier/--tls-cert) value=1 files=-f ;;
    verifier/--tls-key) value=1 files=-f ;;
    verifier/--tls-client-ca) value=1 files=-f ;;
    verifier/--stream) value=1 ;;
    verifier/--http-token) value=1 files=-f ;;
    verifier/--engine) value=1 words="wasmtime wasm3 native" ;;
    verifier/--method) value=1 words="schnorr ecdsa random" ;;
    verifier/--swap) value=1 words="none warm disk cold" ;;
    verifier/--workers) value=1 ;;
    verifier/--batch) value=1 ;;
    verifier/--deadline) value=1 ;;
    verifier/--compile-max) value=1 ;;
    verifier/--modules) value=1 files=-d ;;
    verifier/--trust-keys) value=1 files=-d ;;
    verifier/--trust-state) value=1 files=-d ;;
    verifier/--keep) value=1 ;;
    verifier/--retry) value=1 ;;
    verifier/--config) value=1 files=-f ;;
    verifier/--log-format) value=1 words="logfmt json" ;;
    process/--redis) value=1 ;;
    process/--in) value=1 ;;
    process/--out) value=1 ;;
    process/--module) value=1 ;;
    process/--operation) value=1 ;;
    process/--payload) value=1 ;;
    process/--id-field) value=1 ;;
    process/--errors) value=1 ;;
    process/--group) value=1 ;;
    process/--consumer) value=1 ;;
    process/--partitions) value=1 ;;
    process/--workers) value=1 ;;
    process/--batch) value=1 ;;
    process/--batch-operation) value=1 ;;
    process/--keep) value=1 ;;
    process/--max-lag) value=1 ;;
    process/--listen) value=1 ;;
    process/--http) value=1 ;;
    process/--tls-cert) value=1 files=-f ;;
    process/--tls-key) value=1 files=-f ;;
    process/--tls-client-ca) value=1 files=-f ;;
    process/--http-token) value=1 files=-f ;;
    process/--engine) value=1 words="wasmtime wasm3 native" ;;
    process/--deadline) value=1 ;;
    process/--compile-max) value=1 ;;
    process/--contract) value=1 files=-f ;;
    process/--trust-keys) value=1 files=-d ;;
    process/--trust-state) value=1 files=-d ;;
    process/--retry) value=1 ;;
    process/--config) value=1 files=-f ;;
    process/--log-format) value=1 words="logfmt json" ;;
    generate/--redis) value=1 ;;
    generate/--stream) value=1 ;;
    generate/--partitions) value=1 ;;
    generate/--messages) value=1 ;;
    generate/--input) value=1 files=-f ;;
    generate/--method) value=1 words="schnorr ecdsa random none" ;;
    generate/--seed) value=1 ;;
    generate/--signer) value=1 ;;
    generate/--tls-cert) value=1 files=-f ;;
    generate/--tls-key) value=1 files=-f ;;
    generate/--tls-ca) value=1 files=-f ;;
    generate/--tls-name) value=1 ;;
    generate/--config) value=1 files=-f ;;
    generate/--log-format) value=1 words="logfmt json" ;;
    bench/--rounds) value=1 ;;
    bench/--requests) value=1 ;;
    bench/--swaps) value=1 ;;
    bench/--input) value=1 files=-f ;;
    bench/--hex) value=1 ;;
    bench/--engine) value=1 words="native" ;;
    bench/--compile-max) value=1 ;;
    bench/--rate) value=1 ;;
    bench/--cores) value=1 ;;
    bench/--full) value=1 ;;
    bench/--json) value=1 files=-f ;;
    bench/--compare) value=1 files=-f ;;
    bench/--report) value=1 files=-d ;;
    bench/--progress) value=1 words="auto off" ;;
    bench/--config) value=1 files=-f ;;
    bench/--log-format) value=1 words="logfmt json" ;;
    call/--input) value=1 files=-f ;;
    call/--hex) value=1 ;;
    call/--text) value=1 ;;
    call/--repeat) value=1 ;;
    call/--engine) value=1 words="wasmtime wasm3 native" ;;
    call/--flavour) value=1 ;;
    call/--deadline) value=1 ;;
    call/--compile-max) value=1 ;;
    call/--memory-max) value=1 ;;
    call/--json) value=1 files=-f ;;
    call/--config) value=1 files=-f ;;
    call/--log-format) value=1 words="logfmt json" ;;
    inspect/--config) value=1 files=-f ;;
    inspect/--log-format) value=1 words="logfmt json" ;;
    module-new/--lang) value=1 words="c rust as" ;;
    module-new/--config) value=1 files=-f ;;
    module-new/--log-format) value=1 words="logfmt json" ;;
    module-check/--keys-dir) value=1 files=-d ;;
    module-check/--engine) value=1 words="wasmtime wasm3 native" ;;
    module-check/--contract) value=1 files=-f ;;
    module-check/--compile-max) value=1 ;;
    module-check/--config) value=1 files=-f ;;
    module-check/--log-format) value=1 words="logfmt json" ;;
    module-keygen/--config) value=1 files=-f ;;
    module-keygen/--log-format) value=1 words="logfmt json" ;;
    module-sign/--key) value=1 files=-f ;;
    module-sign/--password-file) value=1 files=-f ;;
    module-sign/--expires) value=1 ;;
    module-sign/--config) value=1 files=-f ;;
    module-sign/--log-format) value=1 words="logfmt json" ;;
    module-list/--target) value=1 ;;
    module-list/--json) value=1 files=-f ;;
    module-list/--tls-cert) value=1 files=-f ;;
    module-list/--tls-key) value=1 files=-f ;;
    module-list/--tls-ca) value=1 files=-f ;;
    module-list/--tls-name) value=1 ;;
    module-list/--config) value=1 files=-f ;;
    module-list/--log-format) value=1 words="logfmt json" ;;
    module-swap/--target) value=1 ;;
    module-swap/--json) value=1 files=-f ;;
    module-swap/--tls-cert) value=1 files=-f ;;
    module-swap/--tls-key) value=1 files=-f ;;
    module-swap/--tls-ca) value=1 files=-f ;;
    module-swap/--tls-name) value=1 ;;
    module-swap/--config) value=1 files=-f ;;
    module-swap/--log-format) value=1 words="logfmt json" ;;
    module-rollback/--target) value=1 ;;
    module-rollback/--state-dir) value=1 files=-d ;;
    module-rollback/--json) value=1 files=-f ;;
    module-rollback/--tls-cert) value=1 files=-f ;;
    module-rollback/--tls-key) value=1 files=-f ;;
    module-rollback/--tls-ca) value=1 files=-f ;;
    module-rollback/--tls-name) value=1 ;;
    module-rollback/--config) value=1 files=-f ;;
    module-rollback/--log-format) value=1 words="logfmt json" ;;
    dead/--redis) value=1 ;;
    dead/--stream) value=1 ;;
    dead/--partitions) value=1 ;;
    dead/--in) value=1 ;;
    dead/--errors) value=1 ;;
    dead/--json) value=1 files=-f ;;
    dead/--config) value=1 files=-f ;;
    dead/--log-format) value=1 words="logfmt json" ;;
    status/--json) value=1 files=-f ;;
    status/--tls-cert) value=1 files=-f ;;
    status/--tls-key) value=1 files=-f ;;
    status/--tls-ca) value=1 files=-f ;;
    status/--tls-name) value=1 ;;
    status/--config) value=1 files=-f ;;
    status/--log-format) value=1 words="logfmt json" ;;
    dashboard/--connect) value=1 ;;
    dashboard/--http) value=1 ;;
    dashboard/--config) value=1 files=-f ;;
    dashboard/--log-format) value=1 words="logfmt json" ;;
    conformance/--engine) value=1 words="wasmtime wasm3 native" ;;
    conformance/--case) value=1 ;;
    conformance/--folder) value=1 files=-d ;;
    conformance/--json) value=1 files=-f ;;
    conformance/--config) value=1 files=-f ;;
    conformance/--log-format) value=1 words="logfmt json" ;;
    check-config/--json) value=1 files=-f ;;
    check-config/--config) value=1 files=-f ;;
    check-config/--log-format) value=1 words="logfmt json" ;;
    completions/--config) value=1 files=-f ;;
    completions/--log-format) value=1 words="logfmt json" ;;
    esac
    [[ -n $value ]] || case $command in
    "") words="run signer verifier process generate bench call inspect module dead status dashboard conformance check-config completions help" options="--help --version" ;;
    module) words="new check keygen sign list swap rollback" options=--help ;;
    run)
        options=" --engine --method --messages --input --swap --modules --tamper --redis --stream --via --partitions --http --http-token --dashboard --workers --batch --deadline --compile-max --keys --keys-count --keep --seed --no-bound --details --json --progress --config --log-format --help" ;;
    signer)
        options=" --redis --ring --via --partitions --keys --listen --http --tls-cert --tls-key --tls-client-ca --stream --keys-count --keys-mode --keys-only --method --consumer --tamper --seed --retry --parent --config --log-format --help" ;;
    verifier)
        options=" --redis --ring --via --partitions --keys --listen --http --tls-cert --tls-key --tls-client-ca --stream --http-token --engine --allow-native --method --swap --workers --batch --deadline --compile-max --modules --trust-keys --trust-state --keep --retry --config --log-format --help" ;;
    process)
        options=" --redis --in --out --module --operation --payload --id-field --copy --errors --group --consumer --partitions --workers --batch --batch-operation --delete --keep --max-lag --listen --http --tls-cert --tls-key --tls-client-ca --http-token --engine --allow-native --deadline --compile-max --contract --trust-keys --trust-state --retry --config --log-format --help" ;;
    generate)
        options=" --redis --stream --partitions --messages --input --method --seed --signer --tls-cert --tls-key --tls-ca --tls-name --config --log-format --help" ;;
    bench)
        options=" --quick --rounds --requests --swaps --input --hex --engine --compile-max --rate --cores --full --json --compare --peers --report --progress --config --log-format --help"
        words="engines parts calls swap cold batch ring single pipeline scale capacity module all module capacity" modules=1 files=-f ;;
    call)
        options=" --input --hex --text --repeat --engine --flavour --deadline --compile-max --memory-max --json --config --log-format --help"
        modules=1 files=-f ;;
    inspect)
        options=" --config --log-format --help"
        modules=1 files=-f ;;
    module-new)
        options=" --lang --libc --config --log-format --help"
        files=-d ;;
    module-check)
        options=" --keys-dir --engine --contract --compile-max --native --config --log-format --help"
        modules=1 files=-f ;;
    module-keygen)
        options=" --config --log-format --help"
        files=-f ;;
    module-sign)
        options=" --key --password-file --expires --legacy --config --log-format --help"
        modules=1 files=-f ;;
    module-list)
        options=" --target --json --tls-cert --tls-key --tls-ca --tls-name --config --log-format --help" ;;
    module-swap)
        options=" --target --json --tls-cert --tls-key --tls-ca --tls-name --config --log-format --help"
        modules=1 files=-f ;;
    module-rollback)
        options=" --target --state-dir --json --tls-cert --tls-key --tls-ca --tls-name --config --log-format --help" ;;
    dead)
        options=" --redis --stream --partitions --in --errors --all --json --config --log-format --help"
        words="list retry drop" ;;
    status)
        options=" --watch --watch= --partitions --drain --json --tls-cert --tls-key --tls-ca --tls-name --config --log-format --help" ;;
    dashboard)
        options=" --connect --http --config --log-format --help" ;;
    conformance)
        options=" --engine --case --folder --json --config --log-format --help" ;;
    check-config)
        options=" --set --json --config --log-format --help"
        files=-f ;;
    completions)
        options=" --config --log-format --help"
        words="bash zsh fish" ;;
    esac
    if [[ -z $value && $cur == -* ]]; then
        words=$options modules= files=
    fi
    [[ -z $modules ]] || words+=" $(_swapc_modules)"
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur"
        [[ -z $files ]] || compgen $files -- "$cur")
    [[ -z $files ]] || compopt -o filenames 2>/dev/null
    [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
}

complete -F _swapc swapc
