# What the documents tell their readers to type is run, page by page, as they would: in a clone of the tree whose
# build is the one that is tested, with a home, a network and a /dev/shm of the test's own. docs_run.py says how a
# page says what cannot be run, and why.
load helpers

# Every page of the tree, from its top, but for the templates: what is made of those is another page (below).
all_pages() {
    (cd "$here/.." && find . \( -name build -o -name '.?*' -o -name node_modules -o -path ./guests/sdk/template \) -prune -o -name '*.md' -printf '%P\n' | sort)
}

# clone: ./clone, and $build, the build that its build/release is.
clone() {
    local path
    build=$(cd "$(dirname "$program")/.." && pwd)
    [[ -f $build/cmake_install.cmake ]] || skip "the program is not one of a build"
    mkdir -p clone/build home
    for path in "$here"/../*; do
        [[ ${path##*/} == build ]] || ln -s "$(realpath "$path")" clone/
    done
    ln -s "$build" clone/build/release
    local sanitize
    sanitize=$(sed -n 's/^SWAPC_SANITIZE:[A-Z]*=//p' "$build/CMakeCache.txt")
    CC=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
    export CC LIBSWAPC_CFLAGS=${sanitize:+-fsanitize=$sanitize}
    export SWAPC_CACHE=$work/cache CMAKE_GENERATOR='Unix Makefiles'
    for path in cmake make; do command -v $path >/dev/null || skip "$path is not here"; done
}

# Installs the build into ./installed and puts it on the PATH, as a page's first lines would have it.
installed() {
    cmake --install "$build" --prefix "$work/installed" >install.log
    PATH=$work/installed/bin:$PATH
}

