"""Random releases: the same boot file as systools, or the same error term."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dodo_relkit.formats.rel import START_TYPES
from dodo_relkit.terms.model import Atom, Term, make_list, make_string
from dodo_relkit.terms.pretty import format_term
from tests.live_systools import Case, check

NAMES = ("app_a", "app_b", "app_c", "app_d", "app_e", "Äpp f", "λ_g")
SYSTEM = {"kernel": "8.5.3", "stdlib": "4.2", "sasl": "4.2"}
never = st.just(False)
rarely = st.integers(0, 19).map(lambda drawn: drawn == 0)
"""Faults are drawn so that most releases have at most one."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """The files of one release."""

    files: dict[str, str]
    options: dict[str, object]


def atoms(names: list[str]) -> Term:
    return [Atom(name) for name in names]


ENVS: tuple[Term, ...] = (
    [],
    [(Atom("key"), make_string("väl λ")), (Atom("other"), 1.5)],
    [(Atom("list"), make_list([1, 2, 300])), (Atom("bin"), b"\x00\xff")],
    [(Atom("deep"), [[(Atom("a"), -1)], 2**70, make_string("x" * 70)])],
    "no list of pairs",
)


@st.composite
def app_files(
    draw: st.DrawFn, name: str, listed: list[str], fault: st.SearchStrategy[bool]
) -> tuple[str, str, str]:
    """Directory, content and version of one application of those listed.

    It may use all that are listed before it and include some that are listed after
    it; with a fault it may use any, also itself.
    """
    at = listed.index(name)
    wild = draw(fault) or draw(fault) or draw(fault)
    strange = ["unknown"] if draw(fault) else []
    usable = [*listed, *strange] if wild else ["kernel", "stdlib", *listed[:at]]
    uses = draw(st.lists(st.sampled_from(usable), max_size=5, unique=not draw(fault)))
    # no circles of includes: systools never ends on them
    after = [each for each in listed[at + 1 :] if each in NAMES]
    chance = st.booleans() if wild else st.integers(0, 7).map(lambda drawn: drawn == 0)
    includes = [each for each in after if draw(chance)]
    vsn = draw(st.sampled_from(["1.0", "1.0", "2.1-rc", ""]))
    modules = draw(
        st.lists(st.sampled_from(["m1", "m2", "m3"]), max_size=3, unique=True)
    )
    if not draw(fault):
        modules = [f"{name}_{module}" for module in modules]
    registered = ["shared"] if draw(fault) else [f"{name}_r"]
    properties: dict[str, Term] = {
        "description": make_string(draw(st.sampled_from(["", "text", "Ä λ"]))),
        "vsn": make_string(vsn),
        "modules": atoms(modules),
        "registered": atoms(registered),
        "applications": atoms(uses),
    }
    if includes or draw(st.booleans()):
        properties["included_applications"] = atoms(includes)
    if draw(st.booleans()):
        missing = draw(st.sampled_from([[], ["unknown"]]))
        properties["applications"] = atoms([*missing, *uses])
        optional = draw(st.lists(st.sampled_from([*uses, name]), max_size=3))
        properties["optional_applications"] = atoms([*optional, *missing])
    if draw(st.booleans()):
        properties["env"] = draw(st.sampled_from(ENVS[:-1]))
    if draw(fault):
        properties["env"] = ENVS[-1]
    if draw(st.booleans()):
        properties["mod"] = (Atom(name), [])
        properties["start_phases"] = [(Atom("go"), [])]
    if draw(fault):
        del properties[draw(st.sampled_from(sorted(properties)))]
    shown = "app_z" if draw(fault) else name
    pairs: list[Term] = [(Atom(key), value) for key, value in properties.items()]
    term: Term = (Atom("application"), Atom(shown), pairs)
    directory = draw(st.sampled_from([f"lib/{name}-{vsn}/ebin", f"lib/{name}/ebin"]))
    return directory, format_term(term) + ("" if draw(fault) else "."), vsn


@st.composite
def releases(draw: st.DrawFn) -> Drawn:
    fault = draw(st.sampled_from([never, rarely]))
    listed = draw(st.lists(st.sampled_from((*NAMES, "sasl")), min_size=2, unique=True))
    listed = [each for each in ("kernel", "stdlib") if not draw(fault)] + listed
    files: dict[str, str] = {}
    entries: list[Term] = []
    for name in draw(st.permutations(listed)):
        vsn = SYSTEM.get(name, "")
        if name in NAMES:
            directory, content, vsn = draw(app_files(name, listed, fault))
            if not draw(fault):
                files[f"{directory}/{name}.app"] = content
        if draw(fault):
            vsn = "9.9"
        entry: list[Term] = [Atom(name), make_string(vsn)]
        if (name in NAMES and draw(st.booleans())) or draw(fault):
            entry.append(Atom(draw(st.sampled_from(START_TYPES))))
        if draw(fault):
            entry.append(atoms(draw(st.lists(st.sampled_from(NAMES), max_size=2))))
        entries.append(tuple(entry))
    rel: Term = (
        Atom("release"),
        (make_string("näme"), make_string("1")),
        (Atom("erts"), make_string("13")),
        entries,
    )
    files["r.rel"] = format_term(rel) + "."
    options: dict[str, object] = {"path": ["lib/*/ebin"]}
    for flag in ("local", "no_dot_erlang", "no_warn_sasl", "warnings_as_errors"):
        if draw(rarely):
            options[flag] = True
    if draw(rarely):
        options["variables"] = {"VAR": draw(st.sampled_from(["lib", "li", "lib/app"]))}
    return Drawn(files=files, options=options)


def run(drawn: list[Drawn]) -> list[str]:
    """Check the releases; return the tags of systools' answers."""
    with tempfile.TemporaryDirectory() as place:
        cases = []
        for number, each in enumerate(drawn):
            directory = Path(place, str(number))
            for name, content in each.files.items():
                file = directory / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(f"%% coding: utf-8\n{content}\n")
            cases.append(Case(directory=directory, name="r", options=each.options))
        return [tag(answer) for answer in check(cases)]


def tag(answer: Term) -> str:
    match answer:
        case (Atom("ok"), *_):
            return "ok"
        case (Atom("error"), _, (Atom(kind), *_)):
            return kind
        case (Atom("error"), _, [(Atom(kind), *_), *_]):
            return kind
    return str(answer)


SEEN: Counter[str] = Counter()


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(releases(), min_size=1, max_size=4))
def test_same_answer_as_systools(drawn: list[Drawn]) -> None:
    SEEN.update(run(drawn))


def test_the_random_releases_were_worth_it() -> None:
    if not SEEN:
        test_same_answer_as_systools()
    assert SEEN["ok"] > 50, SEEN
    assert len(SEEN) > 5, SEEN
