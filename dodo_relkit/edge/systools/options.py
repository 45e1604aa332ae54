"""The options of systools: their names, their forms, their values. Reads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypedDict

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import diagnostic
from dodo_relkit.edge.systools.terms import SystoolsError
from dodo_relkit.terms.model import Atom, Term, make_string


class Form(Enum):
    """What the value of an option may be; the values are the words for it."""

    FLAG = "True or False"
    TEXT = "a string"
    TEXTS = "a list of strings"
    FLAG_OR_TEXTS = "True, False or a list of strings"
    PAIRS = "a mapping of strings to strings, or a list of pairs"


class ReadKeywords(TypedDict, total=False):
    """Options of everything that reads a `.rel`."""

    path: Sequence[str]
    """Directories searched first; `*` is a wildcard."""
    variables: Mapping[str, str] | Sequence[tuple[str, str]]
    """Boot variables and the prefixes of the directories they stand for."""
    exref: bool | Sequence[str]
    """Look for undefined functions, in all applications or in the named ones."""
    src_tests: bool
    """Look whether sources are there and older than their objects."""
    outdir: str | None
    """Directory to write to."""
    no_warn_sasl: bool
    warnings_as_errors: bool
    otp_root: str | None
    """Root of the target OTP; the one at hand when None."""
    cwd: str | None
    """Where relative names lie; the current directory when None."""


class ScriptKeywords(ReadKeywords, total=False):
    """Options of `make_script`."""

    local: bool
    """Name the directories where the applications were found."""
    script_name: str | None
    """Name of the files to write, without extension; that of the `.rel` when None."""
    no_dot_erlang: bool
    """Do not run the user's `.erlang`."""


READ_FORMS: Mapping[str, Form] = {
    "path": Form.TEXTS,
    "variables": Form.PAIRS,
    "exref": Form.FLAG_OR_TEXTS,
    "src_tests": Form.FLAG,
    "outdir": Form.TEXT,
    "no_warn_sasl": Form.FLAG,
    "warnings_as_errors": Form.FLAG,
    "otp_root": Form.TEXT,
    "cwd": Form.TEXT,
}
"""The forms of `ReadKeywords`."""

SCRIPT_FORMS: Mapping[str, Form] = {
    **READ_FORMS,
    "local": Form.FLAG,
    "script_name": Form.TEXT,
    "no_dot_erlang": Form.FLAG,
}
"""The forms of `ScriptKeywords`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What decides which files are read and how they are looked at."""

    path: tuple[str, ...] = ()
    exref: bool | tuple[str, ...] = False
    src_tests: bool = False
    no_warn_sasl: bool = False
    warnings_as_errors: bool = False
    otp_root: str = ""
    """Root of the target OTP; empty: the one at hand."""
    cwd: str = ""
    """Where relative names lie; empty: the current directory."""


def check_options(given: Mapping[str, object], forms: Mapping[str, Form]) -> None:
    """Check names and forms of options; None stands for an option not given.

    Raises `SystoolsError` with `{badarg, Options}` and RK347 for each that is wrong.
    """
    wrong = {
        name: value
        for name, value in given.items()
        if value is not None and not _fits(value, forms.get(name))
    }
    if not wrong:
        return
    known = ", ".join(sorted(forms))
    found = [
        diagnostic(
            Code.BAD_OPTION,
            option=name,
            expected=forms[name].value if name in forms else f"one of {known}",
        )
        for name in wrong
    ]
    options = [_option_term(name, value) for name, value in wrong.items()]
    raise SystoolsError((Atom("badarg"), options), found)


def read_options(given: ReadKeywords) -> ReadOptions:
    """Return the options of reading among checked keywords."""
    exref = given.get("exref") or False
    return ReadOptions(
        path=tuple(given.get("path") or ()),
        exref=exref if isinstance(exref, bool) else tuple(exref),
        src_tests=bool(given.get("src_tests")),
        no_warn_sasl=bool(given.get("no_warn_sasl")),
        warnings_as_errors=bool(given.get("warnings_as_errors")),
        otp_root=given.get("otp_root") or "",
        cwd=given.get("cwd") or "",
    )


def variable_pairs(given: ReadKeywords) -> tuple[tuple[str, str], ...]:
    """Return the boot variables among checked keywords, in order."""
    return pairs_of(given.get("variables"))


def pairs_of(
    given: Mapping[str, str] | Sequence[tuple[str, str]] | None,
) -> tuple[tuple[str, str], ...]:
    """Return the pairs of an option of the form `PAIRS`, in order."""
    pairs = given.items() if isinstance(given, Mapping) else given or ()
    return tuple((name, value) for name, value in pairs)


def _fits(value: object, form: Form | None) -> bool:
    match form:
        case Form.FLAG:
            return isinstance(value, bool)
        case Form.TEXT:
            return isinstance(value, str)
        case Form.TEXTS:
            return _is_texts(value)
        case Form.FLAG_OR_TEXTS:
            return isinstance(value, bool) or _is_texts(value)
        case Form.PAIRS:
            pairs = [*value.items()] if isinstance(value, Mapping) else value
            return isinstance(pairs, (list, tuple)) and all(
                isinstance(pair, (list, tuple)) and len(pair) == 2 and _is_texts(pair)
                for pair in pairs
            )
    return False


def _is_texts(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(
        isinstance(each, str) for each in value
    )


def _option_term(name: str, value: object) -> Term:
    if value is True:
        return Atom(name)
    return (Atom(name), make_string(value if isinstance(value, str) else repr(value)))
