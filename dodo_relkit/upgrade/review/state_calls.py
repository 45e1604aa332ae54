"""Which `code_change` waits for a process that is suspended while it is called.

Reads the relup, in which all is in its final order, and the code of the newer version,
whose `code_change` is called in both directions. A process of another application, or
one whose name is a variable that no interface function tells, is not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place
from dodo_relkit.terms.model import Atom, Term, list_items
from dodo_relkit.upgrade.appup.awaited import awaited
from dodo_relkit.upgrade.code.calls import Program, read_calls
from dodo_relkit.upgrade.code.kinds import callback_of
from dodo_relkit.upgrade.review.findings import Finding, Reviewed, severe, words_for
from dodo_relkit.upgrade.script.draft import Direction


def review_state_calls(
    apps: Sequence[Reviewed], scripts: Mapping[Direction, Iterable[Term]]
) -> Iterator[Finding]:
    """Yield REVIEW_STATE_CALL for each of the modules that it waits for."""
    changes = [
        (direction, module, silent)
        for direction, script in scripts.items()
        for module, silent in _state_changes(script)
    ]
    for app in apps:
        mine = [each for each in changes if each[1] in app.new_code]
        if not mine:
            continue
        program = Program(code=app.new_code, kinds=app.new_kinds)
        calls = read_calls(program)
        for direction, module, silent in mine:
            callback = callback_of(program.kind(module))
            if callback is None:
                continue
            code = app.new_code[module]
            function = code.function(*callback)
            waits = awaited(program, calls, [(module, *callback)])
            for other in sorted(waits & silent):
                yield severe(
                    Code.REVIEW_STATE_CALL,
                    Place(file=code.file, line=function.line if function else 0),
                    direction=words_for(direction),
                    callback="{}/{}".format(*callback),
                    module=module,
                    awaited=other if other != module else "itself",
                )


def _state_changes(script: Iterable[Term]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the modules whose state changes, with those that are suspended then."""
    silent: frozenset[str] = frozenset()
    for each in script:
        match each:
            case (Atom("suspend"), modules):
                silent |= frozenset(_names(modules))
            case (Atom("resume"), modules):
                silent -= frozenset(_names(modules))
            case (Atom("code_change"), *_, modules):
                for name in _names(modules):
                    yield name, silent


def _names(modules: Term) -> Iterator[str]:
    """Yield the modules of a list that has them alone, or in pairs with something."""
    for each in list_items(modules) or ():
        match each:
            case Atom(name) | (Atom(name), _):
                yield name
