"""Stamps: small JSON files in which a task writes down what it made.

A stamp has a fixed name although the release's version is in most file names, holds
digests, and so is what later tasks depend on.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any

from dodo_relkit.edge.files import read_json, write_file
from dodo_relkit.release.json_lines import dump_json


def describe(path: str, content: bytes, mode: int = 0o644) -> dict[str, Any]:
    """Return what a stamp says of one file."""
    digest = hashlib.sha256(content).hexdigest()
    return {"path": path, "sha256": digest, "size": len(content), "mode": mode}


def write_stamp(
    stamp: str,
    files: Sequence[Mapping[str, Any]],
    *,
    watch: Sequence[str] | None = None,
) -> None:
    """Write the stamp of files that exist, each as `describe` gives it.

    `watch` lists what is looked at to see whether the outputs are as they were left;
    the files themselves when it is None. What the stamp listed before and is still
    there, as files of an earlier version of the release, is then listed as `earlier`.
    """
    paths = [each["path"] for each in files] if watch is None else list(watch)
    content = {"watch": paths, "files": list(files)}
    if watch is None:
        content["earlier"] = sorted(
            path for path in stamp_paths(stamp) - {*paths} if os.path.lexists(path)
        )
    write_file(stamp, dump_json(content))


def stamp_paths(stamp: str) -> set[str]:
    """Return the paths that a stamp lists, those of earlier versions too."""
    written = read_json(stamp)
    files = {each["path"] for each in written.get("files", ())}
    return files | {*written.get("earlier", ())}


def read_stamp(stamp: str) -> list[dict[str, Any]]:
    """Return what a stamp says of each file; nothing when there is no stamp."""
    files: list[dict[str, Any]] = read_json(stamp).get("files", [])
    return files
