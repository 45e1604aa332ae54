"""Upgrades that a live node did not survive and of which the review said nothing."""

from __future__ import annotations

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.upgrade.review.findings import AppUpgrade, Danger
from dodo_relkit.upgrade.review.review import review
from tests.live_upgrade import Live, between, elixir_versions, erlang_version
from tests.upgrade_sources import application, child, code_change, server, supervisor


@pytest.fixture(scope="module")
def node():
    """A node of this file's own: upgrades load and purge code on it."""
    node = Live()
    yield node
    node.close()


@pytest.fixture
def live(node, tmp_path):
    """The node, on which the code and the paths of a test are forgotten afterwards."""
    yield node
    node.ask("application:stop(top), application:unload(top)")
    ours = f'string:find(F, "{tmp_path}") =/= nomatch'
    node.ask(
        "[begin code:delete(M), code:purge(M) end"
        f" || {{M, F}} <- code:all_loaded(), is_list(F), {ours}]"
    )
    node.ask(f"[code:del_path(F) || F <- code:get_path(), {ours}]")


def tree(spec: str, **modules: str) -> dict[str, str]:
    """An application of one supervisor with one child."""
    return {
        "top_app": application("top"),
        "top": supervisor(spec),
        **modules,
    }


def versions(tmp_path, before: dict[str, str], after: dict[str, str]):
    old = erlang_version(tmp_path, "top", "1", before, "top_app")
    new = erlang_version(tmp_path, "top", "2", after, "top_app")
    return old, new, between(old, new)


def reviewed(old, new, way):
    """Review the generated instructions; returns codes by direction, and findings."""
    up, down = (
        tuple(each.instruction for each in steps) for steps in (way.up, way.down)
    )
    return review([AppUpgrade(old=old.version, new=new.version, up=up, down=down)])


def told(findings) -> list[tuple[Code, str]]:
    return [
        (each.diagnostic.code, str(each.diagnostic.facts.get("direction", "")))
        for each in findings
    ]


UP, DOWN = "on the way up", "on the way down"


def with_change(state: str, *clauses: str) -> str:
    return server(state, code_change("; ".join(clauses) + "."))


WRONG_BODIES = {
    "a record update": (
        "-record(srv, {a}).\n" + server("#srv{a = 1}"),
        "-record(srv, {a, b}).\n"
        + with_change(
            "#srv{a = 1, b = 2}",
            "code_change({down, _}, {srv, A, _}, _) -> {ok, {srv, A}}",
            "code_change(_, S, _) -> {ok, S#srv{b = 2}}",
        ),
        UP,
        "takes that for a #srv{}",
    ),
    "a key that is not there": (
        server("#{a => 1}"),
        with_change(
            "#{a => 1, b => 2}",
            "code_change({down, _}, S, _) -> {ok, maps:remove(b, S)}",
            "code_change(_, S, _) -> {ok, S#{b := 2}}",
        ),
        UP,
        "sets the key b",
    ),
    "a match": (
        server("{srv, 1}"),
        with_change(
            "{srv, 1, 2}",
            "code_change({down, _}, {srv, A, _}, _) -> {ok, {srv, A}}",
            "code_change(_, S, _) -> {srv, A, _} = S, {ok, {srv, A, 2}}",
        ),
        UP,
        "a match in its body",
    ),
    "no answer": (
        server("{srv, 1}"),
        with_change(
            "{srv, 1, 2}",
            "code_change({down, _}, {srv, A, _}, _) -> {ok, {srv, A}}",
            "code_change(_, {srv, A}, _) -> {srv, A, 2}",
        ),
        UP,
        "does not return {ok, State}",
    ),
}


@pytest.mark.parametrize("name", WRONG_BODIES)
def test_a_code_change_that_cannot_do_its_work(tmp_path, live, name):
    before, after, direction, reason = WRONG_BODIES[name]
    old, new, way = versions(
        tmp_path, tree(child("srv"), srv=before), tree(child("srv"), srv=after)
    )
    found = reviewed(old, new, way)
    assert told(found) == [(Code.REVIEW_CODE_CHANGE, direction)]
    assert found[0].danger is Danger.SEVERE
    assert reason in found[0].diagnostic.facts["reason"]
    live.start(old)
    assert "code_change_failed" in live.up(new)
    live.ask("exit(whereis(srv), kill)")


