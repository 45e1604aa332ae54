"""Whether the tree of an application begins otherwise than before.

Takes both versions, read. The supervisor at its top is started with the application,
and by nothing else (application(3)): no instruction but a restart exchanges it.
"""

from __future__ import annotations

from dodo_relkit.terms.model import Atom
from dodo_relkit.upgrade.app_version import AppVersion
from dodo_relkit.upgrade.appup.view import View
from dodo_relkit.upgrade.code.calls import Program
from dodo_relkit.upgrade.code.model import Call, Constant, Expression, atom_of
from dodo_relkit.upgrade.code.returns import items_of, returned

_SUPERVISORS = ("Elixir.Supervisor", "Elixir.DynamicSupervisor")


def root_change(view: View) -> str:
    """Return in words what became of the top of the tree; empty when it stays.

    Also empty when it cannot be read in one of the versions.
    """
    old, new = _start_module(view.old), _start_module(view.new)
    if not old and not new:
        return ""
    if not old:
        return "starts no process in the older version"
    if not new:
        return "starts no process in the newer version"
    before = _root(view.older.program, old)
    after = _root(view.newer.program, new)
    if not before or not after or before == after:
        return ""
    return f"begins with {after} in the newer version and with {before} in the older"


def _start_module(version: AppVersion) -> str:
    match version.spec.mod:
        case (Atom(name), _):
            return name
        case _:
            return ""


def _root(program: Program, module: str) -> str:
    """Return the supervisor that `start/2` starts; empty when it cannot be told."""
    code = program.code.get(module)
    function = code.function("start", 2) if code else None
    if code is None or function is None:
        return ""
    values = returned(code, function, program.code)
    found = {name for value in values if (name := _started(value))}
    return found.pop() if len(found) == 1 else ""


def _started(value: Expression) -> str:
    match value:
        case Call(
            Constant(Atom("supervisor")),
            Constant(Atom("start_link")),
            (module, _) | (_, module, _),
        ):
            return atom_of(module) or ""
        case Call(
            Constant(Atom(supervisor)), Constant(Atom("start_link")), (first, *_)
        ) if supervisor in _SUPERVISORS:
            name = atom_of(first)
            if name:
                return name
            return "a list of children" if items_of(first) is not None else ""
        case _:
            return ""
