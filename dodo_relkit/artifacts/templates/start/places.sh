
# ---- Where things are -------------------------------------------------------

set -u
newline='
'
program=${0##*/}

say() { printf '%s\n' "$program: $*" >&2; }

die() {
    say "$@"
    exit 1
}

# Tracing stops where the cookie is handled.
hide() { { set +x; } 2>/dev/null; }
show() { if [ -n "${DEBUG_BOOT-}" ]; then set -x; fi; }

# Prints a word so that a shell reads it back as one word.
quote() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

# Prints the path that is left when all links of the last part are followed.
follow_links() {
    path=$1
    while [ -h "$path" ]; do
        link=$(readlink "$path") || return 1
        case $link in
        /*) path=$link ;;
        *) path=${path%/*}/$link ;;
        esac
    done
    printf '%s\n' "$path"
}

find_root() {
    case $0 in
    */*) script=$0 ;;
    *) script=./$0 ;;
    esac
    script=$(follow_links "$script") || die "cannot read the link $script"
    root=$(CDPATH='' cd -- "${script%/*}/.." && pwd -P) || die "cannot enter ${script%/*}/.."
    script=$root/bin/${script##*/}
}

# Sets version, erts and release_dir. An upgrade rewrites start_erl.data, hence it
# is read on every call.
find_version() {
    erts=
    version=
    data=$root/releases/start_erl.data
    # It is empty for a moment while a version is made permanent.
    for place in "$data" "$root/releases/.upgrade/before/start_erl.data"; do
        if [ -z "$version" ] && [ -r "$place" ]; then
            read -r erts version <"$place" || :
        fi
    done
    version_given=${RELEASE_VSN-}
    if [ -n "$version_given" ] && [ "$version_given" != "$version" ]; then
        version=$version_given
        erts=$(rel_has erts)
    fi
    [ -n "$version" ] || die "$data does not say which version to run"
    : "${erts:=$erts_default}"
    release_dir=$root/releases/$version
    [ -d "$release_dir" ] || die "version $version is not installed: no $release_dir"
}

# Prints the version that the .rel file of the release gives for erts or an application.
rel_has() {
    rel=$root/releases/$version/$program_release.rel
    [ -r "$rel" ] || return 0
    tr -d ' \t\n' <"$rel" | sed -n 's/.*{'"$1"',"\([^"]*\)".*/\1/p'
}

# Sets otp_root (its lib has OTP's applications) and bin_dir (its programs).
find_erts() {
    if [ -z "$erts_included" ]; then
        find_host_otp
        bin_dir=$otp_root/erts-$erts/bin
        return
    fi
    bin_dir=$root/erts-$erts/bin
    [ -x "$bin_dir/erlexec" ] || die "the run-time system is missing: no $bin_dir/erlexec"
    for kernel in "$root"/lib/kernel-*; do
        otp_root=$root
        if [ -d "$kernel" ]; then return; fi
    done
    find_host_otp
}

# Sets otp_root to the OTP of this machine that has the run-time system of the release.
find_host_otp() {
    others=
    for place in "${ERTS_DIR:+$ERTS_DIR/..}" "${ERTS_DIR-}" "${ERL_ROOTDIR-}" "$(otp_of_path)"; do
        if [ -n "$place" ] && [ -x "$place/erts-$erts/bin/erlexec" ]; then
            otp_root=$(CDPATH='' cd -- "$place" && pwd -P)
            return
        fi
        for other in "$place"/erts-*; do
            if [ -n "$place" ] && [ -d "$other" ]; then others="$others $other"; fi
        done
    done
    die "this release was built without OTP's parts and wants the OTP of ERTS $erts;" \
        "found:${others:- no Erlang}." \
        "Install the OTP that has it, put its erl on PATH or set ERL_ROOTDIR to its root."
}

# Prints the root of the OTP whose erl is on PATH, without starting it.
otp_of_path() {
    erl=$(command -v erl) && erl=$(follow_links "$erl") || return 0
    for up in .. ../..; do
        for erts_dir in "${erl%/*}/$up"/erts-*; do
            if [ -d "$erts_dir" ]; then
                printf '%s\n' "${erl%/*}/$up"
                return
            fi
        done
    done
    sed -n 's/^ *ROOTDIR="\{0,1\}\(\/[^"$]*\)"\{0,1\}$/\1/p;' "$erl" 2>/dev/null | sed -n 1p
}

# Sets node_dir, pipe_dir and log_dir; makes nothing.
#
# The default lies in a directory of this user and this root, whatever the current
# directory is, so that later commands find what `start` or `daemon` made.
find_node_dir() {
    base=${RELEASE_TMP:-${RELEASE_MUTABLE_DIR-}}
    own_base=
    if [ -z "$base" ]; then
        user=$(id -u)
        sum=$(printf '%s' "$root" | cksum)
        base=${TMPDIR:-/tmp}/$program_release-$user-${sum%% *}
        own_base=yes
    fi
    case $base in
    /*) ;;
    *) base=$PWD/$base ;;
    esac
    node_dir=$base/${node:-nonode}
    pipe_dir=${PIPE_DIR:-$node_dir/pipe}
    log_dir=${RUNNER_LOG_DIR:-$node_dir/log}
}

make_node_dir() {
    (umask 077 && mkdir -p "$base") || die_no_place "$base"
    if [ -n "$own_base" ]; then make_private "$base"; fi
    make_private "$node_dir"
}

# Makes a directory that nobody else can enter. One that is there already may have
# been put there by somebody else: then it is refused.
make_private() {
    if [ ! -d "$1" ]; then
        (umask 077 && mkdir "$1") || die_no_place "$1"
    fi
    # shellcheck disable=SC2012 # only the first fields are read
    owner=$(LC_ALL=C ls -ldn "$1" | awk '{ print substr($1, 1, 1) $3; exit }')
    [ "$owner" = "d$(id -u)" ] || die "$1 belongs to somebody else or is a link:" \
        "set RELEASE_TMP to a directory of your own"
    chmod 700 "$1" || die_no_place "$1"
}

die_no_place() { die "cannot use $1: set RELEASE_TMP to a directory that can be written"; }

# Writes standard input to a file that only this user can read, all or nothing.
write_private() {
    (umask 077 && cat >"$1.$$" && mv -f "$1.$$" "$1") || die "cannot write $1"
}
