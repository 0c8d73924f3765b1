#!/usr/bin/env bash
# try.sh FOLDER: the Debian packages of FOLDER in a fresh Debian 12: installed, used by another user than root, a
# program built with them, their services run by a real systemd (where systemd-nspawn is there), and purged, whereafter the
# same files are there as before. Needs root, debootstrap and this machine's Debian mirror; 2 to 4 minutes. Works in
# FOLDER/try, which it removes when all is well.
set -euo pipefail
packages=$(cd "$1" && pwd)
dir=$packages/try
root=$dir/root
shopt -s nullglob

say() { echo "try: $*" >&2; }
die() {
    say "$* (what there is: $dir)"
    exit 1
}

cleanup() {
    local mounted
    for mounted in dev/shm dev proc; do
        ! mountpoint -q "$root/$mounted" || umount -l "$root/$mounted"
    done
}

inside() { # COMMAND: as root, in there
    env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        chroot "$root" bash -ec "$1"
}

as_user() { # COMMAND: as a user without any right
    inside "su user -c '$1'"
}

files() {
    inside 'find / -xdev \( -path /proc -o -path /dev -o -path /tmp -o -path /packages -o -path /run -o -path /root -o -path /home \
        -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache/apt -o -path /var/cache/man -o -path /var/log \) -prune -o -print' | sort
}

make_root() {
    local mirror
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | sed -nE 's#^(URIs:|deb) .*(https?://[^ ]+/debian)/?( .*)?$#\2#p' |
        sort -u | head -n 1) || true
    [ -n "$mirror" ] || die "no mirror of Debian in /etc/apt"
    debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "$mirror" >"$dir/debootstrap.log" 2>&1 ||
        die "debootstrap failed: $(tail -n 1 "$dir/debootstrap.log")"
    chmod 755 "$root"
    rm -rf "$root"/etc/apt/sources.list*
    cp -a /etc/apt/sources.list* "$root/etc/apt/"
    find "$root/etc/apt/sources.list.d" -type f ! -name 'debian*' -delete 2>/dev/null || true
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # nothing is started in a chroot
    chmod +x "$root/usr/sbin/policy-rc.d"
    mkdir "$root/packages"
    cp "$packages"/*.deb "$root/packages/"
    rm -f "$root"/packages/*-dbgsym_*
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --make-rslave "$root/dev"
    mount -t tmpfs tmpfs "$root/dev/shm"
    # What they depend on comes first, so that what is there before and after is comparable.
    inside 'useradd -m user; apt-get update -qq
        apt-get install -y -qq --no-install-recommends gcc libc6-dev pkg-config redis-server systemd systemd-sysv dbus \
            $(for p in /packages/*.deb; do dpkg-deb -f $p Depends; done | tr , "\n" | sed "s/[|(].*//; s/ //g" | grep -v swapc | sort -u)' \
        >"$dir/apt.log" 2>&1 || die "what the packages depend on cannot be had: $(tail -n 1 "$dir/apt.log")"
}

use() {
    as_user 'cd; swapc run --messages 5k --workers 2 --json run.json >/dev/null' || die "swapc run failed"
    grep -q '"valid": 5000' "$root/home/user/run.json" && grep -q '"lost": 0' "$root/home/user/run.json" || die "swapc run lost something"
    [ "$(as_user 'swapc call echo echo --hex 6869')" = hi ] || die "swapc call failed"
    as_user 'cd; cc /usr/share/doc/swapc/examples/call/call.c $(pkg-config --cflags --libs swapc) -o call
        ./call /usr/share/swapc/modules/echo hello' | grep -qx hello || die "no program could be built with libswapc-dev"
    [ -z "$(ls -A "$root/dev/shm")" ] || die "a run left something in /dev/shm"
}

