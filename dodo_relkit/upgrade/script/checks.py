"""What must hold between the instructions of a script. Changes nothing.

The verdicts are those of `split_script`, `check_load`, `check_suspend_resume` and
`check_start_stop` of systools_rc. Its `code_change_not_suspended` is not here: the
form it looks for is refused as an instruction before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import diagnostic
from dodo_relkit.terms.model import Atom, Term, list_items
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.script.faults import Fault
from dodo_relkit.upgrade.script.instructions import (
    HIGH_LEVEL,
    arguments,
    check_instruction,
    instruction_name,
)

NO_RETURN = Atom("point_of_no_return")
RESTART_NEW = Atom("restart_new_emulator")
RESTART = Atom("restart_emulator")

BEFORE = ("load_object_code", "apply")
"""What may stand before the point of no return."""

PAIRS = (
    ("suspend", "resume", "suspended_not_resumed", Code.SUSPENDED_NOT_RESUMED),
    ("resume", "suspend", "resumed_not_suspended", Code.RESUMED_NOT_SUSPENDED),
    ("start", "stop", "start_not_stop", Code.STARTED_NOT_STOPPED),
    ("stop", "start", "stop_not_start", Code.STOPPED_NOT_STARTED),
)
"""A module that the first names the second must name too; else the tag, the code."""


def check_before(before: Iterable[Term]) -> list[Fault]:
    """Return RK715 for what may not stand before the point of no return."""
    return [
        Fault(
            reason=(Atom("bad_op_before_point_of_no_return"), each),
            told=diagnostic(Code.BEFORE_NO_RETURN, instruction=format_term(each)),
        )
        for each in before
        if type(each) is not tuple
        or len(each) != 2
        or instruction_name(each) not in BEFORE
    ]


def check_one_point(script: Iterable[Term]) -> list[Fault]:
    """Return RK716 when there are several points of no return."""
    if sum(each is NO_RETURN for each in script) < 2:
        return []
    reason = Atom("too_many_point_of_no_return")
    return [Fault(reason=reason, told=diagnostic(Code.NO_RETURN_TWICE))]


def check_pairs(before: Sequence[Term], after: Sequence[Term]) -> list[Fault]:
    """Return RK717 to RK721: what is done by halves.

    The instructions must be sound each for itself.
    """
    faults = _check_loads(before, after)
    for name, other, tag, code in PAIRS:
        there = _modules(after, other)
        alone = [each for each in _modules(after, name) if each not in there]
        if alone:
            names = tuple(dict.fromkeys(each.name for each in alone))
            told = diagnostic(code, modules=names)
            faults.append(Fault(reason=(Atom(tag), list(alone)), told=told))
    return faults


def check_relup_script(script: Sequence[Term]) -> list[Fault]:
    """Return what is wrong with a whole script of a relup.

    All that is checked of the instructions of an appup, and RK728 for a high-level
    instruction, RK729 without a point of no return.
    """
    faults = check_one_point(script)
    for each in script:
        if instruction_name(each) in HIGH_LEVEL:
            told = diagnostic(Code.SCRIPT_NOT_LOW_LEVEL, instruction=format_term(each))
            reason: Term = (Atom("bad_instruction"), each)
            faults.append(Fault(reason=reason, told=told))
            continue
        faults += check_instruction(each)
    if NO_RETURN not in script:
        told = diagnostic(Code.NO_POINT_OF_NO_RETURN)
        faults.append(Fault(reason=Atom("no_point_of_no_return"), told=told))
    if faults:
        return faults
    at = script.index(NO_RETURN)
    # the new emulator is started before all else: systools_relup
    before = script[1:at] if script[0] is RESTART_NEW else script[:at]
    return [*check_before(before), *check_pairs(before, script[at + 1 :])]


def _check_loads(before: Iterable[Term], after: Iterable[Term]) -> list[Fault]:
    fetched = {
        module
        for each in before
        if instruction_name(each) == "load_object_code"
        for module in list_items(arguments(each)[2]) or ()
        if type(module) is Atom
    }
    loaded = [arguments(each)[0] for each in after if instruction_name(each) == "load"]
    return [
        Fault(
            reason=(Atom("no_object_code"), module),
            told=diagnostic(Code.NO_OBJECT_CODE, module=module.name),
        )
        for module in loaded
        if type(module) is Atom and module not in fetched
    ]


def _modules(script: Iterable[Term], name: str) -> list[Atom]:
    """Return the modules that the instructions of this name are about."""
    found: list[Atom] = []
    for each in script:
        if instruction_name(each) == name:
            for item in list_items(arguments(each)[0]) or ():
                module = item[0] if type(item) is tuple else item
                if type(module) is Atom:
                    found.append(module)
    return found
