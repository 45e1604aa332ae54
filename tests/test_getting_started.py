"""docs/getting-started.md: its files are written, its commands run and compared.

Once with the blocks of `dodo.py`, once with those of `relkit.toml`. What a page cannot
show well (terminals, other users, `doit relkit init`) is tested below.
"""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.nodes import (
    booted,
    build,
    clean_environment,
    doit,
    free_port,
    path_without_erlang,
    stop_epmd,
    unpack,
)
from tests.pages import Block, Terminal, alike, blocks_of, write

PAGE = Path(__file__).parent.parent / "docs/getting-started.md"
FORMS = {"dodo.py": {"dodo.py"}, "relkit.toml": {"relkit.toml", "pyproject.toml"}}
ALL_FORMS = {"dodo.py", "relkit.toml", "pyproject.toml"}
OTHER_PROJECT = "Elixir"
"""The heading under which the page begins a new project."""


def blocks() -> list[Block]:
    found = blocks_of(PAGE)
    for block in found:
        assert (block.kind == "console") is not bool(block.path), block
    return found


@pytest.mark.parametrize("form", FORMS)
def test_the_page_says_what_happens(form, tmp_path):
    not_this_form = ALL_FORMS - FORMS[form]
    (tmp_path / "tea").mkdir()
    terminal = Terminal(tmp_path / "tea")
    try:
        for block in blocks():
            if block.heading == OTHER_PROJECT and terminal.project.name == "tea":
                shutil.copytree(terminal.project, tmp_path / "cafe", ignore=all_but_it)
                terminal.project = tmp_path / "cafe"
            if block.path and block.path not in not_this_form:
                write(terminal.project / block.path, block.text)
            for command, shown in block.commands if not block.path else ():
                printed, code = terminal.type(command)
                where = f"{PAGE.name}, block of line {block.line}: $ {command}"
                report = f"{where}\n{printed}\n--- page\n{shown}"
                assert (code, alike(printed, shown)) == (0, True), report
                assert not re.search(r"^RK\d+", printed, re.MULTILINE), report
    finally:
        terminal.leave()


def all_but_it(_: str, names: list[str]) -> set[str]:
    """Keep the word to doit, which the page says once."""
    return {*names} - {"pyproject.toml"}


def test_the_page_has_both_forms_of_each_configuration():
    paths = [block.path for block in blocks()]
    assert paths.count("dodo.py") == paths.count("relkit.toml") == 3
    assert sum(len(list(block.commands)) for block in blocks()) > 40


@pytest.fixture(scope="module")
def tarball(tmp_path_factory):
    """Build the page's first release in the environment `prod`."""
    project = tmp_path_factory.mktemp("tea") / "tea"
    for block in blocks():
        if block.heading in {"The project", "A first release"} and block.path:
            write(project / block.path, block.text)
    build(project, "release", "--env=prod")
    return project / "_build/prod/rel/tea-0.1.0.tar.gz"


