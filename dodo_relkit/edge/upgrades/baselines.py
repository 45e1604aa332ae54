"""Finds and reads the releases that an upgrade starts from.

What a person may give: a version in the output directory, `latest`, a release
directory or a tarball of any tool, each of the two also with `@VERSION` behind it. Old
output is read where it is and never written. Compares nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import NOWHERE, Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.edge.files import reading
from dodo_relkit.edge.upgrades.baseline_look import (
    LATEST,
    is_version_in,
    split_version,
    tarball_beside,
    versions_in,
)
from dodo_relkit.edge.upgrades.baseline_tarball import CONTENTS, unpack_baseline
from dodo_relkit.formats.app_faults import entry_of, take_apart
from dodo_relkit.formats.beam import Chunks, debug_info, read_chunks
from dodo_relkit.formats.rel import Rel, load_rel
from dodo_relkit.formats.release_files import load_start_erl_data
from dodo_relkit.terms.model import string_text
from dodo_relkit.terms.text import consult, consult_one
from dodo_relkit.upgrade.baseline import Baseline, latest


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """The release being built, and where its baselines are searched."""

    name: str
    vsn: str
    output: str
    """The release directory, where earlier versions may be left."""
    work: str
    """Our own directory, where tarballs are unpacked."""
    libraries: tuple[str, ...] = ()
    """Lib directories of the target OTP, for a release without OTP's applications."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What the text of a baseline means."""

    path: str
    """A release directory or a tarball."""
    vsn: str
    """The version that is meant; '' when the release there tells."""


def read_baselines(given: Iterable[str], building: Building) -> tuple[Baseline, ...]:
    """Return the baselines, each as `read_baseline` reads it, in the order given.

    One that is given in two ways is there once. Raises `Trouble` with what is wrong
    with all of them; BASELINE_TWICE for two releases of the same version.
    """
    found: list[Baseline] = []
    troubles: list[Diagnostic] = []
    for each in dict.fromkeys(given):
        try:
            baseline = read_baseline(each, building)
        except Trouble as trouble:
            troubles += trouble.diagnostics
            continue
        twin = next((other for other in found if other.vsn == baseline.vsn), None)
        if twin is None:
            found.append(baseline)
        elif twin.root != baseline.root:
            facts = {"baseline": baseline.origin, "other": twin.origin}
            code = Code.BASELINE_TWICE
            troubles.append(diagnostic(code, NOWHERE, vsn=baseline.vsn, **facts))
    if troubles:
        raise Trouble(troubles)
    return tuple(found)


def read_baseline(given: str, building: Building) -> Baseline:
    """Return the release that `given` means.

    A version in the output directory is read from our tarball of that version when
    there is one beside it: what was released stands in it, also when an application
    was compiled again under the same version.

    Raises `Trouble`: BASELINE_NOT_FOUND, BASELINE_NO_EARLIER, BASELINE_NO_REL,
    BASELINE_OTHER_NAME, BASELINE_TWO_VERSIONS, BASELINE_NO_VERSION,
    BASELINE_SAME_VSN, BASELINE_APP_ABSENT, BASELINE_APP_VSN, those of
    `unpack_baseline`, and what the parsers of `.rel`, `.app` and `.beam` files raise.
    """
    place = _find(given, building)
    if Path(place.path).is_dir():
        root, contents = place.path, ""
    else:
        root = unpack_baseline(place.path, work=building.work, origin=place.path)
        contents = f"{root}/{CONTENTS}"
    rel = _choose(root, place, building.name)
    if rel.vsn == building.vsn:
        facts = {"baseline": place.path, "vsn": rel.vsn, "name": rel.name}
        raise Trouble([diagnostic(Code.BASELINE_SAME_VSN, NOWHERE, **facts)])
    libraries = building.libraries
    directories = _directories(rel, root, place.path, libraries)
    own = tuple(
        each for each in directories if directories[each].startswith(f"{root}/")
    )
    return Baseline(
        rel=rel,
        directories=directories,
        root=root,
        origin=place.path,
        contents=contents,
        consolidated=_consolidated(rel, root),
        has_erts=_has_erts(rel, root, contents),
        outside=tuple(each for each in directories if each not in own),
        stripped=tuple(_stripped(own, directories, libraries)),
        linked=tuple(_linked(own, directories, libraries)),
    )


def _find(given: str, building: Building) -> _Given:
    output, name = building.output, building.name
    versions = versions_in(output, name)
    if given == LATEST:
        vsn = latest(versions, other_than=building.vsn)
        if not vsn:
            facts = {"output": output, "name": name, "vsn": building.vsn}
            raise Trouble([diagnostic(Code.BASELINE_NO_EARLIER, NOWHERE, **facts)])
        return _in_output(vsn, output, name)
    if is_version_in(given, output, name):
        return _in_output(given, output, name)
    path, vsn = split_version(given)
    if not Path(path).exists():
        known = tuple(sorted(versions))
        found = diagnostic(Code.BASELINE_NOT_FOUND, given=given, versions=known)
        raise Trouble([found])
    return _Given(path=path.rstrip("/") or path, vsn=vsn)


def _in_output(vsn: str, output: str, name: str) -> _Given:
    tarball = tarball_beside(output, name, vsn)
    path = tarball if Path(tarball).is_file() else output
    return _Given(path=path, vsn=vsn)