# follows PAGE [FOLDER]: in the clone, or in a folder that is made.
follows() {
    mkdir -p "${2:-clone}"
    unshare -mn --map-root-user true 2>/dev/null || skip "no namespaces may be made here"
    run unshare -mn --map-root-user bash -c 'mount -t tmpfs none /dev/shm && cd "$1" && python3 -c "
import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack(\"16sh14x\", b\"lo\", 1))" && # SIOCSIFFLAGS, IFF_UP
        HOME=$2 exec python3 "$3" "$4"' - "${2:-clone}" "$work/home" "$here/docs_run.py" "$(realpath "$here/../$1")"
    [[ $status == 0 ]] || {
        tail -n 40 <<<"$output" >&2
        return 1
    }
}

@test "each block of commands in the documents is run or says why not" {
    cd "$here/.."
    mapfile -t pages < <(all_pages)
    ((${#pages[@]} >= 25))
    run -0 python3 tests/docs_run.py --list "${pages[@]}"
}

@test "each page with commands has a test that follows it" {
    cd "$here/.."
    local page
    mapfile -t pages < <(all_pages)
    run -0 --separate-stderr python3 tests/docs_run.py --with-commands "${pages[@]}"
    ((${#lines[@]} >= 10))
    for page in "${lines[@]}"; do
        grep -q "follows ${page}" tests/docs.bats || {
            echo "nothing follows $page" >&2
            return 1
        }
    done
}

@test "what a new module's own page says to type is in the tutorial of its language" {
    local language command
    for language in as rust; do
        while read -r command; do
            grep -qxF "\$ $command" "$here/../docs/TUTORIAL-${language^^}.md" || {
                echo "docs/TUTORIAL-${language^^}.md does not try: $command" >&2
                return 1
            }
        done < <(sed -n '/^```sh$/,/^```$/{/^```/d; s/@NAME@/price/g; p}' "$here/../guests/sdk/template/$language/README.md" | grep .)
        [[ $(grep -c '^swapc\|^sh' "$here/../guests/sdk/template/$language/README.md") == 3 ]]
    done
}

@test "the page of the conformance suite is followed" {
    built wasm3
    clone
    follows conformance/README.md
}

@test "the readme is followed from its first command to its last" {
    built wasmtime
    clone
    follows README.md
    says "$output" "redis-server"
}

@test "what the readme shows of C compiles, and its settings are taken" {
    # block LANGUAGE: the first such block of the page.
    block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`\$/q; /^\`\`\`/d; p}" "$here/../README.md"; }
    block c >shown
    grep -q swapc_pin_call shown
    {
        grep '^#include' shown
        echo '#include <stdio.h>'
        echo 'int main(void) {'
        grep -v '^#include' shown
        echo 'return 0; }'
    } >shown.c
    cc -std=c17 -Wall -Wextra -Werror -fsyntax-only -I"$here/../include" shown.c
    block toml >shown.toml
    run -0 "$SWAPC" check-config --set shown.toml
    says "$output" 'ring +demo'
}

@test "the examples' page is followed" {
    built wasmtime
    clone
    cmake --install "$build" --prefix "$work/home/swapc" >install.log # as ./dev install does
    follows examples/README.md
}

@test "the tutorial is followed from its first command to its last" {
    built wasmtime
    built native
    clone
    installed
    follows docs/TUTORIAL.md empty
    says "$output" ", 0 lost"
}

# redis-server on the PATH: the same program has another name where its package that starts a service is not installed.
redis_server_on_path() {
    command -v redis-server >/dev/null && return
    mkdir bin
    printf '#!/bin/bash\nexec -a redis-server "%s" "$@"\n' "$(command -v redis-check-rdb)" >bin/redis-server
    chmod +x bin/redis-server
    PATH=$PWD/bin:$PATH
}

@test "the page on processing is followed from its first command to its last" {
    [[ -f /usr/include/jsmn.h ]] || skip "jsmn.h (libjsmn-dev) is not here"
    built wasmtime
    built native
    clone
    installed
    redis_server_on_path
    follows docs/PROCESS.md empty
}

# shows PAGE FOLDER FILE…: what the page has its reader write is what lies in examples/FOLDER.
shows() {
    local file
    for file in "${@:3}"; do
        python3 - "$here/../$1" "$here/../examples/$2/$file" "price/$file" <<'PY'
import re, sys
shown = re.search(r"^```\S+ %s\n(.*?)^```$" % re.escape(sys.argv[3]), open(sys.argv[1]).read(), re.M | re.S)
assert shown and shown[1] == open(sys.argv[2]).read(), "%s shows another %s" % tuple(sys.argv[1:3])
PY
    done
}

@test "a guest in Rust as its page has it" {
    local cargo rustc build_std top=$here/..
    built wasmtime
    # shellcheck source=bench/peers/build.sh
    . "$here/../bench/peers/build.sh"
    if ! command -v cargo >/dev/null || ! peers_wasm_cargo; then
        skip "no Rust here builds for wasm32-unknown-unknown: rustup target add wasm32-unknown-unknown; Debian: cargo-web rust-web-src"
    fi
    shows docs/TUTORIAL-RUST.md price_rust Cargo.toml src/lib.rs module.toml
    clone
    installed
    export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup} CARGO_NET_OFFLINE=true
    export CARGO_TARGET_DIR=$build/foreign
    (cd "$here/../examples/price_rust" && "$cargo" fetch --locked --offline) >cargo.log 2>&1 ||
        skip "the crates of examples/price_rust are not here: ./dev setup --foreign-tests"
    follows docs/TUTORIAL-RUST.md empty
}

@test "a guest in AssemblyScript as its page has it" {
    built wasmtime
    shows docs/TUTORIAL-AS.md price_as guest.ts module.toml
    command -v npm >/dev/null || skip "npm is not here"
    clone
    installed
    export npm_config_cache=${npm_config_cache:-$HOME/.npm} npm_config_offline=true npm_config_audit=false npm_config_fund=false
    "$SWAPC" module new probe --lang as >/dev/null
    (cd probe && npm ci) >npm.log 2>&1 || skip "assemblyscript and @wapc/as-guest are not in npm's cache: ./dev setup --foreign-tests"
    redis_server_on_path
    follows docs/TUTORIAL-AS.md empty
}

@test "the page of embedding is followed" {
    built wasmtime
    clone
    installed
    follows docs/EMBED.md empty
}

@test "the page of modules is followed" {
    built wasmtime
    built native
    clone
    installed
    follows docs/MODULES.md
}

@test "the page of operating is followed" {
    built wasmtime
    command -v curl >/dev/null || skip "curl is not here"
    clone
    installed
    follows docs/OPERATING.md
}

@test "the page of sizing is followed, and its tables are what the command prints" {
    built wasmtime
    clone
    follows docs/SCALING.md
    # The script that measures the page's curve has the formula once more: it says the same.
    PYTHONPATH=$here/../bench python3 -B - clone/figures.json <<'PY'
import json, sys
from scaling import Row
document = json.load(open(sys.argv[1]))
assert {row["via"] for row in document["rows"]} == {"shm", "redis"} and document["rows"][0]["default"]
for row in document["rows"]:
    model = Row(row["engine"], row["via"], document["host"]["cores"], row["workers"]).foretold({(row["engine"], row["via"]): row})
    assert abs(model / row["foretold_per_s"] - 1) < 1e-6, (model, row)
    assert 0 < row["call_us"] < row["verify_us"] and row["generate_us"] > 0 and row["sign_us"] > 0 and row["redis_us"] > 0, row
PY
}

@test "the reference is whole, and no link of it leads to nothing" {
    command -v doxygen >/dev/null || skip "doxygen is not here"
    run -0 "$here/../dev" site "$work/site"
    [[ $output == */index.html ]]
    python3 - "$work/site" "$here/../include/swapc" <<'PY'
import glob, os, re, sys, urllib.parse
site, headers = sys.argv[1:]
pages = {os.path.basename(p): open(p, encoding="utf-8").read() for p in glob.glob(site + "/*.html")}
dead, far = set(), set()
for name, page in pages.items():
    for link in re.findall(r'(?:href|src)="([^"#]+)', page):
        if re.match(r"https?:", link):
            if "<script" in page and re.search(r'<(?:script|link)[^>]*%s' % re.escape(link), page):
                far.add(link)
        elif not os.path.exists(os.path.join(site, urllib.parse.unquote(link))) and not link.startswith(("javascript", "mailto")):
            dead.add((name, link))
assert not dead, sorted(dead)[:20]
assert not far, far # it works from the disk
text = "".join(pages.values())
for header in glob.glob(headers + "/*.h"):
    for function in re.findall(r"\b(swapc_[a-z0-9_]+)\(", re.sub(r"/\*.*?\*/", "", open(header).read(), flags=re.S)):
        assert function in text, function
assert "A module of your own" in text and "SWAPC_TRAP_STACK" in text
PY
    mkdir -p tree/docs
    cp -r "$here/../include" "$here"/../*.md "$here/../dev" "$here/../CMakeLists.txt" "$here/../examples" tree/
    cp -r "$here/../docs" tree/
    sed -i 's|^/\* Frees the slot; pins stay good.*||' tree/include/swapc/slot.h
    run -1 tree/dev site "$work/other"
    says "$output" "swapc_slot_free.* is not documented"
}

@test "a page whose output or command is wrong is told from one that is right" {
    printf '```console\n$ echo one two\none …\n$ printf "a\\nb\\n"\n…b\n```\n' >right.md
    run -0 python3 "$here/docs_run.py" right.md
    says "$output" "2 commands"
    printf '```console\n$ echo one two\ntwo …\n```\n' >wrong.md
    run -1 python3 "$here/docs_run.py" wrong.md
    for language in sh console; do
        printf '```%s\n%sfalse\n```\n' $language "$([[ $language == sh ]] || echo '$ ')" >fails.md
        run -1 python3 "$here/docs_run.py" fails.md
    done
    printf '```console\n$ exit 0\n$ echo more\n```\n' >ends.md
    run -1 python3 "$here/docs_run.py" ends.md
    printf '```sh\nfalse \\\n  || echo a line that goes on # and more\n# alone\nx=1; [ $x = 1 ]\n```\n' >lines.md
    run -0 python3 "$here/docs_run.py" lines.md
    says "$output" "2 commands"
}

@test "a service of a page that does not start or end well is told" {
    page() { printf '<!-- stays -->\n```sh\n%s\n```\n```sh\ntrue\n```\n' "$1" >page.md; }
    page "bash -c 'echo ready; trap \"exit 0\" TERM; while :; do sleep 0.1; done'"
    run -0 python3 "$here/docs_run.py" page.md
    page "bash -c 'echo ready; trap \"exit 3\" TERM; while :; do sleep 0.1; done'"
    run -1 python3 "$here/docs_run.py" page.md
    says "$output" "status 3 at the end"
    page "bash -c 'echo ready; sleep 0.2; exit 0'"
    printf '```sh\nsleep 1\n```\n' >>page.md
    run -1 python3 "$here/docs_run.py" page.md
    says "$output" "not there any more"
    page "false"
    run -1 python3 "$here/docs_run.py" page.md
    says "$output" "it ended"
    printf '# a\n```sh\necho of a\n```\n## b c\n```sh\necho of b\n```\n## d\n```sh\nfalse\n```\n' >other.md
    printf '<!-- after: other.md#b-c -->\n```sh\necho last\n```\n' >page.md
    run -0 python3 "$here/docs_run.py" page.md
    [[ $output == *'of b'*last*'2 commands' && $output != *'of a'* ]]
}

@test "a block that nobody runs is told, and a reason is a sentence" {
    bad() {
        printf "$1" >page.md
        run -1 python3 "$here/docs_run.py" --list page.md
        says "$output" "$2"
    }
    bad 'Type\n\n    swapc run\n' "an indented block is not run"
    bad '```\nswapc run\n```\n' "without a language"
    bad '<!-- not run: so -->\n```sh\nswapc run\n```\n' "not run, and why"
    bad '```sh\nswapc run\n' "not closed"
    printf '<!-- not run: it would take a machine of its own -->\n```sh\nswapc run\n```\n```text\nas it is\n```\n' >page.md
    run -0 python3 "$here/docs_run.py" --list page.md
    says "$output" "0 blocks"
}

@test "each status has its row in docs/TROUBLESHOOTING.md, and no other is there" {
    diff <(sed -nE 's/^    X\(([A-Z_]+), ([0-9]+), .*/\1 \2/p' "$here/../include/swapc/error.h") \
        <(sed -nE 's/^\| ([A-Z_]+) \| ([0-9]+) \| [^|]{5,} \| [^|]{7,} \|$/\1 \2/p' "$here/../docs/TROUBLESHOOTING.md")
}
