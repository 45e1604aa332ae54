"""Children that stay and are specified otherwise: another start, another restart.

On a live node, case by case: after each way the child is killed, to see that it comes
back. The table of all cases is at the head of `test_appup_live.py`.
"""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import render
from tests.live_cases import OK, versions
from tests.live_upgrade import (
    ELIXIR,
    Built,
    Live,
    between,
    elixir_versions,
    instructions,
)
from tests.upgrade_sources import child, server
from tests.upgrade_sources import supervisor as strict_supervisor


@pytest.fixture(scope="module")
def live():
    """A node of this file's own: upgrades load and purge code on it."""
    node = Live()
    node.ask(f'code:add_patha("{ELIXIR}/elixir/ebin")')
    yield node
    node.close()


def supervisor(*children: str) -> str:
    """A supervisor that sees its children killed many times."""
    often = "one_for_one, intensity => 99"
    return strict_supervisor(*children).replace("one_for_one", often)


def reborn(name: str) -> str:
    """Kill the process of this name; return whether another has it soon after."""
    return (
        f"(fun() -> P = whereis({name}), exit(P, kill), (fun Wait(0) -> false;"
        f" Wait(N) -> case whereis({name}) of Q when is_pid(Q), Q =/= P -> true;"
        " _ -> timer:sleep(20), Wait(N - 1) end end)(500) end)()"
    )


def taking(state: str, arity: int, extra: str = "") -> str:
    """A server that is started with `arity` arguments."""
    given = ", ".join(["_"] * arity)
    text = server(state, extra)
    text = text.replace("start_link/0", f"start_link/{arity}")
    return text.replace("start_link()", f"start_link({given})")


def there_and_back(live: Live, old: Built, new: Built, name: str) -> None:
    """Go up and down twice; each time the child keeps its process and is born again."""
    live.start(old)
    for _ in range(2):
        for go in (live.up, live.down):
            pid = live.ask(f"whereis({name})")
            assert go(new if go == live.up else old) == OK
            assert live.ask(f"whereis({name})") == pid
            assert live.ask(reborn(name)) == "true"
    live.stop(old)


def test_another_start_in_the_supervisor(tmp_path, live):
    """The usual case: the supervisor changed and is updated; nothing else is done."""
    old, new = versions(
        tmp_path,
        "sa",
        {"sa_sup": supervisor(child("sa_srv")), "sa_srv": taking("1", 0)},
        {
            "sa_sup": supervisor(child("sa_srv").replace("[]", "[{a}]")),
            "sa_srv": taking("1", 1),
        },
    )
    way = between(old, new)
    assert way.notes == ()
    updates = ["{load_module,sa_srv}", "{update,sa_sup,supervisor}"]
    assert sorted(instructions(way.up)) == sorted(instructions(way.down)) == updates
    there_and_back(live, old, new, "sa_srv")


OWN_SPEC = """
-export([child_spec/0]).
child_spec() ->
    #{id => srv, start => {?MODULE, start_link, ARGUMENTS}, restart => KIND}.
"""


def own_spec(arguments: str, kind: str = "permanent") -> str:
    return OWN_SPEC.replace("ARGUMENTS", arguments).replace("KIND", kind)


@pytest.mark.parametrize("also", [False, True], ids=["stays", "changes"])
def test_another_start_in_another_module(tmp_path, live, also):
    """The supervisor is asked when the code that specifies the child is there, on both
    ways: also one that did not change, else the next crash calls what is gone."""
    app = "sc" if also else "sb"
    more = "\n-export([n/0]).\nn() -> {}."
    sup = supervisor(f"{app}_srv:child_spec()")
    old, new = versions(
        tmp_path,
        app,
        {
            f"{app}_sup": sup + more.replace("{}", "1"),
            f"{app}_srv": taking("1", 0, own_spec("[]")),
        },
        {
            f"{app}_sup": sup + more.replace("{}", "2" if also else "1"),
            f"{app}_srv": taking("1", 1, own_spec("[x]")),
        },
    )
    way = between(old, new)
    assert way.notes == ()
    both = [f"{{load_module,{app}_srv}}", f"{{update,{app}_sup,supervisor}}"]
    assert instructions(way.up) == instructions(way.down) == both
    there_and_back(live, old, new, f"{app}_srv")


