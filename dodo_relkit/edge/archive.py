"""How the tarball is put together from compressed parts that are kept.

    one gzip member:   header | segment | segment | ... | end of archive | crc, size

A segment is the deflated part of the archive for one group of members, such as one
application. It ends in a full flush, so segments stand behind one another in any
combination, and is kept by content. Does not decide which members there are.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

from dodo_relkit.artifacts.model import Member
from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic
from dodo_relkit.edge.files import PIECE, reading, regular, replacing, sha256_of
from dodo_relkit.edge.members import member_sha256
from dodo_relkit.edge.segments import Segment, load_segment, prune, save_segment
from dodo_relkit.formats import tar
from dodo_relkit.formats.gzip_frame import HEADER, crc_join, crc_shift, trailer

FORMAT = 1
"""Rises when the same members make other bytes, so that kept segments are left."""

DEFAULT_EPOCH = 315532800
"""1980-01-01: GNU tar calls 1970 implausibly old, and zip knows nothing earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Members that are compressed together; best one directory, as of one app."""

    name: str
    """For people."""
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tarball:
    """What was made."""

    path: str
    sha256: str
    """Of the file."""
    size: int
    """Of the file, in bytes."""
    members_sha256: str
    """Of the listing: a line `SHA256 MODE NAME` a member. Other than `sha256` it does
    not depend on the build of zlib."""
    written: bool
    """Whether the file was not there already, byte for byte."""
    compressed: tuple[str, ...]
    """Names of the groups that had to be compressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A group ready to be looked up: its entries in order, and its listing."""

    name: str
    entries: tuple[tuple[tar.Entry, Member, str], ...]
    """Entry without size, member, digest of the content (hex)."""
    listing: bytes


def source_date_epoch(environ: Mapping[str, str]) -> int:
    """Return the time of all members: `SOURCE_DATE_EPOCH` of `environ`, or 1980.

    Seconds since 1970, see reproducible-builds.org/specs/source-date-epoch. Raises
    `Trouble` (RK609) when it is no number that a header can hold.
    """
    value = environ.get("SOURCE_DATE_EPOCH", "")
    if not value:
        return DEFAULT_EPOCH
    if value.isascii() and value.isdigit() and int(value) < 8**11:
        return int(value)
    raise Trouble([diagnostic(Code.BAD_EPOCH, value=repr(value))])


def group_members(members: Iterable[Member]) -> tuple[Group, ...]:
    """Return the members in groups: one for each `lib/APP-VSN`, one for each other
    directory at the top, and one for the files at the top.

    Then the members of the tarball are sorted as a whole.
    """
    in_order = sorted(members, key=lambda member: member.path)
    return tuple(
        Group(name=name, members=tuple(each))
        for name, each in groupby(in_order, key=_group_name)
    )


def write_tarball(
    path: str | os.PathLike[str],
    groups: Sequence[Group],
    *,
    level: int = 6,
    cache_dir: str | os.PathLike[str] | None,
    epoch: int = DEFAULT_EPOCH,
) -> Tarball:
    """Write the gzipped tar archive of all groups; keep its segments in `cache_dir`.

    With None for `cache_dir` nothing is kept.

    The same members, level and epoch give the same bytes. Members are sorted in each
    group, and the groups by their first member. A member whose source is the tarball
    itself is left out. Segments that this archive does not have are removed from
    `cache_dir`, so each archive needs its own. The file is replaced as a whole, and
    only when its bytes change.

    Raises `Trouble`: RK606 and RK607 for members that cannot be, RK603 and RK608 when
    a source cannot be read or has not the digest its member names, RK602.
    """
    path = Path(path)
    parts = _parts(path, groups, epoch)
    segments, compressed = _segments(parts, level, epoch, cache_dir)
    pieces = list(_gzip(segments))
    sha256 = _digest(pieces)
    size = sum(map(len, pieces))
    written = not _is_there(path, size, sha256)
    if written:
        with replacing(path, 0o644) as file:
            file.writelines(pieces)
    return Tarball(
        path=str(path),
        sha256=sha256,
        size=size,
        members_sha256=_digest(part.listing for part in parts),
        written=written,
        compressed=compressed,
    )


def _group_name(member: Member) -> str:
    first, *rest = member.path.split("/", 2)
    if first == "lib" and len(rest) > 1:
        return f"lib/{rest[0]}"
    return first if rest else ""


def _parts(path: Path, groups: Sequence[Group], epoch: int) -> list[_Part]:
    parts = [_part(path, group, epoch) for group in groups]
    parts = [part for part in parts if part.entries]
    _refuse_clashes(entry for part in parts for entry, _, _ in part.entries)
    return sorted(parts, key=lambda part: part.entries[0][0].name)


def _part(path: Path, group: Group, epoch: int) -> _Part:
    found = []
    for member in group.members:
        if member.source.endswith(path.name) and _same(member.source, path):
            continue
        entry = tar.clean_entry(
            tar.Entry(
                name=member.path,
                mode=member.mode,
                size=0,
                mtime=epoch,
                kind=_kind(member),
                link=member.link,
            )
        )
        found.append((entry, member, member_sha256(member)))
    found.sort(key=lambda each: each[0].name)
    listing = "".join(
        f"{digest or '-'} {entry.mode:o} {entry.name}"
        f"{' -> ' + entry.link if entry.link else ''}\n"
        for entry, _, digest in found
    )
    return _Part(
        name=group.name,
        entries=tuple(found),
        listing=listing.encode("utf-8", "surrogateescape"),
    )


def _kind(member: Member) -> tar.Kind:
    if member.is_dir:
        return tar.Kind.DIRECTORY
    return tar.Kind.LINK if member.link else tar.Kind.FILE


def _same(source: str, path: Path) -> bool:
    try:
        return path.samefile(source)
    except OSError:
        return False


def _refuse_clashes(entries: Iterable[tar.Entry]) -> None:
    """Raise `Trouble` (RK607) for a name that is twice there, or is a directory of
    one member and a file of another.
    """
    seen: set[str] = set()
    parents: set[str] = set()
    twice: set[str] = set()
    for entry in entries:
        name = entry.name.rstrip("/")
        if name in seen:
            twice.add(name)
        seen.add(name)
        if entry.kind is tar.Kind.DIRECTORY:
            parents.add(name)
            seen.discard(name)
        parents.add(name.rpartition("/")[0])
    for parent in tuple(parents):
        while parent := parent.rpartition("/")[0]:
            parents.add(parent)
    twice |= seen & parents
    if twice:
        raise Trouble(
            diagnostic(Code.DUPLICATE_MEMBER, name=name) for name in sorted(twice)
        )


def _segments(
    parts: Sequence[_Part],
    level: int,
    epoch: int,
    cache_dir: str | os.PathLike[str] | None,
) -> tuple[list[Segment], tuple[str, ...]]:
    """Return the segments of the parts, and the names of those not kept before."""
    cache = Path(cache_dir) if cache_dir is not None else None
    keys = [_key(part, level, epoch) for part in parts]
    segments = {
        key: kept for key in keys if cache and (kept := load_segment(cache, key))
    }
    wanted = dict(zip(keys, parts, strict=True))
    missing = [key for key in wanted if key not in segments]
    if missing:
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            compress = partial(_compress, level=level)
            made = pool.map(compress, [wanted[key] for key in missing])
            for key, segment in zip(missing, made, strict=True):
                segments[key] = segment
                if cache:
                    save_segment(cache, key, segment)
    if cache:
        prune(cache, keys)
    return [segments[key] for key in keys], tuple(wanted[key].name for key in missing)


def _key(part: _Part, level: int, epoch: int) -> str:
    """Name the segment by all that its bytes depend on."""
    terms = f"{FORMAT} {level} {epoch} {zlib.ZLIB_RUNTIME_VERSION}\n"
    return hashlib.sha256(terms.encode() + part.listing).hexdigest()


def _compress(part: _Part, *, level: int) -> Segment:
    deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    crc = size = 0
    pieces = []
    for piece in _archive_bytes(part):
        crc = zlib.crc32(piece, crc)
        size += len(piece)
        pieces.append(deflate.compress(piece))
    pieces.append(deflate.flush(zlib.Z_FULL_FLUSH))
    return Segment(data=b"".join(pieces), crc=crc, shift=crc_shift(size), size=size)


def _archive_bytes(part: _Part) -> Iterator[bytes]:
    """Yield the blocks of all members; read the sources, check their digests."""
    for entry, member, digest in part.entries:
        if not member.source:
            yield _header(entry, len(member.content))
            yield member.content + tar.padding(len(member.content))
            continue
        with reading(member.source) as file:
            size = os.fstat(file.fileno()).st_size
            yield _header(entry, size)
            found, length = hashlib.sha256(), 0
            while piece := file.read(PIECE):
                found.update(piece)
                length += len(piece)
                yield piece
            if length != size or found.hexdigest() != digest:
                raise Trouble([diagnostic(Code.CHANGED_MEANWHILE, path=member.source)])
            yield tar.padding(size)


def _header(entry: tar.Entry, size: int) -> bytes:
    return tar.header(
        tar.clean_entry(
            tar.Entry(
                name=entry.name,
                mode=entry.mode,
                size=size,
                mtime=entry.mtime,
                kind=entry.kind,
                link=entry.link,
            )
        )
    )


def _gzip(segments: Sequence[Segment]) -> Iterator[bytes]:
    """Yield the bytes of the one gzip member that holds all segments."""
    crc = size = 0
    yield HEADER
    for segment in segments:
        crc = crc_join(crc, segment.crc, segment.shift)
        size += segment.size
        yield segment.data
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    yield deflate.compress(tar.END) + deflate.flush(zlib.Z_FINISH)
    crc = crc_join(crc, zlib.crc32(tar.END), crc_shift(len(tar.END)))
    yield trailer(crc, size + len(tar.END))


def _digest(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _is_there(path: Path, size: int, sha256: str) -> bool:
    status = regular(path)
    if status is None or status.st_size != size:
        return False
    return sha256_of(path) == sha256