@pytest.fixture
def public():
    """Give a directory that every user can enter, unlike those of pytest."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def test_a_stranger_without_erlang_runs_it(tarball, public):
    root = unpack(tarball, public / "deployed")
    subprocess.run(["chmod", "-R", "a-w", root], check=True)
    files = sorted(root.rglob("*"))
    wrapper = ()
    if os.geteuid() == 0:
        wrapper = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    path = path_without_erlang(public / "bin")
    (public / "run").mkdir()
    (public / "run").chmod(0o1777)
    own = {"PATH": path, "HOME": "/nonexistent", "TMPDIR": str(public / "run")}
    with booted(root, "tea", wrapper, **own) as node:
        assert node.ask("tea:brew().") == "{green,tea}"
        assert node.ask("application:get_key(kettle, vsn).") == '{ok,"2.1.0"}'
        assert node.ask("code:root_dir().") == f'"{root}"'
    assert sorted(root.rglob("*")) == files


def test_the_shells(tarball, tmp_path):
    root = unpack(tarball, tmp_path / "deployed")
    port = str(free_port())
    console = remote = Shell(root, "console", port)
    try:
        console.expect(r"\(tea@127\.0\.0\.1\)1> ")
        console.type("{tea:brew(), here}.")
        console.expect(r"\{\{green,tea\},here\}")
        remote = Shell(root, "remote_console", port)
        remote.expect(r"\(tea@127\.0\.0\.1\)1> ")
        remote.type("{tea:brew(), node(), there}.")
        remote.expect(r"\{\{green,tea\},'tea@127\.0\.0\.1',there\}")
        remote.type("\x07", end="")
        remote.expect(" --> ")
        remote.type("q")
        assert remote.process.wait(30) == 0
        console.type("{still, here}.")
        console.expect(r"\{still,here\}")
        console.type("init:stop().")
        assert console.process.wait(30) == 0
    finally:
        for shell in {console, remote}:
            shell.leave()
        stop_epmd(port)


class Shell:
    """A command of the start script in a terminal of its own."""

    def __init__(self, root: Path, command: str, port: str) -> None:
        self.end, other_end = pty.openpty()
        self.process = subprocess.Popen(
            [root / "bin/tea", command],
            env=clean_environment(
                ERL_EPMD_PORT=port, RELEASE_TMP=str(root.parent / "run"), TERM="xterm"
            ),
            stdin=other_end,
            stdout=other_end,
            stderr=other_end,
            start_new_session=True,
        )
        os.close(other_end)

    def type(self, line: str, end: str = "\n") -> None:
        os.write(self.end, (line + end).encode())

    def expect(self, pattern: str) -> None:
        """Read until the pattern comes."""
        seen = ""
        deadline = time.monotonic() + 30
        while not re.search(pattern, seen):
            ready, _, _ = select.select([self.end], [], [], 1)
            assert time.monotonic() < deadline, f"{pattern} not in {seen!r}"
            if ready:
                seen += os.read(self.end, 4096).decode("utf-8", "replace")

    def leave(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)
        os.close(self.end)


def test_init_writes_what_builds(tmp_path):
    for block in blocks():
        if block.heading == "The project":
            name = block.path.removeprefix("apps/tea/")
            if name != block.path:
                write(tmp_path / name, block.text)
    assert "wrote dodo.py" in doit(tmp_path, "relkit", "init").stdout
    build(tmp_path)
    assert (tmp_path / "_build/dev/rel/tea/lib/tea-0.1.0").is_symlink()
    assert doit(tmp_path, "relkit", "init").returncode == 1
    build(tmp_path, "release", "--env=prod", MIX_ENV="dev")
    root = unpack(tmp_path / "_build/prod/rel/tea-0.1.0.tar.gz", tmp_path / "deployed")
    script = root / "releases/0.1.0/start.script"
    assert "{application,tea," in script.read_text().replace(" ", "")
    assert "setcookie" not in (root / "releases/0.1.0/vm.args").read_text()
    own = {"RELEASE_COOKIE": "Vf8sKq2LmX5zR0tYwB7n", "TMPDIR": str(tmp_path)}
    with booted(root, "tea", **own) as node:
        assert node.ask("erlang:get_cookie().") == "'Vf8sKq2LmX5zR0tYwB7n'"


@pytest.mark.parametrize("heading", ["The project", OTHER_PROJECT])
def test_init_of_several_applications(heading, tmp_path):
    project = tmp_path / "tea-house"
    for block in blocks():
        if block.heading == heading and block.path and block.path not in ALL_FORMS:
            write(project / block.path, block.text)
    assert "wrote dodo.py" in doit(project, "relkit", "init").stdout
    build(project)
    release = project / "_build/dev/rel/tea_house"
    names = {path.name.split("-")[0] for path in release.glob("lib/*")}
    config = next(release.glob("releases/*/sys.config")).read_text()
    if heading == OTHER_PROJECT:
        assert {"menu", "waiter"} <= names
        assert '<<"toast">>' in config
    else:
        assert {"tea", "kettle"} <= names
