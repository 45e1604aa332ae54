"""What each application of a release waits for. Decides no order itself.

The lists of an `.app` file are not yet what systools orders by: an application that
uses an included one waits for the application that starts it, and all lists are
brought into the order of the `.rel`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dodo_relkit.release.model import Release
from dodo_relkit.target import Target, knows_optional


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What one application waits for, in `.rel` order; names not in the `.rel` last."""

    uses: tuple[str, ...]
    optional: tuple[str, ...]
    """Those of `uses` that may be missing, in the order of the `.app` file."""
    includes: tuple[str, ...]


def for_target(release: Release, target: Target) -> Release:
    """Return the release as the target reads its `.app` files.

    Before OTP 24 `optional_applications` means nothing, so all uses are required.
    """
    if knows_optional(target):
        return release
    apps = {
        name: replace(app, spec=replace(app.spec, optional_applications=()))
        for name, app in release.apps.items()
    }
    return replace(release, apps=apps)


def includers(release: Release) -> dict[str, str]:
    """Return the application that includes it, for each included application.

    Of several, the first in `.rel` order.
    """
    found: dict[str, str] = {}
    for entry in release.rel.apps:
        for name in release.includes(entry):
            found.setdefault(name, entry.name)
    return found


def needs_of(release: Release) -> dict[str, Needs]:
    """Return the needs of each application, in `.rel` order.

    Applications must not include each other in a circle.
    Source of the rules: `systools_make`, functions on top applications and on sorting
    used and included applications.
    """
    included_by = includers(release)
    place = {entry.name: at for at, entry in reversed([*enumerate(release.rel.apps)])}
    last = len(place)

    def in_rel_order(names: list[str]) -> tuple[str, ...]:
        return tuple(sorted(names, key=lambda name: place.get(name, last)))

    needs = {}
    for entry in release.rel.apps:
        spec = release.apps[entry.name].spec
        uses = _lift(entry.name, spec.applications, included_by)
        needs[entry.name] = Needs(
            uses=in_rel_order(uses),
            optional=spec.optional_applications,
            includes=in_rel_order(list(release.includes(entry))),
        )
    return needs


def without(names: tuple[str, ...], removed: tuple[str, ...]) -> list[str]:
    """Return `names` less the first of each of `removed`, as Erlang's `--`."""
    left = list(names)
    for name in removed:
        if name in left:
            left.remove(name)
    return left


def _lift(
    name: str, uses: tuple[str, ...], included_by: Mapping[str, str]
) -> list[str]:
    """Replace each included application in `uses` by the one at its top.

    top  includes  X        user: [X]  ->  user: [top]
    top  includes  Y, X     Y: [X]     ->  Y: [X]      same top: order inside it
    top  includes  Y        Y: [top]   ->  Y: []       it cannot wait for its top
    """
    own_top = _top(name, included_by)
    lifted = list(uses)
    for used in uses:
        if used == own_top:
            _drop(lifted, own_top)
            continue
        if used not in included_by:
            continue
        top = _top(used, included_by)
        if top in lifted:
            _drop(lifted, used)
        elif top != own_top:
            _drop(lifted, used)
            lifted.append(top)
    return lifted


def _top(name: str, included_by: Mapping[str, str]) -> str:
    while name in included_by:
        name = included_by[name]
    return name


def _drop(names: list[str], name: str) -> None:
    if name in names:
        names.remove(name)
