"""Whether a task must run, and why: what doit asks before it runs one.

doit calls the functions ending in `_same` on every run, also when nothing changed,
so they only stat. Each is the negation of a function ending in `_changes`, which says
in words what changed; `doit relkit why` prints those words. What a task saw is saved
with its values when it has succeeded; the look of inputs is taken before they are
read, so that an input edited meanwhile is seen the next time (doit issue 119).
"""

# ruff: noqa: PTH112, PTH113, PTH116, PTH123, PTH208
# Paths are text here: objects would cost more than the looking.

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias


class DoitTask(Protocol):
    """As much of doit's Task as is used here."""

    value_savers: list[Callable[[], dict[str, Any]]]


Values = Mapping[str, Any]
"""What doit saved with the task the last time it succeeded."""


def settings_same(task: DoitTask, values: Values, settings: Mapping[str, Any]) -> bool:
    """Return whether the task last succeeded with these settings (plain JSON)."""
    task.value_savers.append(partial(dict, settings=settings))
    return not settings_changes(values, settings)


def settings_changes(values: Values, settings: Mapping[str, Any]) -> list[str]:
    """Return a line for each setting that is not what it was."""
    before = values.get("settings")
    if before is None:
        return ["it has not run yet"]
    changed = [
        name
        for name in {**before, **settings}
        if before.get(name) != settings.get(name)
    ]
    return [
        # Of the cookie only a digest is kept, which tells nobody anything.
        "setting cookie changed"
        if name == "cookie"
        else f"setting {name} is now {settings.get(name)!r}, was {before.get(name)!r}"
        for name in changed
    ]


def outputs_same(
    task: DoitTask, values: Values, stamp: str, others: Sequence[str]
) -> bool:
    """Return whether what the task made is as the task left it.

    doit itself looks only whether targets exist. `stamp` names the file in which the
    task lists what it made ('' when it has none), `others` are further targets.
    """
    task.value_savers.append(partial(_outputs_now, stamp, others))
    return not output_changes(values)


def output_changes(values: Values) -> list[str]:
    """Return a line for each output that is gone or was changed since."""
    left: Mapping[str, list[int]] | None = values.get("outputs")
    if left is None:
        return ["it has not run yet"]
    return [
        f"{path} was {'changed' if os.path.lexists(path) else 'removed'} since"
        for path, look in left.items()
        if _look(path) != look
    ]


def files_there(paths: Sequence[str]) -> bool:
    """Return whether the files are there that settings name.

    If not, the task runs and says so; doit itself would only name the file.
    """
    return all(os.path.isfile(path) for path in paths)


def inputs_same(task: DoitTask, values: Values, kind: str, *arguments: Any) -> bool:
    """Return whether the directories that the task reads look as they did.

    `kind` is a key of `SIGNATURES` in signatures.py, which tells what is looked at.
    """
    from dodo_relkit.edge.signatures import SIGNATURES

    signature = SIGNATURES[kind](*arguments)
    task.value_savers.append(partial(dict, inputs=signature))
    return bool(values.get("inputs") == signature)


def input_changes(values: Values, kind: str, *arguments: Any) -> list[str]:
    """Return lines that say which inputs changed."""
    from dodo_relkit.edge.signatures import CHANGES, SIGNATURES

    if values.get("inputs") is None:
        return ["it has not run yet"]
    if values["inputs"] == SIGNATURES[kind](*arguments):
        return []
    return CHANGES[kind](*arguments) or ["the files it reads changed"]


Look: TypeAlias = list[int] | list[str]
"""Time and size of a file, or the Elixir files of a directory; [] if not there."""


def seen_same(task: DoitTask, values: Values) -> bool:  # noqa: ARG001 - doit's order
    """Return whether all that the task found out to be its inputs is as it was.

    The step itself saves what it looked at (elixir_config.py).
    """
    return not seen_changes(values)


def seen_changes(values: Values) -> list[str]:
    """Return a line for each file and variable that is not as the task saw it."""
    seen = values.get("seen")
    if seen is None:
        return ["it has not run yet"]
    files: Mapping[str, Look] = seen["files"]
    variables: Mapping[str, str] = seen["variables"]
    return [
        *(f"{path} changed" for path in files if files[path] != look_at(path)),
        *(
            f"the environment variable {name} changed"
            for name in variables
            if variables[name] != look_at_variable(name)
        ),
    ]


def look_at(path: str) -> Look:
    """Return how a file looks, or which Elixir files are in a directory."""
    if not os.path.isdir(path):
        return _look(path)
    return sorted(name for name in os.listdir(path) if name.endswith(".exs"))


def look_at_variable(name: str) -> str:
    """Return a digest of an environment variable, as it may be a secret."""
    value = os.environ.get(name)
    if value is None:
        return ""
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()


def watched(stamp: str) -> list[str]:
    """Return the files and directories that a stamp says the task made."""
    try:
        with open(stamp, "rb") as file:
            written = json.load(file)
        return list(written["watch"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _outputs_now(stamp: str, others: Sequence[str]) -> dict[str, Any]:
    listed = [stamp, *watched(stamp)] if stamp else []
    return {"outputs": {path: _look(path) for path in [*listed, *others]}}


def _look(path: str) -> list[int]:
    try:
        status = os.stat(path, follow_symlinks=False)
    except OSError:
        return []
    return [status.st_mtime_ns, status.st_size]