def test_another_restart(tmp_path, live):
    """A child that was permanent is transient."""
    old, new = versions(
        tmp_path,
        "sd",
        *(
            {
                "sd_sup": supervisor("sd_srv:child_spec()"),
                "sd_srv": server("1", own_spec("[]", kind)),
            }
            for kind in ("permanent", "transient")
        ),
    )
    between(old, new)
    live.start(old)
    asked = "maps:get(restart, element(2, supervisor:get_childspec(sd_sup, srv)))"
    assert live.up(new) == OK
    assert live.ask(asked) == "transient"
    assert live.down(old) == OK
    assert live.ask(asked) == "permanent"
    live.stop(old)


@pytest.mark.parametrize(
    "spec",
    [
        "{srv, {se_srv, start_link, []}, permanent, 5000, worker, [se_srv]}",
        "#{id => srv, start => {se_srv, start_link, []}, restart => permanent}",
        "#{id => srv, start => {se_srv, start_link, made(N)}}",
    ],
    ids=["tuple", "defaults", "made"],
)
def test_the_same_in_other_words(tmp_path, spec):
    """Nothing is done for what means the same, or cannot be told."""
    made = "-export([made/1]).\nmade([]) -> []; made(X) -> lists:nthtail(9, X)."
    plain = "#{id => srv, start => {se_srv, start_link, []}}"
    where = "-export([spec/1]).\nspec(N) -> _ = N, {}."
    tree = {"se_sup": supervisor("se_specs:spec([])")}
    old, new = versions(
        tmp_path,
        "se",
        *(
            {
                **tree,
                "se_specs": where.replace("{}", each) + "\n" + made,
                "se_srv": server("1"),
            }
            for each in (plain, spec)
        ),
    )
    way = between(old, new)
    assert way.notes == ()
    assert instructions(way.up) == ["{load_module,se_specs}"]


def test_a_gained_child_beside_one_of_another_start(tmp_path, live):
    """The supervisor is updated before the gained child starts; it is asked again when
    the code that specifies the other is there."""
    first = "-export([first/0]).\nfirst() -> sf_two:get()."
    tree = supervisor("sf_specs:srv()")
    both = supervisor("sf_specs:srv()", child("sf_two"))
    specs = (
        "-export([srv/0]).\nsrv() -> #{id => srv, start => {sf_srv, start_link, {}}}."
    )
    two = server("2", "-export([get/0]).\nget() -> gen_server:call(?MODULE, get).")
    old, new = versions(
        tmp_path,
        "sf",
        {
            "sf_sup": tree,
            "sf_specs": specs.replace("{}", "[]"),
            "sf_srv": taking("1", 0),
        },
        {
            "sf_sup": both,
            "sf_specs": specs.replace("{}", "[x]"),
            "sf_srv": taking("1", 1, first),
            "sf_two": two,
        },
    )
    way = between(old, new)
    assert way.notes == ()
    there_and_back(live, old, new, "sf_srv")


POOL = """
-behaviour(supervisor).
-export([start_link/0, init/1, add/0]).
start_link() -> supervisor:start_link({local, ?MODULE}, ?MODULE, []).
add() -> supervisor:start_child(?MODULE, []).
init([]) ->
    Spec = #{id => c, start => {APP_srv, start_link, ARGUMENTS}, restart => KIND},
    {ok, {#{strategy => simple_one_for_one}, [Spec]}}.
"""


@pytest.mark.parametrize(("kind", "told"), [("permanent", 1), ("temporary", 0)])
def test_another_template(tmp_path, kind, told):
    """What runs below it would start again with the old arguments, if ever."""
    old, new = versions(
        tmp_path,
        "sg",
        *(
            {
                "sg_sup": POOL.replace("APP", "sg")
                .replace("ARGUMENTS", arguments)
                .replace("KIND", kind),
                "sg_srv": taking("1", arity),
            }
            for arguments, arity in (("[]", 0), ("[a]", 1))
        ),
    )
    way = between(old, new)
    assert "{update,sg_sup,supervisor}" in instructions(way.up)
    assert [note.code for note in way.notes] == [Code.UP_RUNS_ON] * told
    for note in way.notes:
        assert "with the arguments they were started with before" in render(note)


