"""The review of records and structs that callbacks put into the state of a process."""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.upgrade.review.findings import Danger
from dodo_relkit.upgrade.review.review import review
from tests.live_upgrade import elixir_versions, erlang_version
from tests.test_upgrade_kept_records import told
from tests.test_upgrade_review import codes, upgrade
from tests.upgrade_sources import code_change

SERVER = """
-behaviour(gen_server).
-compile(nowarn_unused_function).
-export([start_link/0, init/1, handle_call/3, handle_cast/2]).
-record(s, {m = #{}}).
-record(u, {FIELDS}).
start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).
init([]) -> {ok, STATE}.
handle_call(get, _, S) -> {reply, S, S};
handle_call({ask, X}, _, S) -> {reply, #u{n = X}, S};
handle_call({put, X}, _, S) -> CALL.
handle_cast({put, X}, S) -> CAST.
new(X) -> #u{n = X}.
add(X, S) -> S#{X => new(X)}.
push(U, L) -> [U | L].
count(_, S) -> S.
"""
NONE = ("{reply, {ok, X}, S}", "{noreply, S#{X => 1}}")


def servers(tmp_path, call: str, cast: str, *, state="#{}", more=("", "")):
    source = SERVER.replace("CALL", call).replace("CAST", cast).replace("STATE", state)
    return [
        erlang_version(
            tmp_path, "m", vsn, {"srv": source.replace("FIELDS", fields) + added}
        )
        for vsn, fields, added in zip("12", ("n", "n, m = 0"), more, strict=True)
    ]


CALLS = {
    "{reply, ok, S#{X => #u{n = X}}}": 1,
    "{reply, ok, [#u{n = X} | S]}": 1,
    "U = #u{n = X}, {reply, ok, {S, U}, 100}": 1,
    "{reply, ok, maps:put(X, #u{n = X}, S)}": 1,
    "{reply, ok, S ++ [#u{n = X}]}": 1,
    "{reply, ok, lists:keystore(X, 2, S, #u{n = X})}": 1,
    "{reply, ok, S#s{m = #{X => #u{n = X}}}}": 1,
    "{reply, ok, add(X, S)}": 1,
    "{reply, ok, push(#u{n = X}, S)}": 1,
    "N = case S of [] -> S; _ -> [new(X) | S] end, {reply, ok, N}": 1,
    "case S of [] -> {noreply, S}; _ -> {noreply, #u{n = X}} end": 1,
    "{reply, #u{n = X}, S}": 0,
    "{stop, #u{n = X}, ok, S}": 0,
    "{reply, ok, count(#u{n = X}, S)}": 0,
    "{reply, ok, [U#u{n = X} || U <- S]}": 0,
    "U = #u{n = X}, {reply, U, S}": 0,
}


@pytest.mark.parametrize("call", CALLS)
def test_what_a_callback_puts_there(tmp_path, call):
    found = told(*servers(tmp_path, call, NONE[1]))
    assert len(found) == CALLS[call]
    for each in found:
        facts = each.diagnostic.facts
        assert each.danger is Danger.NOTICE
        assert (facts["what"], facts["changes"]) == ("the record #u", "+m")
        assert (facts["function"], facts["module"]) == ("handle_call/3", "srv")
        assert facts["holder"] == "is part of the state"
        assert each.diagnostic.place.line


def test_one_finding_for_a_module(tmp_path):
    found = told(
        *servers(tmp_path, "{reply, ok, [new(X) | S]}", "{noreply, add(X, S)}")
    )
    assert [each.diagnostic.facts["function"] for each in found] == ["handle_call/3"]


CHANGE = code_change("code_change(_, S, _) -> {ok, convert(S)}. convert(S) -> S.")
KEEP = code_change("code_change(_, S, _) -> {ok, S}.")


