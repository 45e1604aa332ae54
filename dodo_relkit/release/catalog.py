"""Which applications there are: every one that was found, the preferred first.

Chooses none for a release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, diagnostic
from dodo_relkit.release.model import App
from dodo_relkit.release.reading import nearest_all
from dodo_relkit.release.versions import version_key

MANDATORY = ("kernel", "stdlib")
"""In every release, started first, and always the target's: its ERTS needs them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultyApp:
    """An application whose `.app` file is wrong, which matters when it is needed."""

    name: str
    directory: str
    diagnostics: tuple[Diagnostic, ...]
    """At least one error."""
    from_target: bool = False


Found: TypeAlias = App | FaultyApp


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All applications that were found."""

    by_name: Mapping[str, tuple[Found, ...]]
    """At least one for each name, the preferred first."""
    searched: tuple[str, ...] = ()
    """Where was looked, for messages."""

    def __contains__(self, name: object) -> bool:
        return name in self.by_name


def make_catalog(found: Iterable[Found], searched: Sequence[str] = ()) -> Catalog:
    """Return the catalog of what was `found`, which is in search order.

    Of one name the project's come before the target's, earlier lib directories before
    later ones, and later versions before earlier ones in one directory (as the code
    server has it). kernel and stdlib are the other way round: the target's come first.
    """
    by_name: dict[str, list[Found]] = {}
    for each in found:
        by_name.setdefault(_name(each), []).append(each)
    return Catalog(
        by_name={name: _preferred_first(name, by_name[name]) for name in by_name},
        searched=tuple(searched),
    )


def find(catalog: Catalog, name: str, vsn: str = "") -> Found | None:
    """Return the preferred application `name`, of version `vsn` unless that is ''.

    With a version, a faulty one is only returned when there is no sound one.
    """
    candidates = catalog.by_name.get(name, ())
    if not vsn:
        return candidates[0] if candidates else None
    for each in candidates:
        if isinstance(each, App) and each.spec.vsn == vsn:
            return each
    return next((each for each in candidates if isinstance(each, FaultyApp)), None)


def versions(catalog: Catalog, name: str) -> tuple[str, ...]:
    """Return the versions of `name` that were found, the preferred first, each once."""
    candidates = catalog.by_name.get(name, ())
    vsns = (each.spec.vsn for each in candidates if isinstance(each, App))
    return tuple(dict.fromkeys(vsns))


def nearest_names(catalog: Catalog, name: str) -> tuple[str, ...]:
    """Return up to three names that are like `name`, the likest first."""
    return nearest_all(name, tuple(catalog.by_name))


def shadow_warning(catalog: Catalog, used: App) -> tuple[Diagnostic, ...]:
    """Return the warning that `used` goes before other versions of it, if it does.

    That the target has an application in several versions is as it should be: patches
    are installed beside what they replace.
    """
    if used.from_target and used.spec.name not in MANDATORY:
        return ()
    others = tuple(
        f"{each.spec.vsn} in {each.directory}"
        for each in catalog.by_name.get(used.spec.name, ())
        if isinstance(each, App)
        and each.spec.vsn != used.spec.vsn
        and not (used.from_target and each.from_target)
    )
    if not others:
        return ()
    warning = diagnostic(
        Code.APP_SHADOWED,
        Place(file=used.directory),
        name=used.spec.name,
        vsn=used.spec.vsn,
        used=f"{used.spec.vsn} in {used.directory}",
        others=others,
    )
    return (warning,)


def _name(each: Found) -> str:
    return each.spec.name if isinstance(each, App) else each.name


def _preferred_first(name: str, found: Sequence[Found]) -> tuple[Found, ...]:
    rank: dict[str, int] = {}
    for each in found:
        rank.setdefault(_folder(each), len(rank))
    latest_first = sorted(
        found,
        key=lambda each: version_key(each.spec.vsn if isinstance(each, App) else ""),
        reverse=True,
    )
    target_first = name in MANDATORY
    return tuple(
        sorted(
            latest_first,
            key=lambda each: (each.from_target != target_first, rank[_folder(each)]),
        )
    )


def _folder(each: Found) -> str:
    return each.directory.rstrip("/").rpartition("/")[0]
