"""Where a module hands out funs that somebody may hold until its code is purged.

An anonymous fun, and `fun name/1` without a module, belong to the version of the module
that made them. When that version is purged, which release_handler does right after it
loaded the newer, a call of such a fun fails with `badfun`, unless the newer has the
same one; a process that is inside it is killed (brutal) or keeps the module from being
purged (soft). To have one does neither: code(3), since ERTS 9.0. `fun m:f/1` is not
concerned.
"""

from __future__ import annotations

from dataclasses import dataclass

from dodo_relkit.upgrade.code.model import FunName, FunOf, ModuleCode
from dodo_relkit.upgrade.review.handed_over import handed_over


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFun:
    """A fun that leaves the function that makes it."""

    function: str
    line: int
    holder: str
    """What becomes of it, in words."""


def held_funs(code: ModuleCode, *, has_state: bool) -> tuple[HeldFun, ...]:
    """Return the funs of a module that may outlive a call, in the order of the source.

    `has_state`: whether what its callbacks return is kept by a process.
    """
    found: list[HeldFun] = []
    for function in code.functions.values():
        for value, holder in handed_over(function, has_state=has_state):
            match value:
                case FunOf(line=line) | FunName(module=None, line=line):
                    one = HeldFun(
                        function=f"{function.name}/{function.arity}",
                        line=line or function.line,
                        holder=holder.value,
                    )
                    if one not in found:
                        found.append(one)
    return tuple(found)
