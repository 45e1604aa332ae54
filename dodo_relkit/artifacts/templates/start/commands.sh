
# ---- The commands -----------------------------------------------------------

usage() {
    cat <<END
Usage: $program COMMAND

  start, foreground        run the node in the foreground, without a shell
  console, start_iex       run the node with a shell
  daemon, daemon_iex       run the node in the background, with a shell to attach to
  attach                   go to the shell of a daemon (leave it with Ctrl-D)
  stop                     stop the node and wait until its process is gone
  restart                  restart the applications in the same process
  reboot                   stop the node; its heart starts it again
  ping                     say whether the node answers
  pid                      print the process id of the node
  rpc EXPRESSION           evaluate on the running node and print the result
  eval EXPRESSION          evaluate in a new VM, without starting the applications
      --file FILE            the expressions of a file
      --mfa M.f/a ARGS       call a function with strings; --argv: with one list
      --erl, --elixir        which language
  remote_console, remote, remsh
                           open a shell on the running node
  version                  print name and version
  versions                 print the installed versions
  describe                 say where everything is
  help                     print this

The environment can set: RELEASE_NODE or NAME, RELEASE_COOKIE or COOKIE,
RELEASE_DISTRIBUTION (name, sname, none), RELEASE_VSN, RELEASE_MODE (embedded,
interactive), RELEASE_TMP (a writable directory), RUNNER_LOG_DIR, PIPE_DIR,
VMARGS_PATH, SYS_CONFIG_PATH, RELEASE_CONFIG_DIR, REPLACE_OS_VARS, ERL_OPTS,
RUN_ERL_ENV, ERL_DIST_PORT, HEART_COMMAND, USE_ERL_SHELL, DAEMON_TIMEOUT, DEBUG_BOOT.
END
}

print_versions() {
    for boot_file in "$root"/releases/*/start.boot; do
        [ -e "$boot_file" ] || continue
        found=${boot_file%/start.boot}
        mark=' '
        if [ "$found" = "$release_dir" ]; then mark='*'; fi
        printf '%s %s\n' "$mark" "${found##*/}"
    done
}

describe() {
    find_target
    hide
    origin='from ~/.erlang.cookie'
    if [ -n "$cookie" ]; then origin='set (not shown)'; fi
    show
    cat <<END
name          $program_release
version       $version
root          $root
erts          $erts in $bin_dir
node          ${target:-none} (${node_type})
cookie        $origin
vm.args       $(config_file vm.args "${VMARGS_PATH:-${RELEASE_VM_ARGS-}}")
sys.config    $(config_file sys.config "${SYS_CONFIG_PATH:-${RELEASE_SYS_CONFIG:-${RELX_CONFIG_PATH-}}}")
elixir        $(rel_has elixir)
run time data $node_dir
logs          $log_dir
pipes         $pipe_dir
END
}

show
find_root
RELEASE_COMMAND=${1-}
case $RELEASE_COMMAND in
help | --help | -h)
    usage
    exit 0
    ;;
'')
    usage >&2
    exit 1
    ;;
esac
shift
find_version
RELEASE_ROOT=$root
RELEASE_ROOT_DIR=$root
RELEASE_NAME=${RELEASE_NAME:-$program_release}
RELEASE_VSN=$version
export RELEASE_ROOT RELEASE_ROOT_DIR RELEASE_NAME RELEASE_VSN RELEASE_COMMAND

case $RELEASE_COMMAND in
start | foreground) start_foreground "$@" ;;
console | start_iex) start_console "$@" ;;
daemon | daemon_iex)
    if [ "${1-}" = --in-run-erl ]; then run_in_run_erl "$@"; fi
    start_daemon "$@"
    ;;
attach | daemon_attach) attach ;;
stop) stop_node ;;
restart) ask "$erl_restart" ;;
reboot) ask "$erl_reboot" ;;
ping) ask "$erl_ping" ;;
pid) ask "$erl_pid" ;;
rpc)
    read_question "$RELEASE_COMMAND" "$@"
    ask "$erl_evaluate$erl_rpc"
    ;;
eval)
    read_question "$RELEASE_COMMAND" "$@"
    evaluate_here
    ;;
remote_console | remote | remsh) remote_console ;;
version) printf '%s %s\n' "$program_release" "$version" ;;
versions) print_versions ;;
describe | info) describe ;;
*)
    say "there is no command $RELEASE_COMMAND"
    usage >&2
    exit 1
    ;;
esac
