"""The step that reviews an upgrade: what it will do to the processes of a node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from dodo_relkit.artifacts.review_page import (
    Review,
    WayReview,
    review_html,
    review_text,
)
from dodo_relkit.diagnostics import Trouble, render_all
from dodo_relkit.edge.catalog_file import read_found
from dodo_relkit.edge.facet_files import read_facet
from dodo_relkit.edge.files import read_file, write_file
from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.stamps import describe, read_stamp, write_stamp
from dodo_relkit.edge.steps import Saved
from dodo_relkit.edge.upgrades.app_versions import (
    earlier_version,
    planned_apps,
    version_of,
)
from dodo_relkit.edge.upgrades.appups import has_own_appup, read_appup, wishes_of
from dodo_relkit.edge.upgrades.moved import moves_from, settled
from dodo_relkit.formats.appup import instructions_for
from dodo_relkit.formats.rel import Rel
from dodo_relkit.formats.relup import Relup, load_relup
from dodo_relkit.release.plan import load_rel_facet
from dodo_relkit.release.profile import Profile
from dodo_relkit.terms.text import consult_one
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.appup.wishes import asks_restart
from dodo_relkit.upgrade.baseline import Baseline, baseline_warnings, load_baselines
from dodo_relkit.upgrade.diff import Changes, compare
from dodo_relkit.upgrade.review.across import Bounds
from dodo_relkit.upgrade.review.findings import AppUpgrade, Finding, TargetUpgrade
from dodo_relkit.upgrade.review.review import review, severe_first, severe_ones
from dodo_relkit.upgrade.review.until_restart import Standing, review_until_restart
from dodo_relkit.upgrade.script.draft import Direction


def review_step(profile: Profile, layout: Layout) -> Saved:
    """Review the upgrade from each baseline; write the page and its text.

    Findings are warnings; with the setting `strict_upgrades` the severe ones are
    raised as `Trouble` once the page is written.
    """
    rel = load_rel_facet({"apps": read_facet(layout, "apps")})
    baselines = load_baselines(read_file(layout.baselines))
    path = read_stamp(layout.stamp("relup"))[0]["path"]
    relup = load_relup(consult_one(read_file(path), path), path)
    found = {
        str(finding.diagnostic): finding
        for baseline in baselines
        for finding in _findings(profile, layout, baseline, (rel, relup))
    }
    findings = severe_first(found.values())
    page = Review(
        release=rel.name,
        vsn=rel.vsn,
        findings=findings,
        ways=tuple(_ways(relup, rel, baselines)),
        notes=_notes(layout, baselines),
    )
    text = review_text(page).encode()
    write_file(layout.review("txt"), text)
    html = review_html(page)
    write_file(layout.review("html"), html)
    severe = severe_ones(findings)
    if profile.strict_upgrades and severe:
        raise Trouble(each.diagnostic for each in severe)
    files = [
        describe(layout.review("txt"), text),
        describe(layout.review("html"), html),
    ]
    write_stamp(layout.stamp("review"), files)
    saved = {"findings": len(findings), "severe": len(severe)}
    return saved, tuple(each.diagnostic for each in findings)


def _findings(
    profile: Profile, layout: Layout, baseline: Baseline, made: tuple[Rel, Relup]
) -> Iterator[Finding]:
    """Yield what the review finds of the upgrade from one baseline."""
    rel, relup = made
    changed, kept = _review_parts(profile, layout, baseline)
    scripts = {
        direction: entry.script
        for direction, entries in (
            (Direction.UP, relup.ups),
            (Direction.DOWN, relup.downs),
        )
        for entry in entries
        if entry.vsn == baseline.vsn
    }
    changes = compare(baseline.rel, rel)
    bounds = _bounds(layout, baseline, changes)
    yield from review(changed, kept, _targets(layout, baseline), scripts, bounds)
    earlier = f"{baseline.root}/releases/{baseline.vsn}/vm.args"
    standing = Standing(
        changes=changes,
        old_vm_args=_text(earlier),
        new_vm_args=_text(read_stamp(layout.stamp("vm.args"))[0]["path"]),
        scripts=scripts,
    )
    yield from review_until_restart(standing, changed)


def _text(path: str) -> str | None:
    """Return what a file says; None when it is not there."""
    if not Path(path).is_file():
        return None
    return read_file(path).decode("utf-8", "replace")


def _notes(layout: Layout, baselines: Iterable[Baseline]) -> str:
    """Return what the tasks before have said of the baselines and the appups."""
    told = render_all(each for base in baselines for each in baseline_warnings(base))
    notes = read_file(layout.appup_notes).decode()
    return "\n\n".join(each for each in (told, notes) if each)


def _review_parts(
    profile: Profile, layout: Layout, baseline: Baseline
) -> tuple[list[AppUpgrade], list[AppVersion]]:
    """Return the applications that change, and those that stay as they are."""
    changed: list[AppUpgrade] = []
    kept: list[AppVersion] = []
    apps = planned_apps(layout)
    moves = moves_from(baseline, apps, has_own_appup)
    for name, app in apps.items():
        if app.from_target or name not in baseline.directories:
            continue
        old, new = earlier_version(baseline, name), version_of(app)
        if old.vsn == new.vsn:
            kept.append(new)
            continue
        appup, file = read_appup(layout, app)
        changed.append(
            AppUpgrade(
                old=settled(old, baseline, moves),
                new=new,
                up=instructions_for(appup.up, old.vsn, file) or (),
                down=instructions_for(appup.down, old.vsn, file) or (),
                restart_asked=asks_restart(wishes_of(profile, app)),
            )
        )
    return changed, kept


def _bounds(layout: Layout, baseline: Baseline, changes: Changes) -> Bounds:
    """Return what is only in one of the releases and not of the target."""
    apps = planned_apps(layout)
    targets = {
        app.spec.name for app in read_found(layout.catalog).apps if app.from_target
    }
    return Bounds(
        added=tuple(
            version_of(apps[each.name])
            for each in changes.added
            if not apps[each.name].from_target
        ),
        removed=tuple(
            earlier_version(baseline, each.name)
            for each in changes.removed
            if each.name in baseline.directories and each.name not in targets
        ),
    )


def _targets(layout: Layout, baseline: Baseline) -> Iterator[TargetUpgrade]:
    """Yield the applications of the target that change, with their own appups."""
    earlier = {each.name: each.vsn for each in baseline.rel.apps}
    for name, app in planned_apps(layout).items():
        old = earlier.get(name, app.spec.vsn)
        if not app.from_target or old == app.spec.vsn:
            continue
        appup, file = read_appup(layout, app)
        yield TargetUpgrade(
            app=name,
            vsn=app.spec.vsn,
            file=file,
            up=instructions_for(appup.up, old, file) or (),
            down=instructions_for(appup.down, old, file) or (),
        )


def _ways(relup: Relup, rel: Rel, baselines: Iterable[Baseline]) -> Iterator[WayReview]:
    changes = {each.vsn: compare(each.rel, rel) for each in baselines}
    for direction, entries in (
        (Direction.UP, relup.ups),
        (Direction.DOWN, relup.downs),
    ):
        for entry in entries:
            yield WayReview(
                direction=direction,
                base_vsn=entry.vsn,
                changes=changes.get(entry.vsn),
                script=entry.script,
            )
