#!/usr/bin/env bash
# check.sh CASE: one case of the tests of what is installed. CTest gives what it takes as variables;
# `install` comes first, all others use what it leaves.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$BUILD/examples/work
prefix=$work/moved
lib=$prefix/$LIBDIR
echo=$prefix/share/swapc/modules/echo
export CC CXX CMAKE_GENERATOR=Ninja SWAPC_CACHE=$work/cache

die() {
    echo "$*" >&2
    exit 1
}

# expect PATTERN COMMAND…: the command succeeds and one whole line of its output is the pattern.
expect() {
    local output pattern=$1
    shift
    output=$("$@") || die "$* failed and printed: $output"
    grep -qE "^($pattern)$" <<<"$output" || die "no line \"$pattern\" in what $* printed: $output"
}

# example FOLDER: configures and builds it as a user would, against the prefix.
example() {
    rm -rf "$work/$1"
    "$CMAKE" -S "$source/examples/$1" -B "$work/$1" --no-warn-unused-cli \
        -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS="$FLAGS" -DCMAKE_CXX_FLAGS="$FLAGS" >"$work/$1.log" ||
        die "$(<"$work/$1.log")"
    "$CMAKE" --build "$work/$1" >"$work/$1.log" || die "$(<"$work/$1.log")"
}

# Moved before it is used, so that nothing can depend on where it was installed.
case_install() {
    rm -rf "$work"
    env -u DESTDIR "$CMAKE" --install "$BUILD" --prefix "$work/installed" >/dev/null
    mv "$work/installed" "$prefix"
}

case_layout() {
    local file
    diff <(cd "$source/include" && find . -name '*.h' ! -path ./swapc/sys/engine.h | sort) \
        <(cd "$prefix/include" && find . -type f | sort) || die "the installed headers are others"
    for file in "$lib/libswapc.so.$ABI" "$prefix/bin/swapc"; do
        ! readelf -d "$file" | grep -E 'R(UN)?PATH' | grep -vF '[$ORIGIN' ||
            die "$file looks for libraries outside its prefix"
    done
    readelf -d "$lib/libswapc.so" | grep -qF "[libswapc.so.$ABI]" || die "the SONAME is wrong"
    ! grep -rlF -e "$source" -e "$work" "$lib/cmake" "$lib/pkgconfig" \
        "$prefix/include" || die "these name a folder of the machine that built them"
}

