"""Random releases and appups: the same relup as systools, or the same error."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dodo_relkit.formats.relup import dump_relup, load_relup
from dodo_relkit.terms.model import Atom, Term, make_string
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.terms.text import consult_one
from tests.live_relup import (
    RelupCase,
    live_relups,
    our_relup,
    without_stacks,
    write_app,
    write_release,
)
from tests.upgrade_strategies import MODULES, ODD, never, rarely, scripts, settled

SEEN: Counter[str] = Counter()


def tag(answer: Term) -> str:
    match answer:
        case (Atom("error"), _, (Atom(kind), *_)) | (Atom("error"), _, Atom(kind)):
            return kind
        case (Atom("error"), _, [(Atom(kind), *_), *_]):
            return kind
        case (Atom("ok"), *_):
            return "ok"
    return format_term(answer)


@st.composite
def appups(draw: st.DrawFn, app: str, own: str, fault: st.SearchStrategy) -> str:
    """The text of the appup of a version."""
    vsns = [vsn for vsn in ("1", "2", "3") if vsn != own]
    head = draw(st.sampled_from(vsns)) if draw(fault) else own
    lists: list[Term] = []
    for _ in "ud":
        entries: list[Term] = []
        for vsn in draw(st.permutations(vsns)):
            patterns = [make_string(vsn)] * 4 + [b".*", vsn.encode() + b"?", b"[12].*"]
            if draw(fault):
                patterns = [b"1|1.0", Atom(vsn), 1, b"\\d[.]\\d$", b"^1(?<minor>..)\\z"]
            instructions: Term = draw(scripts(app, own, fault))
            entry: Term = (draw(st.sampled_from(patterns)), instructions)
            if not draw(fault):
                entries.append(draw(st.sampled_from(ODD)) if draw(fault) else entry)
        lists.append(entries)
    term: Term = (make_string(head), *lists)
    if draw(fault):
        term = draw(st.sampled_from([*ODD, (make_string(head), lists[0])]))
    text = format_term(term)
    return text if draw(fault) else f"{text}."


@dataclass(frozen=True, kw_only=True)
class DrawnReleases:
    """What is written, and how it is asked."""

    apps: list[tuple[str, str, str, list[str]]]
    """Name, version, appup and applications it uses."""
    releases: list[tuple[str, list[str], str, str]]
    """Name, entries, version of erts, entry of sasl."""
    ups: list[str]
    downs: list[str]
    options: dict[str, object]


@st.composite
def releases(draw: st.DrawFn) -> DrawnReleases:
    fault = draw(st.sampled_from([never, rarely]))
    written = []
    for app in "abc":
        uses = [other for other in "abc" if other > app and draw(st.booleans())]
        for vsn in ("1", "2", "3"):
            appup = draw(appups(app, vsn, fault)) if vsn != "1" else ""
            if not draw(fault):
                written.append((app, vsn, appup, uses))
    listed = []
    for name, newest in (("top", "3"), ("r1", "1"), ("r2", "1")):
        entries = []
        for app in draw(st.permutations("abc")):
            vsn = newest if draw(st.integers(0, 3)) else draw(st.sampled_from("12"))
            if app == "c" or draw(st.integers(0, 4)):
                kind = draw(st.sampled_from(["", ",load", ",none", ",temporary"]))
                entries.append(f'{{{app},"{vsn}"{kind}}}')
        erts = "12" if draw(st.integers(0, 5)) == 0 else "13"
        sasl = "" if draw(fault) else '{sasl,"4.2"}'
        listed.append((name, entries, erts, sasl))
    bases = st.lists(st.sampled_from(["r1", "r2", "top"]), max_size=2)
    flags = ("restart_emulator", "warnings_as_errors")
    return DrawnReleases(
        apps=written,
        releases=listed,
        ups=draw(bases),
        downs=draw(bases),
        options={
            **{flag: True for flag in flags if draw(st.integers(0, 5)) == 0},
            **({"outdir": "out"} if draw(st.booleans()) else {}),
        },
    )


def write_drawn(drawn: DrawnReleases, directory: Path) -> RelupCase:
    for side in ("live", "ours"):
        (directory / "out" / side).mkdir(parents=True)
    for app, vsn, appup, uses in drawn.apps:
        modules = [*MODULES[app][: 3 if vsn == "1" else 4], f"{app}_{vsn}"]
        write_app(
            directory,
            app,
            vsn,
            appup=appup,
            modules=f"[{','.join(modules)}]",
            applications=f"[{','.join(uses)}]",
            optional_applications=f"[{','.join(uses)}]",
        )
    for name, entries, erts, sasl in drawn.releases:
        write_release(directory, name, name, entries, erts=erts, sasl=sasl)
    return RelupCase(
        directory=directory, ups=drawn.ups, downs=drawn.downs, options=drawn.options
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(releases(), min_size=1, max_size=5))
def test_same_relup_as_systools(drawn: list[DrawnReleases]) -> None:
    with tempfile.TemporaryDirectory() as place:
        cases = [
            write_drawn(each, Path(place, str(number)))
            for number, each in enumerate(drawn)
        ]
        for case, expected in zip(cases, live_relups(cases), strict=True):
            mine, theirs = without_stacks(our_relup(case)), without_stacks(expected)
            assert relups_agree(mine, theirs), format_term((mine, theirs))
            SEEN[tag(mine)] += 1
            assert_files_alike(case.directory / "out")


def assert_files_alike(directory: Path) -> None:
    """Both write or none does; what systools wrote we would write in the same bytes."""
    live, ours = directory / "live/relup", directory / "ours/relup"
    assert live.exists() == ours.exists()
    if live.exists():
        content = live.read_bytes()
        assert dump_relup(load_relup(consult_one(content), "relup")) == content


def relups_agree(one: Term, other: Term) -> bool:
    """Tell whether two answers are alike, but for the order that is a choice.

    Where it is one is looked at by `test_relup_scripts.py`.
    """
    match one, other:
        case (Atom("ok"), mine, *rest), (Atom("ok"), theirs, *others):
            return rest == others and entries_of(mine) == entries_of(theirs)
        case (Atom("error"), _, (Atom("no_such_module"), _)), (Atom("error"), _, _):
            return tag(one) == tag(other)
    return one == other


def entries_of(relup: Term) -> list[Term]:
    assert type(relup) is tuple
    vsn, *lists = relup
    return [
        vsn,
        *((entry[0], entry[1], settled(entry[2])) for each in lists for entry in each),  # type: ignore[union-attr,index,misc]
        *(len(each) for each in lists),  # type: ignore[arg-type]
    ]


def test_the_random_releases_were_worth_it() -> None:
    if not SEEN:
        test_same_relup_as_systools()
    assert SEEN["ok"] > 20, SEEN
    assert len(SEEN) > 4, SEEN
