"""Random scripts: the same result as systools, or the same error."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dodo_relkit.terms.etf import AtomEncoding, decode, encode
from dodo_relkit.terms.model import Atom, Term, make_string
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.script.draft import Direction, Journey, UpgradeApp
from dodo_relkit.upgrade.script.faults import ScriptTrouble
from dodo_relkit.upgrade.script.passes import translate
from tests.oracle import the_oracle
from tests.upgrade_strategies import (
    MODULES,
    has_choice,
    never,
    rarely,
    reachable,
    scripts,
    settled,
)

TRANSLATE = """
    [case (catch systools_rc:translate_scripts(Mode, Scripts, New, Old)) of
        {error, systools_rc, {Tag, [{_, _, _, _} | _]}} -> {error, systools_rc, Tag};
        {'EXIT', _} -> {error, systools_rc, function_clause};
        Answer -> Answer
    end || {Mode, Scripts, New, Old} <- In]
"""
SEEN: Counter[str] = Counter()


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """The scripts of several applications, and which way they go."""

    direction: Direction
    scripts: list[list[Term]]


@st.composite
def journeys(draw: st.DrawFn) -> Drawn:
    fault = draw(st.sampled_from([never, rarely, rarely]))
    chosen = draw(st.lists(st.sampled_from("ab"), min_size=1, unique=True))
    return Drawn(
        direction=draw(st.sampled_from(Direction)),
        scripts=[draw(scripts(app, "2", fault)) for app in chosen],
    )


def apps(vsn: str) -> list[UpgradeApp]:
    types = {"a": "permanent", "b": "load", "c": "none"}
    return [
        UpgradeApp(
            name=app,
            vsn=vsn,
            start_type=types[app],
            modules=(*MODULES[app][: 4 if vsn == "2" else 3], f"{app}_{vsn}"),
        )
        for app in "abc"
        if vsn == "2" or app != "c"
    ]


def record(app: UpgradeApp) -> Term:
    rest: list[Term] = [[]] * 11
    modules: Term = [Atom(module) for module in app.modules]
    head: list[Term] = [Atom("application"), Atom(app.name), Atom(app.start_type)]
    return (*head, make_string(app.vsn), [], [], modules, *rest[:10])


def ours(drawn: Drawn) -> Term:
    journey = Journey(direction=drawn.direction, old=apps("1"), new=apps("2"))
    try:
        script = translate(drawn.scripts, journey)
    except ScriptTrouble as trouble:
        reason = trouble.reason
        if reason == (Atom("function_clause"), []):
            reason = Atom("function_clause")
        return (Atom("error"), Atom("systools_rc"), reason)
    return (Atom("ok"), list(script))


def live(drawn: list[Drawn]) -> list[Term]:
    modes = {Direction.UP: Atom("up"), Direction.DOWN: Atom("dn")}
    new = [record(app) for app in apps("2")]
    old = [record(app) for app in apps("1")]
    asked: list[Term] = [
        (modes[each.direction], list(each.scripts), list(new), list(old))
        for each in drawn
    ]
    answer = decode(the_oracle().ask_raw(TRANSLATE, encode(asked, AtomEncoding.UTF8)))
    assert type(answer) is tuple and answer[0] is Atom("ok"), answer
    assert type(answer[1]) is list
    return answer[1]


def agree(one: Term, other: Term, *, choice: bool) -> bool:
    """Tell whether two answers are alike, where the order may be a choice."""
    if one == other or not choice:
        return one == other
    match one, other:
        case (Atom("ok"), list(mine)), (Atom("ok"), list(theirs)):
            return settled(mine) == settled(theirs)
        case (Atom("error"), _, (Atom(mine), *_)), (Atom("error"), _, (Atom(tag), *_)):
            return mine == tag == "no_such_module"
    return False


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(journeys(), min_size=1, max_size=6))
def test_same_script_as_systools(drawn: list[Drawn]) -> None:
    for each, expected in zip(drawn, live(drawn), strict=True):
        mine = ours(each)
        choice = has_choice([i for script in each.scripts for i in script])
        assert agree(mine, expected, choice=choice), format_term(
            (list(each.scripts), mine, expected)
        )
        SEEN.update([f"{tag(mine)}{' with choice' if choice else ''}"])


def tag(answer: Term) -> str:
    match answer:
        case (Atom("error"), _, (Atom(kind), *_)) | (Atom("error"), _, Atom(kind)):
            return kind
        case (Atom("ok"), *_):
            return "ok"
    return format_term(answer)


def test_the_random_scripts_were_worth_it() -> None:
    if not SEEN:
        test_same_script_as_systools()
    assert SEEN["ok"] > 200, SEEN
    assert SEEN["ok with choice"] > 5, SEEN
    assert len(SEEN) > 10, SEEN


depends = st.dictionaries(
    st.sampled_from(MODULES["a"]),
    st.lists(st.sampled_from(MODULES["a"]), unique=True, max_size=3),
    min_size=1,
)


@settings(deadline=None)
@given(depends, st.sampled_from(Direction))
def test_order_of_modules(given_depends: dict[str, list[str]], direction: Direction):
    """A module stands before those it depends on; else as they stand in the script."""
    graph = {
        name: [each for each in near if each in given_depends]
        for name, near in given_depends.items()
    }
    script: list[Term] = [
        (Atom("update"), Atom(name), [Atom(each) for each in near])
        for name, near in graph.items()
    ]
    journey = Journey(direction=direction, old=apps("1"), new=apps("2"))
    groups = [
        [module.name for module in each[1]]  # type: ignore[union-attr]
        for each in translate([script], journey)
        if type(each) is tuple and each[0] is Atom("suspend")
    ]
    written = list(graph)
    for group in groups:
        for at, one in enumerate(group):
            for other in group[at + 1 :]:
                back = one in reachable(other, graph)
                assert not back or other in reachable(one, graph)
    firsts = [min(written.index(name) for name in group) for group in groups]
    assert firsts == sorted(firsts)
    if not any(graph.values()):
        assert groups == [[name] for name in written]
