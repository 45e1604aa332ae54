"""Whether a release is sound: everything that systools checks across applications.

All troubles are gathered, in the order in which systools meets them. What can be seen
in one file alone is checked where that file is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, diagnostic
from dodo_relkit.formats.rel import RelApp
from dodo_relkit.graphs import condense, find_cycle
from dodo_relkit.release.model import Release
from dodo_relkit.release.needs import (
    Needs,
    for_target,
    includers,
    needs_of,
    without,
)
from dodo_relkit.release.obstacles import Obstacles, find_obstacles
from dodo_relkit.target import Target

LONGEST_NAME = 255
"""Bytes in the name of a file on the usual file systems."""


def check_release(release: Release, target: Target) -> list[Diagnostic]:
    """Return every error and warning of the release but those about object files."""
    return [*check_sound(for_target(release, target)), *check_sasl(release)]


def check_sound(release: Release) -> list[Diagnostic]:
    """Return RK327 and RK334 to RK341: what makes a release impossible to boot."""
    circles = check_include_circles(release)
    included_twice = check_included_once(release)
    found = [
        *check_listed_once(release),
        *check_complete(release),
        *check_registered_once(release),
        *included_twice,
        *circles,
        *check_modules_once(release),
    ]
    if not circles:
        found += check_order(release)
    return found


def check_places(release: Release) -> list[Diagnostic]:
    """Return RK604 for each application that can have no directory in `lib`.

    systools, which makes no directory, does not ask.
    """
    found = ((each, place_fault(each.name, each.vsn)) for each in release.rel.apps)
    return [
        diagnostic(
            Code.BAD_APP_DIRECTORY,
            app=repr(entry.name),
            vsn=repr(entry.vsn),
            reason=reason,
        )
        for entry, reason in found
        if reason
    ]


def place_fault(name: str, vsn: str) -> str:
    """Return why `<name>-<vsn>` can be no directory, `""` when it can.

    An `.app` file may say anything; only one part of a path may come of it.
    """
    place = f"{name}-{vsn}"
    if not name or any(char in "/\\\x7f" or char < " " for char in place):
        return "it must not be empty or have slashes or line breaks"
    if name.startswith("."):
        return "it must not begin with a dot"
    if len(place.encode("utf-8", "surrogatepass")) > LONGEST_NAME:
        return "both together must be shorter"
    return ""


def check_sasl(release: Release) -> list[Diagnostic]:
    """Return the notice RK342 when sasl is not in the release."""
    return [] if "sasl" in release.apps else [diagnostic(Code.MISSING_SASL)]


def check_listed_once(release: Release) -> list[Diagnostic]:
    """Return RK327 for each application with several entries in the `.rel`."""
    counts: dict[str, int] = {}
    for entry in release.rel.apps:
        counts[entry.name] = counts.get(entry.name, 0) + 1
    return [
        diagnostic(Code.APP_TWICE, app=name)
        for name, count in counts.items()
        if count > 1
    ]


def check_complete(release: Release) -> list[Diagnostic]:
    """Return RK334 for each application that is needed and not in the release."""
    wanted_by: dict[str, list[str]] = {}
    for entry in release.rel.apps:
        spec = release.apps[entry.name].spec
        required = without(spec.applications, spec.optional_applications)
        for name in [*required, *release.includes(entry)]:
            if name not in release.apps:
                wanted_by.setdefault(name, []).append(entry.name)
    return [
        diagnostic(
            Code.UNDEFINED_APP,
            app=name,
            wanted_by=tuple(dict.fromkeys(wanting)),
            near=_near(name, release.apps),
        )
        for name, wanting in wanted_by.items()
    ]


def check_registered_once(release: Release) -> list[Diagnostic]:
    """Return RK335 for each registered name that two applications claim."""
    claims = (
        (name, entry)
        for entry in release.rel.apps
        for name in release.apps[entry.name].spec.registered
    )
    return list(_twice(Code.REGISTERED_TWICE, release, claims))


def check_included_once(release: Release) -> list[Diagnostic]:
    """Return RK336 for each application that two others include."""
    claims = (
        (name, entry) for entry in release.rel.apps for name in release.includes(entry)
    )
    return list(_twice(Code.INCLUDED_TWICE, release, claims))


def check_modules_once(release: Release) -> list[Diagnostic]:
    """Return RK337 for each module that two applications list."""
    claims = (
        (name, entry)
        for entry in release.rel.apps
        for name in release.apps[entry.name].spec.modules
    )
    return list(_twice(Code.MODULE_TWICE, release, claims))


def check_include_circles(release: Release) -> list[Diagnostic]:
    """Return RK339 for each circle of applications that include each other.

    systools looks for the application on top of such a circle without end.
    """
    included_by = includers(release)
    graph = {inner: (outer,) for inner, outer in included_by.items()}
    if not any(_is_circular(name, included_by) for name in included_by):
        return []
    return [
        diagnostic(Code.INCLUDE_CIRCLE, path=_arrows(path[::-1]))
        for path in _circles(graph)
    ]


def check_order(release: Release) -> list[Diagnostic]:
    """Return RK338 for each circle of needs, RK341 for each need out of order.

    Applications must not include each other in a circle.
    """
    needs = needs_of(release)
    obstacles = find_obstacles(needs)
    known = [pair for pair in obstacles.unplaced if pair[0] in needs]
    return [
        *_describe_circles(release, needs, obstacles),
        *(
            diagnostic(
                Code.UNPLACED_APP, app=app, wanted_by=by, reason=_reason(app, by, needs)
            )
            for app, by in known
        ),
    ]


def check_objects(release: Release) -> list[Diagnostic]:
    """Return RK340 for each listed module whose object file was not found."""
    found = []
    for entry in release.rel.apps:
        app = release.apps[entry.name]
        beams = frozenset(app.beams)
        found += [
            diagnostic(
                Code.MODULE_NOT_FOUND, module=name, app=entry.name, directory=app.ebin
            )
            for name in app.spec.modules
            if name not in beams
        ]
    return found


def _twice(
    code: Code, release: Release, claims: Iterable[tuple[str, RelApp]]
) -> Iterator[Diagnostic]:
    """Give a diagnostic for each neighbouring pair of claims to one name.

    In the order of the names, and of the `.rel` among the claims to one of them.
    """
    by_name: dict[str, list[RelApp]] = {}
    for name, entry in claims:
        by_name.setdefault(name, []).append(entry)
    for name in sorted(name for name, entries in by_name.items() if len(entries) > 1):
        entries = by_name[name]
        for first, second in pairwise(entries):
            yield diagnostic(
                code,
                name=name,
                first=first.name,
                first_vsn=first.vsn,
                first_dir=release.apps[first.name].ebin,
                second=second.name,
                second_vsn=second.vsn,
                second_dir=release.apps[second.name].ebin,
            )


def _is_circular(name: str, included_by: Mapping[str, str]) -> bool:
    at = name
    seen = set()
    while at in included_by and at not in seen:
        seen.add(at)
        at = included_by[at]
    return at in seen


def _describe_circles(
    release: Release, needs: Mapping[str, Needs], obstacles: Obstacles
) -> list[Diagnostic]:
    if not obstacles.circular:
        return []
    graph = {
        name: [
            each
            for each in (*own.uses, *own.includes)
            if each in needs and name not in needs[each].includes
        ]
        for name, own in needs.items()
    }
    return [
        diagnostic(
            Code.CIRCULAR_APPS,
            path=_arrows(path),
            names=obstacles.circular,
            versions=tuple(release.apps[name].spec.vsn for name in obstacles.circular),
        )
        for path in _circles(graph)
    ]


def _circles(graph: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """Return one circle from each part of the graph whose nodes reach each other."""
    whole = {node: tuple(near) for node, near in graph.items()}
    paths = []
    for component in condense(whole):
        inside = set(component)
        part = {
            node: [each for each in whole.get(node, ()) if each in inside]
            for node in component
        }
        path = find_cycle(part)
        if path:
            paths.append(path)
    return paths


def _arrows(path: tuple[str, ...]) -> str:
    return " -> ".join([*path, path[0]])


def _reason(app: str, wanted_by: str, needs: Mapping[str, Needs]) -> str:
    own = needs[wanted_by]
    if wanted_by in needs[app].includes:
        return f"{app} includes {wanted_by}, which stands before it in the release"
    if app in own.uses and app in own.includes:
        return f"{wanted_by} both uses and includes it"
    return f"{wanted_by} names it twice"


def _near(name: str, known: Iterable[str]) -> tuple[str, ...]:
    from difflib import get_close_matches

    return tuple(get_close_matches(name, list(known), n=3))
