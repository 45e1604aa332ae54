"""The values of this layer: a member of a tree, an artifact we promise to make."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file, link or empty directory of a release tree or an archive."""

    path: str
    """Relative, with `/`, no `.` or `..` parts."""
    mode: int
    """0o755 or 0o644 for files."""
    content: bytes = b""
    source: str = ""
    """The file to read the content from, when `content` is not it."""
    sha256: str = ""
    """Of the content, in hex, when it is already known."""
    link: str = ""
    """The target of a symbolic link; empty for a file."""
    is_dir: bool = False
