"""Who is seen to start processes, who cannot be suspended, and what the review says."""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.terms.text import parse_term
from dodo_relkit.upgrade.appup.generate import generate
from dodo_relkit.upgrade.appup.starters import (
    EVENT,
    NOBODY,
    SPAWNED,
    UNLISTED,
    WAITS,
    read_starts,
)
from dodo_relkit.upgrade.appup.view import codes_of
from dodo_relkit.upgrade.code.calls import program_of
from dodo_relkit.upgrade.review.findings import AppUpgrade
from dodo_relkit.upgrade.review.review import review
from tests.live_upgrade import elixir_versions, erlang_version, instructions
from tests.starting_apps import BOTH_WAYS, conn, door, tree
from tests.upgrade_sources import child, server, supervisor

SPECIAL = """
    -export([start_link/0, init/1, loop/1, system_continue/3, system_terminate/4]).
    start_link() -> proc_lib:start_link(?MODULE, init, [self()]).
    init(Parent) -> proc_lib:init_ack(Parent, {ok, self()}), loop(Parent).
    loop(Parent) ->
        receive
            {system, From, R} -> sys:handle_system_msg(R, From, Parent, ?MODULE, [], 0);
            open -> a_conn_sup:open(), loop(Parent)
        end.
    system_continue(Parent, _, _) -> loop(Parent).
    system_terminate(Reason, _, _, _) -> exit(Reason).
"""
LOOP = """
    -export([start_link/0, loop/1]).
    start_link() ->
        {ok, L} = gen_tcp:listen(0, []),
        {ok, START}.
    loop(L) -> {ok, _} = gen_tcp:accept(L), a_conn_sup:open(), loop(L).
"""
API = server("1") + "\n-export([open/0]). open() -> a_conn_sup:open()."
WAITING = door("gen_tcp:accept(S), a_conn_sup:open()")
HANDLER = """
    -behaviour(gen_event).
    -export([start_link/0, init/1, handle_event/2, handle_call/2]).
    start_link() -> gen_event:start_link({local, ?MODULE}).
    init([]) -> {ok, 1}.
    handle_event(_, S) -> a_conn_sup:open(), {ok, S}.
    handle_call(_, S) -> {ok, S, S}.
"""
IN_A_FUN = door("[(fun(_) -> a_conn_sup:open() end)(X) || X <- S]")
BOUND = door(
    "begin Spec = #{id => x, start => {a_conn, start_link, []}},"
    " supervisor:start_child(a_sup, Spec) end"
)
DOORS = {
    "function of the supervisor": (door("a_conn_sup:open()"), "a_door", ""),
    "itself": (door("supervisor:start_child(a_conn_sup, [])"), "a_door", ""),
    "through a plain module": (door("a_plain:open()"), "a_door", ""),
    "unknown supervisor": (door("supervisor:start_child(S, [])"), "a_door", ""),
    "a specification": (BOUND, "a_door", ""),
    "special process": (SPECIAL, "a_door", ""),
    "in a fun": (IN_A_FUN, "a_door", ""),
    "waits": (WAITING, "a_door", WAITS.format("gen_tcp:accept/1")),
    "gen_event": (HANDLER, "a_door", EVENT),
    "fun that is spawned": (LOOP.replace("START", "spawn_link(fun() -> loop(L) end)"),
                            "a_door", SPAWNED),
    "function that is spawned": (
        LOOP.replace("START", "proc_lib:spawn_link(?MODULE, loop, [L])"),
        "a_door", SPAWNED),
    "interface, called elsewhere": (API, "", NOBODY),
    "only where it begins": (server("a_conn_sup:open()"), "", NOBODY),
}  # fmt: skip


