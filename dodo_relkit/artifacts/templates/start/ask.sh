
# ---- Asking a node ----------------------------------------------------------

# Runs the asking VM in place of this shell: $1 is its program, target and cookie set.
exec_client() {
    [ "$node_type" != none ] || die "the node has no name, so it cannot be asked:" \
        "set -name in vm.args, or RELEASE_NODE"
    hide
    RELKIT_PROGRAM=$erl_prelude$erl_connect$1
    RELKIT_COOKIE=$cookie
    RELKIT_TARGET=$target
    export RELKIT_PROGRAM RELKIT_COOKIE RELKIT_TARGET
    set --
    # Nobody can connect to this VM, so that any cookie will do until it has the real one.
    if [ -n "$cookie" ]; then
        set -- -setcookie "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
    fi
    show
    cookie_home=
    client_name
    ERL_CRASH_DUMP_SECONDS=0
    export ERL_CRASH_DUMP_SECONDS
    share_dist_flags
    set -- "$@" "-$node_type" "$client" -hidden -dist_listen false -start_epmd false \
        -noshell +pc unicode -kernel logger_level none -eval "$erl_loader" -extra "$root"
    exec </dev/null # what is asked may read; -noinput would let it wait for ever
    if [ "$otp_root" = "$root" ]; then
        exec_erl in_release -boot "$release_dir/no_dot_erlang" "$@"
    fi
    exec_erl in_otp -boot no_dot_erlang "$@"
}

# Gives a VM that connects to the node what decides how that is done.
share_dist_flags() {
    if [ -n "${ERL_DIST_PORT-}" ]; then
        dist_flags="$dist_flags -erl_epmd_port $ERL_DIST_PORT"
    fi
    ERL_AFLAGS="$dist_flags ${ERL_AFLAGS-}"
    export ERL_AFLAGS
}

# Sets client, a name that no other process has now. There are few such names, since
# the asked node never forgets one.
client_name() {
    client=ctl-$(($$ % 65536))
    if [ "$node_type" = name ]; then client=$client@${target#*@}; fi
}

find_target() {
    find_erts
    find_node
    find_cookie
    find_node_dir
}

ask() {
    find_target
    exec_client "$1"
}

alive() {
    if [ -r "/proc/$1/stat" ]; then
        case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in
        Z* | '') return 1 ;;
        esac
        return 0
    fi
    kill -0 "$1" 2>/dev/null
}

stop_node() {
    find_target
    pid=$(exec_client "$erl_stop") || exit 1
    while [ -n "$pid" ] && alive "$pid"; do
        sleep 0.1 2>/dev/null || sleep 1
    done
}

# Exports what rpc and eval are to evaluate.
read_question() {
    asked=$1
    shift
    RELKIT_KIND=expression
    RELKIT_LANGUAGE=
    RELKIT_SOURCE=
    RELKIT_FILE=
    while [ $# -gt 0 ]; do
        case $1 in
        --erl | --erlang) RELKIT_LANGUAGE=erlang ;;
        --elixir) RELKIT_LANGUAGE=elixir ;;
        --argv) RELKIT_KIND=argv ;;
        --file | --mfa)
            [ $# -gt 1 ] || die "$1 wants a value"
            if [ "$1" = --file ]; then RELKIT_FILE=$2; else
                RELKIT_SOURCE=$2
                [ "$RELKIT_KIND" = argv ] || RELKIT_KIND=mfa
            fi
            shift
            ;;
        --)
            shift
            break
            ;;
        *) break ;;
        esac
        shift
    done
    if [ -z "$RELKIT_FILE$RELKIT_SOURCE" ]; then
        [ $# -gt 0 ] || die "$asked wants an expression, --file FILE or --mfa Module.function/arity"
        RELKIT_SOURCE=$1
        shift
    fi
    if [ "${1-}" = --argv ]; then
        RELKIT_KIND=argv
        shift
    fi
    if [ -z "$RELKIT_LANGUAGE" ]; then
        RELKIT_LANGUAGE=${elixir_included:+elixir}
        case $RELKIT_FILE in
        *.erl | *.escript) RELKIT_LANGUAGE=erlang ;;
        esac
        : "${RELKIT_LANGUAGE:=erlang}"
    fi
    if [ "$RELKIT_LANGUAGE" = elixir ] && [ -z "$elixir_included" ]; then
        die "there is no Elixir in this release"
    fi
    RELKIT_EVALUATOR=$erl_evaluator
    RELKIT_ARGUMENTS=$#
    export RELKIT_KIND RELKIT_LANGUAGE RELKIT_SOURCE RELKIT_FILE RELKIT_EVALUATOR RELKIT_ARGUMENTS
    number=0
    for argument; do
        number=$((number + 1))
        export "RELKIT_ARGUMENT_$number=$argument"
    done
}

# Evaluates in a VM of its own, with the applications loadable but not started.
evaluate_here() {
    find_target
    make_node_dir
    make_private "$node_dir/eval"
    args_file=$node_dir/eval/vm.args
    (umask 077 && : >"$args_file.$$") || die_no_place "$node_dir"
    read_vm_args "$args_file.$$" eval
    mv -f "$args_file.$$" "$args_file"
    read_sys_config "$node_dir/eval"
    RELKIT_PROGRAM=$erl_prelude$erl_evaluate$erl_eval
    export RELKIT_PROGRAM
    if [ "$otp_root" != "$root" ]; then
        ERL_LIBS=$otp_root/lib${ERL_LIBS:+:$ERL_LIBS}
        export ERL_LIBS
    fi
    : "${ERL_CRASH_DUMP:=$node_dir/eval/erl_crash.dump}"
    export ERL_CRASH_DUMP
    cookie_home=
    node_type=none
    boot=start_clean
    mode=interactive
    exec_release -noshell +pc unicode -eval "$erl_loader"
}

remote_console() {
    find_target
    make_node_dir
    (exec_client "$erl_ping") >/dev/null || exit 1
    remote_home=$node_dir/remote-$$
    trap 'rm -rf "$remote_home"' EXIT
    trap : INT
    trap 'exit 1' HUP TERM
    make_cookie_home "$remote_home"
    (
        trap - INT HUP TERM EXIT
        client_name
        share_dist_flags
        ERL_DIST_PORT=
        node=$client
        hidden=yes
        boot=start_clean
        mode=interactive
        args_file=/dev/null
        sys_config=
        if [ -n "$(shell_is_iex)" ]; then
            exec_iex --no-halt +iex --remsh "$target"
        fi
        exec_release -remsh "$target"
    )
}
