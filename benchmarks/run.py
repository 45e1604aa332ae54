"""Measures whole processes side by side and prints a table in Markdown.

    python benchmarks/run.py [--runs N] [--apps 50,500]

The first run makes and compiles the trees, which takes minutes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import trees

DOIT = [sys.executable, "-m", "doit"]
NO_OUTPUT = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class Measured(NamedTuple):
    """One line of the table."""

    what: str
    apps: int
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


class Subject(NamedTuple):
    """One thing to measure: what is run, and what is done before each time."""

    what: str
    argv: list[str]
    directory: Path
    before: Callable[[], None]


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--apps", default="50,500")
    options = parser.parse_args()
    rows: list[Measured] = []
    for count in map(int, options.apps.split(",")):
        project = trees.tree(count)
        for subjects, runs in (
            (no_op(project), options.runs),
            (one_module(project, count), options.runs),
            (cold(project), max(3, options.runs // 2)),
            (boot_script(project, count), max(3, options.runs // 2)),
        ):
            rows += [Measured(s.what, count, t) for s, t in measure(subjects, runs)]
        next_version = prepare_upgrade(project, count)
        for subjects in (no_upgrade(next_version), upgrade(next_version, count)):
            times = measure(subjects, options.runs)
            rows += [Measured(s.what, count, t) for s, t in times]
    print_table(rows)


def measure(
    subjects: list[Subject], runs: int
) -> list[tuple[Subject, tuple[float, ...]]]:
    """Time each subject `runs` times, taking turns, after one time unmeasured."""
    times: dict[int, list[float]] = {index: [] for index in range(len(subjects))}
    for turn in range(runs + 1):
        for index, subject in enumerate(subjects):
            subject.before()
            start = time.perf_counter()
            subprocess.run(
                subject.argv,
                cwd=subject.directory,
                check=True,
                env=environment(),
                **NO_OUTPUT,
            )
            if turn:
                times[index].append(time.perf_counter() - start)
    return [(subject, tuple(times[i])) for i, subject in enumerate(subjects)]


def no_op(project: Path) -> list[Subject]:
    """Nothing changed, beside a doit that has one empty task."""
    return [
        Subject("doit, one empty task", DOIT, trees.empty(), nothing),
        Subject("doit release, nothing changed", release(), project, nothing),
    ]


def one_module(project: Path, count: int) -> list[Subject]:
    """One module was compiled anew; the tarball is made anew."""
    beam, original, edited, _ = trees.edits_of_one_module(count)
    what = "doit release, one module changed, with tarball"
    swap = swapping(project / beam, original, edited)
    return [Subject(what, release(), project, swap)]


def prepare_upgrade(project: Path, count: int) -> Path:
    """Build the first version; return the project of the one that comes from it."""
    subprocess.run(release(), cwd=project, check=True, env=environment(), **NO_OUTPUT)
    baseline = project / "_build/prod/rel/big-1.0.0.tar.gz"
    return trees.upgraded(count, baseline)


def no_upgrade(project: Path) -> list[Subject]:
    """Nothing changed in a release that is upgraded from an earlier one."""
    what = "doit release with upgrade_from, nothing changed"
    return [Subject(what, release(), project, nothing)]


def upgrade(project: Path, count: int) -> list[Subject]:
    """One module of the new version was compiled anew: all of the upgrade is made."""
    beam, _, one, other = trees.edits_of_one_module(count)
    what = "doit release with upgrade_from, one module changed, with tarball"
    return [Subject(what, release(), project, swapping(project / beam, one, other))]


def swapping(file: Path, one: bytes, other: bytes) -> Callable[[], None]:
    """Return what gives the file the other of two contents."""

    def swap() -> None:
        file.write_bytes(one if file.read_bytes() == other else other)

    return swap


def cold(project: Path) -> list[Subject]:
    """Everything from the compiled applications to the tarball."""

    def forget_ours() -> None:
        shutil.rmtree(project / "_build/prod", ignore_errors=True)
        for database in project.glob(".doit*"):
            database.unlink()

    def forget_theirs() -> None:
        shutil.rmtree(project / "_build/default/rel", ignore_errors=True)

    return [
        Subject("doit release, cold, with tarball", release(), project, forget_ours),
        Subject("rebar3 tar, compiled", ["rebar3", "tar"], project, forget_theirs),
    ]


def boot_script(project: Path, count: int) -> list[Subject]:
    """`.script` and `.boot` from a `.rel` of all applications."""
    directory = project / "boot_script"
    directory.mkdir(exist_ok=True)
    apps = ", ".join(
        f'{{{trees.app_name(number)}, "1.0.0"}}' for number in range(1, count + 1)
    )
    system = subprocess.run(
        ["erl", "-noshell", "-eval", VERSIONS],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    erts, *versions = system.split()
    (directory / "all.rel").write_text(
        f'{{release, {{"all", "1.0.0"}}, {{erts, "{erts}"}},\n'
        f' [{{kernel, "{versions[0]}"}}, {{stdlib, "{versions[1]}"}}, {apps}]}}.\n'
    )
    path = "../_build/default/lib/*/ebin"
    theirs = (
        f'{{ok, _, _}} = systools:make_script("all", [silent, {{path, ["{path}"]}}]),'
        " halt()."
    )
    ours = [sys.executable, "-m", "dodo_relkit.systools", "make_script", "all"]
    return [
        Subject(
            "dodo_relkit.systools make_script",
            [*ours, "--path", path],
            directory,
            nothing,
        ),
        Subject(
            "systools:make_script",
            ["erl", "-noshell", "-eval", theirs],
            directory,
            nothing,
        ),
    ]


VERSIONS = (
    '[application:load(A) || A <- [kernel, stdlib]], io:put_chars(lists:join(" ", '
    "[erlang:system_info(version) | [element(2, application:get_key(A, vsn)) "
    "|| A <- [kernel, stdlib]]])), halt()."
)


def release() -> list[str]:
    """Return the command that builds the release with its tarball."""
    return [*DOIT, "release"]


def nothing() -> None:
    """Prepare nothing."""


def environment() -> dict[str, str]:
    """Return the environment of every process."""
    root = str(Path(__file__).resolve().parent.parent)
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": root}


def print_table(rows: list[Measured]) -> None:
    """Print the medians, and the spread of the runs."""
    print("| what | applications | median | from | to |")
    print("|---|---:|---:|---:|---:|")
    for row in rows:
        print(
            f"| {row.what} | {row.apps} | {row.median:.2f} s "
            f"| {min(row.seconds):.2f} | {max(row.seconds):.2f} |"
        )


if __name__ == "__main__":
    main()
