"""Which applications a release has: what is asked for and all that it needs.

Decides neither start types nor the order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, diagnostic
from dodo_relkit.formats.app import AppSpec
from dodo_relkit.release.applications import Wanted
from dodo_relkit.release.catalog import (
    Catalog,
    FaultyApp,
    find,
    nearest_names,
    versions,
)
from dodo_relkit.release.model import App
from dodo_relkit.release.spec import NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """The applications of a release, and why each is there."""

    roots: Mapping[str, Wanted]
    """What was asked for, in that order."""
    apps: Mapping[str, App]
    """All, nearer ones first; those that could not be had are not there."""
    needed_by: Mapping[str, tuple[str, ...]]
    """Who uses or includes it, for each name that is wanted, also absent ones."""
    diagnostics: tuple[Diagnostic, ...]

    def uses(self, name: str) -> Iterator[str]:
        """Give the applications of the release that `name` uses, in its order."""
        return (each for each in self.apps[name].spec.applications if each in self.apps)

    def includes(self, name: str) -> Iterator[str]:
        """Give the applications of the release that `name` includes, in its order."""
        listed = included_by_request(self.roots, self.apps[name].spec)
        return (each for each in listed if each in self.apps)


def included_by_request(roots: Mapping[str, Wanted], spec: AppSpec) -> tuple[str, ...]:
    """Return what `spec` includes, unless the request names some of it."""
    wanted = roots.get(spec.name)
    if wanted is not None and wanted.included is not None:
        return wanted.included
    return spec.included_applications


def close(roots: Sequence[Wanted], catalog: Catalog) -> Closure:
    """Return the closure of `roots` over used and included applications.

    An application in `optional_applications` comes along when it was found and is
    passed over when not, as in relx and mix release. Where `elixir` is needed, `iex`
    comes along, if found, with start type `none`: remote shells need its modules.
    """
    closure = _walk(roots, catalog)
    if "elixir" not in closure.apps or "iex" in closure.apps or "iex" not in catalog:
        return closure
    wider = _walk([*roots, Wanted(name="iex", start_type=NONE)], catalog)
    # iex explains nothing but itself: other ways to an application go first.
    needed_by = {
        name: tuple(dict.fromkeys((*closure.needed_by.get(name, ()), *by)))
        for name, by in wider.needed_by.items()
    }
    return replace(wider, needed_by=needed_by)


def _walk(roots: Sequence[Wanted], catalog: Catalog) -> Closure:
    """Breadth first, so that who needs a name first is on a shortest way to it."""
    asked = {each.name: each for each in roots}
    apps: dict[str, App] = {}
    needed_by: dict[str, list[str]] = {name: [] for name in asked}
    faulty: list[Diagnostic] = []
    waiting = deque(asked)
    while waiting:
        name = waiting.popleft()
        match find(catalog, name, asked[name].vsn if name in asked else ""):
            case FaultyApp(diagnostics=diagnostics):
                faulty.extend(diagnostics)
            case App(spec=spec) as app:
                apps[name] = app
                for need in _needs(spec, asked, catalog):
                    if need not in needed_by:
                        needed_by[need] = []
                        waiting.append(need)
                    needed_by[need].append(name)
    return Closure(
        roots=asked,
        apps=apps,
        needed_by={name: tuple(by) for name, by in needed_by.items()},
        diagnostics=(*faulty, *_all_absent(asked, apps, needed_by, catalog)),
    )


def _needs(
    spec: AppSpec, asked: Mapping[str, Wanted], catalog: Catalog
) -> Iterator[str]:
    listed = (*spec.applications, *included_by_request(asked, spec))
    for name in dict.fromkeys(listed):
        if name in catalog or name not in spec.optional_applications:
            yield name


def _all_absent(
    asked: Mapping[str, Wanted],
    apps: Mapping[str, App],
    needed_by: Mapping[str, Sequence[str]],
    catalog: Catalog,
) -> Iterator[Diagnostic]:
    for name in needed_by:
        vsn = asked[name].vsn if name in asked else ""
        if name not in apps and not isinstance(find(catalog, name, vsn), FaultyApp):
            path = path_to(name, asked, needed_by)
            yield absent(name, vsn, catalog, path, needed_by[name])


def absent(
    name: str,
    vsn: str,
    catalog: Catalog,
    path: Sequence[str] = (),
    wanted_by: Sequence[str] = (),
) -> Diagnostic:
    """Return that `name` was not found, or not in the version `vsn` (if that is given).

    `path` leads to it from what was asked for, `wanted_by` are all that need it.
    """
    found = versions(catalog, name)
    if found:
        return diagnostic(
            Code.APP_VERSION_NOT_FOUND, name=name, wanted=vsn, found=found
        )
    return diagnostic(
        Code.APP_NOT_FOUND,
        name=name,
        wanted_by=_in_words(wanted_by),
        path=" -> ".join(path) if len(path) > 1 else "",
        nearest=nearest_names(catalog, name),
        searched=catalog.searched,
    )


def path_to(
    name: str, roots: Container[str], needed_by: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Return a shortest way to `name`, from an application that was asked for."""
    path = [name]
    while path[-1] not in roots:
        path.append(needed_by[path[-1]][0])
    return tuple(reversed(path))


def _in_words(wanted_by: Sequence[str]) -> str:
    match wanted_by:
        case []:
            return "the release asks for it"
        case [one]:
            return f"{one} needs it"
        case [*others, last]:
            return f"{', '.join(others)} and {last} need it"
    raise AssertionError(wanted_by)
