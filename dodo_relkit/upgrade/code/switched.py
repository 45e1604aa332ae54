"""Which processes cannot go on with the other version: they are of another kind there.

A plain module that becomes a server has no processes yet; one that was a server and is
none any more has lost them with its child. A supervisor holds the children it is told
to start, of simple_one_for_one, otherwise than those of its specifications, and crashes
when its module changes from one to the other (supervisor, OTP 25).
"""

from __future__ import annotations

from collections.abc import Iterable

from dodo_relkit.upgrade.code.calls import Program
from dodo_relkit.upgrade.code.children import Supervisor, read_supervisor
from dodo_relkit.upgrade.code.kinds import STATEFUL, Kind

_PROCESSES = STATEFUL | {Kind.SUPERVISOR}


def switched(old: Program, new: Program, changed: Iterable[str]) -> frozenset[str]:
    """Return the modules, of those that changed, whose processes cannot go on."""
    return frozenset(name for name in changed if _is_switched(old, new, name))


def process_words(program: Program, module: str) -> str:
    """Return what the processes of a module are, for a message."""
    word = program.kind(module).value
    return f"{word} of dynamic children" if _is_dynamic(program, module) else word


def _is_switched(old: Program, new: Program, module: str) -> bool:
    kinds = {old.kind(module), new.kind(module)}
    if not kinds <= _PROCESSES:
        return False
    if kinds != {Kind.SUPERVISOR}:
        return len(kinds) > 1
    return {_is_dynamic(old, module), _is_dynamic(new, module)} == {True, False}


def _is_dynamic(program: Program, module: str) -> bool | None:
    """Return whether a supervisor has dynamic children only; None when not known."""
    code = program.code.get(module)
    read = None if code is None else read_supervisor(code, program.code)
    return read.is_dynamic if isinstance(read, Supervisor) else None
