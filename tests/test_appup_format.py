"""appup and relup files: what they say, what they may not say, and back to text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.formats.appup import (
    Appup,
    AppupEntry,
    appup_term,
    appup_warnings,
    dump_appup,
    instructions_for,
    load_appup,
)
from dodo_relkit.formats.relup import (
    Relup,
    RelupEntry,
    dump_relup,
    load_relup,
    relup_term,
)
from dodo_relkit.formats.version_pattern import fits
from dodo_relkit.terms.etf import AtomEncoding, decode, encode
from dodo_relkit.terms.model import Atom, Term, make_string
from dodo_relkit.terms.text import consult_one, parse_term
from tests.oracle import otp_root, the_oracle

FITS = """
    [try
        case systools_relup:appup_search_for_version(Vsn, [{Pattern, yes}]) of
            {ok, yes} -> true;
            error -> false
        end
    catch error:_ -> crash
    end || {Vsn, Pattern} <- In]
"""


def live_fits(pairs: list[tuple[str, str | bytes]]) -> list[Term]:
    asked: list[Term] = [
        (make_string(vsn), each if isinstance(each, bytes) else make_string(each))
        for vsn, each in pairs
    ]
    answer = decode(the_oracle().ask_raw(FITS, encode(asked, AtomEncoding.UTF8)))
    assert type(answer) is tuple
    assert type(answer[1]) is list
    return answer[1]


def our_fits(vsn: str, pattern: str | bytes) -> Term:
    try:
        return Atom("true" if fits(pattern, vsn) else "false")
    except Trouble as trouble:
        assert [each.code for each in trouble.diagnostics] == [Code.APPUP_PATTERN]
        return Atom("crash")


PATTERNS: list[str | bytes] = [
    "1.0",
    "",
    b"",
    b"1.0",
    b"1",
    b".*",
    b"1[.].*",
    b"1\\.0",
    b"^1\\.0$",
    b"^1\\.0(?:\\.[0-9]+)+$",
    b"1|1.0",
    b"1.0|1",
    b"(?:1|1.0)$",
    b"\\d+\\.\\d+",
    b"\\w.\\w",
    b"[[:digit:]]+[.][[:digit:]]",
    b"[[:alpha:][:punct:]0-9]+",
    b"[^[:space:]]+",
    b"\\A1.0\\z",
    b"1.0\\Z",
    b"(?<major>\\d)\\.(?P<minor>\\d)",
    b"(?'major'\\d)[.]0",
    b"(\\d)\\.(?!1)\\d",
    b"1.0{,2}",
    b"1.{1,2}",
    b"(?>1)\\.0",
    b"1.++",
    b"(?i)A.*",
    "ä.λ".encode(),
    ".λ|..".encode(),
    b"\\w\\w",
    b"(",
    b"[",
    b"*",
    b"1\\",
    b"\xff",
]
VSNS = ["1.0", "1", "1.0.1", "", "10", "1.0\n", "A-1", "ä.λ", "1x0"]


def test_versions_of_patterns() -> None:
    pairs = [(vsn, pattern) for pattern in PATTERNS for vsn in VSNS]
    live = live_fits(pairs)
    assert {each.name for each in live} == {"true", "false", "crash"}  # type: ignore[union-attr]
    wrong = [
        (vsn, pattern, expected)
        for (vsn, pattern), expected in zip(pairs, live, strict=True)
        if our_fits(vsn, pattern) != expected
    ]
    assert wrong == []


pieces = st.sampled_from(
    [
        "1",
        "0",
        ".",
        "[.]",
        "\\.",
        "\\d",
        "[0-9]",
        "*",
        "+",
        "?",
        "|",
        "(",
        ")",
        "^",
        "$",
    ]
    + ["(?:", "[[:digit:]]", "\\w", "{2}", "{1,}", "\\z", "a"]
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("10.a", max_size=5),
            st.lists(pieces, max_size=6).map(lambda drawn: "".join(drawn).encode()),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_any_pattern(pairs: list[tuple[str, str | bytes]]) -> None:
    assert [our_fits(*pair) for pair in pairs] == live_fits(pairs)


def test_what_python_does_not_know_is_refused() -> None:
    with pytest.raises(Trouble, match="RK704"):
        fits(b"(?|1|2)", "1")


APPUPS = sorted(otp_root().glob("lib/*/ebin/*.appup"))


def test_there_are_appups() -> None:
    assert len(APPUPS) > 10


@pytest.mark.parametrize("file", APPUPS, ids=lambda file: file.stem)
def test_appups_of_otp(file: Path) -> None:
    term = consult_one(file.read_bytes())
    appup = load_appup(term, file.name)
    assert appup_term(appup) == term
    assert appup_warnings(term, file.name) == ()
    assert load_appup(consult_one(dump_appup(appup)), "x") == appup
    assert file.parent.parent.name == f"{file.stem}-{appup.vsn}"


def test_first_entry_counts() -> None:
    text = '{"2",[{<<"1.*">>,[a]},{"1.5",[b]},{"0",[]}],[{"1.5","ab"}]}'
    appup = load_appup(parse_term(text), "a.appup")
    assert instructions_for(appup.up, "1.5") == (Atom("a"),)
    assert instructions_for(appup.up, "0") == ()
    assert instructions_for(appup.up, "2.5") is None
    assert instructions_for(appup.down, "1.5") == (97, 98)
    assert appup_term(appup) == parse_term(text)


def test_entries_that_fit_nothing() -> None:
    term = parse_term('{"2",[x,{1,[]},{"1"},{"1",[]}],[["1",[]],{[x],[]}]}')
    appup = load_appup(term, "a.appup")
    assert appup.up == (AppupEntry(pattern="1", instructions=()),)
    assert appup.down == ()
    found = appup_warnings(term, "a.appup")
    assert {each.code for each in found} == {Code.APPUP_ENTRY}
    assert [each.facts["entry"] for each in found] == [
        "x",
        "{1,[]}",
        '{"1"}',
        '["1",[]]',
        "{[x],[]}",
    ]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("x", [Code.APPUP_MALFORMED]),
        ('{"1",[]}', [Code.APPUP_MALFORMED]),
        ('["1",[],[]]', [Code.APPUP_MALFORMED]),
        ('{"1",x,[]}', [Code.APPUP_MALFORMED]),
        ('{"1",[],{}}', [Code.APPUP_MALFORMED]),
        ('{"1",[{"0",x}],[{<<"0">>,[a|b]}]}', [Code.APPUP_INSTRUCTIONS] * 2),
    ],
)
def test_refused_appups(text: str, codes: list[Code]) -> None:
    with pytest.raises(Trouble) as raised:
        load_appup(parse_term(text), "a.appup")
    assert [each.code for each in raised.value.diagnostics] == codes


def test_written_appup() -> None:
    entry = AppupEntry(pattern=b"1[.].*", instructions=(Atom("restart_emulator"),))
    appup = Appup(vsn="2", up=(entry,), down=())
    text = '%% coding: utf-8\n{"2",[{<<"1[.].*">>,[restart_emulator]}],[]}.\n'
    assert dump_appup(appup) == text.encode()


def test_relup_there_and_back() -> None:
    entry = RelupEntry(vsn="1", description="wörds λ", script=(Atom("x"), (1, 2)))
    relup = Relup(vsn="2", ups=(entry,), downs=(entry, entry))
    term = parse_term(
        '{"2",[{"1","wörds λ",[x,{1,2}]}],'
        '[{"1","wörds λ",[x,{1,2}]},{"1","wörds λ",[x,{1,2}]}]}'
    )
    assert relup_term(relup) == term
    assert load_relup(term, "relup") == relup
    assert load_relup(consult_one(dump_relup(relup)), "relup") == relup


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("x", 1),
        ('{"1",[]}', 1),
        ('["1",[],[]]', 1),
        ("{1,[],[]}", 1),
        ('{"1",x,[]}', 1),
        ('{"1",[x,{"1",[]},{1,[],[]}],[{"1",[],x},["1",[],[]],{"1",[],[]}]}', 5),
    ],
)
def test_refused_relups(text: str, count: int) -> None:
    with pytest.raises(Trouble) as raised:
        load_relup(parse_term(text), "relup")
    codes = [each.code for each in raised.value.diagnostics]
    assert codes == [Code.RELUP_MALFORMED] * count
