"""Unpacks of a release's tarball what a comparison of two releases reads.

    <work>/upgrade/baselines/<sha256 of the tarball>/
        releases/**/*.rel  releases/start_erl.data  releases/*/vm.args
        lib/*/ebin/*  lib/*/consolidated/*  releases/*/consolidated/*
        contents.json         path -> digest, of everything the tarball holds

Takes the tarballs of every tool: with or without `./` before names, with links inside.
Never writes a link or outside of that directory. Does not read what a `.rel` says.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import lzma
import shutil
import tarfile
import zlib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic
from dodo_relkit.edge.files import PIECE, inside, remove_leftover, sha256_of, write_file

CONTENTS = "contents.json"

EXECUTABLE = "x"
"""What follows the digest of a file that somebody may execute."""

_BROKEN = (
    tarfile.TarError,
    EOFError,
    UnicodeError,
    zlib.error,
    gzip.BadGzipFile,
    lzma.LZMAError,
)

_COMPARED = (
    "releases/*.rel",  # in fnmatch a star also stands for slashes
    "releases/start_erl.data",
    "releases/*/vm.args",
    "lib/*/ebin/*",
    "lib/*/consolidated/*",
    "releases/*/consolidated/*",
)


def baselines_directory(work: str) -> str:
    """Return the directory of the unpacked baselines of a profile."""
    return f"{work}/upgrade/baselines"


def unpack_baseline(tarball: str, *, work: str, origin: str) -> str:
    """Unpack the tarball unless that was done before; return the directory.

    It appears as a whole or not at all. `origin` is what the tarball is called in
    words. Raises `Trouble`: BASELINE_TARBALL when it cannot be read to its end,
    BASELINE_UNSAFE for a member that leads out of it, NOT_WRITTEN.
    """
    parent = baselines_directory(work)
    sha256 = sha256_of(tarball)
    place = Path(parent, sha256)
    if Path(place, CONTENTS).is_file():
        return str(place)
    temporary = Path(parent, f".relkit-{sha256}.new")
    try:
        _remove(temporary)
        _unpack(tarball, temporary, origin)
        _remove(place)
        temporary.rename(place)
    except OSError as error:
        reason = error.strerror or str(error)
        told = diagnostic(Code.NOT_WRITTEN, path=str(place), reason=reason)
        raise Trouble([told]) from None
    finally:
        with contextlib.suppress(OSError):
            _remove(temporary)
    return str(place)


def read_contents(path: str) -> Mapping[str, str]:
    """Return the digest of each file of a tarball by its path, as they were unpacked.

    SHA-256 in hex, followed by `x` for a file that somebody may execute.
    """
    contents: dict[str, str] = json.loads(Path(path).read_bytes())
    return contents


def prune_baselines(work: str, keep: tuple[str, ...]) -> None:
    """Remove the unpacked baselines of `work` but those at the roots `keep`."""
    parent = Path(baselines_directory(work))
    kept = {Path(root).resolve() for root in keep}
    for place in parent.iterdir() if parent.is_dir() else ():
        if place.resolve() not in kept:
            _remove(place)


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
        return
    place.unlink(missing_ok=True)
    remove_leftover(place)


def _unpack(tarball: str, place: Path, origin: str) -> None:
    contents: dict[str, str] = {}
    try:
        with tarfile.open(tarball) as archive:
            for member in archive:
                name = _plain_name(member, origin)
                if member.isdir() or not name:
                    continue
                digest = _take(archive, member, name, place)
                if digest:
                    contents[name] = digest
            while archive.fileobj and archive.fileobj.read(PIECE):
                pass  # the check sum is behind the end of the archive
    except _BROKEN as error:
        raise _unreadable(origin, str(error)) from None
    place.mkdir(parents=True, exist_ok=True)
    text = json.dumps(dict(sorted(contents.items())), indent=0) + "\n"
    write_file(place / CONTENTS, text.encode("utf-8", "surrogateescape"))


def _plain_name(member: tarfile.TarInfo, origin: str) -> str:
    """Return the name without `.` parts; '' for the top directory itself."""
    parts = member.name.split("/")
    if member.name.startswith("/") or ".." in parts or "\0" in member.name:
        shown = member.name.replace("\0", "\\0")
        found = diagnostic(Code.BASELINE_UNSAFE, baseline=origin, member=shown)
        raise Trouble([found])
    return "/".join(part for part in parts if part not in ("", "."))


def _take(
    archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, place: Path
) -> str:
    """Return what the listing says of a member; write it down when it is compared."""
    file = _open(archive, member)
    if file is None:
        return f"-> {member.linkname}" if member.issym() else ""
    digest = hashlib.sha256()
    compared = any(fnmatchcase(name, pattern) for pattern in _COMPARED)
    pieces = []
    with file:
        while piece := file.read(PIECE):
            digest.update(piece)
            if compared:
                pieces.append(piece)
    if compared:
        inside(place, name)
        write_file(place / name, b"".join(pieces))
    return digest.hexdigest() + (EXECUTABLE if member.mode & 0o111 else "")


def _open(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Any:
    """Open a file, or the file in the archive that a link names; None for the rest."""
    try:
        return archive.extractfile(member)
    except KeyError:  # a link that leads out of the archive, or nowhere
        return None


def _unreadable(origin: str, reason: str) -> Trouble:
    words = reason or "it is no tar archive"
    return Trouble([diagnostic(Code.BASELINE_TARBALL, baseline=origin, reason=words)])
