"""make_relup of the installed OTP, asked with the files that ours is asked with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dodo_relkit.systools import SystoolsError, make_relup
from dodo_relkit.terms.etf import AtomEncoding, decode, encode
from dodo_relkit.terms.model import Atom, Term, make_string
from tests.live_systools import option_term
from tests.oracle import the_oracle

RUN = """
    {ok, Home} = file:get_cwd(),
    Answers = [begin
        ok = file:set_cwd(Dir),
        try systools:make_relup(Name, Ups, Downs, [silent | Options]) of
            {error, _, {function_clause, [_ | _]}} -> crash;
            Answer -> Answer
        catch error:_ -> crash
        end
    end || {Dir, Name, Ups, Downs, Options} <- In],
    ok = file:set_cwd(Home),
    Answers
"""

Base = str | tuple[str, Term]


@dataclass(frozen=True, kw_only=True)
class RelupCase:
    """One call of make_relup."""

    directory: Path
    """Where it runs."""
    name: str = "top"
    ups: Sequence[Base] = ("base",)
    downs: Sequence[Base] = ("base",)
    options: Mapping[str, object] = field(default_factory=dict)
    """Keywords of ours; `noexec` is added unless there is an `outdir`."""


def live_relups(cases: Iterable[RelupCase]) -> list[Term]:
    """Return systools' answers; `crash` where it crashes or dies."""
    asked: list[Term] = []
    for case in cases:
        listed = [option_term(*option) for option in _options(case, "live").items()]
        asked.append(
            (
                make_string(str(case.directory)),
                make_string(case.name),
                [_base(each) for each in case.ups],
                [_base(each) for each in case.downs],
                listed,
            )
        )
    answer = decode(the_oracle().ask_raw(RUN, encode(asked, AtomEncoding.UTF8)))
    assert type(answer) is tuple and answer[0] is Atom("ok"), answer
    assert type(answer[1]) is list
    return answer[1]


def our_relup(case: RelupCase) -> Term:
    """Return what systools would have returned, had it been ours."""
    options = {**_options(case, "ours"), "cwd": str(case.directory)}
    try:
        made = make_relup(case.name, case.ups, case.downs, **options)  # type: ignore[arg-type]
    except SystoolsError as error:
        return (Atom("error"), Atom(error.module), error.term)
    return (Atom("ok"), made.term, Atom("systools_relup"), list(made.warnings))


def without_stacks(answer: Term) -> Term:
    """Make crashes alike: where systools crashes we give no stack."""
    match answer:
        case (Atom("error"), _, (Atom("function_clause" | "badarg"), _)):
            return Atom("crash")
        case _:
            return answer


def _options(case: RelupCase, side: str) -> dict[str, object]:
    options = {"path": ["lib/*/ebin"], **case.options}
    if "outdir" in options:
        options["outdir"] = f"{options['outdir']}/{side}"
    else:
        options["noexec"] = True
    return {name: value for name, value in options.items() if value is not False}


def _base(base: Base) -> Term:
    if isinstance(base, str):
        return make_string(base)
    name, description = base
    return (make_string(name), description)


def write_app(
    directory: Path, name: str, vsn: str, *, appup: str = "", **properties: str
) -> None:
    """Write lib/<name>-<vsn>/ebin with an `.app` and, if given, an `.appup`."""
    given = {
        "description": '""',
        "vsn": f'"{vsn}"',
        "modules": "[]",
        "registered": "[]",
        "applications": "[kernel,stdlib]",
        **properties,
    }
    pairs = ",".join(f"{{{key},{value}}}" for key, value in given.items())
    ebin = directory / f"lib/{name}-{vsn}/ebin"
    ebin.mkdir(parents=True, exist_ok=True)
    text = f"%% coding: utf-8\n{{application,{name},[{pairs}]}}.\n"
    (ebin / f"{name}.app").write_text(text)
    if appup:
        (ebin / f"{name}.appup").write_text(f"%% coding: utf-8\n{appup}\n")


def write_release(
    directory: Path,
    name: str,
    vsn: str,
    apps: Sequence[str],
    *,
    erts: str = "13.1.5",
    sasl: str = '{sasl,"4.2"}',
) -> None:
    """Write <name>.rel with the system's applications and those of `apps`."""
    entries = ",".join(
        each for each in ('{kernel,"8.5.3"}', '{stdlib,"4.2"}', sasl, *apps) if each
    )
    text = f'{{release,{{"näme","{vsn}"}},{{erts,"{erts}"}},[{entries}]}}.\n'
    (directory / f"{name}.rel").write_text(f"%% coding: utf-8\n{text}")
