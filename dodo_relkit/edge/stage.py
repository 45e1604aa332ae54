"""How application trees come into `lib/` of the release directory.

    lib/<app>-<vsn>/...   copies, or in development a link to the application

Copies what changed and removes what is gone, and never a file it did not put there:
what it put is written down in a manifest. Does not decide which files an application
has, and does not change their content.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Trouble, diagnostic
from dodo_relkit.edge.files import (
    copy_file,
    inside,
    remove_empty_parents,
    remove_file,
    remove_leftover,
    sha256_of,
)
from dodo_relkit.edge.stage_manifest import (
    Manifest,
    StagedApp,
    StagedFile,
    load_manifest,
    save_manifest,
    signature_of,
)
from dodo_relkit.release.checks import place_fault

LIB = "lib"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppTree:
    """One application to stage."""

    name: str
    vsn: str
    directory: str
    """Where it lies; links in it are followed."""
    files: Mapping[str, tuple[str, bool]]
    """By path below `directory`: SHA-256 of the content in hex, and whether it is
    executable."""

    @property
    def place(self) -> str:
        """The name of its directory in `lib`."""
        return f"{self.name}-{self.vsn}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What staging did: paths below the release directory, sorted."""

    written: tuple[str, ...]
    removed: tuple[str, ...]


def stage_all(
    release_dir: str | os.PathLike[str],
    trees: Sequence[AppTree],
    manifest_path: str | os.PathLike[str],
    *,
    keep: frozenset[str] = frozenset(),
    dev_mode: bool = False,
) -> Staged:
    """Make `lib/` of the release directory hold exactly these applications.

    With `dev_mode` each is a link to its directory, else a copy. Applications and
    files that an earlier run put there and that are gone now are removed, but for the
    directories in `keep`, which earlier releases in the same place need; files that
    were changed or deleted by hand are put right. What will be touched is written to
    the manifest before, what was done after, so that a run after a killed one
    leaves the right tree.

    Raises `Trouble`: RK604 for names that are no directory names, RK601 for paths and
    links that lead elsewhere, RK605 for files of others in the way, RK608 when a file
    is not what its digest says, RK602 and RK603.
    """
    _refuse_bad_names(trees)
    root = Path(release_dir)
    before = load_manifest(manifest_path)
    wanted = {tree.place: tree for tree in trees}
    plan = {
        place: frozenset(() if dev_mode else tree.files)
        for place, tree in wanted.items()
    }
    _remove_leftovers(root, before)
    if any(_differs(tree, before, dev_mode) for tree in trees):
        save_manifest(manifest_path, replace(before, pending=before.joined(plan)))

    kept = keep & before.places - wanted.keys()
    removed: list[str] = []
    for place in sorted(before.places - kept):
        if dev_mode and place in wanted and (root / LIB / place).is_symlink():
            continue
        gone = before.known(place) - plan.get(place, frozenset())
        removed += _remove(root, place, gone)
    written: list[str] = []
    apps = {place: before.apps[place] for place in kept if place in before.apps}
    for place, tree in wanted.items():
        if dev_mode:
            app, changed = link_application(root, tree)
        else:
            app, changed = stage_application(root, tree, before.apps.get(place))
        apps[place] = app
        written += changed
    pending = {each: before.pending[each] for each in kept & before.pending.keys()}
    save_manifest(manifest_path, Manifest(apps=apps, pending=pending))
    return Staged(written=tuple(sorted(written)), removed=tuple(sorted(removed)))


def staged_paths(
    release_dir: str | os.PathLike[str], manifest_path: str | os.PathLike[str]
) -> tuple[str, ...]:
    """Return what staging put there and still is: paths below the release directory."""
    root = Path(release_dir)
    before = load_manifest(manifest_path)
    return tuple(
        path
        for place in sorted(before.places)
        for path in _there(root, place, before.known(place))
    )


def stage_application(
    root: Path, tree: AppTree, before: StagedApp | None
) -> tuple[StagedApp, list[str]]:
    """Copy the files of one application that are not there as they should be.

    Returns what to write down and the paths that were written. `before` is what was
    written down last time. A link in the application's place is removed first, so
    that nothing is ever written through it. Removes nothing else.
    """
    place = _inside(root, f"{LIB}/{tree.place}")
    if place.is_symlink():
        remove_file(place)
    known = before.files if before else {}
    safe: set[str] = set()
    files: dict[str, StagedFile] = {}
    written = []
    for relpath, (sha256, executable) in tree.files.items():
        mode = 0o755 if executable else 0o644
        # Text, not a Path: this is done for every file of the release.
        found = signature_of(f"{place}/{relpath}", mode)
        old = known.get(relpath)
        if old and old.signature == found and old.sha256 == sha256:
            files[relpath] = old
            continue
        path = place / relpath
        parent = relpath.rpartition("/")[0]
        if parent not in safe:
            _inside(root, f"{LIB}/{tree.place}/{relpath}")
            safe.add(parent)
        if not (found and sha256_of(path) == sha256):
            copy_file(Path(tree.directory, relpath), path, sha256, mode)
            written.append(f"{LIB}/{tree.place}/{relpath}")
            found = signature_of(path, mode)
        if found:
            files[relpath] = StagedFile(sha256=sha256, signature=found)
    return StagedApp(link="", files=files), written