@pytest.mark.parametrize(
    ("source", "module", "reason"), DOORS.values(), ids=DOORS.keys()
)
def test_who_starts(tmp_path, source, module, reason):
    plain = "-export([open/0]). open() -> {ok, [a_conn_sup:open()]}."
    sources = {**tree("a"), "a_door": source, "a_conn": conn("N"), "a_plain": plain}
    version = erlang_version(tmp_path, "a", "1", sources).version
    program = program_of(version.modules, codes_of(version.modules))
    (starter,) = read_starts(program).starters
    assert (starter.module, starter.reason) == (module, reason)
    assert starter.children == {"a_conn"}


def test_who_is_no_child_of_a_supervisor(tmp_path):
    """The door is started by hand: release_handler does not find it."""
    sources = {
        "a_sup": supervisor(child("a_conn_sup", more=", type => supervisor")),
        "a_conn_sup": tree("a")["a_conn_sup"],
        "a_door": door("a_conn_sup:open()"),
        "a_conn": conn("N"),
    }
    version = erlang_version(tmp_path, "a", "1", sources).version
    program = program_of(version.modules, codes_of(version.modules))
    (starter,) = read_starts(program).starters
    assert (starter.module, starter.reason) == ("a_door", UNLISTED)


def change(tmp_path, before=None, after=None, **doors):
    """An application whose connections change, in both versions.

    `before` and `after` have what else is there, or instead.
    """
    always = {**tree("a"), "a_door": door("a_conn_sup:open()"), **doors}
    return [
        erlang_version(
            tmp_path, "a", vsn, {**always, **sources, **(more or {})}
        ).version
        for vsn, sources, more in (
            ("1", {"a_conn": conn("N")}, before),
            ("2", {"a_conn": conn("{s, N}", BOTH_WAYS)}, after),
        )
    ]


def reviewed(old, new, up: str = "", others=()):
    """What the review says of starters, with instructions for both ways if given."""
    way = generate(old, new)
    given = tuple(parse_term(f"[{up}].")) if up else ()
    upgrade = AppUpgrade(
        old=old,
        new=new,
        up=given or tuple(each.instruction for each in way.up),
        down=given or tuple(each.instruction for each in way.down),
    )
    ours = {Code.REVIEW_STARTER, Code.UP_STARTER_RUNS}
    return [
        (each.diagnostic.code, each.diagnostic.facts)
        for each in review([upgrade], others)
        if each.diagnostic.code in ours
    ]


UPDATE = "{update, a_conn, {advanced, []}}"


@pytest.mark.parametrize(
    ("script", "count"),
    [
        ("", 0),
        (UPDATE, 2),
        (f"{{suspend, [a_door]}}, {UPDATE}, {{resume, [a_door]}}", 0),
        (f"{{suspend, [x, {{a_door, 9}}]}}, {UPDATE}, {{resume, [a_door, x]}}", 0),
        (f"{{suspend, [a_door]}}, {{resume, [a_door]}}, {UPDATE}", 2),
        (f"{UPDATE}, {{suspend, [a_door]}}, {{resume, [a_door]}}", 2),
        (f"{{suspend, [other]}}, {UPDATE}, {{resume, [other]}}", 2),
        (f"{{apply, {{supervisor, terminate_child, [a_sup, a_door]}}}}, {UPDATE}", 0),
        ("{restart_application, a}", 0),
        ("{load_module, a_conn}", 0),
    ],
)
def test_instructions_that_leave_the_starter_running(tmp_path, script, count):
    found = reviewed(*change(tmp_path), script)
    assert [code for code, _ in found] == [Code.REVIEW_STARTER] * count
    assert all(facts["starter"] == "a_door" for _, facts in found)
    assert [facts["direction"] for _, facts in found] == [
        "on the way up",
        "on the way down",
    ][:count]


