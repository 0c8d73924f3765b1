# Sourced by ./dev: packages of the system. Installs what is missing, or says in one line what is.

# cmd:a|b  one of the commands is on the PATH; hdr:a|b  one of the headers is there; py:m  a module;
# deb:  the package itself is installed. $1 package, $2 probe.
system_has() {
    local kind=${2%%:*} names name dir
    IFS='|' read -ra names <<<"${2#*:}"
    case $kind in
    deb) dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed' && return ;;
    py) python3 -c "import importlib.util as u, sys; sys.exit(not u.find_spec('${names[0]}'))" \
        2>/dev/null && return ;;
    esac
    for name in "${names[@]}"; do
        [ "$kind" = cmd ] && command -v "$name" >/dev/null && return
        for dir in /usr/include /usr/local/include; do
            [ "$kind" = hdr ] && [ -e "$dir/$name" ] && return
        done
    done
    return 1
}

# Prints the packages of deps/apt.txt that are missing. Without dpkg, what only dpkg can tell is
# taken as there.
system_missing() {
    local package probe
    while read -r package probe; do
        case $package in '' | '#'*) continue ;; esac
        case $probe in deb:*) command -v dpkg-query >/dev/null || continue ;; esac
        system_has "$package" "$probe" || echo "$package"
    done <"$top/deps/apt.txt"
}

# Prints, of each argument "a|b", the first package that this Debian has.
system_choose() {
    local choice name names
    for choice in "$@"; do
        IFS='|' read -ra names <<<"$choice"
        for name in "${names[@]}"; do
            apt-cache show "$name" >/dev/null 2>&1 && break
        done
        echo "$name"
    done
}

# Installs the packages named ("a|b": the first that there is), on Debian and with the rights to do
# so; otherwise names them.
system_install() {
    [ $# -gt 0 ] || return 0
    local sudo=() chosen
    if ! command -v apt-get >/dev/null; then
        die "install what these Debian packages hold, then run this again: $*"
    fi
    if [ "$(id -u)" != 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            mapfile -t chosen < <(system_choose "$@")
            die "run this as root, then this again: apt-get install --no-install-recommends ${chosen[*]}"
        fi
        sudo=(sudo -n)
    fi
    say "installing $*"
    local run=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0)
    if ! "${run[@]}" update >"$deps/apt.log" 2>&1; then
        tail -n 15 "$deps/apt.log" >&2
        die "apt-get update failed; check the network and the sources of apt"
    fi
    mapfile -t chosen < <(system_choose "$@")
    if ! "${run[@]}" install --no-install-recommends "${chosen[@]}" >"$deps/apt.log" 2>&1; then
        tail -n 15 "$deps/apt.log" >&2
        die "apt-get could not install: ${chosen[*]} (the whole log: build/deps/apt.log)"
    fi
}

# The newest clang that is new enough for the guests and wasm3's tail calls, or nothing.
system_clang() {
    local name
    for name in clang-22 clang-21 clang-20 clang; do
        command -v "$name" >/dev/null || continue
        [ "$("$name" -dumpversion | cut -d. -f1)" -ge 20 ] || continue
        echo "$name"
        return
    done
}
