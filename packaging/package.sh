# Sourced by ./dev package after system.sh: the preset "package", installed into Debian packages by packaging/debian.
# Nothing is fetched that a build does not need.

package_out=$top/build/package-debian

# What makes the packages, beside what builds swapc.
package_tools() {
    local missing=()
    command -v dpkg-buildpackage >/dev/null || missing+=(dpkg-dev)
    command -v dh >/dev/null || missing+=(debhelper)
    command -v scdoc >/dev/null || missing+=(scdoc)
    [ ${#missing[@]} = 0 ] || system_install "${missing[@]}"
}

# package_maintainer CONTROL: who gives packages away answers for them, and Debian's tools know whom by $DEBFULLNAME and
# $DEBEMAIL. Without them the address stays one that is nobody's and never will be (RFC 2606).
package_maintainer() {
    [ -n "${DEBEMAIL:-}" ] || return 0
    case $DEBEMAIL${DEBFULLNAME:-} in
    *[$'\n<>']*) die "package: \$DEBEMAIL is an address, you@example.org, and \$DEBFULLNAME a name, without < and >" ;;
    esac
    maintainer="${DEBFULLNAME:-$DEBEMAIL} <$DEBEMAIL>" awk '/^Maintainer: / { $0 = "Maintainer: " ENVIRON["maintainer"] } 1' \
        "$1" >"$1.new"
    mv "$1.new" "$1"
}

# dpkg-buildpackage wants a folder of its own, and leaves what it makes beside it.
package_make() {
    local source=$package_out/swapc
    rm -rf "$package_out"
    mkdir -p "$source"
    cp -r "$top/packaging/debian" "$source/debian"
    package_maintainer "$source/debian/control"
    if ! (cd "$source" && SWAPC_TREE=$top SWAPC_BUILD=$top/build/package \
        dpkg-buildpackage --build=binary --no-sign --no-check-builddeps) >"$package_out/log" 2>&1; then
        tail -n 20 "$package_out/log" >&2
        die "package: dpkg-buildpackage failed; the whole log: $package_out/log"
    fi
    rm -rf "$source"
}

package_lint() {
    command -v lintian >/dev/null || system_install lintian
    lintian --fail-on error,warning --info "$package_out"/*.changes
}
