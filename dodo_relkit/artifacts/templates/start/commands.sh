
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
  unpack VERSION|FILE      check a tarball and put its version beside the others
  install VERSION          go to an unpacked version while the node runs
  upgrade VERSION|FILE     unpack if need be, and install
  downgrade VERSION        the same, back to an older version
      --no-permanent         a node that restarts comes back as before; see commit
      --restart              restart the node into the version; no relup is needed
  commit [VERSION]         make the version that runs the one that starts
  uninstall VERSION        remove a version that neither runs nor starts
  version                  print name and version
  versions                 print the installed versions; * runs, permanent starts
  describe                 say where everything is
  help                     print this

The environment can set: RELEASE_NODE or NAME, RELEASE_COOKIE or COOKIE,
RELEASE_DISTRIBUTION (name, sname, none), RELEASE_VSN, RELEASE_MODE (embedded,
interactive), RELEASE_TMP (a writable directory), RUNNER_LOG_DIR, PIPE_DIR,
VMARGS_PATH, SYS_CONFIG_PATH, RELEASE_CONFIG_DIR, REPLACE_OS_VARS, ERL_OPTS,
RUN_ERL_ENV, ERL_DIST_PORT, HEART_COMMAND, USE_ERL_SHELL, DEBUG_BOOT, DAEMON_TIMEOUT (seconds until
all is started), RELEASE_SUPERVISED (yes: something starts the node whenever it ends),
CODE_CHANGE_TIMEOUT and SUSPEND_TIMEOUT (seconds or infinity, for install).

VERSION is looked for in releases/: $program_release-VERSION.tar.gz, VERSION/$program_release.tar.gz.
Exit codes of unpack, install, upgrade, downgrade, commit and uninstall: 0 done; 1 the
node does not run, or cannot be upgraded at all; 2 refused, nothing was changed but what
an earlier step unpacked; 3 failed, the node goes on as before; 4 failed half-way: it
says which version runs or starts; 75 another upgrade is going on.
END
}

# What the node says of its versions or, when it does not run, what is there.
print_versions() {
    if (upgrade_node versions "$version") 2>/dev/null; then return; fi
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
upgrade=$root/releases/.upgrade
before=$upgrade/before
hybrid_dir=
starts_node=
if [ "${RELEASE_SUPERVISED-}" = daemon ] && [ "${1-}" != --in-daemon ]; then
    RELEASE_SUPERVISED= # that of another node, which started this one
fi
case $RELEASE_COMMAND:${1-} in
daemon:--in-run-erl | daemon_iex:--in-run-erl) ;;
start:* | foreground:* | console:* | start_iex:* | daemon:--in-daemon | daemon_iex:--in-daemon)
    mend_releases
    starts_node=yes
    ;;
daemon:* | daemon_iex:*) mend_releases ;;
esac
if [ -z "$starts_node" ] || ! take_restart; then find_version; fi
RELEASE_ROOT=$root
RELEASE_ROOT_DIR=$root
RELEASE_NAME=${RELEASE_NAME:-$program_release}
RELEASE_VSN=$version
export RELEASE_ROOT RELEASE_ROOT_DIR RELEASE_NAME RELEASE_VSN RELEASE_COMMAND

case $RELEASE_COMMAND in
start | foreground) start_foreground "$@" ;;
console | start_iex) start_console "$@" ;;
daemon | daemon_iex)
    case ${1-} in
    --in-run-erl) run_in_run_erl "$@" ;;
    --in-daemon) run_in_daemon "$@" ;;
    *) start_daemon "$@" ;;
    esac
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
unpack | install | upgrade | downgrade | commit | uninstall)
    change_version "$RELEASE_COMMAND" "$@"
    ;;
config_of) config_of ;;
version) printf '%s %s\n' "$program_release" "$version" ;;
versions) print_versions ;;
describe | info) describe ;;
*)
    say "there is no command $RELEASE_COMMAND"
    usage >&2
    exit 1
    ;;
esac
