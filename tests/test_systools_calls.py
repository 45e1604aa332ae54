"""The option exref: the functions that xref finds undefined are those we find."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dodo_relkit.terms.text import parse_term
from tests.live_systools import Case, check
from tests.test_boot_otp import ELIXIR, closure, write_rel
from tests.test_systools_errors import A, B, app, rel, write

CALLER = """
-module(caller).
-compile(export_all).
known() -> {lists:map(fun(X) -> X end, []), ets:new(a, []), maps:find(a, #{})}.
gone() -> lists:nope(1).
nowhere() -> nowhere:function(1, 2).
operator(M) -> M:function().
other() -> {callee:exported(), callee:hidden(1)}.
infos() -> {callee:module_info(), nowhere:module_info(), other_nowhere:module_info(x)}.
funs() -> {fun callee:gone/3, fun lists:gone/0}.
preloaded() -> {init:stop(), init:nope(), erlang:nope(), zlib:open()}.
odd() -> {'mödule':'fünc λ'(), aa:b(1), aa:b(), aa:a(), 'B':c()}.
"""
CALLEE = """
-module(callee).
-export([exported/0]).
exported() -> hidden(1).
hidden(X) -> caller:known(), caller:unknown(X).
"""


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("calls")
    files = {
        "r.rel": rel(A, B),
        "f/a/ebin/a.app": app("a", modules="[caller]"),
        "f/b/ebin/b.app": app("b", modules="[callee]"),
        "f/a/ebin/caller.erl": CALLER,
        "f/b/ebin/callee.erl": CALLEE,
    }
    write(tmp_path, files)
    for source in tmp_path.glob("f/*/ebin/*.erl"):
        compile_here = ["erlc", "+nowarn_export_all", "-o", source.parent, source]
        subprocess.run(compile_here, check=True)
    return tmp_path


@pytest.mark.parametrize("exref", [True, ["a"], ["b"], ["a", "kernel"], [], ["z"]])
def test_undefined_functions(exref: bool | list[str], release: Path) -> None:
    options = {"path": ["f/*/ebin"], "exref": exref}
    (answer,) = check([Case(directory=release, name="r", options=options)])
    if exref is True:
        undefined = answer[2][-1][1][1]  # type: ignore[index]
        assert parse_term("{nowhere,function,2}") in undefined
        assert parse_term("{callee,hidden,1}") in undefined
        assert parse_term("{lists,map,2}") not in undefined


def test_warnings_count_as_errors(release: Path) -> None:
    options = {"path": ["f/*/ebin"], "exref": True, "warnings_as_errors": True}
    check([Case(directory=release, name="r", options=options)])


def test_real_applications(tmp_path: Path) -> None:
    write_rel(tmp_path, "real", closure(["mix", "ssl", "wx", "sasl"]), ["permanent"])
    options = {"path": [ELIXIR], "exref": True}
    check([Case(directory=tmp_path, name="real", options=options)])


@pytest.mark.parametrize("content", ["FOR1", ""])
def test_a_broken_object_file(tmp_path: Path, content: str) -> None:
    # One alone: of several xref tells the first in the order of the directory.
    files = {"r.rel": rel(A), "f/a/ebin/a.app": app("a", modules="[m]")}
    write(tmp_path, {**files, "f/a/ebin/m.beam": content})
    options = {"path": ["f/*/ebin"], "exref": True}
    check([Case(directory=tmp_path, name="r", options=options)])