# What is done where systemd is process 1: its last line says whether all held.
boot_script() {
    cat <<'END'
#!/bin/bash
exec >/root/boot.log 2>&1
set -x
both="swapc-signer@main swapc-verifier@main"
is() { [[ $(systemctl show -p "$1" --value "$2") == "$3" ]]; }
judged() { for i in {1..100}; do [[ $(redis-cli XLEN swapc:verdicts) == "$1" ]] && return; sleep 0.1; done; return 1; }
tried() {
    systemctl start redis-server || return
    ! systemctl start swapc-signer@main || return # there are no keys
    swapc signer --keys /etc/swapc/keys --keys-only || return
    systemctl start $both || return
    is StatusText swapc-verifier@main serving && is User swapc-verifier@main swapc || return
    swapc generate --redis redis://127.0.0.1:6379 --messages 2000 && judged 2000 || return
    ! su user -c 'cat /run/credentials/swapc-signer@main.service/keys' || return
    ! nsenter -m -t "$(systemctl show -p MainPID --value swapc-verifier@main)" cat /run/credentials/swapc-signer@main.service/keys || return
    kill -STOP "$(systemctl show -p MainPID --value swapc-verifier@main)" # its loop hangs
    for i in {1..400}; do is NRestarts swapc-verifier@main 1 && is ActiveState swapc-verifier@main active && break; sleep 0.1; done
    is NRestarts swapc-verifier@main 1 || return
    swapc generate --redis redis://127.0.0.1:6379 --messages 1000 && judged 3000 || return
    [[ -n $(ls /var/cache/private/swapc/compiled) ]] || return # compiled modules are kept
    systemctl stop redis-server; sleep 3
    is ActiveState swapc-signer@main active && is NRestarts swapc-signer@main 0 || return
    systemctl start redis-server
    systemctl stop $both || return
    is Result swapc-signer@main success && is Result swapc-verifier@main success && is ExecMainStatus swapc-verifier@main 0 || return
    [[ -z $(ls -A /dev/shm; ls -d /run/swapc-* 2>/dev/null) ]]
}
tried && echo "all held" || echo "did not hold"
rm -f /etc/swapc/keys /etc/swapc/keys.pub
systemctl poweroff
END
}

boot() {
    if ! command -v systemd-nspawn >/dev/null; then
        say "the services are left out: systemd-nspawn is not there (Debian: systemd-container)"
        return
    fi
    cleanup
    boot_script >"$root/root/boot"
    chmod +x "$root/root/boot"
    mkdir -p "$root"/run "$root/etc/systemd/system/multi-user.target.wants" "$root/etc/systemd/system/swapc-verifier@.service.d"
    printf '[Service]\nWatchdogSec=4\n' >"$root/etc/systemd/system/swapc-verifier@.service.d/try.conf"
    printf '[Service]\nType=idle\nExecStart=/root/boot\n[Install]\nWantedBy=multi-user.target\n' >"$root/etc/systemd/system/try.service"
    ln -s ../try.service "$root/etc/systemd/system/multi-user.target.wants/try.service"
    timeout 180 systemd-nspawn --quiet --register=no --keep-unit --private-network -D "$root" --boot </dev/null >"$dir/nspawn.log" 2>&1 || true
    rm -r "$root/etc/systemd/system/swapc-verifier@.service.d" "$root/etc/systemd/system/try.service" \
        "$root/etc/systemd/system/multi-user.target.wants/try.service"
    [ -f "$root/root/boot.log" ] || {
        say "the services are left out: systemd does not start here: $(tail -n 1 "$dir/nspawn.log")"
        return
    }
    grep -qx 'all held' "$root/root/boot.log" || die "a service is not as it should be: $root/root/boot.log"
    say "services: started, judged 3000 messages, were started anew by the watchdog, waited for Redis, ended"
}

purge() {
    inside 'dpkg -P swapc libswapc1 libswapc-dev swapc-doc' >"$dir/purge.log" 2>&1 || die "purging failed: $(tail -n 1 "$dir/purge.log")"
    files >"$dir/after"
    # What a first start of systemd and Redis makes is not theirs.
    grep -vE '^/(etc/(machine-id|\.updated|\.pwd\.lock|udev)|var/(\.updated|lib/(systemd|redis|private|dbus)|tmp|cache/private|spool))' "$dir/after" |
        comm -13 "$dir/before" - >"$dir/left"
    find "$root/var/lib/private" "$root/var/cache/private" -mindepth 1 >>"$dir/left" 2>/dev/null || true
    [ ! -s "$dir/left" ] || die "purging left: $(tr '\n' ' ' <"$dir/left")"
}

[ "$(id -u)" = 0 ] || die "needs root"
command -v debootstrap >/dev/null || die "debootstrap is not there (Debian: debootstrap)"
rm -rf --one-file-system "$dir"
mkdir -p "$dir"
trap cleanup EXIT
make_root
files >"$dir/before"
inside 'apt-get install -y -qq --no-install-recommends /packages/*.deb' >"$dir/install.log" 2>&1 || die "they cannot be installed: $(tail -n 1 "$dir/install.log")"
say "installed"
use
say "used: swapc run as another user than root, a program built with pkg-config"
boot
purge
say "purged: nothing is left"
cleanup
rm -rf --one-file-system "$dir"
