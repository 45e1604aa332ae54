"""What an `.app` file says (application resource file, app(4))."""

from __future__ import annotations

from dataclasses import dataclass

from dodo_relkit.terms.model import Term


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSpec:
    """One application specification; atoms that are names are plain text here."""

    name: str
    vsn: str
    description: Term
    """A string; `[]` when empty."""
    id: Term
    modules: tuple[str, ...]
    """In the order of the file."""
    registered: tuple[str, ...]
    applications: tuple[str, ...]
    optional_applications: tuple[str, ...]
    included_applications: tuple[str, ...]
    env: Term
    max_t: Term
    """Milliseconds, or the atom `infinity`."""
    max_p: Term
    start_phases: Term
    """The atom `undefined` when the file has none."""
    mod: Term
    """`(Atom(module), arguments)`, or `[]` for a library application."""
    unknown: tuple[Term, ...] = ()
    """Properties that are not of app(4), as they stand in the file."""
