"""Where the compressed parts of tarballs are kept between builds.

A kept part that is damaged counts as not there. Knows nothing of what is in them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dodo_relkit.edge.files import write_file

HEAD = struct.Struct("<8sQIIQI")
"""Magic; length, CRC-32 and `crc_shift` of the plain bytes; length and CRC-32 of the
deflated ones. The deflated bytes follow."""

MAGIC = b"RELKIT\x01\n"
SUFFIX = ".seg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Deflated bytes that end in a full flush, and what gzip must know of them."""

    data: bytes
    crc: int
    """CRC-32 of the plain bytes."""
    shift: int
    """`crc_shift` of their length."""
    size: int
    """Their length."""


def load_segment(cache: Path, key: str) -> Segment | None:
    """Return the segment kept under `key`; None when there is none, or a damaged one.

    The deflated bytes and the numbers are checked, by length and CRC-32.
    """
    try:
        raw = (cache / f"{key}{SUFFIX}").read_bytes()
    except OSError:
        return None
    if len(raw) < HEAD.size:
        return None
    magic, size, crc, shift, length, check = HEAD.unpack_from(raw)
    data = raw[HEAD.size :]
    if magic != MAGIC or length != len(data):
        return None
    if check != _check(data, size, crc, shift):
        return None
    return Segment(data=data, crc=crc, shift=shift, size=size)


def save_segment(cache: Path, key: str, segment: Segment) -> None:
    """Keep the segment under `key`. Raises `Trouble` (RK602)."""
    check = _check(segment.data, segment.size, segment.crc, segment.shift)
    head = HEAD.pack(
        MAGIC, segment.size, segment.crc, segment.shift, len(segment.data), check
    )
    write_file(cache / f"{key}{SUFFIX}", head + segment.data)


def prune(cache: Path, keys: Iterable[str]) -> None:
    """Remove the segments in `cache` that are not under one of `keys`."""
    used = {f"{key}{SUFFIX}" for key in keys}
    if not cache.is_dir():
        return
    for entry in cache.iterdir():
        stale = entry.suffix == SUFFIX and entry.name not in used
        if stale or entry.suffix == ".new":
            entry.unlink(missing_ok=True)


def _check(data: bytes, size: int, crc: int, shift: int) -> int:
    return zlib.crc32(data, zlib.crc32(struct.pack("<QII", size, crc, shift)))
