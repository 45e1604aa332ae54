"""A small release made with OTP's own systools, to run the start script in.

Nothing of the package but the start script itself is used, so that a failing test
speaks of the script. OTP's applications and programs are linked, not copied.
"""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from dodo_relkit.artifacts.start_script import StartScript, render_start_script
from tests.nodes import clean_environment, free_port, stop_epmd
from tests.oracle import otp_root

GREETER = """
-module(greeter).
-behaviour(application).
-behaviour(gen_server).
-export([start/2, stop/1, start_link/0, init/1, handle_call/3, handle_cast/2,
         terminate/2, hello/1, echo/2, where/0]).

start(_, _) ->
    os:getenv("REFUSE_TO_START") =:= false orelse error(refused),
    supervisor:start_link({local, greeter_sup}, ?MODULE, sup).
stop(_) -> ok.
start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).
init(sup) -> {ok, {#{}, [#{id => a, start => {?MODULE, start_link, []}}]}};
init([]) -> process_flag(trap_exit, true), {ok, []}.
handle_call({hello, Name}, _, State) -> {reply, {hello, Name}, State}.
handle_cast(_, State) -> {noreply, State}.
terminate(_, _) ->
    timer:sleep(list_to_integer(os:getenv("SLOW_STOP", "0"))).
hello(Name) -> gen_server:call(?MODULE, {hello, Name}).
echo(One, Two) -> {One, Two}.
where() -> lib.
"""

APP = """{application, greeter, [{description, ""}, {vsn, "1.0"}, {modules, [greeter]},
  {registered, [greeter]}, {applications, [kernel, stdlib]}, {mod, {greeter, []}},
  {env, [{who, "nobody"}]}]}.
"""

COOKIE = "top_secret_cookie"
SHELLS = {"dash": ("dash",), "bash": ("bash",), "busybox": ("busybox", "ash")}


@dataclass
class Release:
    """A release directory and how its script is run."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    shell: Sequence[str] = ("dash",)
    script: Path | None = None

    def argv(self, *arguments: str) -> list[str]:
        """Return the command that runs the script with these arguments."""
        return [*self.shell, str(self.script or self.root / "bin/demo"), *arguments]

    def env(self, **more: str) -> dict[str, str]:
        """Return the environment for a command."""
        return clean_environment(**{**self.environment, **more})

    def run(
        self, *arguments: str, stdin: str = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.argv(*arguments),
            check=False,
            cwd="/",
            env=self.env(**more),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def ok(self, *arguments: str, **more: str) -> str:
        """Return what a command prints, which must succeed."""
        done = self.run(*arguments, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.rstrip("\n")

    @contextmanager
    def started(
        self, *, command: str = "start", wrapper: Sequence[str] = (), **more: str
    ) -> Iterator[subprocess.Popen[str]]:
        """Run the node in the foreground, up and answering, until the block ends."""
        process = subprocess.Popen(
            [*wrapper, *self.argv(command)],
            cwd="/",
            env=self.env(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            self.wait_until_up(process, **more)
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def wait_until_up(self, process: subprocess.Popen[str], **more: str) -> None:
        """Return when all applications are started."""
        deadline = time.monotonic() + 30
        question = "element(1, init:get_status())"
        while self.run("rpc", "--erl", question, **more).stdout != "started\n":
            gone = process.poll() is not None
            assert not gone, process.stdout.read() if process.stdout else ""
            assert time.monotonic() < deadline, "the node does not answer"


def version_of(app: str) -> str:
    """Return the version of an application of the installed OTP."""
    (found,) = (otp_root() / "lib").glob(f"{app}-[0-9]*")
    return found.name.removeprefix(f"{app}-")


def erts_version() -> str:
    """Return the version of the installed run-time system."""
    (found,) = otp_root().glob("erts-*")
    return found.name.removeprefix("erts-")


def elixir_libraries() -> Path:
    """Return the directory of Elixir's applications."""
    found = subprocess.run(
        ["elixir", "-e", "IO.write(Application.app_dir(:elixir))"],
        check=True,
        capture_output=True,
        text=True,
    )
    return Path(found.stdout).resolve().parent


