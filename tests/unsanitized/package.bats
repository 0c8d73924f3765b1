# The Debian packages, as far as they can be tried without a Debian of their own: built, looked at, unpacked,
# installed into a folder and purged. The first case makes what the others look at (./dev package).
load ../helpers

top=$(cd "$here/.." && pwd)
made=$top/build/package-debian

# packages: sets debs, or skips where the first case was skipped.
packages() {
    debs=("$made"/*[a-z1]_*.deb)
    [[ -e ${debs[0]} ]] || skip "there are no packages: the case that builds them says why"
    mapfile -t debs < <(printf '%s\n' "${debs[@]}" | grep -v dbgsym)
}

# unpacked: $root is what all of them hold.
unpacked() {
    local deb
    packages
    root=$work/root
    for deb in "${debs[@]}"; do dpkg-deb -x "$deb" "$root"; done
    libdir=$(echo "$root"/usr/lib/*-linux-*)
    unset SWAPC
}

@test "the Debian packages are built, and lintian finds nothing" {
    local tool lint=--lint
    for tool in dpkg-buildpackage dh scdoc; do
        command -v $tool >/dev/null || skip "$tool is not there (Debian: dpkg-dev debhelper scdoc)"
    done
    command -v lintian >/dev/null || lint=
    "$top/dev" package $lint >package.out 2>package.err </dev/null || {
        tail -n 30 package.out package.err >&2
        return 1
    }
    packages
    [[ $(basename -a "${debs[@]}" | sed 's/_.*//' | LC_ALL=C sort | xargs) == "libswapc-dev libswapc1 swapc swapc-doc" ]]
    [[ -n $lint ]] || skip "built, but lintian is not there (Debian: lintian)"
}

@test "the packages are of this version, depend on a Redis, and each file is in one of them" {
    packages
    local deb version
    version=$(sed -n 's/^project(swapc VERSION \([0-9.]*\) .*/\1/p' "$top/CMakeLists.txt")
    for deb in "${debs[@]}"; do
        [[ $(dpkg-deb -f "$deb" Version) =~ ^$version(~.*)?$ ]]
        dpkg-deb --fsys-tarfile "$deb" | tar -t | grep -v '/$' >>files
    done
    [[ -z $(sort files | uniq -d) ]]
    says "$(dpkg-deb -f "$made"/swapc_*.deb Depends)" "redis-tools \| redis-server"
    # Nothing stands where no package of a distribution may put it.
    not grep -vE '^\./(usr/(bin/swapc$|include/swapc/|lib/|share/)|lib/systemd/system/swapc-|etc/swapc/swapc.toml$)' files
    [[ $(grep -c '^\./usr/share/man/man1/swapc-.*\.1\.gz$' files) == $(ls "$top"/docs/man/swapc-*.1.scd | wc -l) ]]
    local wanted
    for wanted in usr/share/doc/swapc/docs/OPERATING.md usr/share/doc/swapc/examples/call/call.c usr/share/doc/swapc/examples/call/CMakeLists.txt usr/share/swapc/proto/control.proto \
        usr/share/bash-completion/completions/swapc usr/share/zsh/vendor-completions/_swapc \
        usr/share/doc/swapc/packaging/sbom.cdx.json usr/share/doc/swapc/packaging/kubernetes/pipeline.yaml usr/share/doc/swapc/packaging/prometheus/swapc.rules.yml \
        lib/systemd/system/swapc-signer@.service usr/share/swapc/contracts/schnorr.toml; do
        grep -qxF "./$wanted" files || {
            echo "no package has $wanted" >&2
            return 1
        }
    done
}

@test "what is unpacked runs from where it lies, and names no folder of the machine that built it" {
    unpacked
    "$root/usr/bin/swapc" run --messages 200 --method random --json run.json >run.out
    json run.json 'd["valid"] == 200 and d["lost"] == d["duplicates"] == d["wrong"] == 0'
    [[ $("$root/usr/bin/swapc" call echo echo --hex 6869) == hi ]]
    "$root/usr/bin/swapc" check-config --config "$root/etc/swapc/swapc.toml" >config.out
    says config.out "redis://127.0.0.1:6379"
    [[ $(readelf -d "$libdir/libswapc.so.1" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p') == libswapc.so.1 ]]
    not grep -rlF "$top/" "$root"
}

@test "pkg-config of libswapc-dev builds a program that runs" {
    command -v pkg-config >/dev/null || skip "pkg-config is not there (Debian: pkg-config)"
    unpacked
    export PKG_CONFIG_PATH=$libdir/pkgconfig
    # shellcheck disable=SC2046 # words
    cc "$root/usr/share/doc/swapc/examples/call/call.c" $(pkg-config --cflags --libs swapc) -o call
    LD_LIBRARY_PATH=$libdir ./call "$root/usr/share/swapc/modules/echo" hello >call.out
    says call.out hello
    says "$(readelf -d call)" "NEEDED.*libswapc.so.1"
}

@test "installed into a folder and purged again, they leave nothing" {
    packages
    local as=()
    if [[ $(id -u) != 0 ]]; then
        command -v fakeroot >/dev/null || skip "neither root nor fakeroot is there (Debian: fakeroot)"
        as=(fakeroot)
    fi
    mkdir -p into/var/lib/dpkg/{info,updates}
    : >into/var/lib/dpkg/status
    (cd into && find . ! -path './var/lib/dpkg/*' | sort) >before
    "${as[@]}" dpkg --root="$work/into" --force-depends --force-script-chrootless -i "${debs[@]}" >install.out 2>&1
    [[ -x into/usr/bin/swapc && -e into/etc/swapc/swapc.toml ]]
    mkdir -p into/var/cache/private/swapc into/var/lib/private/swapc # as systemd makes them
    : >into/var/lib/private/swapc/versions
    "${as[@]}" dpkg --root="$work/into" --force-script-chrootless -P swapc libswapc1 libswapc-dev swapc-doc >purge.out 2>&1
    (cd into && find . -depth -empty ! -path './var/lib/dpkg/*' -delete
        mkdir -p var/lib/dpkg
        find . ! -path './var/lib/dpkg/*' | sort) >after
    diff before after
    [[ ! -s into/var/lib/dpkg/status || -z $(grep -v '^$' into/var/lib/dpkg/status) ]]
}
