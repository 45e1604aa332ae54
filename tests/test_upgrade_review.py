"""The review: one upgrade that each finding is about, and one that it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.terms.text import parse_term
from dodo_relkit.upgrade.appup.generate import generate
from dodo_relkit.upgrade.review.findings import AppUpgrade, Danger
from dodo_relkit.upgrade.review.review import review, severe_ones
from dodo_relkit.upgrade.review.story import events, stories
from tests.live_upgrade import elixir_versions, erlang_version
from tests.upgrade_sources import DEFAULT, child, code_change, server, supervisor


def upgrade(old, new, up=None, down=None, asked=False) -> AppUpgrade:
    """An upgrade as it is generated, or with instructions given as text."""
    way = generate(old.version, new.version)
    given = [
        tuple(step.instruction for step in steps) if text is None else parsed(text)
        for text, steps in ((up, way.up), (down if down is not None else up, way.down))
    ]
    return AppUpgrade(
        old=old.version, new=new.version, up=given[0], down=given[1],
        restart_asked=asked,
    )  # fmt: skip


def parsed(text: str):
    return tuple(parse_term(f"[{text}]."))


def erlang(tmp_path, before, after, **how):
    """Review the change of an Erlang application m; returns codes and findings."""
    old = erlang_version(tmp_path, "m", "1", before)
    new = erlang_version(tmp_path, "m", "2", after)
    return review([upgrade(old, new, **how)])


def codes(findings) -> list[Code]:
    return [each.diagnostic.code for each in findings]


RECORD = "-record(s, {{{}}}).\n"
GROWN = code_change(
    "code_change({down, _}, {s, A, _}, _) -> {ok, {s, A}};"
    "code_change(_, {s, A}, _) -> {ok, {s, A, 0}}."
)


def record_server(fields: str, *more: str) -> str:
    return server("#s{a = 1}", *more) + f"\n-record(s, {{{fields}}}).\n"


def test_record_changed_and_nothing_changes_it(tmp_path):
    found = erlang(
        tmp_path, {"srv": record_server("a")}, {"srv": record_server("a, b")}
    )
    assert codes(found) == [Code.REVIEW_STATE] * 2
    up, down = (each.diagnostic.facts for each in found)
    assert (up["before"], up["after"]) == ("#s{a}", "#s{a, b}")
    assert (down["before"], down["after"]) == ("#s{a, b}", "#s{a}")
    assert found[0].danger is Danger.SEVERE
    assert found[0].diagnostic.place.file.endswith("srv.erl")


def test_record_changed_and_code_change_handles_it(tmp_path):
    found = erlang(
        tmp_path, {"srv": record_server("a")}, {"srv": record_server("a, b", GROWN)}
    )
    assert found == ()


def test_state_kept_by_a_code_change_asked_for(tmp_path):
    found = erlang(
        tmp_path,
        {"srv": record_server("a", DEFAULT)},
        {"srv": record_server("a, b", DEFAULT)},
        up="{update, srv, {advanced, []}}",
    )
    assert codes(found) == [Code.REVIEW_STATE] * 2
    assert "as it is" in found[0].diagnostic.facts["reason"]


def test_code_change_that_matches_the_new_record_only(tmp_path):
    """The commonest mistake: #s{} in the newer module has the newer size."""
    wrong = code_change(
        "code_change({down, _}, #s{a = A}, _) -> {ok, {s, A}};"
        "code_change(_, #s{} = S, _) -> {ok, S#s{b = 0}}."
    )
    found = erlang(
        tmp_path, {"srv": record_server("a")}, {"srv": record_server("a, b", wrong)}
    )
    assert codes(found) == [Code.REVIEW_CLAUSE]
    assert found[0].diagnostic.facts["direction"] == "on the way up"
    assert "#s{a}" in found[0].diagnostic.facts["arguments"]


