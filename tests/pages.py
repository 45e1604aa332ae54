"""Pages of the documentation as tests run them: files to write, commands to type."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.nodes import clean_environment, free_port, stop_epmd


class Block(NamedTuple):
    """A fenced block of the page."""

    line: int
    heading: str
    kind: str
    """The language that the fence names."""
    path: str
    """Of the file that it is, named at the end of the paragraph before; else ''."""
    text: str

    @property
    def commands(self) -> Iterator[tuple[str, str]]:
        """What is typed and what is printed then."""
        for typed in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, printed = typed.partition("\n")
            yield command, printed


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text("utf-8")
    fence = r"(?:`(?P<path>[^`\n]+)`:\n\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$"
    found = []
    for block in re.finditer(fence, text, re.MULTILINE | re.DOTALL):
        before = text[: block.start("text")]
        heading = re.findall(r"^## (.*)", before, re.MULTILINE)[-1]
        line = before.count("\n") + 1
        path = block["path"] or ""
        found.append(Block(line, heading, block["kind"], path, block["text"]))
    return found


class Terminal:
    """Where the commands of the page are typed."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.port = str(free_port())
        programs = project.parent / "programs"
        programs.mkdir(exist_ok=True)
        (programs / "doit").write_text(f'#!/bin/sh\nexec {sys.executable} -m doit "$@"')
        (programs / "doit").chmod(0o755)
        self.environment = clean_environment(
            ERL_EPMD_PORT=self.port,
            PATH=f"{programs}:{os.environ['PATH']}",
            TMPDIR=str(project.parent / "run"),
        )
        (project.parent / "run").mkdir(exist_ok=True)

    def type(self, command: str) -> tuple[str, int]:
        """Return what is printed, and the exit code."""
        # To a file: a daemon keeps its standard output open.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                ["sh", "-c", command],
                check=False,
                cwd=self.project,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=300,
            )
            output.seek(0)
            return output.read(), done.returncode

    def leave(self) -> None:
        """Stop the nodes that a failed test left, and their epmd."""
        for script in self.project.parent.glob("**/bin/*"):
            if (script.parent.parent / "releases").is_dir():
                self.type(f"{script} stop")
        stop_epmd(self.port)


def alike(printed: str, shown: str) -> bool:
    """Return whether the page shows what was printed; `...` stands for anything."""
    pieces = shown.replace("...\n", "...").split("...")
    return bool(re.fullmatch(".*".join(map(re.escape, pieces)), printed, re.DOTALL))


def write(path: Path, text: str) -> None:
    """Write a file, and the directories it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