EX_SERVER = """
defmodule NAME do
  use GenServer
  SPEC
  def start_link(PATTERN), do: GenServer.start_link(__MODULE__, 1, name: __MODULE__)
  def init(n), do: {:ok, n}
end
"""
EX_APP = """
defmodule SX.App do
  use Application
  def start(_, _) do
    Supervisor.start_link([LIST], strategy: :one_for_one, name: SX.Top)
  end
end
defmodule SX.Sup do
  use Supervisor
  def start_link(_), do: Supervisor.start_link(__MODULE__, [], name: __MODULE__)
  def init(_) do
    Supervisor.init([{SX.In, 5}], strategy: :one_for_one, max_restarts: 99)
  end
end
defmodule SX.Two do
  use Supervisor
  def start_link(_), do: Supervisor.start_link(__MODULE__, [], name: __MODULE__)
  def init(_) do
    Supervisor.init([{SX.Old, 5}MORE], strategy: :one_for_one, max_restarts: 99)
  end
end
"""
OTHER_SPEC = """
  def child_spec(n) do
    %{id: __MODULE__, start: {__MODULE__, :start_link, [[n: n]]}}
  end
"""


def elixir_server(name: str, pattern: str, spec: str = "") -> str:
    text = EX_SERVER.replace("NAME", name).replace("PATTERN", pattern)
    return text.replace("SPEC", spec)


def test_specifications_of_elixir(tmp_path, live):
    """A child of a module's supervisor is told by an update, though only its own
    `child_spec` changed; twice, when a gained child needs an update before. One of a
    list in `start/2` is told by nothing, and a note says so."""
    one, two = (
        EX_APP.replace("LIST", f"SX.Sup, SX.Two, {{SX.Out, {how}}}")
        for how in ("5", "[n: 5]")
    )
    sources = {
        "1": one.replace("MORE", "")
        + elixir_server("SX.In", "5")
        + elixir_server("SX.Old", "5")
        + elixir_server("SX.Out", "_"),
        "2": two.replace("MORE", ", SX.New")
        + elixir_server("SX.In", "[n: 5]", OTHER_SPEC)
        + elixir_server("SX.Old", "[n: 5]", OTHER_SPEC)
        + elixir_server("SX.Out", "_")
        + elixir_server("SX.New", "_"),
    }
    mods = dict.fromkeys("12", "Elixir.SX.App")
    old, new = elixir_versions(tmp_path, "sx", sources, mods)
    way = between(old, new)
    (note,) = way.notes
    assert note.code is Code.UP_RUNS_ON
    assert "'Elixir.SX.Out' of Elixir.SX.App" in render(note)
    for steps in (way.up, way.down):
        told = instructions(steps)
        update = told.index("{update,'Elixir.SX.Sup',supervisor}")
        assert told.index("{load_module,'Elixir.SX.In'}") < update
    up = instructions(way.up)
    assert up.index("{load_module,'Elixir.SX.Old'}") < up.index(
        "{code_change,up,[{'Elixir.SX.Two',[]}]}"
    )
    for name in ("'Elixir.SX.In'", "'Elixir.SX.Old'"):
        there_and_back(live, old, new, name)


def test_a_temporary_child_is_exchanged(tmp_path, live):
    """Its supervisor forgets it when it stops, and knows it again after an update."""
    statem = """
    -behaviour(gen_statem).
    -export([start_link/0, init/1, callback_mode/0, handle_event/4]).
    start_link() -> gen_statem:start_link({local, ?MODULE}, ?MODULE, [], []).
    init([]) -> {ok, on, 2}.
    callback_mode() -> handle_event_function.
    handle_event({call, F}, get, _, D) -> {keep_state_and_data, [{reply, F, D}]}.
    """
    tree = {"sk_sup": supervisor(child("sk_srv", more=", restart => temporary"))}
    old, new = versions(
        tmp_path, "sk", {**tree, "sk_srv": server("1")}, {**tree, "sk_srv": statem}
    )
    way = between(old, new)
    assert way.notes == ()
    assert "{update,sk_sup,supervisor}" in instructions(way.up)
    live.start(old)
    for go, to, answer in ((live.up, new, "2"), (live.down, old, "1")) * 2:
        assert go(to) == OK
        assert live.ask("gen_server:call(sk_srv, get)") == answer
    live.stop(old)