def test_code_change_for_another_version(tmp_path):
    """It is called with the version of the module, not of the application."""
    wrong = code_change('code_change("1", {s, A}, _) -> {ok, {s, A, 0}}.')
    before = {"srv": server("{s, 1}")}
    found = erlang(tmp_path, before, {"srv": server("{s, 1, 0}", wrong)})
    assert codes(found) == [Code.REVIEW_CLAUSE] * 2
    vsn = '-vsn("1").\n'
    right = code_change(
        'code_change("1", {s, A}, _) -> {ok, {s, A, 0}};'
        'code_change({down, "1"}, {s, A, _}, _) -> {ok, {s, A}}.'
    )
    found = erlang(
        tmp_path / "right",
        {"srv": vsn + server("{s, 1}")},
        {"srv": server("{s, 1, 0}", right)},
    )
    assert found == ()


def test_advanced_without_code_change(tmp_path):
    found = erlang(
        tmp_path,
        {"srv": server("1")},
        {"srv": server("2")},
        up="{update, srv, {advanced, []}}",
    )
    assert codes(found) == [Code.REVIEW_NO_CODE_CHANGE] * 2
    soft = erlang(
        tmp_path / "soft",
        {"srv": server("1")},
        {"srv": server("2")},
        up="{update, srv, soft}",
    )
    assert soft == ()


def test_state_that_cannot_be_read(tmp_path):
    unread = server("lists:seq(1, 3)")
    found = erlang(tmp_path, {"srv": unread}, {"srv": unread + "\n-a(b).\n"})
    assert codes(found) == [Code.REVIEW_STATE_UNREAD]
    assert severe_ones(found) == ()


@pytest.mark.parametrize(
    ("made", "holder"),
    [
        ("init(_) -> {ok, fun(X) -> X + VALUE end}.", "is part of the state"),
        ("init(T) -> F = fun() -> VALUE end, ets:insert(T, {k, F}), {ok, 1}.",
         "is put into an ETS table"),
        ("init(_) -> spawn(fun() -> VALUE end), {ok, 1}.",
         "a process of its own runs"),
        ("init(_) -> {ok, #{f => fun init/1, v => VALUE}}.", "is part of the state"),
        ("init(_) -> {ok, VALUE, lists:map(fun(X) -> X end, [])}.", None),
        ("init(_) -> {ok, {VALUE, fun ?MODULE:init/1}}.", None),
        ("init(T) -> ets:insert(T, {k, (fun() -> VALUE end)()}), {ok, 1}.", None),
    ],
)  # fmt: skip
def test_funs_held(tmp_path, made, holder):
    rest = """
    -behaviour(gen_server). -export([init/1, handle_call/3, handle_cast/2]).
    handle_call(_, _, S) -> {reply, S, S}.
    handle_cast(_, S) -> {noreply, S}.
    """
    found = erlang(
        tmp_path, *({"srv": rest + made.replace("VALUE", each)} for each in "12")
    )
    held = [each for each in found if each.diagnostic.code is Code.REVIEW_HELD_FUN]
    assert [each.diagnostic.facts["holder"] for each in held] == (
        [holder] if holder else []
    )
    if holder:
        place = held[0].diagnostic.place
        assert "init(" in Path(place.file).read_text().splitlines()[place.line - 1]


def test_record_shared_with_a_module_left_out(tmp_path):
    user = "-export([f/0]).\n-record(r, {a}).\nf() -> #r{a = 1}."
    other = erlang_version(tmp_path, "o", "1", {"user": user}).version
    source = "-export([f/0]).\n-record(r, {%s}).\nf() -> #r{a = 1}."
    old = erlang_version(tmp_path, "m", "1", {"own": source % "a"})
    new = erlang_version(tmp_path, "m", "2", {"own": source % "a, b"})
    (found,) = review([upgrade(old, new)], [other])
    assert found.diagnostic.code is Code.REVIEW_SHARED
    assert found.diagnostic.facts["changes"] == "+b"
    assert found.diagnostic.facts["user"] == "user"
    same_name = user.replace("{a}", "{x, y}").replace("a = 1", "x = 1")
    stranger = erlang_version(tmp_path, "p", "1", {"user": same_name}).version
    assert review([upgrade(old, new)], [stranger]) == ()


