# The pages that teach: each command of the tutorial is run, in order, against an installed tree.
load helpers

# Installs the build into ./installed and puts it on the PATH.
installed() {
    local build
    build=$(cd "$(dirname "$program")/.." && pwd)
    [[ -f $build/cmake_install.cmake ]] || skip "the program is not one of a build"
    cmake --install "$build" --prefix "$work/installed" >install.log
    PATH=$work/installed/bin:$PATH
    local sanitize
    sanitize=$(sed -n 's/^SWAPC_SANITIZE:[A-Z]*=//p' "$build/CMakeCache.txt")
    CC=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
    export PATH CC LIBSWAPC_CFLAGS=${sanitize:+-fsanitize=$sanitize}
    export SWAPC_CACHE=$work/cache CMAKE_GENERATOR='Unix Makefiles'
}

@test "the tutorial is followed from its first command to its last" {
    command -v cmake >/dev/null || skip "cmake is not here"
    command -v make >/dev/null || skip "make is not here"
    [[ -f /usr/include/jsmn.h ]] || skip "jsmn.h (libjsmn-dev) is not here"
    built wasmtime
    built native
    installed
    mkdir empty
    cd empty
    run -0 python3 "$here/tutorial.py" "$here/../docs/TUTORIAL.md"
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
    command -v cmake >/dev/null || skip "cmake is not here"
    command -v make >/dev/null || skip "make is not here"
    [[ -f /usr/include/jsmn.h ]] || skip "jsmn.h (libjsmn-dev) is not here"
    built wasmtime
    built native
    installed
    redis_server_on_path
    mkdir empty
    cd empty
    run -0 python3 "$here/tutorial.py" "$here/../docs/PROCESS.md"
}

@test "a page whose output or command is wrong is told from one that is right" {
    printf '```console\n$ echo one two\none …\n$ printf "a\\nb\\n"\n…b\n```\n' >right.md
    run -0 python3 "$here/tutorial.py" right.md
    printf '```console\n$ echo one two\ntwo …\n```\n' >wrong.md
    run -1 python3 "$here/tutorial.py" wrong.md
    printf '```console\n$ false\n```\n' >fails.md
    run -1 python3 "$here/tutorial.py" fails.md
    printf '```console\n$ exit 0\n$ echo more\n```\n' >ends.md
    run -1 python3 "$here/tutorial.py" ends.md
}

@test "each status has its row in docs/TROUBLESHOOTING.md, and no other is there" {
    diff <(sed -nE 's/^    X\(([A-Z_]+), ([0-9]+), .*/\1 \2/p' "$here/../include/swapc/error.h") \
        <(sed -nE 's/^\| ([A-Z_]+) \| ([0-9]+) \| [^|]{5,} \| [^|]{7,} \|$/\1 \2/p' "$here/../docs/TROUBLESHOOTING.md")
}
