"""How systools puts our diagnostics: the Erlang terms it gives with `silent`.

systools stops at the first kind of trouble it meets; we gather all. The table below
lists the kinds in its order, so the first that occurs is what it would have given.
Terms that quote a whole file are made where that file is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Fact, Trouble
from dodo_relkit.terms.model import Atom, Term, make_string
from dodo_relkit.terms.text import parse_term


class SystoolsError(Trouble):
    """What `{error, Module, Error}` is: our diagnostics, and systools' own term."""

    def __init__(
        self,
        term: Term,
        diagnostics: Iterable[Diagnostic],
        module: str = "systools_make",
    ) -> None:
        super().__init__(diagnostics)
        self.term = term
        """The Error of `{error, Module, Error}`."""
        self.module = module
        """The Module: which part of systools found the error."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.term, self.diagnostics, self.module))


Found = Sequence[Diagnostic]


def error_term(found: Iterable[Diagnostic]) -> Term | None:
    """Return systools' error for these diagnostics, None when there is no error."""
    errors = [each for each in found if each.is_error]
    for codes, build in _STAGES:
        first = [each for each in errors if each.code in codes]
        if first:
            return build(first)
    return Atom(errors[0].code.name.lower()) if errors else None


def warning_terms(found: Iterable[Diagnostic]) -> list[Term]:
    """Return systools' warnings, without the tag `warning`, in the order given."""
    terms: list[Term] = []
    undefined: list[Term] = []
    for each in found:
        match each.code:
            case Code.MISSING_SASL:
                terms.append(Atom("missing_sasl"))
            case Code.SOURCE_NOT_FOUND:
                terms.append((Atom("source_not_found"), _module(each)))
            case Code.OBJECT_OUT_OF_DATE:
                terms.append((Atom("obj_out_of_date"), _module(each)))
            case Code.UNDEFINED_FUNCTION:
                undefined.append(_function(each))
    if undefined:
        terms.append((Atom("exref_undef"), undefined))
    return terms


def warnings_as_errors_term(found: Iterable[Diagnostic]) -> Term:
    """Return the error that warnings are with `warnings_as_errors`."""
    return (Atom("warnings_treated_as_errors"), warning_terms(found))


def _value(found: Found) -> Term:
    return parse_term(_text(found[0], "value"))


def _undefined(found: Found) -> Term:
    names: list[Term] = [Atom(_text(each, "app")) for each in found]
    return (Atom("undefined_applications"), names)


def _registered(found: Found) -> Term:
    return (Atom("duplicate_register"), _pairs(found, _claim_with_vsn))


def _included(found: Found) -> Term:
    return (Atom("duplicate_include"), _pairs(found, _claim_with_vsn))


def _modules_twice(found: Found) -> Term:
    return (Atom("duplicate_modules"), _pairs(found, _claim))


def _modules(found: Found) -> Term:
    """{modules, [{error, {{module_not_found, App, Mod}, {Mod, App, Dir}}}]}"""
    entries: list[Term] = []
    for each in found:
        if each.code is Code.OBJECT_UNREADABLE:  # the answer of beam_lib to xref
            why = (Atom("not_a_beam_file"), Atom(_text(each, "file")))
            entries.append((Atom("error"), (Atom("error"), Atom("beam_lib"), why)))
            continue
        app, module = Atom(_text(each, "app")), Atom(_text(each, "module"))
        what = (Atom("module_not_found"), app, module)
        entries.append((Atom("error"), (what, _module(each))))
    return (Atom("modules"), entries)


def _order(found: Found) -> Term:
    circular = [each for each in found if each.code is Code.CIRCULAR_APPS]
    unplaced = [each for each in found if each.code is Code.UNPLACED_APP]
    parts: list[Term] = []
    if circular:
        names = _texts(circular[0], "names")
        versions = _texts(circular[0], "versions")
        apps: list[Term] = [
            (Atom(name), make_string(vsn))
            for name, vsn in zip(names, versions, strict=True)
        ]
        parts.append((Atom("circular_dependencies"), apps))
    if unplaced:
        missing = dict.fromkeys(_text(each, "app") for each in unplaced)
        parts.append((Atom("undefined_applications"), [Atom(name) for name in missing]))
    return parts[0] if len(parts) == 1 else (Atom("apps"), parts)