def _choose(root: str, place: _Given, name: str) -> Rel:
    """Return the `.rel` that is meant, of those in `releases` and one level below."""
    rels, troubles = _read_rels(root)
    named = {rel.vsn: rel for rel in rels if rel.name == name}
    facts = {"baseline": place.path, "name": name}
    versions = tuple(sorted(named))
    if not named and troubles:
        raise Trouble(troubles)
    if not rels:
        raise Trouble([diagnostic(Code.BASELINE_NO_REL, NOWHERE, **facts)])
    if not named:
        others = tuple(sorted({rel.name for rel in rels}))
        found = diagnostic(Code.BASELINE_OTHER_NAME, NOWHERE, found=others, **facts)
        raise Trouble([found])
    vsn = place.vsn or (versions[0] if len(named) == 1 else _running(root))
    if vsn in named:
        return named[vsn]
    if place.vsn:
        code = Code.BASELINE_NO_VERSION
        raise Trouble([diagnostic(code, NOWHERE, vsn=vsn, versions=versions, **facts)])
    code = Code.BASELINE_TWO_VERSIONS
    raise Trouble([diagnostic(code, NOWHERE, versions=versions, **facts)])


def _read_rels(root: str) -> tuple[list[Rel], list[Diagnostic]]:
    """Return the releases, those of `releases/<vsn>` last, and what is wrong.

    relx has them there only, systools and Distillery in `releases` as well.
    """
    found: list[Rel] = []
    troubles: list[Diagnostic] = []
    releases = Path(root, "releases")
    for path in (*sorted(releases.glob("*.rel")), *sorted(releases.glob("*/*.rel"))):
        try:
            with reading(path) as file:
                term = consult_one(file.read(), str(path))
            found.append(load_rel(term, str(path)))
        except Trouble as trouble:
            troubles += trouble.diagnostics
    return found, troubles


def _running(root: str) -> str:
    """Return the version that `start_erl.data` names, or ''."""
    path = Path(root, "releases", "start_erl.data")
    try:
        return load_start_erl_data(path.read_bytes(), str(path))[1]
    except (OSError, Trouble):
        return ""


def _directories(
    rel: Rel, root: str, origin: str, libraries: Sequence[str]
) -> dict[str, str]:
    """Return the directory of each application; raises `Trouble` for those amiss."""
    found: dict[str, str] = {}
    absent: list[str] = []
    troubles: list[Diagnostic] = []
    for entry in rel.apps:
        folder = f"{entry.name}-{entry.vsn}"
        places = (f"{lib}/{folder}" for lib in (f"{root}/lib", *libraries))
        file = f"ebin/{entry.name}.app"
        place = next((each for each in places if Path(each, file).is_file()), None)
        if place is None:
            absent.append(folder)
            continue
        vsn = _app_vsn(Path(place, file))
        if vsn != entry.vsn:
            facts = {"baseline": origin, "app": entry.name, "found": vsn}
            where = Place(file=f"{place}/{file}")
            code = Code.BASELINE_APP_VSN
            troubles.append(diagnostic(code, where, wanted=entry.vsn, **facts))
        found[entry.name] = place
    if absent:
        code = Code.BASELINE_APP_ABSENT
        troubles.append(diagnostic(code, baseline=origin, apps=tuple(absent)))
    if troubles:
        raise Trouble(troubles)
    return found


def _app_vsn(path: Path) -> str:
    """Return the version in an `.app` file; '' when it says none."""
    with reading(path) as file:
        terms = consult(file.read(), str(path))
    _, items, _ = (take_apart(terms[0]) if terms else None) or ("", [], True)
    entry = entry_of("vsn", items) or ()
    return string_text(entry[1]) or "" if len(entry) > 1 else ""


def _consolidated(rel: Rel, root: str) -> str:
    """Mix and we have them beside the boot script, Distillery in `lib`."""
    places = (
        f"{root}/releases/{rel.vsn}/consolidated",
        f"{root}/lib/{rel.name}-{rel.vsn}/consolidated",
    )
    return next((each for each in places if Path(each).is_dir()), "")


def _has_erts(rel: Rel, root: str, contents: str) -> bool:
    folder = f"erts-{rel.erts_vsn}/"
    if not contents:
        return Path(root, folder).is_dir()
    from dodo_relkit.edge.upgrades.baseline_tarball import read_contents

    return any(path.startswith(folder) for path in read_contents(contents))


def _stripped(
    apps: Iterable[str], directories: Mapping[str, str], libraries: Sequence[str]
) -> Iterator[str]:
    """Yield the applications without debug information, but for OTP's own.

    With the modules in parentheses when it is not all of them.
    """
    for name in apps:
        directory = directories[name]
        if _is_of(directory, libraries):
            continue
        beams = sorted(Path(directory, "ebin").glob("*.beam"))
        bare = [each.stem for each in beams if debug_info(_chunks(each)) is None]
        if bare:
            yield name if len(bare) == len(beams) else f"{name} ({' '.join(bare)})"


def _chunks(path: Path) -> Chunks:
    with reading(path) as file:
        return read_chunks(file.read(), file=str(path))


def _linked(
    apps: Iterable[str], directories: Mapping[str, str], libraries: Sequence[str]
) -> Iterator[str]:
    for name in apps:
        directory = directories[name]
        if Path(directory).is_symlink() and not _is_of(directory, libraries):
            yield name


def _is_of(directory: str, libraries: Sequence[str]) -> bool:
    """Return whether the libraries have an application of that name and version."""
    folder = os.path.basename(directory)  # noqa: PTH119 - paths are text here
    return any(Path(library, folder).is_dir() for library in libraries)
