"""Small Erlang modules for upgrades: an application's tree, servers, supervisors."""

from __future__ import annotations


def application(supervisor: str) -> str:
    """An application whose tree begins with this supervisor."""
    return f"""
    -behaviour(application).
    -export([start/2, stop/1]).
    start(_, _) -> {supervisor}:start_link().
    stop(_) -> ok.
    """


def supervisor(*children: str) -> str:
    """A supervisor registered by its name with these specifications."""
    return f"""
    -behaviour(supervisor).
    -export([start_link/0, init/1]).
    start_link() -> supervisor:start_link({{local, ?MODULE}}, ?MODULE, []).
    init([]) ->
        Children = [{", ".join(children)}],
        {{ok, {{#{{strategy => one_for_one}}, Children}}}}.
    """


def child(module: str, name: str = "", more: str = "") -> str:
    """The specification of a worker, a map."""
    start = f"{{{module}, start_link, []}}"
    return f"#{{id => {name or module}, start => {start}{more}}}"


def server(state: str, *more: str, get: str = "S") -> str:
    """A gen_server registered by its name, whose state is asked with `get`."""
    return "\n".join([
        f"""
    -behaviour(gen_server).
    -export([start_link/0, init/1, handle_call/3, handle_cast/2]).
    start_link() -> gen_server:start_link({{local, ?MODULE}}, ?MODULE, [], []).
    init([]) -> {{ok, {state}}}.
    handle_call(get, _, S) -> {{reply, {get}, S}};
    handle_call({{put, N}}, _, _) -> {{reply, ok, N}}.
    handle_cast(_, S) -> {{noreply, S}}.
    """,
        *more,
    ])  # fmt: skip


def code_change(text: str, arity: int = 3) -> str:
    """The export and the clauses of code_change."""
    return f"-export([code_change/{arity}]).\n{text}"


DEFAULT = code_change("code_change(_, S, _) -> {ok, S}.")
