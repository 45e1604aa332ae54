"""The systools of the installed OTP, asked with the files that ours is asked with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dodo_relkit.systools import SystoolsError, make_script
from dodo_relkit.terms.etf import AtomEncoding, decode, encode
from dodo_relkit.terms.model import Atom, Term, make_string
from tests.oracle import the_oracle

RUN = """
    {ok, Home} = file:get_cwd(),
    Answers = [begin
        ok = file:set_cwd(Dir),
        systools:make_script(Name, [silent | Options])
    end || {Dir, Name, Options} <- In],
    ok = file:set_cwd(Home),
    Answers
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One call of make_script."""

    directory: Path
    """Where it runs; both write to a directory below it."""
    name: str
    options: Mapping[str, object] = field(default_factory=dict)
    """Keywords of ours."""


def live_answers(cases: Iterable[Case]) -> list[Term]:
    """Return systools' answers; its files go to `live` below each directory."""
    asked: list[Term] = []
    for case in cases:
        (case.directory / "live").mkdir(exist_ok=True)
        options = {"outdir": "live", **case.options}
        listed = [option_term(*option) for option in options.items()]
        asked.append((make_string(str(case.directory)), make_string(case.name), listed))
    answer = decode(the_oracle().ask_raw(RUN, encode(asked, AtomEncoding.UTF8)))
    assert type(answer) is tuple and answer[0] is Atom("ok"), answer
    assert type(answer[1]) is list
    return answer[1]


def option_term(name: str, value: object) -> Term:
    """Return systools' option for a keyword of ours."""
    if value is True:
        return Atom(name)
    if isinstance(value, str):
        return (Atom(name), make_string(value))
    if isinstance(value, dict):
        pairs: list[Term] = [
            (make_string(key), make_string(text)) for key, text in value.items()
        ]
        return (Atom(name), pairs)
    assert isinstance(value, list), value
    if name == "exref":
        return (Atom(name), [Atom(each) for each in value])
    return (Atom(name), [make_string(each) for each in value])


def our_answer(case: Case) -> Term:
    """Return what systools would have returned, had it been ours."""
    (case.directory / "ours").mkdir(exist_ok=True)
    options = {"outdir": "ours", **case.options}
    try:
        made = make_script(case.name, cwd=str(case.directory), **options)  # type: ignore[arg-type]
    except SystoolsError as error:
        return (Atom("error"), Atom("systools_make"), error.term)
    warnings: list[Term] = [(Atom("warning"), each) for each in made.warnings]
    return (Atom("ok"), Atom("systools_make"), warnings)


def check(cases: list[Case]) -> list[Term]:
    """Assert that ours answers and writes as the live one; return the answers."""
    answers = live_answers(cases)
    for case, expected in zip(cases, answers, strict=True):
        ours = our_answer(case)
        assert ours == expected, case
    for directory in {case.directory for case in cases}:
        live, made = written(directory / "live"), written(directory / "ours")
        assert sorted(made) == sorted(live)
        assert [name for name in live if live[name] != made[name]] == []
    return answers


def written(directory: Path) -> dict[str, bytes]:
    """Return what lies in a directory."""
    return {file.name: file.read_bytes() for file in directory.iterdir()}