def link_application(root: Path, tree: AppTree) -> tuple[StagedApp, list[str]]:
    """Make `lib/<app>-<vsn>` a link to the application's directory.

    Returns as `stage_application`. Raises `Trouble` (RK605) when a directory with
    files is in its place.
    """
    place = _inside(root, f"{LIB}/{tree.place}")
    target = str(Path(tree.directory).absolute())
    app = StagedApp(link=target, files={})
    if place.is_symlink() and place.readlink() == Path(target):
        return app, []
    if place.is_dir() and not place.is_symlink():
        _remove_empty_tree(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(target, target_is_directory=True)
    return app, [f"{LIB}/{tree.place}"]


def _refuse_bad_names(trees: Iterable[AppTree]) -> None:
    found: list[Diagnostic] = []
    places: dict[str, str] = {}
    for tree in trees:
        reason = place_fault(tree.name, tree.vsn)
        if not reason and tree.place in places:
            reason = f"{places[tree.place]} has the same directory"
        places[tree.place] = tree.name
        if reason:
            found.append(
                diagnostic(
                    Code.BAD_APP_DIRECTORY,
                    app=repr(tree.name),
                    vsn=repr(tree.vsn),
                    reason=reason,
                )
            )
    if found:
        raise Trouble(found)


def _differs(tree: AppTree, before: Manifest, dev_mode: bool) -> bool:
    """Whether something will be written that the manifest does not name."""
    app = before.apps.get(tree.place)
    if app is None or bool(app.link) != dev_mode:
        return True
    return not dev_mode and any(
        relpath not in app.files or app.files[relpath].sha256 != sha256
        for relpath, (sha256, _) in tree.files.items()
    )


def _inside(root: Path, relpath: str) -> Path:
    """Return the path as `inside` does, but refuse links within `root` as well.

    What is below such a link is staged under its own name.
    """
    path = inside(root, relpath)
    here = Path(os.path.realpath(path.parent))
    if here != Path(os.path.realpath(root), relpath).parent:
        raise Trouble([diagnostic(Code.UNSAFE_PATH, path=relpath, root=str(root))])
    return path


def _remove(root: Path, place: str, relpaths: Collection[str]) -> list[str]:
    """Remove files that were staged, or the link; return the paths that were there.

    What is behind a link is not ours: nothing there is removed.
    """
    top = root / LIB / place
    if not relpaths and not top.is_symlink():
        return []
    try:
        _inside(root, f"{LIB}/{place}")
    except Trouble:
        return []
    if top.is_symlink():
        remove_file(top)
        remove_empty_parents(top, root)
        return [f"{LIB}/{place}"]
    removed = []
    for relpath in sorted(relpaths):
        name = f"{LIB}/{place}/{relpath}"
        try:
            path = _inside(root, name)
        except Trouble:
            continue
        if remove_file(path):
            removed.append(name)
        remove_empty_parents(path, root)
    return removed


def _there(root: Path, place: str, relpaths: Iterable[str]) -> Iterator[str]:
    """Yield the paths that `_remove` would remove."""
    top = f"{LIB}/{place}"
    names = [f"{top}/{relpath}" for relpath in sorted(relpaths)]
    for name in [top] if (root / top).is_symlink() else names:
        with contextlib.suppress(Trouble):
            path = _inside(root, name)
            if path.is_symlink() or path.is_file():
                yield name


def _remove_leftovers(root: Path, before: Manifest) -> None:
    """Remove the temporary files of a run that was killed."""
    for place, relpaths in before.pending.items():
        for relpath in relpaths:
            with contextlib.suppress(Trouble):
                remove_leftover(_inside(root, f"{LIB}/{place}/{relpath}"))


def _remove_empty_tree(place: Path) -> None:
    """Remove a directory in which there are only directories, or raise `Trouble`."""
    foreign = [
        str(Path(where, name).relative_to(place))
        for where, dirs, files in os.walk(place)
        for name in files + [each for each in dirs if Path(where, each).is_symlink()]
    ]
    if foreign:
        shown = tuple(sorted(foreign)[:5])
        raise Trouble([diagnostic(Code.FOREIGN_FILES, path=str(place), files=shown)])
    for where, _, _ in os.walk(place, topdown=False):
        Path(where).rmdir()
