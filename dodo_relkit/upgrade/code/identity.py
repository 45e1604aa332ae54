"""Whether compiled code of a function gives back `{ok, State}` and does nothing else.

For beams without debug information: the default `code_change` is compiled to the same
few instructions by every compiler, so their bytes are made here and compared. Reads
nothing else of the code.

    {label, Entry}. {test_heap, Words, Live}. {put_tuple2, {x,0}, [ok, …]}. return.

Numbers of instructions and the form of their arguments: `genop.tab` and `beam_asm` of
the compiler application; `put_tuple2` is there since OTP 22.
"""

from __future__ import annotations

from dodo_relkit.diagnostics import Trouble
from dodo_relkit.formats import beam

_LABEL, _TEST_HEAP, _RETURN, _PUT_TUPLE2 = 1, 16, 19, 164
_NUMBER, _ATOM, _REGISTER, _LIST = 0, 2, 3, 0x17
_LARGEST_SHORT, _LARGEST_MIDDLE = 16, 2048


def is_identity(
    chunks: beam.Chunks, name: str, arity: int, *, kept: tuple[int, ...]
) -> bool:
    """Return whether function `name/arity` is just `{ok, …}` of its arguments `kept`.

    `kept` counts arguments from 0. False when the code is anything else, or cannot be
    read.
    """
    try:
        entry = beam.entry_label(chunks, name, arity)
        ok = beam.atom_index(chunks, "ok")
    except Trouble:
        return False
    if not entry or not ok:
        return False
    size = 1 + len(kept)
    registers = b"".join(_compact(_REGISTER, each) for each in kept)
    wanted = b"".join(
        (
            bytes([_LABEL]) + _compact(_NUMBER, entry),
            bytes([_TEST_HEAP]) + _compact(_NUMBER, size + 1),
            _compact(_NUMBER, max(kept) + 1),
            bytes([_PUT_TUPLE2]) + _compact(_REGISTER, 0),
            bytes([_LIST]) + _compact(_NUMBER, size) + _compact(_ATOM, ok) + registers,
            bytes([_RETURN]),
        )
    )
    return wanted in chunks["Code"]


def _compact(tag: int, number: int) -> bytes:
    """Return an argument: a tag of three bits and a number below 2048."""
    if number < _LARGEST_SHORT:
        return bytes([number << 4 | tag])
    if number < _LARGEST_MIDDLE:
        return bytes([(number >> 8) << 5 | 0x08 | tag, number & 0xFF])
    return bytes([0x18 | tag]) + number.to_bytes(2, "big")