RIGHT_BODIES = {
    "a record that is matched": (
        "-record(srv, {a}).\n" + server("#srv{a = 1}"),
        "-record(srv, {a, b}).\n"
        + with_change(
            "#srv{a = 1, b = 2}",
            "code_change({down, _}, S, _) -> {srv, A, _} = S, {ok, {srv, A}}",
            "code_change(_, S, _) -> {srv, A} = S, {ok, #srv{a = A, b = 2}}",
        ),
    ),
    "a key with a new one": (
        server("#{a => 1}"),
        with_change(
            "#{a => 1, b => 2}",
            "code_change({down, _}, S, _) -> {ok, maps:remove(b, S)}",
            "code_change(_, S, _) -> {ok, S#{a := 3, b => 2}}",
        ),
    ),
    "only in a branch": (
        server("{srv, 1}"),
        with_change(
            "{srv, 1, 2}",
            "code_change(V, S, _) ->\n"
            "case V of {down, _} -> {srv, A, _} = S, {ok, {srv, A}};\n"
            "_ -> {srv, A} = S, {ok, {srv, A, 2}} end",
        ),
    ),
    "an error of its own": (
        server("{srv, 1}"),
        with_change(
            "{srv, 1, 2}",
            "code_change({down, _}, {srv, A, _}, _) -> {ok, {srv, A}}",
            "code_change(_, {srv, A}, _) -> {ok, {srv, A, 2}}",
            "code_change(_, _, _) -> {error, unknown}",
        ),
    ),
}


@pytest.mark.parametrize("name", RIGHT_BODIES)
def test_a_code_change_that_can(tmp_path, live, name):
    before, after = RIGHT_BODIES[name]
    old, new, way = versions(
        tmp_path, tree(child("srv"), srv=before), tree(child("srv"), srv=after)
    )
    assert reviewed(old, new, way) == ()
    live.start(old)
    assert live.up(new) == "{ok,[]}"
    assert live.down(old) == "{ok,[]}"


def test_a_code_change_that_makes_the_shape_of_before(tmp_path):
    after = with_change(
        "{srv, 1, 2}",
        "code_change({down, _}, {srv, A, _}, _) -> {ok, {srv, A}}",
        "code_change(_, {srv, A}, _) -> {ok, {srv, A + 1}}",
    )
    parts = {"srv": server("{srv, 1}")}, {"srv": after}
    found = reviewed(*versions(tmp_path, *(tree(child("srv"), **p) for p in parts)))
    assert told(found) == [(Code.REVIEW_STATE, UP)]
    assert "makes a tuple {srv, ...} of 2" in found[0].diagnostic.facts["reason"]


def continues(made: str) -> str:
    return server("none").replace("{ok, none}", "{ok, none, {continue, go}}") + (
        "-export([handle_continue/2]).\n"
        f"handle_continue(go, _) -> {{noreply, {made}}}.\n"
    )


def test_a_state_that_handle_continue_makes(tmp_path):
    ways = [("{srv, 1}", "{srv, 1, 2}"), ("{srv, 1}", "{srv, 2}")]
    for number, (before, after) in enumerate(ways):
        parts = [tree(child("srv"), srv=continues(each)) for each in (before, after)]
        found = reviewed(*versions(tmp_path / str(number), *parts))
        assert (
            told(found)
            == [(Code.REVIEW_STATE, UP), (Code.REVIEW_STATE, DOWN)][: 2 * (number == 0)]
        )


def loop(start: str, answer: str, name: str = "looper") -> str:
    return f"""
    -export([start_link/0, loop/1]).
    start_link() -> P = {start}, register({name}, P), {{ok, P}}.
    loop(N) -> receive {{get, From}} -> From ! {answer}, loop(N); stop -> ok end.
    """


@pytest.mark.parametrize(
    "start",
    [
        "spawn_link(?MODULE, loop, [1])",
        "proc_lib:spawn_link(?MODULE, loop, [1])",
        "spawn_opt(?MODULE, loop, [1], [link])",
    ],
)
def test_a_process_that_is_killed_since_nobody_suspends_it(tmp_path, live, start):
    parts = [
        tree(child("looper"), looper=loop(start, each)) for each in ("N", "{new, N}")
    ]
    old, new, way = versions(tmp_path, *parts)
    (found,) = reviewed(old, new, way)
    assert found.diagnostic.code is Code.REVIEW_SPAWNED
    assert found.diagnostic.facts["function"] == "loop/1"
    live.start(old)
    pid = live.ask("whereis(looper)")
    assert live.up(new) == "{ok,[{looper,brutal_purge}]}"
    assert live.ask("whereis(looper)") == pid
    live.ask("code:purge(looper)")  # as make_permanent does with what is left
    assert live.ask("whereis(looper)") != pid


@pytest.mark.parametrize(
    "start",
    [
        "proc_lib:spawn_link(?MODULE, enter, [1])",  # then OTP's code runs it
        "spawn_link(?MODULE, brief, [1])",
        "spawn_link(other, loop, [1])",  # the module that changes is another
    ],
)
def test_processes_that_are_not_killed(tmp_path, start):
    more = """
    -export([enter/1, brief/1]).
    enter(N) -> gen_server:enter_loop(?MODULE, [], N).
    brief(N) -> N + 1.
    """
    other = loop("self()", "N").replace("looper", "other")
    parts = [
        tree(
            child("srv"),
            other=other,
            srv=server(f"element(1, {{{start}, {each}}})", more),
        )
        for each in ("one", "two")
    ]
    found = reviewed(*versions(tmp_path, *parts))
    assert Code.REVIEW_SPAWNED not in [each.diagnostic.code for each in found]


