"""Sample projects as a user has them: copied, built by doit, unpacked, booted."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SAMPLES = Path(__file__).parent.parent / "sample_projects"
LEFTOVERS = shutil.ignore_patterns("_build", ".doit*", "build", "__pycache__")


def copy_sample(name: str, directory: Path) -> Path:
    """Copy a sample project, without what a build left in it, and return the copy."""
    project = directory / Path(name).name
    if "broken" in Path(name).parts:  # as it is: what looks left over is the defect
        shutil.copytree(SAMPLES / name, project, symlinks=True)
        return project
    shutil.copytree(SAMPLES / name, project, ignore=LEFTOVERS)
    shutil.rmtree(project / "ebin", ignore_errors=True)
    return project


ERLANG = {
    "ct_run",
    "dialyzer",
    "elixir",
    "elixirc",
    "epmd",
    "erl",
    "erl_call",
    "erlc",
    "escript",
    "iex",
    "mix",
    "rebar3",
    "run_erl",
    "run_test",
    "start_embedded",
    "to_erl",
    "typer",
}
"""The programs of Erlang and Elixir, by which one is found."""


def path_without_erlang(directory: Path) -> str:
    """Fill a new directory with links to all programs but Erlang's; return it."""
    directory.mkdir()
    for folder in os.environ["PATH"].split(os.pathsep):
        if not os.path.isdir(folder):
            continue
        for program in os.scandir(folder):
            link = directory / program.name
            if program.name not in ERLANG and not os.path.lexists(link):
                link.symlink_to(program.path)
    assert shutil.which("erl", path=str(directory)) is None
    assert shutil.which("sh", path=str(directory))
    return str(directory)


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment without what would change a build or a node."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RELKIT_", "MIX_", "RELEASE_", "ERL_", "REPLACE_"))
    }
    return kept | {"LC_ALL": "C.UTF-8"} | more


def doit(
    project: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run doit in a process of its own, as from a shell in the project."""
    return subprocess.run(
        [sys.executable, "-m", "doit", *arguments],
        check=False,
        cwd=project,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=300,
    )


def build(project: Path, *arguments: str, **environment: str) -> str:
    """Run `doit` and return what it printed; fail the test when it fails."""
    done = doit(project, *(arguments or ("release",)), **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ran(output: str) -> list[str]:
    """Return the names of the tasks that doit says it ran."""
    return [line[2:].strip() for line in output.splitlines() if line[:2] == ". "]


def unpack(tarball: Path, directory: Path) -> Path:
    """Unpack a release's tarball into a new directory and return the directory."""
    directory.mkdir(parents=True)
    subprocess.run(["tar", "-xzf", tarball, "-C", directory], check=True)
    return directory


@dataclass
class Node:
    """An unpacked release and how it is talked to: its start script."""

    root: Path
    name: str
    environment: dict[str, str] = field(default_factory=dict)
    wrapper: tuple[str, ...] = ()
    """What goes before each command, to run it as somebody else."""

    def command(
        self, *arguments: str, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run `bin/<name>` with these arguments."""
        return subprocess.run(
            [*self.wrapper, str(self.root / "bin" / self.name), *arguments],
            check=False,
            cwd="/",
            env=clean_environment(**self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def ask(self, expression: str) -> str:
        """Return what `rpc` prints; fail the test when it says it failed."""
        done = self.command("rpc", expression)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()


@contextlib.contextmanager
def booted(
    root: Path, name: str, wrapper: tuple[str, ...] = (), **environment: str
) -> Iterator[Node]:
    """Boot the release in the foreground until the block ends; it has its own epmd."""
    port = str(free_port())
    environment = {"ERL_EPMD_PORT": port, **environment}
    node = Node(root, name, environment, wrapper)
    with open(root.parent / f"{root.name}.log", "w+") as log:
        process = subprocess.Popen(
            [*wrapper, str(root / "bin" / name), "foreground"],
            cwd="/",
            env=clean_environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_it_answers(node, process, log)
            yield node
        finally:
            if process.poll() is None:
                node.command("stop")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            stop_epmd(port)


def _wait_until_it_answers(node: Node, process: subprocess.Popen, log) -> None:
    deadline = time.monotonic() + 60
    while node.command("ping").returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            log.seek(0)
            raise AssertionError(f"the node did not boot:\n{log.read()}")
        time.sleep(0.2)


def stop_epmd(port: str) -> None:
    """Stop the epmd of a test's own port, if there is one."""
    subprocess.run(
        ["epmd", "-port", port, "-kill"],
        check=False,
        capture_output=True,
        env=clean_environment(),
    )


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
