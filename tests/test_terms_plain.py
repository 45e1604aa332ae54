"""Terms as plain JSON values: every term comes back as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dodo_relkit.terms.model import (
    Atom,
    BitString,
    ExternalFun,
    Improper,
    Map,
    Term,
    make_list,
)
from dodo_relkit.terms.plain import from_plain, to_plain

LEAVES = (
    st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5).map(Atom)
    | st.binary(max_size=5)
    | st.lists(st.integers(0, 0x10FFFF), max_size=4).map(make_list)
    | st.just(BitString(b"\xa0", 3))
    | st.just(ExternalFun("m", "f", 1))
)
TERMS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4).map(make_list)
        | st.lists(inner, max_size=4).map(tuple)
        | st.lists(inner, min_size=1, max_size=3).map(
            lambda items: Improper(tuple(items), Atom("tail"))
        )
        | st.tuples(inner, inner).map(lambda pair: Map((pair,)))
    ),
    max_leaves=12,
)


def through_json(term: Term) -> Term:
    return from_plain(json.loads(json.dumps(to_plain(term))))


@settings(deadline=None, max_examples=400)
@given(TERMS)
def test_every_term_comes_back(term: Term) -> None:
    back = through_json(term)
    assert back == term
    assert repr(back) == repr(term)


@pytest.mark.parametrize(
    "term",
    [
        [],
        (),
        "a",
        "\ud83d\ude00",
        "\U0001f600",
        "\udc80",
        1 << 80,
        -0.0,
        1.0,
        1,
        1e308,
        5e-324,
        Atom(""),
        Atom("a"),
        b"\x00\xff",
        BitString(b"\xff\x80", 1),
        [Atom("a"), (Atom("a"), "a", b"a", ["a"], [])],
        Map(((1, Map(())), (1.0, "x"))),
        Improper((1, "a"), b"t"),
        ExternalFun("m", "f", 255),
    ],
)
def test_terms_that_look_alike_stay_apart(term: Term) -> None:
    back = through_json(term)
    assert (type(back), repr(back)) == (type(term), repr(term))


@pytest.mark.parametrize(
    "value",
    [None, True, {}, {"x": 1}, {"a": 1}, {"t": "ab"}, {"m": [[1]]}, {"m": 1}]
    + [{"i": [1]}, {"f": ["m", "f"]}, {"b": 1}, {"bits": ["a"]}, [None], {"t": [{}]}]
    + [{"b": "\u20ac"}, {"s": ["a"]}, {"s": [-1]}],
)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        from_plain(value)