def test_process_without_instruction(tmp_path):
    before, after = {"srv": server("1")}, {"srv": server("2")}
    found = erlang(tmp_path, before, after, up="")
    assert codes(found) == [Code.REVIEW_NO_INSTRUCTION] * 2
    assert erlang(tmp_path / "told", before, after, up="{load_module, srv}") == ()


@pytest.mark.parametrize(
    "instruction",
    [
        "{restart_application, m}",
        "restart_new_emulator",
        "{apply, {application, stop, [m]}}",
    ],
)
def test_restart_nobody_asked_for(tmp_path, instruction):
    before, after = {"srv": server("1")}, {"srv": server("2")}
    found = erlang(tmp_path, before, after, up=instruction)
    assert codes(found) == [Code.REVIEW_RESTART] * 2
    asked = erlang(tmp_path / "asked", before, after, up=instruction, asked=True)
    assert asked == ()


def test_child_that_does_not_list_its_module(tmp_path):
    tree = {"sup": supervisor(child("srv", more=", modules => [other]"))}
    found = erlang(tmp_path, {**tree, "srv": server("1")}, {**tree, "srv": server("2")})
    assert codes(found) == [Code.REVIEW_NOT_FOUND]
    tree = {"sup": supervisor(child("srv", more=", modules => [srv]"))}
    found = erlang(
        tmp_path / "ok", {**tree, "srv": server("1")}, {**tree, "srv": server("2")}
    )
    assert found == ()


def test_callback_mode(tmp_path):
    source = """
    -behaviour(gen_statem). -export([init/1, callback_mode/0, handle_event/4, a/3]).
    -export([code_change/4]).
    init(_) -> {ok, a, 1}. callback_mode() -> MODE.
    handle_event(_, _, _, _) -> keep_state_and_data. a(_, _, _) -> keep_state_and_data.
    code_change(_, S, D, _) -> {ok, S, D}.
    """
    before = {"sm": source.replace("MODE", "state_functions")}
    after = {"sm": source.replace("MODE", "handle_event_function")}
    found = erlang(tmp_path, before, after, up="{update, sm, soft}")
    assert codes(found) == [Code.REVIEW_CALLBACK_MODE] * 2
    dynamic = "{update, sm, {advanced, []}}"
    (found,) = erlang(tmp_path / "dynamic", before, after, up=dynamic)
    assert found.diagnostic.code is Code.REVIEW_CALLBACK_MODE
    assert found.diagnostic.facts["direction"] == "on the way down"
    static = "{update, sm, static, default, {advanced, []}, soft_purge, soft_purge, []}"
    assert erlang(tmp_path / "static", before, after, up=static) == ()


ELIXIR = {
    "1": """
    defmodule M.State do
      defstruct [:a]
    end
    defmodule M.Good do
      use GenServer
      defstruct x: 1
      def init(a), do: {:ok, %__MODULE__{x: a}}
    end
    defmodule M.Bad do
      use GenServer
      def init(a), do: {:ok, %M.State{a: a}}
    end
    defmodule M.Map do
      use GenServer
      def init(_), do: {:ok, %{n: 1, f: fn x -> x end}}
    end
    defmodule M.Quiet do
      use GenServer
      def init(_), do: {:ok, %{n: 1, f: &M.Quiet.g/1}}
      def g(x), do: x
    end
    """,
    "2": """
    defmodule M.State do
      defstruct [:a, :b]
    end
    defmodule M.Good do
      use GenServer
      defstruct x: 1, y: 2
      def init(a), do: {:ok, %__MODULE__{x: a}}
      def code_change({:down, _}, s, _), do: {:ok, Map.delete(s, :y)}
      def code_change(_, %{x: _} = s, _), do: {:ok, Map.put(s, :y, 2)}
    end
    defmodule M.Bad do
      use GenServer
      def init(a), do: {:ok, %M.State{a: a, b: 1}}
    end
    defmodule M.Map do
      use GenServer
      def init(_), do: {:ok, %{n: 1, f: fn x -> x end, k: 2}}
    end
    defmodule M.Quiet do
      use GenServer
      def init(_), do: {:ok, %{n: 2, f: &M.Quiet.g/1}}
      def g(x), do: x
    end
    """,
}
USER = """
    defmodule M.State do
      defstruct [:a]
    end
    defmodule U.Builds do
      def f, do: %M.State{a: 1}
    end
    defmodule U.Matches do
      def f(%M.State{}), do: 1
    end
"""


