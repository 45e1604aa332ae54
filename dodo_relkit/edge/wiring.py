"""What every task has in common: what it looks at to know whether it must run.

A task says which settings, files and other inputs it has; which tasks there are is in
`tasks.py`. Imported on every run of doit, so nothing heavy is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dodo_relkit import __version__
from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.perform import clean, perform
from dodo_relkit.edge.uptodate import (
    files_there,
    inputs_same,
    outputs_same,
    seen_same,
    settings_same,
)
from dodo_relkit.release.profile import Profile, cookie_variable

Task = dict[str, Any]

OVERLAY_SETTINGS = (
    "overlay_vars",
    "dev_mode",
    "include_erts",
    "include_src",
    "include_system_libs",
    "erl_opts",
    "run_erl_env",
    "output_dir",
)
"""The settings that templates see as variables (FEATURES OV-07)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What every task of a profile is made from."""

    profile: Profile
    layout: Layout
    compile_task: str
    """The task that makes the applications; '' when there is none."""
    basename: str
    """`release:<name>:<env>`."""


def make_task(  # noqa: PLR0913 - a task has this many parts
    wiring: Wiring,
    name: str,
    doc: str,
    *,
    step: str,
    targets: list[str],
    settings: Sequence[str],
    arguments: Sequence[object] = (),
    inputs: tuple[object, ...] = (),
    file_dep: Sequence[str] = (),
    named_files: Sequence[str] = (),
    task_dep: Sequence[str] = (),
) -> Task:
    """Return a task of doit that runs a step of `steps.py` when something changed.

    `name`: within the release; `settings`: names of those the step reads; `inputs`:
    what `uptodate.inputs_same` takes; `named_files`: those the user names, which must
    be there; they, `file_dep` and `targets` are paths.
    """
    profile, layout = wiring.profile, wiring.layout
    strict = {"strict": profile.warnings_as_errors}
    watched = layout.stamp(name) if layout.stamp(name) in targets else ""
    uptodate: list[Any] = [
        (settings_same, [_settings(profile, (*settings, "warnings_as_errors"))]),
        (outputs_same, [watched, [path for path in targets if path != watched]]),
    ]
    if named_files:
        uptodate.append((files_there, [list(named_files)]))
    if inputs:
        uptodate.append((inputs_same, list(inputs)))
    return {
        "basename": wiring.basename,
        "name": name,
        "doc": doc,
        "actions": [(perform, [step, profile, layout, *arguments], strict)],
        "targets": targets,
        "file_dep": [*file_dep, *named_files],
        "task_dep": list(task_dep),
        "uptodate": uptodate,
        "clean": [(clean, ["task", layout, name, targets])],
        "io": {"capture": False},
        "meta": {
            "relkit": {
                "release": profile.name,
                "environment": profile.environment,
                "artifact": name,
            }
        },
    }


def with_seen(task: Task) -> Task:
    """Have the task look at what its step found out to be its inputs."""
    return {**task, "uptodate": [*task["uptodate"], (seen_same, [])]}


def _settings(profile: Profile, names: Sequence[str]) -> dict[str, object]:
    """Return the named settings as plain data; secrets only as digests."""
    wanted = [
        each
        for name in names
        for each in (OVERLAY_SETTINGS if name == "overlay" else (name,))
    ]
    values = {name: _plain_setting(profile, name) for name in wanted}
    return {"relkit": __version__, **values}


def _plain_setting(profile: Profile, name: str) -> object:
    if name == "cookie_variable":
        return cookie_variable(profile)
    plain: object = json.loads(json.dumps(getattr(profile, name), default=_fields))
    if name == "cookie" and plain:
        return hashlib.sha256(str(plain).encode()).hexdigest()
    return plain


def _fields(value: Any) -> dict[str, object]:
    """Return the fields of a dataclass with slots; asdict copies all it holds."""
    return {name: getattr(value, name) for name in value.__slots__}
