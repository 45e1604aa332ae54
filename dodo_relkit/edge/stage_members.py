"""How members that are no applications, as the run-time system, come to disk.

Writes what changed, removes what is gone and only what it wrote; see `stage.py` for
applications.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from dodo_relkit.artifacts.model import Member
from dodo_relkit.edge.files import (
    copy_file,
    inside,
    remove_empty_parents,
    remove_file,
    remove_leftover,
    sha256_of,
    write_file,
)
from dodo_relkit.edge.members import member_sha256
from dodo_relkit.edge.stage import Staged
from dodo_relkit.edge.stage_manifest import (
    Manifest,
    StagedApp,
    StagedFile,
    load_manifest,
    save_manifest,
    signature_of,
)

PLACE = ""
"""The one entry of the manifest."""


def stage_members(
    release_dir: str | os.PathLike[str],
    members: Iterable[Member],
    manifest_path: str | os.PathLike[str],
    *,
    keep: Iterable[str] = (),
) -> Staged:
    """Make the release directory hold these files, and none of an earlier run's.

    But files of earlier runs in the directories `keep` stay. Only files: links and
    empty directories are not for this. Files changed or deleted
    by hand are put right. An empty list of members removes all. Raises `Trouble`:
    RK601, RK602, RK603, RK608.
    """
    root = Path(release_dir)
    before = load_manifest(manifest_path)
    known = before.apps[PLACE].files if PLACE in before.apps else {}
    wanted = {member.path: member for member in members}
    for name in before.pending.get(PLACE, frozenset()):
        remove_leftover(inside(root, name))
    if not wanted.keys() <= known.keys():
        pending = before.joined({PLACE: frozenset(wanted)})
        save_manifest(manifest_path, Manifest(apps=before.apps, pending=pending))
    removed = []
    kept = _below(before.known(PLACE) - wanted.keys(), keep)
    for name in sorted(before.known(PLACE) - wanted.keys() - kept):
        path = inside(root, name)
        if remove_file(path):
            removed.append(name)
        remove_empty_parents(path, root)
    files = {name: known[name] for name in kept & known.keys()}
    written = []
    for name, member in wanted.items():
        path = inside(root, name)
        files[name], wrote = _stage(path, member, known.get(name))
        if wrote:
            written.append(name)
    app = StagedApp(link="", files=files)
    save_manifest(manifest_path, Manifest(apps={PLACE: app}))
    return Staged(written=tuple(sorted(written)), removed=tuple(removed))


def staged_member_paths(
    release_dir: str | os.PathLike[str], manifest_path: str | os.PathLike[str]
) -> tuple[str, ...]:
    """Return what earlier runs put there: paths below the release directory."""
    root = Path(release_dir)
    names = sorted(load_manifest(manifest_path).known(PLACE))
    return tuple(name for name in names if os.path.lexists(inside(root, name)))


def _below(names: Iterable[str], directories: Iterable[str]) -> set[str]:
    tops = tuple(f"{directory}/" for directory in directories)
    return {name for name in names if name.startswith(tops)}


def _stage(
    path: Path, member: Member, old: StagedFile | None
) -> tuple[StagedFile, bool]:
    """Put one file right; return how it looks now and whether it was written."""
    mode = 0o755 if member.mode & 0o111 else 0o644
    sha256 = member_sha256(member)
    found = signature_of(path, mode)
    if old and old.sha256 == sha256 and old.signature == found:
        return old, False
    if member.source:
        wrote = not (found and sha256_of(path) == sha256)
        if wrote:
            copy_file(member.source, path, sha256, mode)
    else:
        wrote = write_file(path, member.content, mode)
    signature = signature_of(path, mode) or (0, 0, 0)
    return StagedFile(sha256=sha256, signature=signature), wrote