_STAGES: tuple[tuple[frozenset[Code], Callable[[Found], Term]], ...] = (
    (
        frozenset({Code.REL_NOT_FOUND}),
        lambda found: (Atom("not_found"), make_string(_text(found[0], "file"))),
    ),
    (frozenset({Code.BAD_RELEASE}), lambda _: Atom("badly_formatted_release")),
    (
        frozenset({Code.BAD_RELEASE_NAME}),
        lambda found: (Atom("illegal_name"), _value(found)),
    ),
    (
        frozenset({Code.BAD_RELEASE_VSN}),
        lambda found: (Atom("illegal_form"), _value(found)),
    ),
    (
        frozenset({Code.BAD_ERTS_VSN}),
        lambda found: (Atom("illegal_form"), (Atom("erts"), _value(found))),
    ),
    (
        frozenset({Code.BAD_RELEASE_ENTRY}),
        lambda found: (
            Atom("illegal_applications"),
            [parse_term(_text(each, "entry")) for each in found],
        ),
    ),
    (
        frozenset({Code.MISSING_MANDATORY_APP, Code.MANDATORY_APP_TYPE}),
        lambda found: _mandatory(found[0]),
    ),
    (frozenset({Code.UNDEFINED_APP}), _undefined),
    (frozenset({Code.REGISTERED_TWICE}), _registered),
    (frozenset({Code.INCLUDED_TWICE}), _included),
    (frozenset({Code.INCLUDE_CIRCLE}), lambda _: Atom("include_circle")),
    (frozenset({Code.MODULE_TWICE}), _modules_twice),
    (frozenset({Code.MODULE_NOT_FOUND, Code.OBJECT_UNREADABLE}), _modules),
    (frozenset({Code.CIRCULAR_APPS, Code.UNPLACED_APP}), _order),
    (
        frozenset({Code.APP_TWICE}),
        lambda found: (
            Atom("duplicate_applications"),
            [Atom(_text(each, "app")) for each in found],
        ),
    ),
)
"""Codes that systools reports together and how, in the order in which it checks.

The last, and circles of included applications, are ours: systools lets the one pass
and looks for an end of the other for ever.
"""


def _mandatory(found: Diagnostic) -> Term:
    app = Atom(_text(found, "app"))
    if found.code is Code.MISSING_MANDATORY_APP:
        return (Atom("missing_mandatory_app"), app)
    return (Atom("mandatory_app"), app, Atom(_text(found, "type")))


def _pairs(found: Found, claim: Callable[[Diagnostic, str], Term]) -> Term:
    """Return pairs of claims; systools gathers them from the last to the first."""
    return [(claim(each, "first"), claim(each, "second")) for each in reversed(found)]


def _claim(found: Diagnostic, side: str) -> Term:
    return (
        Atom(_text(found, "name")),
        Atom(_text(found, side)),
        make_string(_text(found, f"{side}_dir")),
    )


def _claim_with_vsn(found: Diagnostic, side: str) -> Term:
    return (
        Atom(_text(found, "name")),
        Atom(_text(found, side)),
        make_string(_text(found, f"{side}_vsn")),
        make_string(_text(found, f"{side}_dir")),
    )


def _module(found: Diagnostic) -> Term:
    directory = make_string(_text(found, "directory"))
    return (Atom(_text(found, "module")), Atom(_text(found, "app")), directory)


def _function(found: Diagnostic) -> Term:
    arity = found.facts["arity"]
    return (
        Atom(_text(found, "module")),
        Atom(_text(found, "function")),
        arity if isinstance(arity, int) else 0,
    )


def _text(found: Diagnostic, name: str) -> str:
    fact: Fact = found.facts.get(name, "")
    return fact if isinstance(fact, str) else ""


def _texts(found: Diagnostic, name: str) -> tuple[str, ...]:
    fact: Fact = found.facts.get(name, ())
    return fact if isinstance(fact, tuple) else ()
