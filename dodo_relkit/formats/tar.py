"""What the bytes of a tar archive are, one entry at a time.

Writes ustar headers that `erl_tar`, GNU tar, busybox and Python read. Reads no file,
compresses nothing and does not decide which entries an archive has.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble, diagnostic

BLOCK = 512
LARGEST_FILE = 8**11 - 1
"""What eleven octal digits of a ustar header can say."""

NAME_WIDTH = 100
PREFIX_WIDTH = 155


class Kind(Enum):
    """The type flags of the entries we write; the value is the byte of the header."""

    FILE = b"0"
    LINK = b"2"
    DIRECTORY = b"5"
    LONG_LINK = b"K"
    LONG_NAME = b"L"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a tar header says about one entry."""

    name: str
    """Relative, with `/`; a directory's ends in `/`."""
    mode: int
    size: int
    """In bytes; 0 for all but files."""
    mtime: int
    """Seconds since 1970, UTC."""
    kind: Kind = Kind.FILE
    link: str = ""
    """Where a symbolic link points."""


def clean_entry(entry: Entry) -> Entry:
    """Return the entry without all that differs between two builds of the same.

    * the mode is 0755 for directories, links and whatever anyone may execute, and
      0644 for all else: no set-uid bits, nothing of the builder's umask;
    * the name has no `./` in front, as `release_handler` looks for
      `releases/NAME.rel` by exactly that name; a directory's name ends in `/`;
    * only a file has a size, only a link has a target.

    Owner and group are not part of an entry: `header` writes 0 and no names. The time
    is the caller's choice and must not be the file's.
    Raises `Trouble` (RK606) for a name no archive can hold and for a file that is
    too large for a ustar header.
    """
    name = entry.name.removeprefix("./").rstrip("/")
    if "\0" in name + entry.link:
        raise _bad(name.replace("\0", "\\0"), "its name has a zero byte")
    if any(part in ("", ".", "..") for part in name.split("/")):
        raise _bad(entry.name, "its name is not a plain relative path")
    if entry.size > LARGEST_FILE:
        raise _bad(entry.name, "it is larger than 8 GiB")
    is_file = entry.kind is Kind.FILE
    return Entry(
        name=f"{name}/" if entry.kind is Kind.DIRECTORY else name,
        mode=0o644 if is_file and not entry.mode & 0o111 else 0o755,
        size=entry.size if is_file else 0,
        mtime=entry.mtime,
        kind=entry.kind,
        link=entry.link if entry.kind is Kind.LINK else "",
    )


def _bad(name: str, reason: str) -> Trouble:
    return Trouble([diagnostic(Code.BAD_MEMBER, name=name, reason=reason)])


def header(entry: Entry) -> bytes:
    """Return the header blocks of the entry: a multiple of 512 bytes.

    A name of more than 100 bytes goes into the prefix field when it can be divided at
    a `/`; one that cannot is preceded by an entry of GNU's kind `L` (for a link's
    target `K`), which busybox understands and pax records it does not.
    Names are UTF-8.
    """
    name = _encode(entry.name)
    link = _encode(entry.link)
    before = b""
    prefix, rest = _divide(name)
    if len(rest) > NAME_WIDTH:
        before += _long(Kind.LONG_NAME, name)
        prefix, rest = b"", name[:NAME_WIDTH]
    if len(link) > NAME_WIDTH:
        before += _long(Kind.LONG_LINK, link)
        link = link[:NAME_WIDTH]
    return before + _block(entry, prefix, rest, link)


def padding(size: int) -> bytes:
    """Return the zeros that fill the last block of a content of `size` bytes."""
    return bytes(-size % BLOCK)


END = bytes(2 * BLOCK)
"""What ends an archive."""


def _encode(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _divide(name: bytes) -> tuple[bytes, bytes]:
    """Return prefix and name fields; the name unchanged when no `/` fits."""
    if len(name) <= NAME_WIDTH:
        return b"", name
    cut = name.find(b"/", max(len(name) - NAME_WIDTH - 1, 1))
    if cut == -1 or cut > PREFIX_WIDTH or cut == len(name) - 1:
        return b"", name
    return name[:cut], name[cut + 1 :]


def _long(kind: Kind, text: bytes) -> bytes:
    """Return the entry that gives the next one a long name or a long target."""
    content = text + b"\0"
    entry = Entry(name="", mode=0o644, size=len(content), mtime=0, kind=kind)
    block = _block(entry, b"", b"././@LongLink", b"")
    return block + content + padding(len(content))


def _octal(value: int, width: int) -> bytes:
    return b"%0*o\0" % (width - 1, value)


def _block(entry: Entry, prefix: bytes, name: bytes, link: bytes) -> bytes:
    """One header: POSIX ustar, as in pax(1), "ustar Header Block"."""
    fields = (
        name.ljust(NAME_WIDTH, b"\0"),
        _octal(entry.mode, 8),
        _octal(0, 8),  # owner
        _octal(0, 8),  # group
        _octal(entry.size, 12),
        _octal(entry.mtime, 12),
        b" " * 8,  # the check sum, counted as blanks
        entry.kind.value,
        link.ljust(NAME_WIDTH, b"\0"),
        b"ustar\x0000",
        bytes(32),  # owner's name
        bytes(32),  # group's name
        _octal(0, 8),  # device numbers
        _octal(0, 8),
        prefix.ljust(PREFIX_WIDTH, b"\0"),
        bytes(12),
    )
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]
