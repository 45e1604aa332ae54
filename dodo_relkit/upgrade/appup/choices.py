"""How each module changes: what the user asked for, or what its processes need.

Takes both versions, read; the table of strategies is in `strategies.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dodo_relkit.terms.model import Term
from dodo_relkit.upgrade.appup.child_changes import ChildChanges
from dodo_relkit.upgrade.appup.order import Uses
from dodo_relkit.upgrade.appup.strategies import Choice, Strategy, choose
from dodo_relkit.upgrade.appup.view import View
from dodo_relkit.upgrade.code.kinds import STATEFUL
from dodo_relkit.upgrade.code.model import ModuleCode
from dodo_relkit.upgrade.code.returns import constant, returned


def choices(
    view: View,
    children: ChildChanges,
    names: Iterable[str],
    uses: Uses,
    wished: Mapping[str, Strategy],
) -> dict[str, Choice]:
    """Return the choice for each of `names`, modules of both versions.

    `uses`: which others with instructions each of them calls.
    """
    found = {}
    switched = view.switched
    for name in sorted(names):
        if name in switched and name not in wished:
            found[name] = _loaded(*view.words(name))
        elif name in children.exchanged and name not in wished:
            reason = (
                "its process has another name: it is stopped before and started after"
            )
            found[name] = Choice(strategy=Strategy.LOAD, reason=reason)
        elif name in view.changed:
            found[name] = _choice(view, children, name, uses[name], wished)
        else:
            reason = "its children changed"
            found[name] = Choice(strategy=Strategy.SUPERVISOR, reason=reason)
    return found


def _choice(
    view: View,
    children: ChildChanges,
    name: str,
    uses: tuple[str, ...],
    wished: Mapping[str, Strategy],
) -> Choice:
    if name in wished:
        return Choice(strategy=wished[name], reason="asked for")
    old, new = view.kinds(name)
    if old.kind is not new.kind and (new.kind in STATEFUL or old.kind in STATEFUL):
        return _loaded(old.kind.value, new.kind.value)
    others = sorted(children.listed.get(name, frozenset()) - {name})
    modes = (_mode(each.program.code, name) for each in (view.older, view.newer))
    return choose(
        old,
        new,
        uses_changed=bool(uses),
        listed_by=others[0] if others else "",
        asks_mode=next(modes) != next(modes),
    )


def _loaded(old: str, new: str) -> Choice:
    reason = f"was a {old}, is a {new}: no process to update"
    return Choice(strategy=Strategy.LOAD, reason=reason)


def _mode(codes: Mapping[str, ModuleCode], name: str) -> tuple[Term | None, ...]:
    code = codes.get(name)
    function = code.function("callback_mode", 0) if code else None
    if code is None or function is None:
        return ()
    return tuple(constant(each) for each in returned(code, function, codes))
