"""Erlang sources of applications that start processes while they run; their load."""

from __future__ import annotations

from tests.upgrade_sources import application, child, code_change, supervisor


def conn_sup(name: str) -> str:
    """A simple_one_for_one supervisor whose module has a function that starts one."""
    return f"""
    -behaviour(supervisor).
    -export([start_link/0, open/0, init/1]).
    start_link() -> supervisor:start_link({{local, ?MODULE}}, ?MODULE, []).
    open() -> supervisor:start_child(?MODULE, []).
    init([]) ->
        Child = #{{id => x, start => {{{name}_conn, start_link, []}},
                   restart => temporary}},
        {{ok, {{#{{strategy => simple_one_for_one}}, [Child]}}}}.
    """


def door(how: str, state: str = "0", *more: str) -> str:
    """A gen_server that opens a connection for who asks."""
    return "\n".join([
        f"""
    -behaviour(gen_server).
    -export([start_link/0, init/1, handle_call/3, handle_cast/2]).
    start_link() -> gen_server:start_link({{local, ?MODULE}}, ?MODULE, [], []).
    init([]) -> {{ok, {state}}}.
    handle_call(get, _, S) -> {{reply, S, S}};
    handle_call(open, _, S) -> {{reply, {how}, S}}.
    handle_cast(_, S) -> {{noreply, S}}.
    """,
        *more,
    ])  # fmt: skip


def conn(state: str, own: str = "") -> str:
    """A connection that counts: the count is `N` in the pattern of its state.

    It lives for as long as who opened it.
    """
    after = state.replace("N", "(N + 1)")
    return f"""
    -behaviour(gen_server).
    -export([start_link/0, init/1, handle_call/3, handle_cast/2, handle_info/2]).
    start_link() -> gen_server:start_link(?MODULE, [], []).
    init([]) -> {{ok, {state.replace("N", "0")}}}.
    handle_call(add, _, {state}) -> {{reply, N + 1, {after}}};
    handle_call(stop, _, S) -> {{stop, normal, ok, S}}.
    handle_cast({{nap, T}}, {state}) -> timer:sleep(T), {{noreply, {state}}}.
    handle_info(_, S) -> {{noreply, S}}.
    {own}
    """


BOTH_WAYS = code_change(
    "code_change({down, _}, {s, N}, _) -> {ok, N};code_change(_, N, _) -> {ok, {s, N}}."
)


def tree(name: str, *more: str) -> dict[str, str]:
    """The supervisors of the application `name`: connections and who opens them."""
    conns = child(f"{name}_conn_sup", more=", type => supervisor")
    return {
        f"{name}_app": application(f"{name}_sup"),
        f"{name}_sup": supervisor(conns, child(f"{name}_door"), *more),
        f"{name}_conn_sup": conn_sup(name),
    }


LOAD = """
-export([start/2, stop/1]).
%% Clients that open connections one after the other, and others that keep theirs.
start(Door, Count) ->
    Keepers = [spawn_monitor(fun() -> keep(Door) end) || _ <- lists:seq(1, Count)],
    Visitors = [spawn_monitor(fun() -> visit(Door, 0) end) || _ <- lists:seq(1, Count)],
    {Keepers, Visitors}.

%% How many were served, and why the others were not.
stop({Keepers, Visitors}) ->
    Ends = [begin Pid ! stop,
                  receive {'DOWN', Ref, process, Pid, Why} -> Why
                  after 30000 -> late end
            end || {Pid, Ref} <- Keepers ++ Visitors],
    Served = [N || {served, N} <- Ends],
    {lists:sum(Served), length(Ends) - length(Served)}.

keep(Door) ->
    {ok, Conn} = gen_server:call(Door, open, infinity),
    gen_server:cast(Conn, {nap, 120}),
    count(Conn, 0).

count(Conn, N) ->
    receive
        stop -> gen_server:call(Conn, stop, infinity), exit({served, N});
        nap -> gen_server:cast(Conn, {nap, 120}), count(Conn, N)
    after 1 ->
        M = N + 1,
        M = gen_server:call(Conn, add, infinity),
        count(Conn, M)
    end.

visit(Door, N) ->
    {ok, Conn} = gen_server:call(Door, open, infinity),
    [I = gen_server:call(Conn, add, infinity) || I <- lists:seq(1, 5)],
    receive after 5 -> ok end,
    6 = gen_server:call(Conn, add, infinity),
    ok = gen_server:call(Conn, stop, infinity),
    receive stop -> exit({served, N + 6}); nap -> visit(Door, N + 6)
    after 0 -> visit(Door, N + 6) end.
"""
"""A module `load`. `nap` makes a connection busy, so that suspending it takes time."""
