"""One profile as doit tasks: plain dicts, all known before anything is built.

    compile ─▶ scan ─▶ plan ─┬▶ rel, script ─▶ boot, start_clean, no_dot_erlang,
                   (config) ─┤  sys.config, vm.args, start_script, RELEASES, …  ─┐
                             ├▶ lib, erts, consolidated ─────────────────────────┼▶ tar

Nothing is read from the disk here (only looked whether a module of the user's lies in
the project), and nothing heavy is imported: doit makes the tasks anew on every run.
What the tasks do is in `steps.py`, what all have in common in `wiring.py`, those of an
upgrade in `upgrades/tasks.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dodo_relkit.artifacts.table import ROWS, TABLE, TREES, Row, Tree
from dodo_relkit.edge.layout import read_files
from dodo_relkit.edge.perform import clean
from dodo_relkit.edge.upgrades.tasks import delta_task, upgrade_tasks
from dodo_relkit.edge.wiring import Task, Wiring, make_task, with_seen
from dodo_relkit.release.compilers import Erlc, Gleam, Rebar3
from dodo_relkit.release.facets import FACETS
from dodo_relkit.release.profile import Profile, elixir_configs, literal_version

PLAN_SETTINGS = (
    "version",
    "applications",
    "rel",
    "include_erts",
    "include_system_libs",
    "skip_mode_validation_for",
)


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
        tasks += upgrade_tasks(wiring, parts)
        parts.append("relup")
    if profile.tar:
        tasks.append(_tarball(wiring, parts))
    if profile.upgrade_from and profile.delta:
        tasks.append(delta_task(wiring, parts))
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
    task = make_task(
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
    return make_task(
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
    task = make_task(
        wiring,
        "config",
        "evaluate the Elixir configuration",
        step="config",
        targets=[layout.stamp("config"), *map(layout.evaluated, files)],
        settings=("compile",),
        named_files=files,
        task_dep=[f"{wiring.basename}:plan"],
    )
    return with_seen(task)


def _row(wiring: Wiring, row: Row) -> Task:
    layout, profile = wiring.layout, wiring.profile
    files = [path for name in row.files for path in read_files(profile, layout, name)]
    return make_task(
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
    return make_task(
        wiring,
        tree.name,
        tree.doc,
        step=tree.name,
        targets=[layout.stamp(tree.name)],
        settings=tree.settings,
        inputs=(tree.name, wiring.profile, layout),
        file_dep=[layout.facet(facet) for facet in tree.facets],
    )


def _tarball(wiring: Wiring, parts: Sequence[str]) -> Task:
    layout, profile = wiring.layout, wiring.profile
    version = literal_version(profile)
    tarball = layout.tarball(version) if version else layout.latest_tarball
    is_strict = profile.strict_upgrades and profile.upgrade_from
    return make_task(
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
