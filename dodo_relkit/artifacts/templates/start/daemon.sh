
# ---- A node in the background -----------------------------------------------

start_daemon() {
    find_target
    make_node_dir
    (umask 077 && mkdir -p "$pipe_dir" "$log_dir") || die_no_place "$node_dir"
    if daemon_runs; then die "${target:-the node} runs already, as process $pid"; fi
    rm -f "$node_dir/daemon.pid"
    child="$(forget_version)exec $(quote "$script") $RELEASE_COMMAND --in-run-erl"
    for argument; do child="$child $(quote "$argument")"; done
    set -f
    # shellcheck disable=SC2086 # several assignments
    env ${RUN_ERL_ENV:-$run_erl_env_default} TERM="${TERM:-xterm}" \
        "$bin_dir/run_erl" -daemon "$pipe_dir/" "$log_dir/" "$child" || die "run_erl failed"
    set +f
    wait_for_daemon
}

# Sets pid, that of the node.
daemon_runs() {
    [ -r "$node_dir/daemon.pid" ] && read -r pid <"$node_dir/daemon.pid" || return 1
    alive "$pid" || return 1
    # The number may belong to another process by now.
    [ ! -r "/proc/$pid/cmdline" ] || tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF -- "$root"
}

# Stays as long as the node runs: it starts it again when an upgrade restarts it.
run_in_run_erl() {
    shift
    trap : INT QUIT
    RELEASE_SUPERVISED=daemon
    export RELEASE_SUPERVISED
    started=
    while [ -z "$started" ] || daemon_is_wanted; do
        started=yes
        (
            trap - INT QUIT
            if [ -z "$version_given" ]; then unset RELEASE_VSN; fi
            exec "$script" "$RELEASE_COMMAND" --in-daemon "$@"
        )
    done
}

run_in_daemon() {
    shift
    find_target
    printf '%s\n' "$$" >"$node_dir/daemon.pid"
    start_console "$@"
}

# A daemon that dies while it starts is not to go unseen.
wait_for_daemon() {
    tries=0
    until [ -s "$node_dir/daemon.pid" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 50 ] || die "the daemon did not start: see $log_dir"
        sleep 0.1 2>/dev/null || sleep 1
    done
    read -r RELKIT_PID <"$node_dir/daemon.pid"
    RELKIT_SECONDS=${DAEMON_TIMEOUT:-60}
    export RELKIT_PID RELKIT_SECONDS
    status=0
    if [ "$node_type" = none ]; then
        sleep 1
        alive "$RELKIT_PID" || status=1
    else
        (exec_client "$erl_wait") || status=$?
    fi
    case $status in
    0) return ;;
    2) say "process $RELKIT_PID has not started all applications after $RELKIT_SECONDS s" ;;
    *) say "the daemon died while it started: see $log_dir" ;;
    esac
    exit 1
}

attach() {
    find_target
    daemon_runs || die "${target:-the node} was not started with daemon, or runs no more"
    exec "$bin_dir/to_erl" "$pipe_dir/"
}
