"""How one module changes on a running node: the choice, and the instruction for it.

| module, in the newer version                    | choice                        |
|-------------------------------------------------|-------------------------------|
| supervisor                                      | update as a supervisor        |
| server with a `code_change` by the user         | update with code_change       |
| gen_statem with the default, whose callback     | update with code_change,      |
| mode changed                                    | `static`                      |
| server with the default, uses changed modules   | update, suspended only        |
| server with the default, uses none              | load                          |
| special process                                 | update; code_change if own    |
| in the `modules` of a child that another runs   | update, suspended only        |
| anything else                                   | load                          |

The newer version decides in both directions: release_handler calls its `code_change` on
the way up after loading it, and on the way down before it loads the older (appup(4),
`dynamic`). The default `code_change` gives the state back as it is, so calling it does
nothing but stop the server for a while, and a module that has none makes the upgrade
fail where it is called. A server that uses other changed modules is suspended all the
same, so that it never runs with one of them new and another old. A special process
leaves its old code only when it is suspended and resumed. A gen_statem asks for its
callback mode right after code_change, so there the code that will run is loaded first;
on the way down that is the older's, which must have the default too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dodo_relkit.terms.model import Atom, Term, make_list
from dodo_relkit.upgrade.code.kinds import CodeChange, Kind, ModuleKind


class Strategy(Enum):
    """How a module changes; the values are what a configuration says."""

    LOAD = "load"
    UPDATE_SOFT = "update_soft"
    UPDATE_ADVANCED = "update_advanced"
    SUPERVISOR = "supervisor"
    RESTART_APP = "restart_app"
    RESTART_EMULATOR = "restart_emulator"
    SKIP = "skip"


class PurgeMethod(Enum):
    """What happens to processes that still run old code."""

    BRUTAL = "brutal_purge"
    """They are killed."""
    SOFT = "soft_purge"
    """The upgrade fails before it begins (`before`), or leaves them (`after`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """How a module is purged before and after it is loaded (appup(4))."""

    before: PurgeMethod = PurgeMethod.BRUTAL
    after: PurgeMethod = PurgeMethod.BRUTAL


BRUTAL = Purge()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A strategy and why it was chosen."""

    strategy: Strategy
    reason: str
    static: bool = False
    """Whether, on the way down, the older code is loaded before code_change."""


def choose(
    old: ModuleKind,
    new: ModuleKind,
    *,
    uses_changed: bool,
    listed_by: str,
    asks_mode: bool,
) -> Choice:
    """Return how a module that stays of one kind changes.

    `uses_changed`: whether it calls modules that change too; `listed_by`: a module
    whose processes list this one; `asks_mode`: whether its `callback_mode` changed.
    """
    match new.kind:
        case Kind.SUPERVISOR:
            return Choice(
                strategy=Strategy.SUPERVISOR,
                reason="a supervisor takes over the new specifications of its children",
            )
        case Kind.PLAIN | Kind.APPLICATION if listed_by:
            return Choice(
                strategy=Strategy.UPDATE_SOFT,
                reason=f"processes of {listed_by} list it among their modules",
            )
        case Kind.PLAIN | Kind.APPLICATION:
            return Choice(strategy=Strategy.LOAD, reason="no process keeps its state")
    return _choose_server(old, new, uses_changed, asks_mode)


def _choose_server(
    old: ModuleKind, new: ModuleKind, uses_changed: bool, asks_mode: bool
) -> Choice:
    name = new.kind.value
    if new.code_change is CodeChange.WRITTEN:
        how = "is written by the user" if new.sure else "is no known default"
        return Choice(
            strategy=Strategy.UPDATE_ADVANCED,
            reason=f"{name} whose code_change {how}",
        )
    if asks_mode and new.code_change is CodeChange.KEEPS:
        return Choice(
            strategy=Strategy.UPDATE_ADVANCED,
            reason="gen_statem asks for its callback_mode, which changed, only after "
            "code_change",
            static=old.code_change is CodeChange.KEEPS,
        )
    if new.kind is Kind.SPECIAL:
        return Choice(
            strategy=Strategy.UPDATE_SOFT,
            reason="a special process takes its new code when it is resumed",
        )
    if uses_changed:
        return Choice(
            strategy=Strategy.UPDATE_SOFT,
            reason=f"{name} without code_change of its own that uses changed modules",
        )
    return Choice(
        strategy=Strategy.LOAD,
        reason=f"{name} without code_change of its own: its state stays as it is",
    )


def instruction(
    module: str, choice: Choice, purge: Purge, uses: tuple[str, ...]
) -> Term:
    """Return the instruction of appup(4), in the shortest form that says all."""
    name, used = Atom(module), make_list(Atom(each) for each in uses)
    purged = (Atom(purge.before.value), Atom(purge.after.value))
    advanced: Term = (Atom("advanced"), [])
    match choice.strategy:
        case Strategy.SUPERVISOR if purge == BRUTAL and not uses:
            return (Atom("update"), name, Atom("supervisor"))
        case strategy if strategy is Strategy.SUPERVISOR or choice.static:
            kind = (Atom("static"), Atom("default"), advanced)
            return (Atom("update"), name, *kind, *purged, used)
        case Strategy.UPDATE_ADVANCED:
            head: tuple[Term, ...] = (Atom("update"), name, advanced)
        case Strategy.UPDATE_SOFT:
            head = (Atom("update"), name, Atom("soft"))
        case _:
            head = (Atom("load_module"), name)
    if purge != BRUTAL:
        return (*head, *purged, used)
    return (*head, used) if uses else head
