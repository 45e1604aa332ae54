"""What goes wrong between the applications of one upgrade, while not all are changed.

systools orders them in the same way up and down: what is added starts first, then the
applications change one after the other in the order in which they start, what is
removed stops last (systools_relup). That order stays, and the review tells of it:

    added starts │ first changes │ second changes │ removed stops
          ╰───needs──▶│      ╰◀──────calls──╯              │
                             ╰◀───────────────────calls────╯

What is lost too early is in `lost.py`, what starts too early in `early.py`, what two
applications cannot both have in `collisions.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dodo_relkit.formats import beam
from dodo_relkit.terms.model import Term
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.review.collisions import review_collisions
from dodo_relkit.upgrade.review.course import differences, read_course
from dodo_relkit.upgrade.review.early import review_early
from dodo_relkit.upgrade.review.findings import Finding, Reviewed
from dodo_relkit.upgrade.review.lost import lost_names, review_lost
from dodo_relkit.upgrade.script.draft import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The applications of only one of the releases, those of the target left out."""

    added: tuple[AppVersion, ...] = ()
    """Of the later release."""
    removed: tuple[AppVersion, ...] = ()
    """Of the earlier one."""


NO_BOUNDS = Bounds()


def review_across(
    apps: Sequence[Reviewed],
    scripts: Mapping[Direction, Iterable[Term]],
    bounds: Bounds,
) -> Iterator[Finding]:
    """Yield REVIEW_LOST_EARLY, REVIEW_STARTS_EARLY and REVIEW_TAKEN.

    `apps` are those that change, `scripts` the instructions of the relup.
    """
    for direction, script in scripts.items():
        is_up = direction is Direction.UP
        course = read_course(script)
        comes = bounds.added if is_up else bounds.removed
        goes = bounds.removed if is_up else bounds.added
        source = {each.name: _modules(each, newer=not is_up) for each in apps}
        target = {each.name: _modules(each, newer=is_up) for each in apps}
        before = {**source, **{each.name: each.modules for each in goes}}
        after = {**target, **{each.name: each.modules for each in comes}}
        yield from review_collisions(apps, direction, course, comes, goes)
        if target and len(before) > 1:
            names = lost_names(apps, direction, course)
            yield from review_lost(direction, course, (before, after), names)
        if target and comes:
            gained = differences(target, source, course)
            for each in comes:
                yield from review_early(each, direction, course, gained)


def _modules(app: Reviewed, *, newer: bool) -> Mapping[str, beam.Chunks]:
    return (app.upgrade.new if newer else app.upgrade.old).modules