def test_who_is_spawned_is_told_whatever_the_appup_says(tmp_path):
    spawned = LOOP.replace("START", "spawn_link(fun() -> loop(L) end)")
    old, new = change(tmp_path, a_door=spawned)
    assert instructions(generate(old, new).up) == ["{update,a_conn,{advanced,[]}}"]
    found = reviewed(old, new)
    assert [code for code, _ in found] == [Code.UP_STARTER_RUNS] * 2
    reason = f"a_door starts them and cannot be suspended: {SPAWNED}"
    assert found[0][1]["reason"] == reason
    assert found[0][1]["children"] == "a_conn"


CALLS_BACK = "gen_server:call(a_door, get), "
DEADLOCKS = {
    "always": (
        ("handle_call(add, _, {s, N}) -> ", CALLS_BACK),
        "a_conn calls it and waits, so it could not be suspended itself",
    ),
    "when its code changes": (
        ("code_change(_, N, _) -> ", CALLS_BACK),
        "a_conn calls it when its code changes",
    ),
}


@pytest.mark.parametrize(("where", "reason"), DEADLOCKS.values(), ids=DEADLOCKS.keys())
def test_who_is_waited_for_is_not_suspended(tmp_path, where, reason):
    """Suspended before a connection that waits for it, it would hold that up."""
    after, call = where
    changed = conn("{s, N}", BOTH_WAYS)
    assert after in changed
    old, new = change(tmp_path, after={"a_conn": changed.replace(after, after + call)})
    way = generate(old, new)
    assert instructions(way.down) == ["{update,a_conn,{advanced,[]}}"]
    (*_, (code, facts)) = reviewed(old, new)
    assert code is Code.UP_STARTER_RUNS
    assert facts["reason"].endswith(reason)


def test_who_is_waited_for_by_a_new_child_is_not_suspended(tmp_path):
    greeter = server("gen_server:call(a_door, get)")
    doors = child("a_new")
    old, new = change(tmp_path, after={**tree("a", doors), "a_new": greeter})
    assert "{suspend,[a_door]}" not in instructions(generate(old, new).up)
    ((code, facts), *_) = reviewed(old, new)
    assert code is Code.UP_STARTER_RUNS
    assert facts["reason"].endswith("a_new calls it when it starts")


def test_a_starter_that_is_lost_is_stopped_first_and_started_last(tmp_path):
    """A second door closes for good; on the way down it opens when all is done."""
    second = {"a_side": door("a_conn_sup:open()")}
    old, new = change(tmp_path, before={**tree("a", child("a_side")), **second})
    way = generate(old, new)
    assert instructions(way.up) == [
        "{suspend,[a_door]}",
        "{apply,{supervisor,terminate_child,[a_sup,a_side]}}",
        "{apply,{supervisor,delete_child,[a_sup,a_side]}}",
        "{update,a_conn,{advanced,[]}}",
        "{update,a_sup,supervisor}",
        "{delete_module,a_side}",
        "{resume,[a_door]}",
    ]
    assert instructions(way.down) == [
        "{suspend,[a_door]}",
        "{add_module,a_side}",
        "{update,a_sup,supervisor}",
        "{update,a_conn,{advanced,[]}}",
        "{apply,{supervisor,restart_child,[a_sup,a_side]}}",
        "{resume,[a_door]}",
    ]
    assert reviewed(old, new) == []


def test_a_starter_of_another_application(tmp_path):
    """It is out of reach of what is generated, but not of an appup by hand."""
    old, new = change(tmp_path, a_door=server("1"))
    assert reviewed(old, new)[0][1]["reason"] == NOBODY
    sources = {
        "b_sup": supervisor(child("b_door")),
        "b_door": door("a_conn_sup:open()"),
    }
    other = erlang_version(tmp_path, "b", "1", sources).version
    found = reviewed(old, new, others=[other])
    assert [code for code, _ in found] == [Code.REVIEW_STARTER] * 2
    assert found[0][1]["starter"] == "b_door"
    by_hand = f"{{suspend, [b_door]}}, {UPDATE}, {{resume, [b_door]}}"
    assert reviewed(old, new, by_hand, [other]) == []


