"""One profile as doit tasks: plain dicts, all known before anything is built.

    compile ─▶ scan ─▶ plan ─┬▶ rel, script ─▶ boot, start_clean, no_dot_erlang,
                   (config) ─┤  sys.config, vm.args, start_script, RELEASES, …  ─┐
                             ├▶ lib, erts, consolidated ─────────────────────────┼▶ tar

Nothing is read from the disk here (only looked whether a module of the user's lies in
the project), and nothing heavy is imported: doit makes the tasks anew on every run.
What the tasks do is in steps.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dodo_relkit import __version__
from dodo_relkit.artifacts.table import ROWS, TABLE, TREES, Row, Tree
from dodo_relkit.edge.layout import Layout, read_files
from dodo_relkit.edge.perform import clean, perform
from dodo_relkit.edge.upgrades.python_hooks import hook_files
from dodo_relkit.edge.uptodate import (
    files_there,
    inputs_same,
    outputs_same,
    seen_same,
    settings_same,
)
from dodo_relkit.release.compilers import Erlc, Gleam, Rebar3
from dodo_relkit.release.facets import FACETS
from dodo_relkit.release.profile import (
    Profile,
    cookie_variable,
    elixir_configs,
    literal_version,
)

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

PLAN_SETTINGS = (
    "version",
    "applications",
    "rel",
    "include_erts",
    "include_system_libs",
    "skip_mode_validation_for",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What every task of a profile is made from."""

    profile: Profile
    layout: Layout
    compile_task: str
    """The task that makes the applications; '' when there is none."""
    basename: str
    """`release:<name>:<env>`."""


def profile_tasks(wiring: Wiring) -> Iterator[Task]:
    """Yield the tasks of one profile, the group first."""
    profile = wiring.profile
    trees = trees_of(profile)
    tasks = [
        _plan(wiring),
        *([_config(wiring)] if elixir_configs(profile) else []),
        *(_row(wiring, row) for row in TABLE),
        *(_tree(wiring, tree) for tree in trees),
    ]
    parts = [*ROWS, *(tree.name for tree in trees)]
    if profile.upgrade_from:
        needs = [tree.name for tree in trees if tree.name == "consolidated"]
        tasks += [_baselines(wiring), _appups(wiring), _relup(wiring, needs)]
        tasks.append(_review(wiring))
        parts.append("relup")
    if profile.tar:
        tasks.append(_tarball(wiring, parts))
    if profile.upgrade_from and profile.delta:
        tasks.append(_delta(wiring, parts))
    yield _group(wiring)
    yield _scan(wiring, [task["name"] for task in tasks])
    yield from tasks


def trees_of(profile: Profile) -> list[Tree]:
    """Return the trees that this profile's release may have.

    Also those that its settings leave empty now: they may have been full before.
    """
    wanted = {
        "lib": True,
        "erts": True,
        "consolidated": not isinstance(profile.compile, Erlc | Gleam | Rebar3),
        "checks": profile.exref or profile.src_tests,
    }
    return [tree for tree in TREES if wanted[tree.name]]


def _group(wiring: Wiring) -> Task:
    doc = f"release {wiring.profile.name} in environment {wiring.profile.environment}"
    return {"basename": wiring.basename, "name": None, "doc": doc}


def _scan(wiring: Wiring, others: Sequence[str]) -> Task:
    layout, profile = wiring.layout, wiring.profile
    task = _task(
        wiring,
        "scan",
        "find the applications under the lib directories",
        step="scan",
        targets=[layout.catalog],
        settings=("lib_dirs", "include_erts"),
        inputs=("scan", profile, layout),
        task_dep=[wiring.compile_task] if wiring.compile_task else [],
    )
    # The first of all tasks, and so the last that is cleaned.
    leftovers = (clean, ["tasks gone", layout, list(others)])
    return {**task, "clean": [*task["clean"], leftovers]}


def _plan(wiring: Wiring) -> Task:
    layout = wiring.layout
    rel = wiring.profile.rel
    return _task(
        wiring,
        "plan",
        "decide what is in the release, and in which order",
        step="plan",
        targets=[layout.facet(facet) for facet in FACETS],
        settings=PLAN_SETTINGS,
        file_dep=[layout.catalog],
        named_files=[rel] if rel else [],
    )


def _config(wiring: Wiring) -> Task:
    layout, files = wiring.layout, elixir_configs(wiring.profile)
    task = _task(
        wiring,
        "config",
        "evaluate the Elixir configuration",
        step="config",
        targets=[layout.stamp("config"), *map(layout.evaluated, files)],
        settings=("compile",),
        named_files=files,
        task_dep=[f"{wiring.basename}:plan"],
    )
    return _with_seen(task)


def _row(wiring: Wiring, row: Row) -> Task:
    layout, profile = wiring.layout, wiring.profile
    files = [path for name in row.files for path in read_files(profile, layout, name)]
    return _task(
        wiring,
        row.name,
        row.doc,
        step="row",
        arguments=[row.name],
        targets=[layout.stamp(row.name), *_known_paths(wiring, row)],
        settings=row.settings,
        file_dep=[
            *(layout.facet(facet) for facet in row.facets),
            *(layout.stamp(need) for need in row.needs),
        ],
        named_files=files,
    )


