"""What a `.beam` file says: its chunks and what stands in them, its checksum.

Takes bytes; never opens a file, never loads or runs code.

    file   = "FOR1" size:32 "BEAM" chunk*          maybe gzip-compressed as a whole
    chunk  = name:4 bytes, size:32, data, padding to a multiple of 4

Numbers are big-endian. Whatever asks for what stands in a chunk raises `Trouble` when
the chunk is damaged. Source of the rules: `beam_lib(3)` and the emulator's loader.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from hashlib import md5 as _md5

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place, Trouble, diagnostic
from dodo_relkit.terms.model import Atom, Term, list_items, make_list

Chunks = Mapping[str, bytes]
"""Chunks by their names of four characters, as `read_chunks` returns them."""

CHECKSUM_CHUNKS = (
    "Atom",
    "AtU8",
    "Code",
    "StrT",
    "ImpT",
    "ExpT",
    "FunT",
    "LitT",
    "Meta",
)
"""The chunks that make the checksum, in the order in which they are hashed."""

MANDATORY_CHUNKS = ("Code", "ExpT", "ImpT", "StrT")

MAX_UNPACKED = 1 << 30
"""Bytes that a compressed file or chunk may unpack to."""

_GZIP = b"\x1f\x8b"


def read_chunks(data: bytes, *, file: str = "") -> dict[str, bytes]:
    """Return the chunks of a BEAM file by name, in the order of the file.

    `data` may be gzip-compressed, as `compressed` of compile(3) and
    `beam_lib:strip` leave it. Of two chunks of one name the first counts. `file`
    only names the place in the trouble: BEAM_NOT, BEAM_TRUNCATED.
    """
    if data[:2] == _GZIP:
        data = _unpack(data, zlib.MAX_WBITS | 16, file=file, chunk="")
    if data[:4] != b"FOR1" or data[8:12] != b"BEAM":
        raise Trouble([diagnostic(Code.BEAM_NOT, Place(file=file))])
    end = 8 + int.from_bytes(data[4:8])
    if end > len(data):
        raise _truncated(file, "FOR1", end - len(data))
    chunks: dict[str, bytes] = {}
    position = 12
    while position < end:
        start = position + 8
        if start > end:
            raise _truncated(file, "FOR1", start - end)
        name = data[position : position + 4].decode("latin-1")
        stop = start + int.from_bytes(data[position + 4 : start])
        if stop > end:
            raise _truncated(file, name, stop - end)
        chunks.setdefault(name, data[start:stop])
        position = stop + -stop % 4
    return chunks


def module_name(chunks: Chunks, *, file: str = "") -> str:
    """Return the name of the module, which is the first atom of the file."""
    name, data = _atom_chunk(chunks, file)
    return _read_atoms(name, data, 1, file)[0]


def check_module_name(chunks: Chunks, *, expected: str, file: str = "") -> None:
    """Raise BEAM_MODULE_NAME when the module is not named `expected`.

    The code server refuses to load such a file (code(3), `{error, badfile}`).
    """
    found = module_name(chunks, file=file)
    if found != expected:
        place = Place(file=file)
        raise Trouble(
            [diagnostic(Code.BEAM_MODULE_NAME, place, found=found, expected=expected)]
        )


def md5(chunks: Chunks, *, file: str = "") -> bytes:
    """Return the 16 bytes that `beam_lib:md5` gives for the module.

    They say what the code does: debug information, attributes, line numbers and
    compression do not count. BEAM_CHUNK_MISSING when a chunk of code is absent.
    """
    for name in MANDATORY_CHUNKS:
        _chunk(chunks, name, file)
    checksum = _md5(usedforsecurity=False)
    for name in CHECKSUM_CHUNKS:
        data = chunks.get(name)
        if data is not None:
            checksum.update(_without_old_unique(data) if name == "FunT" else data)
    return checksum.digest()


def exports(chunks: Chunks, *, file: str = "") -> tuple[tuple[str, int], ...]:
    """Return the exported functions as `(name, arity)`, sorted."""
    return _functions(chunks, "ExpT", file)


def imports(chunks: Chunks, *, file: str = "") -> tuple[tuple[str, str, int], ...]:
    """Return the functions called elsewhere: `(module, name, arity)`, sorted."""
    atoms = _atoms(chunks, file)
    rows = _rows(chunks, "ImpT", file)
    try:
        return tuple(sorted((atoms[m], atoms[f], arity) for m, f, arity in rows))
    except KeyError:
        raise _faulty(file, "ImpT", "an atom it names is not in the file") from None


def attributes(chunks: Chunks, *, file: str = "") -> dict[str, Term]:
    """Return the module attributes: name to proper list of values, sorted by name.

    The values of attributes of one name are joined, as `beam_lib:chunks` does.
    Empty when the file has been stripped.
    """
    joined: dict[str, list[Term]] = {}
    for name, value in _pairs(chunks, "Attr", file):
        items = list_items(value)
        if items is None:
            raise _faulty(file, "Attr", f"the value of {name} is no list")
        joined.setdefault(name, []).extend(items)
    return {name: make_list(joined[name]) for name in sorted(joined)}


def behaviours(chunks: Chunks, *, file: str = "") -> tuple[str, ...]:
    """Return the behaviours the module names, in order, either spelling."""
    found = attributes(chunks, file=file)
    return tuple(
        behaviour.name
        for spelling in ("behaviour", "behavior")
        for behaviour in list_items(found.get(spelling, [])) or []
        if isinstance(behaviour, Atom)
    )


def literals(chunks: Chunks, *, file: str = "") -> tuple[bytes, ...]:
    """Return the literals of the code, each in external format, in their order."""
    data = chunks.get("LitT")
    if data is None:
        return ()
    size = int.from_bytes(data[:4])
    # OTP 28 and later write 0 and leave the literals uncompressed
    table = data[4:]
    if size:
        table = _unpack(table, zlib.MAX_WBITS, file=file, chunk="LitT")
    found: list[bytes] = []
    position = 4
    for _ in range(int.from_bytes(table[:4])):
        start = position + 4
        position = start + int.from_bytes(table[position:start])
        if position > len(table) or start > len(table):
            raise _faulty(file, "LitT", "it ends inside a literal")
        found.append(table[start:position])
    return tuple(found)


def entry_label(chunks: Chunks, name: str, arity: int, *, file: str = "") -> int:
    """Return the label at which an exported function starts; 0 when not exported."""
    atoms = _atoms(chunks, file)
    for atom, has, label in _rows(chunks, "ExpT", file):
        if has == arity and atoms.get(atom) == name:
            return label
    return 0


def atom_index(chunks: Chunks, name: str, *, file: str = "") -> int:
    """Return the index, from 1, of an atom in the file; 0 when it has none such."""
    return next((at for at, atom in _atoms(chunks, file).items() if atom == name), 0)


def funs_without_hash(chunks: Chunks) -> bytes:
    """Return the table of funs without what depends on their text only; maybe empty."""
    return _without_old_unique(chunks.get("FunT", b""))


def mentions(chunks: Chunks, word: str) -> bool:
    """Return whether an atom or a literal of the code has this text in it.

    A quick look before a long one: the debug information is not read.
    """
    sought = word.encode()
    atoms = chunks.get("AtU8", chunks.get("Atom", b""))
    return sought in atoms or any(sought in each for each in literals(chunks))


def debug_info(chunks: Chunks) -> tuple[str, bytes] | None:
    """Return the chunk of debug information as it stands, with its name, or None.

    The name is `Dbgi` (external format of `{debug_info_v1, Backend, Data}`) or, of
    compilers before OTP 20, `Abst`. A first byte 0 means it is encrypted.
    """
    for name in ("Dbgi", "Abst"):
        if chunks.get(name):
            return name, chunks[name]
    return None


def _functions(chunks: Chunks, name: str, file: str) -> tuple[tuple[str, int], ...]:
    atoms = _atoms(chunks, file)
    try:
        return tuple(
            sorted((atoms[f], arity) for f, arity, _label in _rows(chunks, name, file))
        )
    except KeyError:
        raise _faulty(file, name, "an atom it names is not in the file") from None


def _pairs(chunks: Chunks, name: str, file: str) -> list[tuple[str, Term]]:
    from dodo_relkit.terms.etf import decode

    if name not in chunks:
        return []
    try:
        items = list_items(decode(chunks[name]))
    except Trouble as trouble:
        reason = ", ".join(each.code.value.title for each in trouble.diagnostics)
        raise _faulty(file, name, reason) from None
    pairs = []
    for item in items if items is not None else [None]:
        match item:
            case (Atom(key), value) if type(item) is tuple:
                pairs.append((key, value))
            case _:
                raise _faulty(file, name, "it is no list of pairs")
    return pairs


def _rows(chunks: Chunks, name: str, file: str) -> list[tuple[int, int, int]]:
    """Return the rows of a table: a count, then three numbers a row."""
    data = _chunk(chunks, name, file)
    count = int.from_bytes(data[:4])
    if len(data) != 4 + 12 * count:
        raise _faulty(file, name, "its size does not fit the number of its rows")
    return list(struct.iter_unpack(">III", data[4:]))


def _atoms(chunks: Chunks, file: str) -> dict[int, str]:
    """Return the atoms of the file by their index, which begins at 1."""
    name, data = _atom_chunk(chunks, file)
    count = abs(int.from_bytes(data[:4], signed=True))
    return dict(enumerate(_read_atoms(name, data, count, file), start=1))


def _atom_chunk(chunks: Chunks, file: str) -> tuple[str, bytes]:
    if "AtU8" in chunks:
        return "AtU8", chunks["AtU8"]
    # before OTP 20
    if "Atom" in chunks:
        return "Atom", chunks["Atom"]
    raise Trouble([diagnostic(Code.BEAM_CHUNK_MISSING, Place(file=file), chunk="AtU8")])


def _read_atoms(name: str, data: bytes, count: int, file: str) -> list[str]:
    """Return the first `count` atoms of the chunk: count:32, then length and name.

    A negative count, of OTP 28 and later, says that the lengths are compact terms:
    `LLLL0000` up to 15, `LLL01000 LLLLLLLL` for more.
    """
    encoding = "utf-8" if name == "AtU8" else "latin-1"
    compact = data[:1] >= b"\x80"
    atoms = []
    position = 4
    try:
        for _ in range(count):
            length = data[position]
            position += 1
            if compact and length & 0x08:
                length = (length & 0xE0) << 3 | data[position]
                position += 1
            elif compact:
                length >>= 4
            stop = position + length
            if stop > len(data):
                raise _faulty(file, name, "it ends inside an atom")
            atoms.append(data[position:stop].decode(encoding))
            position = stop
    except IndexError:
        raise _faulty(file, name, "it has fewer atoms than it says") from None
    except UnicodeDecodeError:
        raise _faulty(file, name, "an atom is not UTF-8") from None
    return atoms


def _without_old_unique(data: bytes) -> bytes:
    """Return the table of funs with the last number of each row set to zero.

    That number depends on the text of the fun and not on its code
    (`beam_lib:md5`).
    """
    cleaned = bytearray(data)
    for start in range(24, len(data) - 3, 24):
        cleaned[start : start + 4] = b"\0\0\0\0"
    return bytes(cleaned)


def _unpack(data: bytes, wbits: int, *, file: str, chunk: str) -> bytes:
    unpacker = zlib.decompressobj(wbits)
    try:
        unpacked = unpacker.decompress(data, MAX_UNPACKED)
    except zlib.error:
        unpacked = b""
    if unpacker.eof:
        return unpacked
    if chunk:
        raise _faulty(file, chunk, "it cannot be uncompressed")
    raise Trouble([diagnostic(Code.BEAM_NOT, Place(file=file))])


def _chunk(chunks: Chunks, name: str, file: str) -> bytes:
    try:
        return chunks[name]
    except KeyError:
        place = Place(file=file)
        missing = diagnostic(Code.BEAM_CHUNK_MISSING, place, chunk=name)
        raise Trouble([missing]) from None


def _truncated(file: str, chunk: str, missing: int) -> Trouble:
    place = Place(file=file)
    return Trouble(
        [diagnostic(Code.BEAM_TRUNCATED, place, chunk=chunk, missing=missing)]
    )


def _faulty(file: str, chunk: str, reason: str) -> Trouble:
    place = Place(file=file)
    return Trouble(
        [diagnostic(Code.BEAM_CHUNK_FAULTY, place, chunk=chunk, reason=reason)]
    )
