
# ---- The node's name and cookie ---------------------------------------------

# Sets node_type (name, sname or none), node (the name for the node itself) and
# target (the full name others call it by), from the environment or vm.args.
find_node() {
    read_vm_args
    node=${RELEASE_NODE:-${NAME:-$vm_name}}
    case ${RELEASE_DISTRIBUTION-} in
    name | sname | none) node_type=$RELEASE_DISTRIBUTION ;;
    '') node_type=${name_flag#-} ;;
    *) die "RELEASE_DISTRIBUTION is $RELEASE_DISTRIBUTION: use name, sname or none" ;;
    esac
    if [ "$node_type" != none ] && [ -z "$node" ]; then
        node=${node_type:+$program_release}
    fi
    if [ "$node_type" = none ] || [ -z "$node" ]; then
        node_type=none
        node=
        target=
        return
    fi
    host=${node#"${node%%@*}"}
    host=${host#@}
    if [ -z "${RELEASE_DISTRIBUTION-}" ]; then
        case $host in
        *[.:]*) node_type=name ;;
        *) : "${node_type:=sname}" ;;
        esac
    fi
    case $node_type$host in
    name) host=$(long_host) ;;
    sname*[.:]*) host= ;;
    esac
    here=$(uname -n)
    target=${node%%@*}@${host:-${here%%.*}}
    node=${node%%@*}${host:+@$host}
    case ${node%%@*} in
    '' | *[!A-Za-z0-9_-]*) die "a node cannot be named $node" ;;
    esac
    case $host in
    *[!A-Za-z0-9_.:-]*) die "a node cannot be named $node" ;;
    esac
}

# Prints the host part of a long name that was given without one.
long_host() {
    full=$(hostname -f 2>/dev/null) || full=
    case $full in
    *.*) printf '%s\n' "$full" ;;
    *) echo 127.0.0.1 ;;
    esac
}

# Sets cookie; empty when only the user's own ~/.erlang.cookie can tell.
find_cookie() {
    hide
    cookie=${RELEASE_COOKIE:-${COOKIE-}}
    if [ -n "$cookie_variable" ]; then
        eval "cookie=\${$cookie_variable-}"
        [ -n "$cookie" ] || die "set $cookie_variable to the cookie: it is not in this release"
    fi
    : "${cookie:=$vm_cookie}"
    if [ -z "$cookie" ] && [ -r "$root/releases/COOKIE" ]; then
        read -r cookie <"$root/releases/COOKIE" || :
    fi
    show
}

# Sets cookie_home, the directory that the VM is told is the home directory.
#
# erlexec shows every argument to everybody on the machine, those of an -args_file
# too. The cookie file is the one way to hand over a cookie that every OTP has and
# nobody sees. The VM looks for it in the directory of its flag -home, which erlexec
# takes from $HOME; its variable HOME is set back with -env. The entries of the real
# home are linked, for what is looked up through -home (.hosts.erlang, .ssh, `~`).
make_cookie_home() {
    cookie_home=
    hide
    if [ -n "$cookie" ] && [ "$node_type" != none ] && ! own_cookie_file; then
        cookie_home=$1
        make_private "$cookie_home"
        printf '%s' "$cookie" | write_private "$cookie_home/.erlang.cookie"
        chmod 400 "$cookie_home/.erlang.cookie"
        link_home
    fi
    show
}

own_cookie_file() {
    [ -n "${HOME-}" ] && [ -r "$HOME/.erlang.cookie" ] || return 1
    [ "$(cat "$HOME/.erlang.cookie")" = "$cookie" ]
}

link_home() {
    [ -d "${HOME-}" ] || return 0
    set --
    for entry in "$HOME"/* "$HOME"/.[!.]*; do
        if [ -e "$entry" ] && [ ! -e "$cookie_home/${entry##*/}" ]; then
            set -- "$@" "$entry"
        fi
    done
    if [ $# -gt 0 ]; then ln -s "$@" "$cookie_home" 2>/dev/null || :; fi
}

# ---- Starting a VM ----------------------------------------------------------

