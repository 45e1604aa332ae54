"""Which applications there are: every one that was found, the preferred first.

Chooses none for a release.
"""

from __future__ import annotations

import posixpath
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, diagnostic
from dodo_relkit.release.model import App
from dodo_relkit.release.reading import nearest_all
from dodo_relkit.release.versions import VersionKey, version_key

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


def make_catalog(
    apps: Iterable[App],
    faulty: Mapping[str, Sequence[Diagnostic]] | None = None,
    searched: Sequence[str] = (),
) -> Catalog:
    """Return the catalog of `apps`, which are in search order.

    `faulty` are the errors of unreadable `.app` files, by the name of the application;
    their places say where these lie. Of one name the project's come before the
    target's, earlier lib directories before later ones, and later versions before
    earlier ones in one directory (as the code server has it). kernel and stdlib are
    the other way round: the target's come first.
    """
    sound = tuple(apps)
    rank = {folder: at for at, folder in enumerate(_folders(sound))}
    of_target = {_folder(each) for each in sound if each.from_target}
    by_name: dict[str, list[Found]] = {}
    for app in sound:
        by_name.setdefault(app.spec.name, []).append(app)
    for name, diagnostics in (faulty or {}).items():
        by_name.setdefault(name, []).extend(_faulty(name, diagnostics, of_target))
    return Catalog(
        by_name={
            name: _preferred_first(name, found, rank) for name, found in by_name.items()
        },
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


def _faulty(
    name: str, diagnostics: Sequence[Diagnostic], of_target: Container[str]
) -> Iterator[FaultyApp]:
    by_directory: dict[str, list[Diagnostic]] = {}
    for each in diagnostics:
        directory = posixpath.dirname(posixpath.dirname(each.place.file))
        by_directory.setdefault(directory, []).append(each)
    for directory, found in by_directory.items():
        yield FaultyApp(
            name=name,
            directory=directory,
            diagnostics=tuple(found),
            from_target=posixpath.dirname(directory) in of_target,
        )


def _preferred_first(
    name: str, found: Sequence[Found], rank: Mapping[str, int]
) -> tuple[Found, ...]:
    if len(found) == 1:
        return tuple(found)
    target_first = name in MANDATORY
    latest_first = sorted(found, key=_version, reverse=True)
    return tuple(
        sorted(
            latest_first,
            key=lambda each: (
                each.from_target != target_first,
                rank.get(_folder(each), len(rank)),
            ),
        )
    )


def _version(each: Found) -> VersionKey:
    return version_key(each.spec.vsn) if isinstance(each, App) else ()


def _folder(each: Found) -> str:
    return posixpath.dirname(each.directory)


def _folders(apps: Iterable[App]) -> Iterable[str]:
    return dict.fromkeys(_folder(each) for each in apps)