def test_elixir(tmp_path):
    old, new = elixir_versions(tmp_path, "m", ELIXIR)
    found = review([upgrade(old, new)])

    def about(module):
        name = f"Elixir.M.{module}"
        return codes(e for e in found if e.diagnostic.facts.get("module") == name)

    assert about("Good") == []
    assert about("Bad") == [Code.REVIEW_STATE] * 2
    assert about("Map") == [Code.REVIEW_STATE] * 2 + [Code.REVIEW_HELD_FUN]
    assert about("Quiet") == []
    (bad, *_) = (
        e.diagnostic
        for e in found
        if e.diagnostic.facts.get("module") == "Elixir.M.Bad"
    )
    assert bad.facts["before"] == "%M.State{a}"
    assert bad.facts["after"] == "%M.State{a, b}"
    assert bad.place.file.endswith("m.ex")
    (both,) = elixir_versions(tmp_path, "u", {"1": USER})
    users = {
        name: chunks
        for name, chunks in both.version.modules.items()
        if name.startswith("Elixir.U.")
    }
    from dataclasses import replace

    others = [replace(both.version, modules=users)]
    shared = [
        each.diagnostic.facts["user"]
        for each in review([upgrade(old, new)], others)
        if each.diagnostic.code is Code.REVIEW_SHARED
    ]
    assert shared == ["Elixir.U.Builds"]


def test_story():
    script = parsed("""
        {load_object_code, {m, "2", [srv, lib]}}, point_of_no_return,
        {apply, {supervisor, terminate_child, [sup, old]}},
        {suspend, [srv]}, {load, {lib, brutal_purge, brutal_purge}},
        {load, {srv, brutal_purge, brutal_purge}}, {code_change, up, [{srv, []}]},
        {resume, [srv]}, {apply, {supervisor, restart_child, [sup, new]}}
    """)
    told = [(each.step, each.what, each.subject) for each in events(script)]
    assert told == [
        (3, "stopped", "old of sup"),
        (4, "suspended", "srv"),
        (5, "code loaded", "lib"),
        (6, "code loaded", "srv"),
        (7, "state changed", "srv"),
        (8, "resumed", "srv"),
        (9, "started", "new of sup"),
    ]
    assert [each.what for each in stories(script)["srv"]] == [
        "suspended",
        "code loaded",
        "state changed",
        "resumed",
    ]


DYNAMIC = supervisor(child("srv")).replace("one_for_one", "simple_one_for_one")


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ((server("1"), supervisor(child("srv"))), ("gen_server", "supervisor")),
        (
            (supervisor(child("srv")), DYNAMIC),
            ("supervisor", "supervisor of dynamic children"),
        ),
    ],
)
def test_a_process_of_another_kind(tmp_path, sources, words):
    """Severe when an appup of the user updates it; the generated one exchanges it."""
    trees = [
        {
            "top": supervisor(child("it", more=", type => supervisor")),
            "srv": server("1"),
            "it": each,
        }
        for each in sources
    ]
    updated = erlang(tmp_path / "a", *trees, up="{update, it, supervisor}")
    switches = [
        each.diagnostic.facts
        for each in severe_ones(updated)
        if each.diagnostic.code is Code.REVIEW_SWITCHED
    ]
    assert [(each["before"], each["after"]) for each in switches] == [
        words,
        words[::-1],
    ]
    assert severe_ones(erlang(tmp_path / "b", *trees)) == ()