# Runs erlexec in place of this shell.
exec_erl() {
    ROOTDIR=$otp_root
    if [ "$1" = in_release ]; then ROOTDIR=$root; fi
    shift
    BINDIR=$bin_dir
    EMU=beam
    PROGNAME=erl
    export ROOTDIR BINDIR EMU PROGNAME
    if [ -n "${cookie_home-}" ]; then
        home=${HOME:-$cookie_home}
        HOME=$cookie_home exec "$bin_dir/erlexec" -env HOME "$home" "$@"
    fi
    exec "$bin_dir/erlexec" "$@"
}

# Runs the release's VM in place of this shell, with the arguments it always has and
# those given. boot, mode, sys_config, args_file, node_type and node are set, hidden may be.
exec_release() {
    set -- -boot_var ERTS_LIB_DIR "$otp_root/lib" -args_file "$args_file" "$@"
    if [ -n "$sys_config" ]; then set -- -config "$sys_config" "$@"; fi
    # Between two run-time systems the old code starts, and the upgrade then goes on.
    code_dir=${hybrid_dir:+$old_dir}
    : "${code_dir:=$release_dir}"
    if [ -d "$code_dir/consolidated" ]; then set -- -pa "$code_dir/consolidated" "$@"; fi
    if [ -n "${ERL_DIST_PORT-}" ]; then
        set -- -erl_epmd_port "$ERL_DIST_PORT" -start_epmd false "$@"
    fi
    if [ "$node_type" != none ]; then set -- "-$node_type" "$node" "$@"; fi
    if [ -n "${hidden-}" ]; then set -- -hidden -dist_listen false -start_epmd false "$@"; fi
    exec_erl in_release -boot "${hybrid_dir:-$release_dir}/$boot" -mode "$mode" "$@"
}

# Gets all ready that a node needs: its directory, cookie, arguments, configuration.
prepare_node() {
    find_erts
    find_node
    find_cookie
    find_node_dir
    make_node_dir
    args_file=$node_dir/vm.args
    (umask 077 && : >"$args_file.$$") || die_no_place "$node_dir"
    read_vm_args "$args_file.$$" start
    mv -f "$args_file.$$" "$args_file"
    if [ -n "$hybrid_dir" ]; then
        sys_config=$hybrid_dir/sys.config # it has values, not variables
    else
        read_sys_config "$node_dir"
    fi
    make_cookie_home "$node_dir/home"
    mkdir -p "$log_dir" || die_no_place "$log_dir"
    boot=start
    mode=${RELEASE_MODE:-${CODE_LOADING_MODE:-embedded}}
    : "${ERL_CRASH_DUMP:=$log_dir/erl_crash.dump}"
    export ERL_CRASH_DUMP
    if [ -z "${HEART_COMMAND-}" ]; then
        HEART_COMMAND="$(forget_version)exec $(quote "$script") $RELEASE_COMMAND"
        export HEART_COMMAND
    fi
}

# After an upgrade heart must start the version that is then permanent.
forget_version() { [ -n "$version_given" ] || printf '%s' 'unset RELEASE_VSN; '; }

start_foreground() {
    prepare_node
    exec_release -noshell -noinput +Bd -extra "$@"
}

start_console() {
    prepare_node
    if [ -z "$(shell_is_iex)" ]; then exec_release -extra "$@"; fi
    exec_iex --no-halt +iex "$@"
}

# Runs iex in place of this shell, on the VM that exec_release makes.
exec_iex() {
    case $(rel_has elixir) in
    0.* | 1.[0-9].* | 1.1[0-4].*) set -- -user Elixir.IEx.CLI -extra "$@" ;;
    1.1[56].*) set -- -s elixir start_iex -user elixir -extra "$@" ;;
    *) set -- -user elixir -extra "$@" ;;
    esac
    if [ -t 1 ]; then set -- -elixir ansi_enabled true "$@"; fi
    exec_release -noshell "$@"
}

# Prints yes when a console is to be iex: Elixir is in the release, iex too.
shell_is_iex() {
    [ -n "$elixir_included" ] && [ -z "${USE_ERL_SHELL-}" ] && [ -n "$(rel_has iex)" ] && echo yes
}
