"""From the scripts of several appups to one draft in the long forms of instructions.

The first passes; they know nothing of applications and of dependencies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import diagnostic
from dodo_relkit.terms.model import Atom, Improper, Term, list_items
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.script.checks import NO_RETURN, check_before, check_one_point
from dodo_relkit.upgrade.script.draft import Draft, Journey, Script
from dodo_relkit.upgrade.script.faults import CRASH, Fault, stop_on_faults
from dodo_relkit.upgrade.script.instructions import instruction_name

BRUTAL = Atom("brutal_purge")
DEFAULT = Atom("default")
DYNAMIC = Atom("dynamic")
PERMANENT = Atom("permanent")
SOFT = Atom("soft")
STATIC = Atom("static")
SUPERVISOR: tuple[Term, ...] = (STATIC, DEFAULT, (Atom("advanced"), []))
"""Kind, timeout and change of a module that holds no state but its children."""


def expand_short_forms(script: Iterable[Term]) -> Script:
    """Write each instruction out, and put the elements of a list in its place.

    Before: what an appup says. After: one instruction an element; those of
    appup(4) that leave arguments out have all of them. Raises `ScriptTrouble` (RK712)
    for an improper list.
    """
    return tuple(_expand(script))


def merge(scripts: Iterable[Sequence[Term]]) -> Draft:
    """Make one draft of several scripts.

    Before: long forms. After: what stood before each point of no return stands in
    `before`, with every load_object_code. Raises `ScriptTrouble` (RK715, RK716).
    """
    before: list[Term] = []
    after: list[Term] = []
    for script in scripts:
        stop_on_faults(check_one_point(script))
        at = script.index(NO_RETURN) if NO_RETURN in script else -1
        head, rest = script[: max(at, 0)], script[at + 1 :]
        stop_on_faults(check_before(head))
        before += [*head, *(each for each in rest if _is_object_code(each))]
        after += [each for each in rest if not _is_object_code(each)]
    return Draft(before=tuple(before), after=tuple(after))


def normalise(draft: Draft, _: Journey) -> Draft:
    """Give instructions about modules one form each.

    Before: sound instructions. After: `update` has seven arguments, `load_module`
    four, `add_module` and `delete_module` two.
    """
    return Draft(
        before=draft.before, after=tuple(_normal(each) for each in draft.after)
    )


def _expand(script: Iterable[Term]) -> Iterator[Term]:
    for instruction in script:
        items = list_items(instruction)
        if items is not None:
            yield from items
        elif isinstance(instruction, Improper):
            stop_on_faults([_improper(instruction)])
        else:
            yield _long_form(instruction)


def _improper(instruction: Term) -> Fault:
    """Return the fault of a list that cannot be put in its place."""
    told = diagnostic(
        Code.INSTRUCTION_UNKNOWN, instruction=format_term(instruction), name=""
    )
    return Fault(reason=CRASH, told=told)


def _long_form(instruction: Term) -> Term:
    if type(instruction) is not tuple:
        return instruction
    match instruction:
        case (Atom("load_module"), module):
            return (instruction[0], module, BRUTAL, BRUTAL, [])
        case (Atom("load_module"), module, modules) if _is_list(modules):
            return (instruction[0], module, BRUTAL, BRUTAL, modules)
        case (Atom("add_application"), _):
            return (*instruction, PERMANENT)
        case (Atom("update"), *rest):
            return _long_update(instruction, rest)
        case _:
            return instruction


def _long_update(instruction: tuple[Term, ...], rest: Sequence[Term]) -> Term:
    match rest:
        case [module]:
            return (instruction[0], module, SOFT, BRUTAL, BRUTAL, [])
        case [module, Atom("supervisor")]:
            return (instruction[0], module, *SUPERVISOR, BRUTAL, BRUTAL, [])
        case [module, change] if _is_change(change):
            return (instruction[0], module, change, BRUTAL, BRUTAL, [])
        case [module, modules] if _is_list(modules):
            return (instruction[0], module, SOFT, BRUTAL, BRUTAL, modules)
        case [module, change, modules] if _is_change(change) and _is_list(modules):
            return (instruction[0], module, change, BRUTAL, BRUTAL, modules)
        case _:
            return instruction


def _normal(instruction: Term) -> Term:
    if type(instruction) is not tuple:
        return instruction
    match instruction:
        case (Atom("update"), module, _, _, _, _):
            return (instruction[0], module, DYNAMIC, DEFAULT, *instruction[2:])
        case (Atom("update"), module, _, _, _, _, _):
            return (instruction[0], module, DYNAMIC, *instruction[2:])
        case (Atom("add_module" | "delete_module"), _):
            return (*instruction, [])
        case _:
            return instruction


def _is_object_code(instruction: Term) -> bool:
    return (
        instruction_name(instruction) == "load_object_code"
        and type(instruction) is tuple
        and len(instruction) == 2
    )


def _is_change(value: Term) -> bool:
    return type(value) is tuple or value is SOFT


def _is_list(value: Term) -> bool:
    return isinstance(value, Improper) or list_items(value) is not None
