"""The step that puts everything the other tasks made into the tarball."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from dodo_relkit.artifacts.model import Member
from dodo_relkit.edge.archive import group_members, source_date_epoch, write_tarball
from dodo_relkit.edge.facet_files import read_facet
from dodo_relkit.edge.files import copy_file, second_name
from dodo_relkit.edge.layout import Layout
from dodo_relkit.edge.stamps import read_stamp, write_stamp
from dodo_relkit.edge.steps import Saved
from dodo_relkit.release.facet_values import load_identity
from dodo_relkit.release.profile import Profile


def tar_step(profile: Profile, layout: Layout, parts: Sequence[str]) -> Saved:
    """Write the tarball of what the stamps of `parts` list.

    It has two names, with and without the version: the one without is known before
    anything is built. Saves `path`, `sha256`, `size`, `version`.
    """
    version = load_identity({"identity": read_facet(layout, "identity")}).vsn
    path = layout.tarball(version)
    made = write_tarball(
        path,
        group_members(release_members(layout, parts)),
        level=profile.compression_level,
        cache_dir=layout.segments,
        epoch=source_date_epoch(os.environ),
    )
    _also_at(layout.latest_tarball, path, made.sha256)
    described = {
        "path": path,
        "sha256": made.sha256,
        "size": made.size,
        "mode": 0o644,
        "members_sha256": made.members_sha256,
    }
    write_stamp(layout.stamp("tar"), [described])
    return {**described, "version": version}, ()


def release_members(layout: Layout, parts: Sequence[str]) -> Iterator[Member]:
    """Yield the members that the stamps of `parts` list."""
    prefix = layout.output + "/"
    for part in parts:
        for each in read_stamp(layout.stamp(part)):
            yield Member(
                path=each["path"].removeprefix(prefix),
                mode=each["mode"],
                source=each.get("source", each["path"]),
                sha256=each["sha256"],
            )


def _also_at(path: str, original: str, sha256: str) -> None:
    """Give the file `original` a second name, at once; or copy it, without links."""
    if Path(path).exists() and Path(path).samefile(original):
        return
    if not second_name(path, original):
        copy_file(original, path, sha256)