# What the headers for embedders declare is what both libraries offer.
case_symbols() {
    local declared
    declared=$(sed 's|^.*static inline.*$||; s|/\*.*||; s|^ \*.*||' "$prefix"/include/swapc/*.h |
        grep -oE '\bswapc_[a-z0-9_]+\(' | tr -d '(' | grep -vE '^swapc_bytes_(of|str|equal)$' | sort -u)
    [ -n "$declared" ]
    diff <(echo "$declared") <(nm -D --defined-only "$lib/libswapc.so" |
        awk '$2 != "A" {sub("@.*", "", $3); print $3}' | sort) ||
        die "libswapc.so exports (>) other names than the headers declare (<)"
    diff <(echo "$declared") <(nm -g --defined-only "$lib/libswapc.a" |
        awk 'NF == 3 {print $3}' | sort) ||
        die "libswapc.a offers (>) other names than the headers declare (<)"
}

# What the headers promise to the compiler: each line must be refused for its reason, by each compiler.
case_attributes() {
    local compiler line reason
    while read -r reason line; do
        printf '#include <swapc/swapc.h>\nvoid f(swapc_host *h, swapc_slot *s, swapc_module *m);\n' >"$work/a.c"
        printf 'void f(swapc_host *h, swapc_slot *s, swapc_module *m) {\n%s\n(void)h; (void)s; (void)m; }\n' \
            "$line" >>"$work/a.c"
        for compiler in "$CC" gcc clang clang-22; do
            command -v "$compiler" >/dev/null || continue
            ! "$compiler" -c -o /dev/null -Wall -Werror -I"$prefix/include" "$work/a.c" 2>"$work/error" ||
                die "$compiler takes: $line"
            grep -q -- "$reason" "$work/error" || die "$compiler refuses $line, but: $(<"$work/error")"
        done
    done <<'LINES'
nonnull if (swapc_host_new(NULL, NULL, NULL)) return;
nonnull if (swapc_module_load(h, NULL, NULL, &m, NULL)) return;
nonnull if (swapc_slot_publish(s, NULL, NULL)) return;
unused-result swapc_host_new(NULL, &h, NULL);
unused-result swapc_slot_publish(s, m, NULL);
unused-result swapc_slot_pin(s, &(swapc_pin){0});
LINES
}

case_program() {
    expect 'still here' "$prefix/bin/swapc" call echo echo --hex 7374696c6c2068657265
}

case_call() {
    example call
    expect 'echo [0-9.]+ on [a-z0-9]+, swapc [0-9.]+' "$work/call/call" "$echo" hello
    expect hello "$work/call/call" "$echo" hello
    ! "$work/call/call" "$work/none" hello 2>"$work/error" || die "called a bundle that is not there"
    grep -q 'NOT_FOUND' "$work/error" || die "an unclear refusal: $(<"$work/error")"
}

# In a folder of its own: `call` may be built at the same time.
case_static() {
    cp -r "$source/examples/call" "$work/static_source"
    "$CMAKE" -S "$work/static_source" -B "$work/static" -DCMAKE_PREFIX_PATH="$prefix" \
        -DCMAKE_C_FLAGS="$FLAGS" >/dev/null
    "$CMAKE" --build "$work/static" --target call_static >/dev/null
    ! readelf -d "$work/static/call_static" | grep libswapc || die "call_static links libswapc.so"
    expect hello "$work/static/call_static" "$echo" hello
}

case_pkgconfig() {
    command -v make >/dev/null && command -v pkg-config >/dev/null || exit 77
    cp -r "$source/examples/call" "$work/pkgconfig"
    PKG_CONFIG_PATH=$lib/pkgconfig make -s -C "$work/pkgconfig" CFLAGS="$FLAGS"
    expect hello "$work/pkgconfig/call" "$echo" hello
    readelf -d "$work/pkgconfig/call" | grep -q libswapc || die "call does not link libswapc.so"
    ! readelf -d "$work/pkgconfig/call_static" | grep libswapc ||
        die "call_static links libswapc.so"
    expect hello "$work/pkgconfig/call_static" "$echo" hello
}

case_cplusplus() {
    [ -n "$CXX" ] && [[ $CXX != *-NOTFOUND ]] || exit 77
    example cplusplus
    expect 'deadline: DEADLINE' "$work/cplusplus/stop" "$echo"
    expect 'cancel: CANCELLED' "$work/cplusplus/stop" "$echo"
    expect 'and it serves on: hello' "$work/cplusplus/stop" "$echo"
}

case_host_call() {
    local program=$work/host_call/host_call
    example host_call
    expect 'host: OK: the host heard "good morning" from alice' "$program" "$echo"
    expect 'host: GUEST_ERROR: not allowed' "$program" "$echo"
    expect '\[echo\] a line of the guest' "$program" "$echo"
    expect 'answered: 1' "$program" "$echo"
}

# second: another module of echo's operation, as README.md has it built; its bundle is $second.
second() {
    local project=$work/$1_second
    rm -rf "$project"
    "$prefix/bin/swapc" module new second "$project" >/dev/null
    cp "$source"/examples/second_module/* "$project/"
    "$CMAKE" -S "$project" -B "$project/build" -DCMAKE_TOOLCHAIN_FILE="$project/wasm.cmake" \
        -DSWAPC="$prefix/bin/swapc" >"$project.log" 2>&1 || die "$(<"$project.log")"
    "$CMAKE" --build "$project/build" >"$project.log" 2>&1 || die "$(<"$project.log")"
    second=$project/build/second
}

case_second_module() {
    second alone
    expect 'HELLO.' "$prefix/bin/swapc" call "$second" echo --text hello.
    expect 'ok +wasm(time|3) .* 3 self-test vectors' "$prefix/bin/swapc" module check "$second"
}

case_hot_swap() {
    example hot_swap
    expect '24 generations gave [0-9]+ answers, 0 wrong' "$work/hot_swap/hot_swap" "$echo"
    second hot_swap
    expect '24 generations gave [0-9]+ answers, 0 wrong' "$work/hot_swap/hot_swap" "$echo" "$second"
    expect 'generation +[0-9]+, echo 2.0.0 on wasm[a-z0-9]+ +[0-9]+ answers' "$work/hot_swap/hot_swap" "$echo" "$second"
    ! "$work/hot_swap/hot_swap" "$echo" "$work/none" 2>"$work/error" || die "a second bundle that is not there is passed over"
}

# With the sanitizers of the library that it links, which Go knows by -asan.
case_go() {
    local sanitized=()
    command -v go >/dev/null || exit 77
    go version | grep -qE 'go1\.(19|[2-9][0-9])' || exit 77
    [[ $FLAGS != *fsanitize=thread* ]] || exit 77 # Go has a thread sanitizer of its own
    [[ $FLAGS != *fsanitize=address* ]] || sanitized=(-asan)
    export GOTOOLCHAIN=local GOPROXY=off GOFLAGS='' PKG_CONFIG_PATH=$lib/pkgconfig CGO_ENABLED=1
    CGO_CFLAGS=$(grep -oE -- '-(f[a-z-]*sanitize)[^ ]*' <<<"$FLAGS" | tr '\n' ' ') || true # not the warnings: Go's own C has some
    export CGO_CFLAGS CGO_LDFLAGS=$CGO_CFLAGS
    [[ $CC != */cc ]] || ! command -v gcc >/dev/null || CC=gcc # by whose name Go knows whether there is -asan
    rm -rf "$work/go"
    cp -r "$source/examples/go" "$work/go"
    (cd "$work/go" && go vet . && go build "${sanitized[@]}" -o hot_swap .) || die "the example in Go does not build"
    second go
    export LD_LIBRARY_PATH=$lib
    expect 'first module: still here\?' "$work/go/hot_swap" "$echo" "$second" echo 'still here?'
    expect 'second module: STILL HERE\?' "$work/go/hot_swap" "$echo" "$second" echo 'still here?'
    expect '20 swaps, [0-9]+ calls, 0 lost' "$work/go/hot_swap" "$echo" "$second" echo 'still here?'
    ! "$work/go/hot_swap" "$work/none" "$second" echo x 2>"$work/error" || die "called a bundle that is not there"
    grep -q 'NOT_FOUND' "$work/error" || die "an unclear refusal: $(<"$work/error")"
}

"case_$1"
