"""The tasks that a profile with `upgrade_from` has besides those of every release.

upgrade_from ─▶ baselines ─┬─▶ appups ─▶ relup ─▶ review
plan, lib ─────────────────┘                 └──▶ tar, delta
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dodo_relkit.edge.upgrades.python_hooks import hook_files
from dodo_relkit.edge.wiring import Task, Wiring, make_task, with_seen


def upgrade_tasks(wiring: Wiring, parts: Sequence[str]) -> Iterator[Task]:
    """Yield the tasks up to the review; `parts` are those of the release itself."""
    yield _baselines(wiring)
    yield _appups(wiring)
    yield _relup(wiring, [each for each in parts if each == "consolidated"])
    yield _review(wiring)


def _baselines(wiring: Wiring) -> Task:
    layout = wiring.layout
    return make_task(
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
    task = make_task(
        wiring,
        "appups",
        "an appup for each application that changed, found or generated",
        step="appups",
        targets=[layout.stamp("appups")],
        settings=("purge", "upgrade_strategies", "appup_transforms"),
        inputs=("appups", wiring.profile, layout),
        file_dep=[layout.baselines, layout.facet("apps"), layout.stamp("lib"), *hooks],
    )
    return with_seen(task) if profile.appup_transforms else task


def _relup(wiring: Wiring, needs: Sequence[str]) -> Task:
    layout = wiring.layout
    hook = wiring.profile.relup_hook
    facets = ("apps", "specs", "target")
    task = make_task(
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
    return with_seen(task) if hook else task


def _review(wiring: Wiring) -> Task:
    layout = wiring.layout
    return make_task(
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


def delta_task(wiring: Wiring, parts: Sequence[str]) -> Task:
    """Return the task of the small tarball; `parts` are all that it may hold."""
    layout = wiring.layout
    return make_task(
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