def make_release(
    root: Path, *, elixir: bool = False, erts: bool = True, vm_args: str = ""
) -> Release:
    """Make a release of one application, version 0.1.0, below `root`."""
    otp, vsn = otp_root(), erts_version()
    ebin = root / "lib/greeter-1.0/ebin"
    ebin.mkdir(parents=True)
    (ebin.parent / "greeter.erl").write_text(GREETER)
    subprocess.run(["erlc", "-o", ebin, ebin.parent / "greeter.erl"], check=True)
    (ebin / "greeter.app").write_text(APP)
    names = ["kernel", "stdlib", "sasl"] + ["compiler"] * elixir
    apps = {name: version_of(name) for name in names}
    types = dict.fromkeys(apps, "")
    if erts:
        for name, version in apps.items():
            (root / f"lib/{name}-{version}").symlink_to(otp / f"lib/{name}-{version}")
    if elixir:
        libraries = elixir_libraries()
        version = subprocess.run(
            ["elixir", "--short-version"], check=True, capture_output=True, text=True
        ).stdout.strip()
        for name in ("elixir", "logger", "iex"):
            apps[name] = version
            types[name] = ", none" if name == "iex" else ""
            (root / f"lib/{name}-{version}").symlink_to(libraries / name)
    apps["greeter"], types["greeter"] = "1.0", ""
    directory = root / "releases/0.1.0"
    directory.mkdir(parents=True)
    lines = ",\n  ".join(f'{{{name}, "{apps[name]}"{types[name]}}}' for name in apps)
    rel = f'{{release, {{"demo", "0.1.0"}}, {{erts, "{vsn}"}},\n [{lines}]}}.\n'
    (directory / "demo.rel").write_text(rel)
    clean = ",".join(f'{{{name}, "{apps[name]}"}}' for name in ("kernel", "stdlib"))
    rel = f'{{release, {{"clean", "0.1.0"}}, {{erts, "{vsn}"}}, [{clean}]}}.\n'
    (directory / "clean.rel").write_text(rel)
    make_boots(root, otp, outside=not erts)
    if erts:
        (root / f"erts-{vsn}").mkdir()
        (root / f"erts-{vsn}/bin").symlink_to(otp / f"erts-{vsn}/bin")
    (root / "releases/start_erl.data").write_text(f"{vsn} 0.1.0")
    (directory / "vm.args").write_text(
        vm_args or f"-name demo@127.0.0.1\n-setcookie {COOKIE}\n"
    )
    (directory / "sys.config").write_text('[{greeter, [{who, "${WHO}"}]}].\n')
    (root / "bin").mkdir()
    script = StartScript(
        release_name="demo",
        erts_version=vsn,
        include_erts=erts,
        has_elixir=elixir,
    )
    put_script(root, script)
    return Release(root)


def put_script(root: Path, script: StartScript) -> None:
    """Write the start script of a release."""
    (root / "bin/demo").write_bytes(render_start_script(script))
    (root / "bin/demo").chmod(0o755)


def make_boots(root: Path, otp: Path, *, outside: bool) -> None:
    """Make the boot files with systools; `outside`: OTP's apps stay with the OTP."""
    variables = f'[{{"ERTS_LIB_DIR", "{otp}/lib"}}]' if outside else "[]"
    path = f'"lib/*/ebin", "{otp}/lib/*/ebin"' if outside else '"lib/*/ebin"'
    calls = (
        f'{{ok, _, _}} = systools:make_script("releases/0.1.0/{rel}", '
        f"[{{path, [{path}]}}, {{variables, {variables}}}, no_warn_sasl, silent, "
        f'{{script_name, "{name}"}}, {{outdir, "releases/0.1.0"}} | {more}])'
        for rel, name, more in (
            ("demo", "start", "[]"),
            ("clean", "start_clean", "[]"),
            ("clean", "no_dot_erlang", "[no_dot_erlang]"),
        )
    )
    program = ", ".join([*calls, "halt()."])
    subprocess.run(["erl", "-noinput", "-eval", program], check=True, cwd=root)


@contextmanager
def own_epmd(release: Release) -> Iterator[Release]:
    """Give a release a port mapper of its own; at the end nothing of it runs."""
    port = str(free_port())
    release.environment["ERL_EPMD_PORT"] = port
    try:
        yield release
    finally:
        for pid, line in command_lines().items():
            if str(release.root.parent).encode() in line and pid != os.getpid():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        stop_epmd(port)


def command_lines() -> dict[int, bytes]:
    """Return the command line of every process of the machine."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                found[int(entry.name)] = (entry / "cmdline").read_bytes()
            except OSError:
                continue
    return found


def is_running(pid: int) -> bool:
    """Tell whether a process exists and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def tree(root: Path) -> dict[str, tuple[int, float]]:
    """Return every path below `root` with its mode and time, links not followed."""
    return {
        str(path.relative_to(root)): (path.lstat().st_mode, path.lstat().st_mtime)
        for path in root.rglob("*")
    }


def in_terminal(
    argv: Sequence[str], environment: dict[str, str], *steps: tuple[str, str]
) -> tuple[str, int]:
    """Run a command in a terminal: wait for a text, type another; return all it
    printed and its exit code. The command must end by itself after the last step.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], list(argv), {**environment, "TERM": "xterm"})
    printed = b""
    seen = 0
    waiting = list(steps)
    deadline = time.monotonic() + 30
    try:
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.2)[0]:
                try:
                    data = os.read(terminal, 4096)
                except OSError:
                    data = b""
                if not data:
                    break
                printed += data
            if waiting and waiting[0][0].encode() in printed[seen:]:
                seen = len(printed)
                os.write(terminal, waiting.pop(0)[1].encode())
        else:
            os.kill(pid, signal.SIGKILL)
    finally:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(terminal)
    assert not waiting, f"waited for {waiting[0][0]!r} in {printed.decode()}"
    return printed.decode(errors="replace"), status
