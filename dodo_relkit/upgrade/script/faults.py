"""What is wrong with upgrade instructions, in our words and in those of systools."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dodo_relkit.diagnostics import Diagnostic, Trouble
from dodo_relkit.terms.model import Atom, Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with an instruction or with a script."""

    reason: Term
    """The Reason of `{error, systools_rc, Reason}`."""
    told: Diagnostic


CRASH: Term = (Atom("function_clause"), [])
"""The reason where systools_rc crashes; it has its own stack in place of `[]`."""


class ScriptTrouble(Trouble):
    """Carries the faults of a script; `reason` is what systools would have said."""

    def __init__(self, reason: Term, diagnostics: Iterable[Diagnostic]) -> None:
        super().__init__(diagnostics)
        self.reason = reason
        """The Reason of `{error, systools_rc, Reason}`."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.reason, self.diagnostics))


def stop_on_faults(faults: Iterable[Fault]) -> None:
    """Raise `ScriptTrouble` with all the faults, if there are any.

    systools stops at the first of them.
    """
    found = tuple(faults)
    if found:
        raise ScriptTrouble(found[0].reason, [each.told for each in found])
