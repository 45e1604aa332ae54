"""The .rel file: every form of an entry, every fault, and back to text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.formats.rel import (
    START_TYPES,
    Rel,
    RelApp,
    dump_rel,
    load_rel,
    rel_term,
)
from dodo_relkit.terms.text import consult_one, parse_term

KERNEL, STDLIB = RelApp(name="kernel", vsn="8"), RelApp(name="stdlib", vsn="4")


def load(entries: str, head: str = '{"r","1"},{erts,"13"}') -> Rel:
    base = '{kernel,"8"},{stdlib,"4"}'
    text = f"{{release,{head},[{base}{entries and ','}{entries}]}}"
    return load_rel(parse_term(text), "r.rel")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ('{a,"1"}', RelApp(name="a", vsn="1")),
        ('{a,""}', RelApp(name="a", vsn="")),
        ('{a,"1",load}', RelApp(name="a", vsn="1", start_type="load", typed=True)),
        ('{a,"1",permanent}', RelApp(name="a", vsn="1", typed=True)),
        ('{a,"1",[]}', RelApp(name="a", vsn="1", included=())),
        ('{a,"1",[b,c]}', RelApp(name="a", vsn="1", included=("b", "c"))),
        (
            "{'Ä b',\"1\",none,[b]}",
            RelApp(name="Ä b", vsn="1", start_type="none", typed=True, included=("b",)),
        ),
    ],
)
def test_forms_of_an_entry(entry: str, expected: RelApp) -> None:
    assert load(entry).apps == (KERNEL, STDLIB, expected)
    assert rel_term(load(entry))[3][2] == parse_term(entry)  # type: ignore[index]


def codes(entries: str, head: str = '{"r","1"},{erts,"13"}') -> list[Code]:
    with pytest.raises(Trouble) as raised:
        load(entries, head)
    assert {each.place.file for each in raised.value.diagnostics} == {"r.rel"}
    return [each.code for each in raised.value.diagnostics]


def test_all_faults_at_once() -> None:
    assert codes("x,{y},{stdlib}", "{r,1},{erts,[a]}") == [
        Code.BAD_RELEASE_NAME,
        Code.BAD_RELEASE_VSN,
        Code.BAD_ERTS_VSN,
        *[Code.BAD_RELEASE_ENTRY] * 3,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "{release,x}",
        '{release,["r","1"],{erts,"13"},[]}',
        '[release,{"r","1"},{erts,"13"},[]]',
        '{release,{"r","1"},{rts,"13"},[]}',
        '{release,{"r","1"},{erts,"13"},{}}',
        '{release,{"r","1"},{erts,"13"},[a|b]}',
        '{release,{"r","1"},{erts,"13"},[],[]}',
    ],
)
def test_no_release(text: str) -> None:
    with pytest.raises(Trouble) as raised:
        load_rel(parse_term(text), "r.rel")
    assert [each.code for each in raised.value.diagnostics] == [Code.BAD_RELEASE]


texts = st.text(max_size=8)
entries = st.builds(
    RelApp,
    name=st.text(min_size=1, max_size=5),
    vsn=texts,
    start_type=st.sampled_from(START_TYPES),
    typed=st.just(True),
    included=st.none() | st.lists(st.text(max_size=3), max_size=3).map(tuple),
)


@given(texts, texts, texts, st.lists(entries, max_size=4))
def test_written_and_read_again(
    name: str, vsn: str, erts_vsn: str, listed: list[RelApp]
) -> None:
    others = (each for each in listed if each.name not in ("kernel", "stdlib"))
    rel = Rel(name=name, vsn=vsn, erts_vsn=erts_vsn, apps=(STDLIB, KERNEL, *others))
    assert load_rel(consult_one(dump_rel(rel)), "r.rel") == rel