WRAPPER = """
-behaviour(gen_server).
-callback first() -> term().
-export([start/1, init/1, handle_call/3, handle_cast/2]).
start(Module) -> gen_server:start_link({local, Module}, ?MODULE, Module, []).
handle_cast(_, S) -> {noreply, S}.
"""
WRAPPED = "-behaviour(wrap).\n-export([start_link/0, first/0]).\nfirst() -> 1.\n"
WRAPPED += "start_link() -> wrap:start(?MODULE).\n"


@pytest.mark.parametrize("listed", ["", ", modules => [wrap]"])
def test_a_behaviour_of_the_users_own(tmp_path, live, listed):
    """Its processes run the wrapper; their child specifications name the callbacks."""
    before = WRAPPER + (
        "init(M) -> {ok, {M, M:first()}}.\n"
        "handle_call(get, _, {_, S} = All) -> {reply, S, All}.\n"
    )
    after = WRAPPER + (
        "init(M) -> {ok, {M, M:first(), new}}.\n"
        "handle_call(get, _, {_, S, new} = All) -> {reply, S, All}.\n"
    )
    after += code_change(
        "code_change({down, _}, {M, S, _}, _) -> {ok, {M, S}};"
        "code_change(_, {M, S}, _) -> {ok, {M, S, new}}."
    )
    spec = child("wrapped", more=listed)
    old, new, way = versions(
        tmp_path,
        tree(spec, wrap=before, wrapped=WRAPPED),
        tree(spec, wrap=after, wrapped=WRAPPED),
    )
    found = reviewed(old, new, way)
    live.start(old)
    assert live.up(new) == "{ok,[]}"
    answer = live.ask("catch gen_server:call(wrapped, get)")
    if listed:
        assert (found, answer) == ((), "1")
    else:
        assert [each.diagnostic.code for each in found] == [Code.REVIEW_NOT_FOUND]
        assert found[0].diagnostic.facts["module"] == "wrap"
        assert "function_clause" in answer


def statem(state: str, mode: str = "state_functions") -> str:
    return f"""
    -behaviour(gen_statem).
    -export([start_link/0, init/1, callback_mode/0, {state}/3, handle_event/4]).
    start_link() -> gen_statem:start_link({{local, ?MODULE}}, ?MODULE, [], []).
    callback_mode() -> {mode}.
    init([]) -> {{ok, {state}, none}}.
    {state}({{call, From}}, get, _) -> {{keep_state_and_data, [{{reply, From, ok}}]}}.
    handle_event({{call, From}}, get, _, _) ->
        {{keep_state_and_data, [{{reply, From, ok}}]}}.
    """


def test_a_state_of_a_gen_statem_that_is_no_more(tmp_path, live):
    parts = [tree(child("fsm"), fsm=statem(each)) for each in ("idle", "ready")]
    old, new, way = versions(tmp_path, *parts)
    found = reviewed(old, new, way)
    assert [
        (*each, found[at].diagnostic.facts["state"])
        for at, each in enumerate(told(found))
    ] == [(Code.REVIEW_STATE_GONE, UP, "idle"), (Code.REVIEW_STATE_GONE, DOWN, "ready")]
    live.start(old)
    assert live.up(new) == "{ok,[]}"
    assert "undef" in live.ask("catch gen_statem:call(fsm, get)")


def test_states_that_code_change_gives_or_that_are_no_functions(tmp_path):
    given = code_change(
        "code_change({down, _}, ready, D, _) -> {ok, idle, D};"
        "code_change(_, idle, D, _) -> {ok, ready, D}.",
        4,
    )
    old, new, way = versions(
        tmp_path / "given",
        tree(child("fsm"), fsm=statem("idle")),
        tree(child("fsm"), fsm=statem("ready") + given),
    )
    assert reviewed(old, new, way) == ()
    mode = "handle_event_function"
    old, new, way = versions(
        tmp_path / "plain",
        tree(child("fsm"), fsm=statem("idle", mode)),
        tree(child("fsm"), fsm=statem("ready", mode)),
    )
    assert reviewed(old, new, way) == ()


STRUCT = """
defmodule Top.Server do
  use GenServer
  defstruct {fields}
  def init(_), do: {{:ok, %__MODULE__{{}}}}
  def handle_call(:get, _, s), do: {{:reply, s.{last}, s}}
  {more}
end
"""


@pytest.mark.parametrize(
    ("body", "faulty"),
    [("%{s | b: 2}", True), ("Map.put(s, :b, 2)", False), ("%{s | a: 2}", False)],
)
def test_a_struct_in_elixir(tmp_path, body, faulty):
    more = (
        "def code_change({:down, _}, s, _), do: {:ok, Map.delete(s, :b)}\n"
        f"  def code_change(_, s, _), do: {{:ok, {body}}}"
    )
    old, new = elixir_versions(
        tmp_path,
        "top",
        {
            "1": STRUCT.format(fields="a: 1", last="a", more=""),
            "2": STRUCT.format(fields="a: 1, b: 2", last="b", more=more),
        },
    )
    found = reviewed(old, new, between(old, new))
    assert told(found) == [(Code.REVIEW_CODE_CHANGE, UP)] * faulty
