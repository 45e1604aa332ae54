"""Writes the delta tarball: what a release has and the baselines on the nodes lack.

What goes into it is chosen in `artifacts/delta.py`; here the baselines are looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dodo_relkit.artifacts.delta import (
    Contents,
    Held,
    Whole,
    choose_members,
    described,
    folder_of,
)
from dodo_relkit.artifacts.model import Member
from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import NOWHERE, Trouble, diagnostic
from dodo_relkit.edge.archive import (
    DEFAULT_EPOCH,
    Tarball,
    group_members,
    write_tarball,
)
from dodo_relkit.edge.digest import stat_files
from dodo_relkit.edge.files import sha256_of
from dodo_relkit.edge.members import member_sha256
from dodo_relkit.edge.upgrades.baseline_tarball import EXECUTABLE, read_contents
from dodo_relkit.upgrade.baseline import Baseline


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What was made."""

    tarball: Tarball
    left_out: tuple[str, ...]
    """The directories that a node must have already, below the release, sorted."""


def delta_path(tarball: str) -> str:
    """Return the place of the delta beside the full tarball: `web-1.1.delta.tar.gz`."""
    return f"{tarball.removesuffix('.tar.gz')}.delta.tar.gz"


def write_delta(
    path: str,
    whole: Whole,
    baselines: Sequence[Baseline],
    *,
    level: int = 6,
    epoch: int = DEFAULT_EPOCH,
) -> Delta:
    """Write the tarball of what `whole` has and one of the baselines lacks.

    Stock release_handler unpacks it under its own name, from the directory `releases`
    of a node that runs one of the baselines; `releases/<vsn>/delta.config` names them
    for whoever looks before. Level and epoch are those of `write_tarball`, which also
    says what is raised; DELTA_NO_BASELINES when there are none.
    """
    if not baselines:
        facts = {"name": whole.rel.name, "vsn": whole.rel.vsn}
        found = diagnostic(Code.DELTA_NO_BASELINES, NOWHERE, **facts)
        raise Trouble([found])
    known = Whole(
        rel=whole.rel,
        members=[replace(each, sha256=member_sha256(each)) for each in whole.members],
    )
    name = os.path.basename(path).removesuffix(".tar.gz")  # noqa: PTH119
    choice = choose_members(
        known,
        [_held(each, known.members) for each in baselines],
        own_rel=f"releases/{name}.rel",
    )
    tarball = write_tarball(
        path, group_members(choice.members), level=level, cache_dir=None, epoch=epoch
    )
    return Delta(tarball=tarball, left_out=choice.left_out)


def _held(baseline: Baseline, members: Sequence[Member]) -> Held:
    if baseline.contents:
        contents = read_contents(baseline.contents)
    else:
        contents = _contents(baseline.root, members)
    return Held(rel=baseline.rel, contents=contents, has_erts=baseline.has_erts)


def _contents(root: str, members: Sequence[Member]) -> Contents:
    """Return what a directory has at the places of the members.

    Applications are read, links into them followed; of all else it is only said
    whether it is there. A file of the new release itself, when the directory is its
    output directory, says nothing of the old one and counts as not there.
    """
    found: dict[str, str] = {}
    folders = {folder_of(member.path) for member in members}
    for folder in sorted(folders):
        if folder.startswith("lib/"):
            found.update(_files(f"{root}/{folder}", folder, members))
    for member in members:
        place = f"{root}/{member.path}"
        if folder_of(member.path) or place == member.source:
            continue
        if Path(place).exists():
            found[member.path] = "there"
    return found


def _files(
    directory: str, folder: str, members: Sequence[Member]
) -> Iterator[tuple[str, str]]:
    """Yield what each file of an application holds."""
    same = {
        member.path: described(member)
        for member in members
        if folder_of(member.path) == folder
        and member.source == f"{directory}{member.path.removeprefix(folder)}"
    }
    if not Path(directory).is_dir():
        return
    for name, look in stat_files(directory, os.listdir(directory)).files.items():  # noqa: PTH208
        path = f"{folder}/{name}"
        if path in same:  # the file that goes into the new release
            yield path, same[path]
            continue
        mark = EXECUTABLE if look.executable else ""
        yield path, sha256_of(f"{directory}/{name}") + mark
