"""For which machine an ELF file is. Looks at nothing but its first bytes."""

from __future__ import annotations

import struct

HEAD = 20
"""How many bytes of a file `machine_of` needs."""

MACHINES = {
    3: "x86",
    8: "mips",
    20: "powerpc",
    21: "powerpc64",
    22: "s390",
    40: "arm",
    43: "sparc64",
    62: "x86-64",
    183: "aarch64",
    243: "riscv",
    258: "loongarch",
}
"""`e_machine`, as in elf.h."""

WIDTHS = {1: 32, 2: 64}
ORDERS = {1: ("<", "little"), 2: (">", "big")}


def machine_of(head: bytes) -> str | None:
    """Return the machine, as `x86-64, 64 bit, little endian`; None when no ELF file.

    Takes the first 20 bytes of the file, or more. Two files that can run in one
    process give the same text.
    """
    if len(head) < HEAD or not head.startswith(b"\x7fELF"):
        return None
    width, order = WIDTHS.get(head[4]), ORDERS.get(head[5])
    if width is None or order is None:
        return None
    (number,) = struct.unpack_from(f"{order[0]}H", head, 18)
    name = MACHINES.get(number, f"machine {number}")
    return f"{name}, {width} bit, {order[1]} endian"
