"""How files are written: whole or not at all, and only when they change.

Decides no content and no name. Sets no file's time: doit trusts equal times.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import stat
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic

PIECE = 1 << 20
"""How much of a file is held at a time."""

StrPath = str | os.PathLike[str]


def write_file(path: StrPath, data: bytes, mode: int = 0o644) -> bool:
    """Make `path` a file with these bytes and this mode; return whether it wrote.

    Writes to a temporary name beside it and replaces, so that nobody sees half a
    file. Writes nothing when bytes and mode are already there. Parent directories
    are made. A link at `path` is replaced, not followed. Raises `Trouble` (RK602).
    """
    path = Path(path)
    if holds(path, data, mode):
        remove_leftover(path)
        return False
    with replacing(path, mode) as file:
        file.write(data)
    return True


def copy_file(source: StrPath, path: StrPath, sha256: str, mode: int = 0o644) -> None:
    """Make `path` a copy of the file `source`, whose content has this digest (hex).

    Links at `source` are followed, a link at `path` is replaced. Raises `Trouble`:
    RK608 when the content has another digest (`path` is then left as it was), RK603
    when `source` cannot be read, RK602 when `path` cannot be written.
    """
    with reading(source) as origin, replacing(Path(path), mode) as file:
        digest = hashlib.sha256()
        while piece := origin.read(PIECE):
            digest.update(piece)
            file.write(piece)
        if digest.hexdigest() != sha256:
            raise Trouble([diagnostic(Code.CHANGED_MEANWHILE, path=str(source))])


@contextlib.contextmanager
def replacing(path: Path, mode: int) -> Iterator[BinaryIO]:
    """Open a temporary file that becomes `path`, with this mode, when the block ends.

    When the block raises, `path` stays as it was. Raises `Trouble`: RK602, or RK612
    when another build is writing the same file.
    """
    temporary = _temporary(path)
    try:
        file = _fresh(path, temporary)
    except OSError as error:
        raise _trouble(Code.NOT_WRITTEN, path, error) from None
    try:
        with file:
            yield file
            os.fchmod(file.fileno(), mode)
            file.flush()
            if not _is_ours(file, temporary):
                raise _other_build(path)
            temporary.replace(path)
    except OSError as error:
        remove_leftover(path)
        raise _trouble(Code.NOT_WRITTEN, path, error) from None
    except BaseException:
        remove_leftover(path)
        raise


def second_name(path: StrPath, original: StrPath) -> bool:
    """Give the file `original` the name `path` as well; replaces what was there.

    Returns False, having done nothing, where there are no hard links. Raises
    `Trouble` (RK602).
    """
    path = Path(path)
    temporary = _temporary(path)
    try:
        temporary.unlink(missing_ok=True)
        temporary.hardlink_to(original)
    except OSError:
        return False
    try:
        temporary.replace(path)
    except OSError as error:
        raise _trouble(Code.NOT_WRITTEN, path, error) from None
    finally:
        remove_leftover(path)
    return True


def holds(path: StrPath, data: bytes, mode: int) -> bool:
    """Return whether `path` is a file, not a link, with these bytes and this mode."""
    status = regular(path)
    if status is None or status.st_size != len(data):
        return False
    if stat.S_IMODE(status.st_mode) != mode:
        return False
    with contextlib.suppress(OSError):
        return Path(path).read_bytes() == data
    return False


def regular(path: StrPath) -> os.stat_result | None:
    """Return the status of the file at `path`; None when it is none or a link.

    None also for a place that cannot be looked at: who writes there learns why.
    """
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def sha256_of(path: StrPath) -> str:
    """Return the digest (hex) of the file's content. Raises `Trouble` (RK603)."""
    with reading(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def reading(path: StrPath) -> Iterator[BufferedReader]:
    """Open the file for reading bytes; an `OSError` becomes `Trouble` (RK603)."""
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise _trouble(Code.NOT_READ, path, error) from None
    with file:
        yield file


def read_file(path: StrPath) -> bytes:
    """Return what the file holds. Raises `Trouble` (RK603)."""
    with reading(path) as file:
        return file.read()


def read_json(path: StrPath) -> dict[str, Any]:
    """Return the table in a JSON file of our own.

    An empty one when the file is missing or damaged: then all is made anew.
    """
    try:
        content = json.loads(Path(path).read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def inside(root: StrPath, relpath: str) -> Path:
    """Return the path of `relpath` below `root` after making sure that it is there.

    Refuses with `Trouble` (RK601) an absolute or empty path, one with empty, `.` or
    `..` parts or a NUL, and one whose parent is a link that leads out of `root`.
    The last part may be a link: who writes there replaces it.
    """
    parts = relpath.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise _unsafe(root, relpath)
    path = Path(root, *parts)
    real_root = os.path.realpath(root)
    real_parent = os.path.realpath(path.parent)
    if os.path.commonpath([real_root, real_parent]) != real_root:
        raise _unsafe(root, relpath)
    return path


def remove_file(path: Path) -> bool:
    """Remove the file or link; return whether one was there.

    A directory is left alone. Raises `Trouble` (RK602) when it cannot be removed.
    """
    if path.is_dir() and not path.is_symlink():
        return False
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _trouble(Code.NOT_WRITTEN, path, error) from None
    return True


def remove_leftover(path: Path) -> None:
    """Remove what a killed run left that was about to write `path`."""
    temporary = _temporary(path)
    with contextlib.suppress(OSError):
        if not _is_written(temporary):
            temporary.unlink()


def remove_empty_parents(path: Path, root: Path) -> None:
    """Remove the directories above `path` that are empty, up to `root`, which stays.

    Stops at the first one that holds something or is a link.
    """
    for parent in path.parents:
        if parent == root or root not in parent.parents:
            return
        try:
            parent.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return


def _fresh(path: Path, temporary: Path) -> BinaryIO:
    """Open a file that was not there; remove one that a killed run left.

    It is locked while it is open, by which a run that lives is told from a killed one.
    """
    for _ in range(3):
        try:
            file = temporary.open("xb")
        except FileExistsError:
            if _is_written(temporary):
                raise _other_build(path) from None
            temporary.unlink(missing_ok=True)
        except FileNotFoundError:
            temporary.parent.mkdir(parents=True, exist_ok=True)
        else:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
    return temporary.open("xb")


def _is_written(temporary: Path) -> bool:
    """Return whether a run that lives holds this temporary file open."""
    try:
        with temporary.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _is_ours(file: BinaryIO, temporary: Path) -> bool:
    """Return whether nobody else came between its making and its locking."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), temporary.stat())
    return False


def _other_build(path: Path) -> Trouble:
    return Trouble([diagnostic(Code.OTHER_BUILD, path=str(path))])


def _temporary(path: Path) -> Path:
    """The same for the same file, so that the next run finds it after a kill."""
    name = zlib.crc32(os.fsencode(path.name))
    return path.with_name(f".relkit-{name:08x}.new")


def _unsafe(root: StrPath, relpath: str) -> Trouble:
    shown = relpath.replace("\0", "\\0")
    return Trouble([diagnostic(Code.UNSAFE_PATH, path=shown, root=str(root))])


def _trouble(code: Code, path: StrPath, error: OSError) -> Trouble:
    reason = error.strerror or errno.errorcode.get(error.errno or 0, str(error))
    return Trouble([diagnostic(code, path=str(path), reason=reason)])