def _tree(wiring: Wiring, tree: Tree) -> Task:
    layout = wiring.layout
    return _task(
        wiring,
        tree.name,
        tree.doc,
        step=tree.name,
        targets=[layout.stamp(tree.name)],
        settings=tree.settings,
        inputs=(tree.name, wiring.profile, layout),
        file_dep=[layout.facet(facet) for facet in tree.facets],
    )


def _baselines(wiring: Wiring) -> Task:
    layout = wiring.layout
    return _task(
        wiring,
        "baselines",
        "read the earlier releases that an upgrade starts from",
        step="baselines",
        targets=[layout.stamp("baselines"), layout.baselines],
        settings=("upgrade_from",),
        inputs=("baselines", wiring.profile, layout),
        file_dep=[layout.facet("apps"), layout.facet("target")],
    )


def _appups(wiring: Wiring) -> Task:
    layout, profile = wiring.layout, wiring.profile
    hooks = hook_files(each.function for each in profile.appup_transforms)
    task = _task(
        wiring,
        "appups",
        "an appup for each application that changed, found or generated",
        step="appups",
        targets=[layout.stamp("appups")],
        settings=("purge", "upgrade_strategies", "appup_transforms"),
        inputs=("appups", wiring.profile, layout),
        file_dep=[layout.baselines, layout.facet("apps"), layout.stamp("lib"), *hooks],
    )
    return _with_seen(task) if profile.appup_transforms else task


def _relup(wiring: Wiring, needs: Sequence[str]) -> Task:
    layout = wiring.layout
    hook = wiring.profile.relup_hook
    facets = ("apps", "specs", "target")
    task = _task(
        wiring,
        "relup",
        "the relup: how a running node comes to this release, and back",
        step="relup",
        targets=[layout.stamp("relup")],
        settings=("relup_hook",),
        file_dep=[
            layout.baselines,
            layout.stamp("appups"),
            *(layout.facet(facet) for facet in facets),
            *(layout.stamp(need) for need in needs),
            *hook_files([hook] if hook else []),
        ],
    )
    return _with_seen(task) if hook else task


def _with_seen(task: Task) -> Task:
    """Have the task look at what its step found out to be its inputs."""
    return {**task, "uptodate": [*task["uptodate"], (seen_same, [])]}


def _review(wiring: Wiring) -> Task:
    layout = wiring.layout
    return _task(
        wiring,
        "review",
        "what the upgrade will do to the processes: findings, and a page to read",
        step="review",
        targets=[layout.stamp("review"), layout.review("txt"), layout.review("html")],
        settings=("strict_upgrades", "upgrade_strategies"),
        file_dep=[
            layout.baselines,
            layout.facet("apps"),
            *(layout.stamp(each) for each in ("appups", "lib", "relup", "vm.args")),
        ],
    )


def _delta(wiring: Wiring, parts: Sequence[str]) -> Task:
    layout = wiring.layout
    return _task(
        wiring,
        "delta",
        "a tarball of what the earlier releases lack",
        step="delta",
        arguments=[list(parts)],
        targets=[layout.stamp("delta")],
        settings=("compression_level",),
        file_dep=[
            layout.baselines,
            layout.facet("apps"),
            *(layout.stamp(part) for part in parts),
        ],
    )


def _tarball(wiring: Wiring, parts: Sequence[str]) -> Task:
    layout, profile = wiring.layout, wiring.profile
    version = literal_version(profile)
    tarball = layout.tarball(version) if version else layout.latest_tarball
    is_strict = profile.strict_upgrades and profile.upgrade_from
    return _task(
        wiring,
        "tar",
        "the tarball",
        step="tar",
        arguments=[list(parts)],
        targets=[layout.stamp("tar"), tarball],
        settings=("compression_level",),
        file_dep=[
            layout.facet("identity"),
            *(layout.stamp(part) for part in parts),
            *([layout.stamp("review")] if is_strict else []),
        ],
    )


def _known_paths(wiring: Wiring, row: Row) -> list[str]:
    """Return the row's files if their names are known before anything is built."""
    version = literal_version(wiring.profile)
    if version:
        return [wiring.layout.release_file(path, version) for path in row.paths]
    return [
        wiring.layout.release_file(path, "")
        for path in row.paths
        if "{vsn}" not in path
    ]


def _task(  # noqa: PLR0913 - a task has this many parts
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
    profile, layout = wiring.profile, wiring.layout
    strict = {"strict": profile.warnings_as_errors}
    watched = layout.stamp(name) if layout.stamp(name) in targets else ""
    uptodate: list[Any] = [
        (settings_same, [settings_slice(profile, (*settings, "warnings_as_errors"))]),
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


def settings_slice(profile: Profile, names: Sequence[str]) -> dict[str, object]:
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