@pytest.mark.parametrize(
    ("change", "up", "times"),
    [
        (CHANGE, "{update, srv, {advanced, []}}", 0),
        (CHANGE, "{update, srv, soft}", 1),
        (KEEP, "{update, srv, {advanced, []}}", 1),
        ("", "{load_module, srv}, {apply, {srv, add, [1, 2]}}", 0),
        ("", "{load_module, srv}, {apply, {sys, suspend, [srv]}}", 1),
        ("", "{restart_application, m}", 0),
    ],
)
def test_who_converts_it(tmp_path, change, up, times):
    call = "{reply, ok, add(X, S)}"
    found = told(*servers(tmp_path, call, NONE[1], more=("", change)), up)
    assert len(found) == times


def test_init_makes_such_a_record_too(tmp_path):
    """It is told as the state that changed its shape, once."""
    built = servers(tmp_path, "{reply, ok, add(X, S)}", NONE[1], state="[#u{n = 1}]")
    assert codes(review([upgrade(*built)])) == [Code.REVIEW_STATE] * 2


MACHINE = """
-behaviour(gen_statem).
-export([init/1, callback_mode/0, on/3]).
-record(u, {FIELDS}).
callback_mode() -> state_functions.
init([]) -> {ok, on, []}.
on(cast, X, L) -> ANSWER.
"""
HANDLER = """
-behaviour(gen_event).
-export([init/1, handle_event/2, handle_call/2]).
-record(u, {FIELDS}).
init([]) -> {ok, []}.
handle_event(X, L) -> ANSWER.
handle_call(_, L) -> {ok, L, L}.
"""


@pytest.mark.parametrize(
    ("source", "answer", "times"),
    [
        (MACHINE, "{next_state, on, [#u{n = X} | L]}", 1),
        (MACHINE, "{keep_state, [#u{n = X} | L], []}", 1),
        (MACHINE, "{keep_state, {X, L}, [{next_event, cast, #u{n = X}}]}", 0),
        (HANDLER, "{ok, [#u{n = X} | L]}", 1),
        (HANDLER, "{swap_handler, #u{n = X}, L, m, []}", 0),
    ],
)
def test_other_kinds_of_processes(tmp_path, source, answer, times):
    text = source.replace("ANSWER", answer)
    old, new = (
        erlang_version(tmp_path, "m", vsn, {"srv": text.replace("FIELDS", fields)})
        for vsn, fields in (("1", "n"), ("2", "n, m"))
    )
    assert len(told(old, new)) == times


ELIXIR = """
defmodule M.User do
  defstruct [FIELDS]
  def new(id), do: %__MODULE__{id: id}
end
defmodule M.Srv do
  use GenServer
  def init(_), do: {:ok, %{all: %{}}}
  def handle_call({:put, id}, _, s), do: ANSWER
  def handle_call({:get, id}, _, s), do: {:reply, s[id], s}
  def version, do: VSN
end
"""
ANSWERS = {
    "{:reply, :ok, Map.put(s, id, %M.User{id: id})}": 1,
    "{:reply, :ok, s |> Map.put(1, 2) |> Map.put(id, M.User.new(id))}": 1,
    "{:reply, :ok, %{s | all: [%M.User{id: id} | s.all]}}": 1,
    "{:reply, :ok, Map.update(s, id, nil, fn _ -> %M.User{id: id} end)}": 1,
    "{:reply, :ok, put_in(s.all[id], %M.User{id: id})}": 1,
    "(user = %M.User{id: id}; {:noreply, put_in(s, [:all, id], user)})": 1,
    "{:reply, %M.User{id: id}, s}": 0,
    "{:reply, :ok, Map.put(s, id, 1)}": 0,
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_structs(tmp_path, answer):
    sources = {
        vsn: ELIXIR.replace("FIELDS", fields).replace("ANSWER", answer)
        .replace("VSN", vsn)
        for vsn, fields in (("1", ":id"), ("2", ":id, :mail"))
    }  # fmt: skip
    found = told(*elixir_versions(tmp_path, "m", sources))
    assert len(found) == ANSWERS[answer]
    for each in found:
        assert each.diagnostic.facts["what"] == "the struct %M.User{}"
        assert each.diagnostic.facts["module"] == "Elixir.M.Srv"
