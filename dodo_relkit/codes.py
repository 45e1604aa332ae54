"""Every trouble the user can meet: number, severity, words, advice. Nothing else.

Numbers are stable once released: 1xx terms and files, 2xx configuration,
3xx applications and releases, 4xx the target OTP, 5xx artifacts, 6xx output.
`docs/codes.md` is made from this enum.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Severity(Enum):
    """What a trouble does to the build."""

    ERROR = "error"
    WARNING = "warning"


class Words(NamedTuple):
    """The words of a code; `{name}` stands for a fact of the diagnostic."""

    number: str
    severity: Severity
    title: str
    """A few words without facts, for the list of codes."""
    text: str
    """One sentence that says what is wrong."""
    advice: str = ""
    """What to do, one sentence a line."""


ERROR = Severity.ERROR
WARNING = Severity.WARNING


class Code(Enum):
    """The stable codes."""

    # 1xx: terms and files
    SYNTAX = Words(
        "RK101",
        ERROR, "syntax error in Erlang terms",
        "syntax error: expected {expected}, found {found}",
        "Correct the file at the place shown.",
    )  # fmt: skip

    @property
    def number(self) -> str:
        """The stable number, as `RK101`."""
        return self.value.number

    @property
    def severity(self) -> Severity:
        """Whether it stops the build."""
        return self.value.severity
