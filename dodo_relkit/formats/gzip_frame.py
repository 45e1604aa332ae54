"""What surrounds deflated data to make one gzip member, and how checksums add up.

Compresses nothing: the deflated segments come from elsewhere.
"""

from __future__ import annotations

import struct
from functools import cache

HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""Deflate, no flags, no name, time 0, no extra flags, operating system unknown."""

POLYNOMIAL = 0xEDB88320
"""Of CRC-32, the lowest power in the highest bit (RFC 1952, section 8)."""

ONE = 1 << 31
X = 1 << 30
"""The polynomials 1 and x in that bit order."""


def trailer(crc: int, size: int) -> bytes:
    """Return the last eight bytes of a gzip member (RFC 1952, 2.3.1)."""
    return struct.pack("<II", crc, size & 0xFFFFFFFF)


def crc_shift(size: int) -> int:
    """Return the factor by which `size` bytes put behind some data change its CRC-32.

    It is x to the power of 8 times `size`, modulo the polynomial: worth keeping with
    a segment, as `crc_join` then is one multiplication.
    """
    factor = ONE
    for bit in range(size.bit_length()):
        if size >> bit & 1:
            factor = _times(factor, _byte_power(bit))
    return factor


def crc_join(crc: int, crc_behind: int, shift_behind: int) -> int:
    """Return the CRC-32 of two byte strings, one behind the other.

    Takes the CRC-32 of each and the `crc_shift` of the second one's length. The
    initial and final inversions of CRC-32 cancel out, so the rule is: shift, then xor.
    """
    return _times(crc, shift_behind) ^ crc_behind


@cache
def _byte_power(bit: int) -> int:
    """Return x to the power of 8 * 2**bit, modulo the polynomial."""
    if bit == 0:
        return X >> 7
    half = _byte_power(bit - 1)
    return _times(half, half)


def _times(left: int, right: int) -> int:
    """The product of two polynomials over GF(2), modulo the polynomial of CRC-32."""
    product = 0
    while left:
        if left & ONE:
            product ^= right
        left = left << 1 & 0xFFFFFFFF
        right = right >> 1 ^ (POLYNOMIAL if right & 1 else 0)
    return product
