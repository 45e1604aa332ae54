"""Which upgrade instructions there are, and which arguments they take (appup(4)).

Looks at one instruction at a time; what holds between them is in `checks.py`.
The table has the forms that are left when the short ones are expanded (`expand.py`).
The verdicts are those of `check_op` of systools_rc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import diagnostic
from dodo_relkit.terms.model import Atom, Improper, Term, list_items
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.script.faults import CRASH, Fault

Refusals = Iterator[tuple[str, Term]]
"""The tags of systools_rc and the values they are about; `""` is a crash."""

Check = Callable[[Term], Refusals]

EXPECTED = {
    "": "a proper list",
    "bad_application": "an atom, the name of an application",
    "bad_args_list": "a list of arguments",
    "bad_change": "soft or {advanced, Extra}",
    "bad_code_change": "a pair {Module, Extra}",
    "bad_func": "an atom, the name of a function",
    "bad_lib": "an atom, the name of an application",
    "bad_lib_vsn": "a string, the version of an application",
    "bad_list": "a list",
    "bad_mod_type": "static or dynamic",
    "bad_mode": "up or down",
    "bad_module": "an atom, the name of a module",
    "bad_node": "an atom, the name of a node",
    "bad_purge_method": "soft_purge or brutal_purge",
    "bad_start_type": "permanent, transient, temporary, load or none",
    "bad_timeout": "default, infinity or a positive integer",
}
"""What a value that is refused under a tag should be."""


def _atom(tag: str) -> Check:
    def check(value: Term) -> Refusals:
        if type(value) is not Atom:
            yield tag, value

    return check


def _one_of(tag: str, *names: str) -> Check:
    allowed = frozenset(Atom(name) for name in names)

    def check(value: Term) -> Refusals:
        if type(value) is not Atom or value not in allowed:
            yield tag, value

    return check


def _list(tag: str) -> Check:
    def check(value: Term) -> Refusals:
        if not _is_list(value):
            yield tag, value

    return check


def _each(of_one: Check) -> Check:
    """Check the elements of what `_list` takes; systools crashes on an improper end."""

    def check(value: Term) -> Refusals:
        improper = isinstance(value, Improper)
        items = value.items if isinstance(value, Improper) else list_items(value) or ()
        for item in items:
            yield from of_one(item)
        if improper:
            yield "", value

    return check


def _change(value: Term) -> Refusals:
    match value:
        case Atom("soft"):
            return
        case (Atom("advanced"), _) if type(value) is tuple:
            return
    yield "bad_change", value


def _timeout(value: Term) -> Refusals:
    if value in (Atom("default"), Atom("infinity")):
        return
    if type(value) is not int or value <= 0:
        yield "bad_timeout", value


def _suspended(value: Term) -> Refusals:
    if type(value) is tuple and len(value) == 2:
        yield from _module(value[0])
        yield from _timeout(value[1])
        return
    yield from _module(value)


def _code_changed(value: Term) -> Refusals:
    if type(value) is not tuple or len(value) != 2:
        yield "bad_code_change", value
        return
    yield from _module(value[0])


_module = _atom("bad_module")
_purge = _one_of("bad_purge_method", "soft_purge", "brutal_purge")
_app = _atom("bad_application")
_a_list = _list("bad_list")
_start_type = _one_of(
    "bad_start_type", "none", "load", "temporary", "transient", "permanent"
)


def _list_of(of_one: Check, at: int = 0) -> tuple[tuple[int, Check], ...]:
    return ((at, _a_list), (at, _each(of_one)))


Arguments = tuple[tuple[int, Check], ...]
"""Places of arguments and what is checked there, in the order of systools."""

_PURGED = ((0, _module), (1, _purge), (2, _purge))
_CALL = ((0, _module), (1, _atom("bad_func")), (2, _list("bad_args_list")))
_CHANGED: Arguments = ((1, _purge), (2, _purge), *_list_of(_module, 3))

WORDS = frozenset(
    {
        "point_of_no_return",
        "restart_new_emulator",
        "restart_emulator",
        "restart",
        "reboot",
    }
)
"""Instructions that are an atom."""

_UPDATE = ((0, _change), (1, _purge), (2, _purge), *_list_of(_module, 3))


def _after(first: Arguments, rest: Arguments) -> Arguments:
    """Put the checks of `first`, one for each argument, before those of `rest`."""
    return (*first, *((at + len(first), check) for at, check in rest))


FORMS: dict[tuple[str, int], Arguments] = {
    # high level: {update, Module, ...}, number of arguments
    ("update", 5): _after(((0, _module),), _UPDATE),
    ("update", 6): _after(((0, _module), (1, _timeout)), _UPDATE),
    ("update", 7): _after(
        (
            (0, _module),
            (1, _one_of("bad_mod_type", "static", "dynamic")),
            (2, _timeout),
        ),
        _UPDATE,
    ),
    ("load_module", 4): ((0, _module), *_CHANGED),
    ("add_module", 1): ((0, _module),),
    ("add_module", 2): ((0, _module), *_list_of(_module, 1)),
    ("delete_module", 1): ((0, _module),),
    ("delete_module", 2): ((0, _module), *_list_of(_module, 1)),
    ("add_application", 2): ((0, _app), (1, _start_type)),
    ("remove_application", 1): ((0, _app),),
    ("restart_application", 1): ((0, _app),),
    # low level
    ("purge", 1): _list_of(_module),
    ("suspend", 1): _list_of(_suspended),
    ("resume", 1): _list_of(_module),
    ("code_change", 1): _list_of(_code_changed),
    ("code_change", 2): (
        (1, _a_list),
        (0, _one_of("bad_mode", "up", "down")),
        (1, _each(_code_changed)),
    ),
    ("stop", 1): _list_of(_module),
    ("start", 1): _list_of(_module),
    ("sync_nodes", 2): _list_of(_atom("bad_node"), 1),
}
"""Instructions `{Name, Argument, ...}`."""

NESTED: dict[tuple[str, int], Arguments] = {
    ("load_object_code", 1): (
        (0, _atom("bad_lib")),
        (1, _list("bad_lib_vsn")),
        *_list_of(_module, 2),
    ),
    ("load", 1): _PURGED,
    ("remove", 1): _PURGED,
    ("apply", 1): _CALL,
    ("sync_nodes", 2): _CALL,
}
"""Instructions whose last argument is a tuple of three, the checks being of these."""

SHORT = (
    ("update", 1),
    ("update", 2),
    ("update", 3),
    ("load_module", 1),
    ("load_module", 2),
    ("add_application", 1),
)
"""Forms that leave arguments out, and are written out before anything is checked."""

HIGH_LEVEL = frozenset(
    {
        "update",
        "load_module",
        "add_module",
        "delete_module",
        "add_application",
        "remove_application",
        "restart_application",
    }
)
"""Instructions that no relup has."""


def instruction_name(instruction: Term) -> str:
    """Return the name of an instruction; empty for what cannot be one."""
    match instruction:
        case Atom(name):
            return name
        case (Atom(name), *_) if type(instruction) is tuple:
            return name
        case _:
            return ""


def arguments(instruction: Term) -> tuple[Term, ...]:
    """Return the arguments of an instruction; of a nested one those of the tuple."""
    if type(instruction) is not tuple:
        return ()
    if _is_nested(instruction):
        last = instruction[-1]
        return last if type(last) is tuple else ()
    return instruction[1:]


def check_instruction(instruction: Term) -> list[Fault]:
    """Return what is wrong with an instruction in its long form.

    RK712 when there is no such instruction, RK713 for each argument that is none,
    RK714 for the one that was never implemented.
    """
    if instruction is Atom("mnesia_backup"):
        told = diagnostic(Code.MNESIA_BACKUP)
        return [Fault(reason=(Atom("not_yet_implemented"), instruction), told=told)]
    name = instruction_name(instruction)
    if type(instruction) is Atom and name in WORDS:
        return []
    checks = _checks_of(instruction, name)
    if checks is None:
        return [_unknown(instruction)]
    given = arguments(instruction)
    return _refuse(instruction, given, checks)


def check_instructions(script: Iterable[Term]) -> list[Fault]:
    """Return what is wrong with each instruction of a script, in its order."""
    return [fault for each in script for fault in check_instruction(each)]


def _checks_of(instruction: Term, name: str) -> Arguments | None:
    if type(instruction) is not tuple:
        return None
    form = (name, len(instruction) - 1)
    return NESTED[form] if _is_nested(instruction) else FORMS.get(form)


def _is_nested(instruction: tuple[Term, ...]) -> bool:
    last = instruction[-1] if instruction else ()
    form = (instruction_name(instruction), len(instruction) - 1)
    return form in NESTED and type(last) is tuple and len(last) == 3


def _refuse(
    instruction: Term, given: tuple[Term, ...], checks: Arguments
) -> list[Fault]:
    faults = []
    refused: set[int] = set()
    for at, check in checks:
        if at in refused:  # no list, so it has no elements
            continue
        for tag, value in check(given[at]):
            refused.add(at)
            told = diagnostic(
                Code.INSTRUCTION_ARGUMENT,
                value=format_term(value),
                instruction=format_term(instruction),
                expected=EXPECTED[tag],
            )
            reason: Term = (Atom(tag), value) if tag else CRASH
            faults.append(Fault(reason=reason, told=told))
    return faults


def _unknown(instruction: Term) -> Fault:
    name = instruction_name(instruction)
    known = {each for each, _ in (*FORMS, *NESTED)} | WORDS
    near = get_close_matches(name, sorted(known - {name}), n=1, cutoff=0.7)
    forms = (*SHORT, *FORMS, *NESTED)
    sizes = sorted({size for each, size in forms if each == name})
    shapes = [f"{{{name}, {', '.join('_' * size)}}}" for size in sizes]
    if name in WORDS:
        shapes = [name]
    told = diagnostic(
        Code.INSTRUCTION_UNKNOWN,
        instruction=format_term(instruction),
        meant="" if name in known else "".join(near),
        name=name,
        forms=tuple(shapes),
    )
    return Fault(reason=(Atom("bad_instruction"), instruction), told=told)


def _is_list(value: Term) -> bool:
    return isinstance(value, Improper) or list_items(value) is not None
