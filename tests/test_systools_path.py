"""Names and wildcards as Erlang and systools take them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dodo_relkit.edge.systools.path import expand
from dodo_relkit.formats.erlang_paths import absolute, basename, dirname, join, split
from dodo_relkit.terms.etf import AtomEncoding, decode, encode
from dodo_relkit.terms.model import Term, make_string
from tests.oracle import the_oracle

names = st.text("/.a", min_size=1, max_size=6)


def live(expression: str, value: Term) -> Term:
    answer = decode(the_oracle().ask_raw(expression, encode(value, AtomEncoding.UTF8)))
    assert type(answer) is tuple and len(answer) == 2, answer
    return answer[1]


@settings(max_examples=200, deadline=None)
@given(st.lists(names, min_size=1, max_size=3), names)
def test_names(parts: list[str], one: str) -> None:
    asked = live(
        '{Parts, One} = In, [filename:join(Parts), filename:absname(One, "/b"),'
        "filename:basename(One), filename:dirname(One) | filename:split(One)]",
        ([make_string(part) for part in parts], make_string(one)),
    )
    ours = [join(*parts), absolute(one, "/b"), basename(one), dirname(one), *split(one)]
    assert [make_string(text) for text in ours] == asked


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("tree")
    for name in ("lib/a-1/ebin", "lib/a-1.2/ebin", "lib/b/ebin", "lib/aXb", "x/y/z"):
        (tree / name).mkdir(parents=True)
    (tree / "lib/file").write_text("")
    (tree / "x/link").symlink_to("../lib")
    (tree / "x/broken").symlink_to("nowhere")
    return tree


@pytest.mark.parametrize(
    "pattern",
    [
        "lib/*/ebin", "*", "*/*", "*/*/*", "lib/a*", "lib/a.*", "lib/*a*", "lib/a-*",
        "lib//a-1/", "./lib/*", "lib/file", "lib/nothing", "nothing/*", ".", "./", "..",
        "x/l*k/*/ebin", "x/*/*", "lib/a*b", "*ib/*", "**", "lib/**", "lib/a-1*/ebin",
    ],
)  # fmt: skip
def test_wildcards(pattern: str, tree: Path) -> None:
    relative = live(
        "{Dir, P} = In, {ok, Home} = file:get_cwd(), ok = file:set_cwd(Dir),"
        "Found = systools_lib:get_path([P]), ok = file:set_cwd(Home), Found",
        (make_string(str(tree)), make_string(pattern)),
    )
    assert [make_string(each) for each in expand(str(tree), [pattern])] == relative
    whole = f"{tree}/{pattern}"
    found = live("systools_lib:get_path([In])", make_string(whole))
    assert [make_string(each) for each in expand("/", [whole])] == found
