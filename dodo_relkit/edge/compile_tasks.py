"""The tasks that compile the applications, before anything is scanned.

Mix, rebar3 and Gleam are always called and left to be incremental: they alone know
what their results depend on. When nothing changed they touch no file, and so nothing
after them runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dodo_relkit.edge.perform import clean, perform
from dodo_relkit.edge.uptodate import inputs_same, outputs_same, settings_same
from dodo_relkit.edge.wiring import Task
from dodo_relkit.release.compilers import (
    Command,
    Compile,
    CompileTask,
    Erlc,
    build_command,
)


def compile_task_name(how: Compile | None, environment: str, basename: str) -> str:
    """Return the task after which the scan of an environment runs, or ''."""
    if how is None:
        return ""
    if isinstance(how, CompileTask):
        return how.name
    name = f"{basename}-compile"
    return name if isinstance(how, Erlc) else f"{name}:{environment}"


def compile_tasks(
    how: Compile | None, environments: Iterable[str], basename: str
) -> Iterator[Task]:
    """Yield the tasks that compile: one for `erlc`, else one an environment."""
    if isinstance(how, Erlc):
        yield _erlc_task(how, basename)
        return
    for environment in environments:
        command = build_command(how, environment)
        if command:
            yield _command_task(command, f"{basename}-compile", environment)


def _command_task(command: Command, basename: str, environment: str) -> Task:
    return {
        "basename": basename,
        "name": environment,
        "doc": f"compile for the environment {environment}: {' '.join(command.argv)}",
        "actions": [(perform, ["command", list(command.argv), dict(command.environ)])],
        "uptodate": [False],
        "io": {"capture": False},
    }


def _erlc_task(how: Erlc, basename: str) -> Task:
    work = f"_build/relkit/{basename}"
    stamp = f"{work}/erlc.json"
    settings = {
        "src": list(how.src),
        "app": list(how.app),
        "include": list(how.include),
        "options": list(how.options),
    }
    return {
        "basename": f"{basename}-compile",
        "doc": "compile the applications with erlc",
        "actions": [(perform, ["erlc", how, stamp, f"{work}/erlc"])],
        "targets": [stamp],
        "uptodate": [
            (settings_same, [settings]),
            (outputs_same, [stamp, []]),
            (inputs_same, ["erlc", how]),
        ],
        "clean": [(clean, ["erlc", stamp, f"{work}/erlc"])],
        "io": {"capture": False},
    }
