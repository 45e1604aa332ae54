"""Why an application is in a release, and why it starts as it does.

A view on the closure that `resolve.py` made: explaining and deciding are one walk.
"""

from __future__ import annotations

from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic
from dodo_relkit.release.catalog import MANDATORY, Catalog
from dodo_relkit.release.closure import Closure, close, path_to
from dodo_relkit.release.profile import Profile
from dodo_relkit.release.reading import nearest_all
from dodo_relkit.release.resolve import rel_order, requested
from dodo_relkit.release.spec import StartType
from dodo_relkit.release.start_types import StartTypes, start_types


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One application on the way from what was asked for."""

    name: str
    vsn: str
    start_type: StartType
    link: str
    """How the one before it comes to it: `uses`, `may use` or `includes`; for the
    first `listed`, `mandatory`, `named as the release` or `for remote shells`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why an application is where it is."""

    path: tuple[Step, ...]
    """A shortest way to it, itself last."""
    needed_by: tuple[str, ...]
    """All that use or include it."""
    type_from: str
    """The application its start type comes from; itself when it was asked for."""
    starts_after: tuple[str, ...]
    """What it waits for itself, in the order of the `.rel`."""
    position: int
    """In the `.rel`, from 1."""


def why(profile: Profile, catalog: Catalog, name: str) -> Why:
    """Return why the application `name` is in the release of `profile`.

    Raises `Trouble` when it is not.
    """
    closure = close(requested(profile, catalog), catalog)
    if name not in closure.apps:
        near = nearest_all(name, tuple(closure.apps))
        raise Trouble(
            [
                diagnostic(
                    Code.APP_UNKNOWN_TO_WHY,
                    name=name,
                    release=profile.name,
                    nearest=near,
                )
            ]
        )
    types = start_types(closure)
    order = rel_order(closure)
    way = path_to(name, closure.roots, closure.needed_by)
    uses = set(closure.uses(name))
    return Why(
        path=tuple(
            _step(before, each, closure, types, profile)
            for before, each in zip(("", *way), way, strict=False)
        ),
        needed_by=tuple(each for each in closure.needed_by[name]),
        type_from=_type_from(name, closure, types),
        starts_after=tuple(each for each in order if each in uses),
        position=order.index(name) + 1,
    )


def _step(
    before: str, name: str, closure: Closure, types: StartTypes, profile: Profile
) -> Step:
    return Step(
        name=name,
        vsn=closure.apps[name].spec.vsn,
        start_type=types.written[name],
        link=_link(before, name, closure) if before else _root(name, profile),
    )


def _link(before: str, name: str, closure: Closure) -> str:
    spec = closure.apps[before].spec
    if name not in spec.applications:
        return "includes"
    return "may use" if name in spec.optional_applications else "uses"


def _root(name: str, profile: Profile) -> str:
    if any(name == each.name for each in profile.applications):
        return "listed"
    if name in MANDATORY:
        return "mandatory"
    return "named as the release" if name == profile.name else "for remote shells"


def _type_from(name: str, closure: Closure, types: StartTypes) -> str:
    """Follow who needs it with the same type until one was asked for."""
    seen = [name]
    for each in seen:
        root = closure.roots.get(each)
        if root is not None and (root.start_type or each not in types.included_by):
            return each
        for by in closure.needed_by[each]:
            same = types.effective[by] == types.effective[each]
            if same and by not in seen:
                seen.append(by)
    return name
