"""What an earlier run staged: the manifest beside the release directory.

A manifest that is missing or damaged is an empty one: then files that are already
right are recognised by their content.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dodo_relkit.edge.files import regular, write_file

FORMAT = 1

Signature = tuple[int, int, int]
"""How a file looked as we left it: size, time of change in ns, inode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedFile:
    """One file as we left it."""

    sha256: str
    signature: Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedApp:
    """One application as we left it: a link, or files."""

    link: str
    """Where the link points; empty for copies."""
    files: Mapping[str, StagedFile]
    """By path below the application's directory in `lib`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What was staged, by the name of the directory in `lib`."""

    apps: Mapping[str, StagedApp] = field(default_factory=dict)
    pending: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Paths that a run was about to write, when it did not come to its end."""

    @property
    def places(self) -> frozenset[str]:
        """All directories in `lib` in which there may be something of ours."""
        return frozenset(self.apps) | frozenset(self.pending)

    def known(self, place: str) -> frozenset[str]:
        """Return the paths below `place` where there may be a file of ours."""
        app = self.apps.get(place)
        return frozenset(app.files if app else ()) | self.pending.get(
            place, frozenset()
        )

    def joined(self, more: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
        """Return the pending paths and those of `more`."""
        return {
            place: self.pending.get(place, frozenset()) | more.get(place, frozenset())
            for place in {*self.pending, *more}
        }


def load_manifest(path: str | os.PathLike[str]) -> Manifest:
    """Return the manifest in the file; an empty one when there is none to read."""
    try:
        raw = json.loads(Path(path).read_bytes())
        if raw["format"] != FORMAT:
            return Manifest()
        return Manifest(
            apps={place: _app(each) for place, each in raw["apps"].items()},
            pending={place: frozenset(each) for place, each in raw["pending"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Manifest()


def save_manifest(path: str | os.PathLike[str], manifest: Manifest) -> None:
    """Write the manifest, whole or not at all."""
    value = {
        "format": FORMAT,
        "apps": {
            place: {
                "link": app.link,
                "files": {
                    name: [file.sha256, *file.signature]
                    for name, file in sorted(app.files.items())
                },
            }
            for place, app in sorted(manifest.apps.items())
        },
        "pending": {
            place: sorted(names) for place, names in sorted(manifest.pending.items())
        },
    }
    write_file(path, json.dumps(value, separators=(",", ":")).encode() + b"\n")


def signature_of(path: str | Path, mode: int) -> Signature | None:
    """Return how the file looks; None when there is no file with that mode."""
    status = regular(path)
    if status is None or stat.S_IMODE(status.st_mode) != mode:
        return None
    return (status.st_size, status.st_mtime_ns, status.st_ino)


def _app(raw: Mapping[str, Any]) -> StagedApp:
    files = {}
    for name, (sha256, size, mtime, inode) in raw["files"].items():
        files[name] = StagedFile(sha256=sha256, signature=(size, mtime, inode))
    return StagedApp(link=raw["link"], files=files)
