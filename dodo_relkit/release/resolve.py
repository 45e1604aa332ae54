"""From what was asked for and what was found to the release.

Whether the applications fit together is `checks.py`'s question; here every one is
found, typed and put into the order of the `.rel`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, diagnostic
from dodo_relkit.formats.rel import Rel, RelApp
from dodo_relkit.release.applications import Wanted
from dodo_relkit.release.catalog import (
    MANDATORY,
    Catalog,
    FaultyApp,
    find,
    nearest_names,
    shadow_warning,
)
from dodo_relkit.release.closure import Closure, absent, close
from dodo_relkit.release.model import App, Release
from dodo_relkit.release.profile import Profile
from dodo_relkit.release.reading import VERSION, describe
from dodo_relkit.release.spec import PERMANENT, CurrentVersion
from dodo_relkit.release.start_types import StartTypes, check_start_types, start_types


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A release, or why there is none."""

    release: Release | None
    """None when a diagnostic is an error."""
    diagnostics: tuple[Diagnostic, ...]


def resolve(profile: Profile, catalog: Catalog, *, erts_vsn: str) -> Resolved:
    """Return the release of `profile`: the closure of its applications.

    `erts_vsn` is the target's. Besides what the profile lists there are kernel and
    stdlib, and the application with the release's name if there is one.
    """
    roots = requested(profile, catalog)
    closure = close(roots, catalog)
    types = start_types(closure)
    vsn, wrong_version = _version(profile, catalog)
    diagnostics = (
        *_nothing_asked(profile, roots, catalog),
        *closure.diagnostics,
        *wrong_version,
        *check_start_types(closure, types, profile.skip_mode_validation_for),
        *_shadowed(closure, catalog),
    )
    if any(each.is_error for each in diagnostics):
        return Resolved(release=None, diagnostics=diagnostics)
    entries = tuple(_entry(name, closure, types) for name in rel_order(closure))
    rel = Rel(name=profile.name, vsn=vsn, erts_vsn=erts_vsn, apps=entries)
    apps = {entry.name: closure.apps[entry.name] for entry in entries}
    release = Release(rel=rel, apps=apps)
    return Resolved(release=release, diagnostics=diagnostics)


def requested(profile: Profile, catalog: Catalog) -> tuple[Wanted, ...]:
    """Return what the release asks for: kernel, stdlib, the listed, its own.

    As in Distillery, the application that has the release's name is in the release
    without being listed.
    """
    listed = {each.name: each for each in profile.applications}
    mandatory = (listed.pop(name, Wanted(name=name)) for name in MANDATORY)
    own = find(catalog, profile.name)
    implied: tuple[Wanted, ...] = ()
    if own is not None and not own.from_target and profile.name not in listed:
        implied = (Wanted(name=profile.name),)
    return (*mandatory, *listed.values(), *implied)


def rel_order(closure: Closure) -> tuple[str, ...]:
    """Return the names in the order of the `.rel`.

    kernel and stdlib are first; every other comes after all that it uses, as far as
    there is no circle; among those that may stand in either order that of the request
    counts, then that of the `.app` files. Included ones come after their includer.
    """
    order: dict[str, None] = {}
    for root in closure.roots:
        waiting = [root] if root in closure.apps else []
        while waiting:
            before = len(order)
            for name in waiting:
                _put_after_uses(name, closure, order)
            added = list(order)[before:]
            waiting = [each for name in added for each in closure.includes(name)]
    return tuple(order)


def _put_after_uses(start: str, closure: Closure, order: dict[str, None]) -> None:
    """Add `start` and what it uses to `order`, depth first, without recursion."""
    if start in order:
        return
    begun = {start}
    path = [(start, closure.uses(start))]
    while path:
        name, uses = path[-1]
        for each in uses:
            if each not in begun and each not in order:
                begun.add(each)
                path.append((each, closure.uses(each)))
                break
        else:
            order[name] = None
            path.pop()


def _entry(name: str, closure: Closure, types: StartTypes) -> RelApp:
    root = closure.roots.get(name)
    return RelApp(
        name=name,
        vsn=closure.apps[name].spec.vsn,
        start_type=types.written[name],
        typed=types.written[name] != PERMANENT,
        included=root.included if root else None,
    )


def resolve_rel(
    rel: Rel, profile: Profile, catalog: Catalog, *, erts_vsn: str
) -> Resolved:
    """Return the release of a `.rel` that the user wrote: just as it stands.

    Every application is looked for in the version that the file names.
    """
    place = Place(file=profile.rel or "")
    diagnostics: list[Diagnostic] = []
    if rel.name != profile.name:
        names = {"found": rel.name, "wanted": profile.name}
        diagnostics.append(diagnostic(Code.REL_NAME_DIFFERS, place, **names))
    if rel.erts_vsn != erts_vsn:
        vsns = {"found": rel.erts_vsn, "wanted": erts_vsn}
        diagnostics.append(diagnostic(Code.REL_ERTS_DIFFERS, place, **vsns))
    diagnostics.extend(_unfit_version(rel.vsn, rel.name, place))
    apps: dict[str, App] = {}
    for entry in rel.apps:
        found = find(catalog, entry.name, entry.vsn)
        if isinstance(found, App):
            apps[entry.name] = found
        elif isinstance(found, FaultyApp):
            diagnostics.extend(found.diagnostics)
        else:
            missing = absent(entry.name, entry.vsn, catalog)
            diagnostics.append(replace(missing, place=place))
    if any(each.is_error for each in diagnostics):
        return Resolved(release=None, diagnostics=tuple(diagnostics))
    return Resolved(release=Release(rel=rel, apps=apps), diagnostics=tuple(diagnostics))


def _version(profile: Profile, catalog: Catalog) -> tuple[str, tuple[Diagnostic, ...]]:
    """Return the release's version, or '' and why there is none."""
    if not isinstance(profile.version, CurrentVersion):
        return profile.version, ()
    name = profile.version.app
    wanted = {each.name: each.vsn for each in profile.applications}
    found = find(catalog, name, wanted.get(name, ""))
    if isinstance(found, FaultyApp):
        return "", found.diagnostics
    if found is None:
        missing = diagnostic(
            Code.VERSION_APP_MISSING,
            Place(key="version"),
            release=profile.name,
            name=name,
            nearest=nearest_names(catalog, name),
        )
        return "", (missing,)
    vsn = found.spec.vsn
    place = Place(file=f"{found.ebin}/{name}.app")
    return vsn, tuple(_unfit_version(vsn, profile.name, place))


def _unfit_version(vsn: str, release: str, place: Place) -> Iterator[Diagnostic]:
    if not VERSION.fullmatch(vsn):
        yield diagnostic(
            Code.REL_ILLEGAL_VERSION, place, release=release, found=describe(vsn)
        )


def _nothing_asked(
    profile: Profile, roots: Sequence[Wanted], catalog: Catalog
) -> Iterator[Diagnostic]:
    if all(each.name in MANDATORY for each in roots) and not profile.applications:
        yield diagnostic(
            Code.NOTHING_TO_RELEASE,
            release=profile.name,
            nearest=nearest_names(catalog, profile.name),
            searched=catalog.searched,
        )


def _shadowed(closure: Closure, catalog: Catalog) -> Iterator[Diagnostic]:
    for name, app in closure.apps.items():
        root = closure.roots.get(name)
        if root is None or not root.vsn:
            yield from shadow_warning(catalog, app)