def test_a_child_and_what_it_needs_in_a_circle(tmp_path):
    """a_lib calls the new child, which calls a_lib: one has to be first."""
    lib = "-export([f/0, g/0]). f() -> 1. g() -> {}."
    old, new = change(
        tmp_path,
        before={"a_lib": lib.format(1)},
        after={
            **tree("a", child("a_new")),
            "a_lib": lib.format("gen_server:call(a_new, get), a_new:module_info()"),
            "a_new": server("a_lib:f()"),
        },
    )
    way = generate(old, new)
    assert instructions(way.up)[-2:] == [
        "{apply,{supervisor,restart_child,[a_sup,a_new]}}",
        "{resume,[a_door]}",
    ]
    (note,) = way.notes
    assert note.code is Code.UP_CHILD_LATE
    assert note.facts == {"child": "a_new", "supervisor": "a_sup", "module": "a_lib"}


ELIXIR = """
defmodule D.App do
  use Application
  def start(_, _) do
    children = [{DynamicSupervisor, name: D.Conns, strategy: :one_for_one}, D.Door]
    Supervisor.start_link(children, strategy: :one_for_one, name: D.Top)
  end
end
defmodule D.Open do
  def open(n) do
    spec = {D.Conn, n}
    DynamicSupervisor.start_child(D.Conns, spec)
  end
end
defmodule D.Door do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, 0, name: __MODULE__)
  def init(n), do: {:ok, n}
  def handle_call(:open, _, n), do: {:reply, D.Open.open(n), n}
end
defmodule D.Conn do
  use GenServer, restart: :temporary
  def start_link(n), do: GenServer.start_link(__MODULE__, n)
  def init(n), do: {:ok, STATE}
  def handle_call(:get, _, s), do: {:reply, s, s}
  CHANGE
end
"""
CHANGE = """
  def code_change({:down, _}, {n}, _), do: {:ok, n}
  def code_change(_, n, _), do: {:ok, {n}}
"""
TASK = """
  use Task
  def start_link(_), do: Task.start_link(__MODULE__, :run, [0])
  def run(n) do
    D.Open.open(n)
    run(n)
  end
"""


@pytest.fixture(scope="module")
def elixir(tmp_path_factory):
    """Two versions with a GenServer that starts connections, two with a task."""
    first = ELIXIR.replace("STATE", "n").replace("CHANGE", "")
    second = ELIXIR.replace("STATE", "{n}").replace("CHANGE", CHANGE)
    begin, end = first.index("  use GenServer\n"), first.index("end\ndefmodule D.Conn")
    task = first[begin:end]
    sources = {
        "1": first,
        "2": second,
        "3": first.replace(task, TASK),
        "4": second.replace(task, TASK),
    }
    versions = elixir_versions(tmp_path_factory.mktemp("elixir"), "d", sources)
    return [each.version for each in versions]


def test_elixir(elixir):
    old, new, *_ = elixir
    way = generate(old, new)
    silent = ["{suspend,['Elixir.D.Door']}", "{resume,['Elixir.D.Door']}"]
    update = "{update,'Elixir.D.Conn',{advanced,[]}}"
    assert instructions(way.up) == [silent[0], update, silent[1]]
    assert instructions(way.down) == instructions(way.up)
    assert reviewed(old, new) == []
    found = reviewed(old, new, update)
    assert [code for code, _ in found] == [Code.REVIEW_STARTER] * 2
    assert found[0][1]["starter"] == "Elixir.D.Door"
    assert reviewed(old, new, ", ".join([silent[0], update, silent[1]])) == []


def test_elixir_task(elixir):
    *_, old, new = elixir
    assert instructions(generate(old, new).up) == [
        "{update,'Elixir.D.Conn',{advanced,[]}}"
    ]
    found = reviewed(old, new)
    assert [code for code, _ in found] == [Code.UP_STARTER_RUNS] * 2
    assert SPAWNED in found[0][1]["reason"]
