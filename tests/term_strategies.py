"""Random terms for tests with Hypothesis, and what Erlang says about them."""

from __future__ import annotations

import struct
from pathlib import Path

import erlang
from hypothesis import strategies as st

from dodo_relkit.terms.etf import AtomEncoding, encode
from dodo_relkit.terms.lexemes import RESERVED
from dodo_relkit.terms.model import (
    Atom,
    BitString,
    ExternalFun,
    Improper,
    Map,
    Term,
    make_list,
    make_string,
    unique_pairs,
)
from tests.oracle import the_oracle

LATIN1 = AtomEncoding.LATIN1

EXTENSIONS = (".app", ".appup", ".rel", ".script", ".config", ".app.src", ".appup.src")


def installed_files() -> list[Path]:
    """Return the files of terms that come with the installed OTP and Elixir."""
    roots = [Path("/usr/lib/erlang"), Path("/usr/lib/elixir")]
    return sorted(
        path
        for root in roots
        for path in root.rglob("*")
        if (path.name.endswith(EXTENSIONS) or path.name == "RELEASES")
        and path.is_file()
    )


def ask(expression: str, term: Term) -> Term:
    """Return the value of the expression with `In` bound to `term`."""
    from dodo_relkit.terms.etf import decode

    answer = decode(the_oracle().ask_raw(expression, encode(term, LATIN1)))
    assert type(answer) is tuple
    assert answer[0] is Atom("ok"), answer
    return answer[1]


def ask_bytes(expression: str, term: Term) -> bytes:
    """Return the binary that the expression gives, read by erlang-py alone."""
    raw = the_oracle().ask_raw(expression, encode(term, LATIN1))
    answer = erlang.binary_to_term(raw)
    assert answer[0].value == b"ok", answer
    return bytes(answer[1].value)


def consult_in_erlang(path: Path) -> bytes:
    """Return the external format of the list of terms `file:consult/1` reads."""
    name = str(path).encode()
    raw = the_oracle().ask_raw(
        "{ok, Terms} = file:consult(In), term_to_binary(Terms)",
        b"\x83m" + struct.pack(">I", len(name)) + name,
    )
    answer = erlang.binary_to_term(raw)
    assert answer[0].value == b"ok", answer
    return bytes(answer[1].value)


characters = st.one_of(
    st.sampled_from("abcXYZ019_@-. '\"\\\n\t\r\x07\x7f\x9f\xa0\xd7\xdf\xe9\xf7\xff"),
    st.characters(max_codepoint=0x2FF),
    st.sampled_from("λЖ→中文😀\u0301\ue000\ufffd\U0010ffff"),
)
latin1_names = st.one_of(
    st.from_regex(r"[a-z][a-zA-Z0-9_@]{0,12}", fullmatch=True),
    st.text(st.characters(max_codepoint=255), max_size=20),
    st.sampled_from(["", "Abc", "a b", "ok", "\xe9t\xe9", "a" * 255, "x@y", "maybe"]),
    st.sampled_from(sorted(RESERVED)),
)
atoms = st.one_of(latin1_names, st.text(characters, max_size=20)).map(Atom)
integers = st.one_of(
    st.integers(-300, 300),
    st.integers(-(2**33), 2**33),
    st.integers(-(2**2100), 2**2100),
)
floats = st.floats(allow_nan=False, allow_infinity=False).map(lambda f: f + 0.0)
strings = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=90),
    st.text(characters, max_size=30),
    st.text(st.characters(exclude_categories=[]), max_size=5),
).map(make_string)
binaries = st.one_of(
    st.binary(max_size=60),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=90).map(
        str.encode
    ),
    st.text(characters, max_size=30).map(str.encode),
)
bit_strings = st.builds(
    lambda data, bits: BitString(
        data[:-1] + bytes([data[-1] >> bits << bits]), 8 - bits
    ),
    st.binary(min_size=1, max_size=40),
    st.integers(1, 7),
)
plain_atoms = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name not in RESERVED
)
funs = st.builds(ExternalFun, plain_atoms, plain_atoms, st.integers(0, 255))
leaves = st.one_of(atoms, integers, floats, strings, binaries, bit_strings, funs)


def _improper(items: list[Term], tail: Term) -> Term:
    if type(tail) is list or type(tail) is str or type(tail) is Improper:
        return make_list(items)
    return Improper(tuple(items), tail)


def _containers(children: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    lists = st.lists(children, max_size=6)
    return st.one_of(
        lists.map(make_list),
        lists.map(tuple),
        st.tuples(atoms, lists).map(lambda both: (both[0], *both[1])),
        st.builds(_improper, st.lists(children, min_size=1, max_size=4), children),
        st.lists(st.tuples(children, children), max_size=5).map(
            lambda pairs: Map(unique_pairs(pairs))
        ),
        st.lists(st.integers(0, 300), max_size=40).map(make_list),
    )


terms: st.SearchStrategy[Term] = st.recursive(leaves, _containers, max_leaves=40)
