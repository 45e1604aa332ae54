"""Which children that were told to start could not be started again by the new code.

A supervisor of dynamic children starts one that crashed with the arguments that it was
given when it began, and no update changes these. Takes both versions, read. Looks at
children that are restarted, at what `init/1` and the function that starts them take,
and at what `start_child` is given: both must have changed.
"""

from __future__ import annotations

from collections.abc import Iterator

from dodo_relkit.terms.model import Atom, same
from dodo_relkit.upgrade.appup.starters import read_starts
from dodo_relkit.upgrade.appup.suspensions import Running
from dodo_relkit.upgrade.appup.view import View
from dodo_relkit.upgrade.code.calls import Program
from dodo_relkit.upgrade.code.child_specs import may_be_temporary
from dodo_relkit.upgrade.code.children import (
    Child,
    Supervisor,
    read_child,
    read_supervisor,
)
from dodo_relkit.upgrade.code.kinds import STATEFUL
from dodo_relkit.upgrade.code.model import (
    Constant,
    Expression,
    Function,
    ListOf,
    MapOf,
    Match,
    RecordOf,
    TupleOf,
    Variable,
)
from dodo_relkit.upgrade.code.returns import constant, items_of, simplify


def stranded(view: View) -> tuple[str, ...]:
    """Return the modules of such children, sorted, that changed; on either way."""
    older, newer = view.older, view.newer
    if _given(older) == _given(newer):
        return ()
    begun = read_starts(older.program, older.calls).children
    begun |= read_starts(newer.program, newer.calls).children
    return tuple(
        name
        for name in sorted(begun & set(view.changed))
        if {older.program.kind(name), newer.program.kind(name)} <= STATEFUL
        and not _may_end(older.program, name)
        and not _may_end(newer.program, name)
        and _take_others(older.program, newer.program, name)
    )


def _given(running: Running) -> set[str]:
    """Return the forms of all that `start_child` is given, as text."""
    return {
        _form(simplify(code, call.arguments[1], call.bindings, running.program.code))
        for point, outside in running.calls.outside.items()
        if (code := running.program.code.get(point[0]))
        for call in outside
        if call.name == "start_child" and len(call.arguments) > 1
    }


def _form(expression: Expression) -> str:
    match expression:
        case TupleOf(items):
            return f"{{{','.join(map(_form, items))}}}"
        case ListOf(items, None):
            return f"[{','.join(map(_form, items))}]"
        case MapOf(pairs, None):
            return (
                f"#{{{','.join(sorted(f'{_form(k)}:{_form(v)}' for k, v in pairs))}}}"
            )
        case Constant(term):
            return repr(term)
        case _:
            return "_"


def _may_end(program: Program, module: str) -> bool:
    """Tell whether its supervisor may leave such a child ended: `temporary`."""
    children = list(_templates(program, module))
    if not children:
        code = program.code[module]
        children.append(read_child(Constant(Atom(module)), code, program.code))
    return any(may_be_temporary(each) for each in children)


def _templates(program: Program, module: str) -> Iterator[Child]:
    for code in program.code.values():
        read = read_supervisor(code, program.code)
        template = read.template if isinstance(read, Supervisor) else None
        if template is not None and template.module == module:
            yield template


def _take_others(old: Program, new: Program, module: str) -> bool:
    before, after = old.code[module].functions, new.code[module].functions
    return any(
        not (
            _takes_all(before[key], after[key]) and _takes_all(after[key], before[key])
        )
        for key in before.keys() & after.keys()
        if key == ("init", 1) or key[0] == "start_link"
    )


def _takes_all(old: Function, new: Function) -> bool:
    """Tell whether each clause of the old function has one of the new that takes it."""
    return all(
        any(all(map(_takes, clause.patterns, given.patterns)) for clause in new.clauses)
        for given in old.clauses
    )


def _takes(pattern: Expression, given: Expression) -> bool:
    """Tell whether a pattern takes all that the other does, or it cannot be told."""
    pattern, given = _structure(pattern), _structure(given)
    if isinstance(pattern, Variable):
        return True
    one, other = constant(pattern), constant(given)
    if one is not None and other is not None:
        return same(one, other)
    match pattern, given:
        case TupleOf(ones), TupleOf(others):
            return len(ones) == len(others) and all(map(_takes, ones, others))
        case RecordOf(name=one_name), RecordOf(name=other_name):
            return one_name == other_name
        case MapOf(ones_of), MapOf(others_of):
            known = [constant(key) for key, _ in others_of]
            return all(constant(key) in known for key, _ in ones_of)
        case (ListOf(_, None), ListOf(_, None)):
            ones, others = items_of(pattern) or (), items_of(given) or ()
            return len(ones) == len(others) and all(map(_takes, ones, others))
        case _:
            return type(pattern) is type(given)


def _structure(pattern: Expression) -> Expression:
    match pattern:
        case Match(left, right):
            return right if isinstance(left, Variable) else left
        case _:
            return pattern
