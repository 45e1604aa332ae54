"""The Erlang of the applications of `random_upgrades.py`.

Workers call others further down the alphabet, by import or by registered name, with a
number that only the same release of the called one accepts: who is called by the wrong
version crashes, and so does who finds a state of another shape.
"""

from __future__ import annotations

from tests.random_upgrades import KINDS, MODES, Kid, Mod, Version
from tests.upgrade_sources import application


def sources(app: str, version: Version, other: Version | None) -> dict[str, str]:
    """Return the Erlang of a version; `other` is the one that it comes after."""
    made = {f"{app}_app": application(f"{app}_sup")}
    for name, mod in version.items():
        before = other.get(name) if other else None
        text = MAKERS[mod.kind](app, name, mod, version)
        made[f"{app}_{name}"] = text + changing(mod, before)
    return made


def changing(mod: Mod, before: Mod | None) -> str:
    """Return code_change: for another shape, or that keeps it, or none."""
    if mod.kind not in (*KINDS, "event"):
        return ""
    is_statem = mod.kind == "statem"
    arity, first = (4, "S, ") if is_statem else (3, "")
    moved = before and before.kind == mod.kind and before.shape != mod.shape
    asks = before and is_statem and before.kind == "statem" and before.mode != mod.mode
    if moved and before:
        text = (
            f"code_change({{down, _}}, {first}{{{mod.shape}, N}}, _) ->"
            f" {{ok, {first}{{{before.shape}, N}}}};\n"
            f"code_change(_, {first}{{{before.shape}, N}}, _) ->"
            f" {{ok, {first}{{{mod.shape}, N}}}}."
        )
    elif mod.keeps or is_statem or asks:
        text = f"code_change(_, {first}D, _) -> {{ok, {first}D}}."
    else:
        return ""
    return f"\n-export([code_change/{arity}]).\n{text}\n"


def asking(app: str, mod: Mod, version: Version) -> str:
    """Return the calls of a worker, as the items of a list."""
    made = []
    for name, how in mod.calls:
        module, called = f"{app}_{name}", version[name]
        if called.kind == "plain":
            made.append(f"{module}:f({called.proto})")
        elif how == "import":
            made.append(f"{module}:ask({called.proto})")
        else:
            made.append(f"gen_server:call({module}, {{ask, {called.proto}}})")
    return ", ".join(made)


def make_server(app: str, name: str, mod: Mod, version: Version) -> str:
    given = "" if name == "conn" else "{local, ?MODULE}, "
    opens = f"""
    handle_call(open, _, S) -> {{reply, supervisor:start_child({app}_dyn, []), S}};
    """
    return f"""
    -behaviour(gen_server).
    -export([start_link/0, ask/1, init/1, handle_call/3, handle_cast/2]).
    start_link() -> gen_server:start_link({given}?MODULE, [], []).
    ask(P) -> gen_server:call(?MODULE, {{ask, P}}).
    init(_) -> {{ok, {{{mod.shape}, 0}}}}.
    {opens if name == "door" else ""}
    handle_call(bye, _, S) -> {{stop, normal, ok, S}};
    handle_call({{ask, {mod.proto}}}, _, {{{mod.shape}, _}} = S) -> {{reply, all(), S}};
    handle_call(count, _, {{{mod.shape}, N}} = S) -> {{reply, N, S}};
    handle_call(poke, _, {{{mod.shape}, N}}) ->
        {{reply, all(), {{{mod.shape}, N + 1}}}}.
    handle_cast(_, S) -> {{noreply, S}}.
    all() -> {{{name}, {mod.tag}, [{asking(app, mod, version)}]}}.
    """


def make_statem(app: str, name: str, mod: Mod, version: Version) -> str:
    is_one = mod.mode == MODES[1]
    head, state, arity = ("handle_event", ", on", 4) if is_one else ("on", "", 3)
    return f"""
    -behaviour(gen_statem).
    -export([start_link/0, ask/1, init/1, callback_mode/0, {head}/{arity}]).
    start_link() -> gen_statem:start_link({{local, ?MODULE}}, ?MODULE, [], []).
    ask(P) -> gen_statem:call(?MODULE, {{ask, P}}).
    init(_) -> {{ok, on, {{{mod.shape}, 0}}}}.
    callback_mode() -> {mod.mode}.
    {head}({{call, F}}, {{ask, {mod.proto}}}{state}, {{{mod.shape}, _}}) ->
        {{keep_state_and_data, [{{reply, F, all()}}]}};
    {head}({{call, F}}, count{state}, {{{mod.shape}, N}}) ->
        {{keep_state_and_data, [{{reply, F, N}}]}};
    {head}({{call, F}}, poke{state}, {{{mod.shape}, N}}) ->
        {{keep_state, {{{mod.shape}, N + 1}}, [{{reply, F, all()}}]}}.
    all() -> {{{name}, {mod.tag}, [{asking(app, mod, version)}]}}.
    """


def make_event(app: str, name: str, mod: Mod, version: Version) -> str:
    return f"""
    -behaviour(gen_event).
    -export([start_link/0, init/1, handle_event/2, handle_call/2]).
    start_link() ->
        {{ok, Pid}} = gen_event:start_link({{local, ?MODULE}}),
        ok = gen_event:add_handler(Pid, ?MODULE, []),
        {{ok, Pid}}.
    init(_) -> {{ok, {{{mod.shape}, 0}}}}.
    handle_event(poke, {{{mod.shape}, N}}) -> {{ok, {{{mod.shape}, N + 1}}}}.
    handle_call(get, {{{mod.shape}, N}} = S) -> {{ok, {{{mod.tag}, N}}, S}}.
    """


def make_plain(app: str, name: str, mod: Mod, version: Version) -> str:
    return f"-export([f/1]). f({mod.proto}) -> {{{name}, {mod.tag}}}."


def make_supervisor(app: str, name: str, mod: Mod, version: Version) -> str:
    specs = ", ".join(specification(app, kid, version) for kid in mod.kids)
    return f"""
    -behaviour(supervisor).
    -export([start_link/0, init/1]).
    start_link() -> supervisor:start_link({{local, ?MODULE}}, ?MODULE, []).
    init([]) -> {{ok, {{#{{}}, [{specs}]}}}}.
    """


def make_dynamic(app: str, name: str, mod: Mod, version: Version) -> str:
    return f"""
    -behaviour(supervisor).
    -export([start_link/0, init/1]).
    start_link() -> supervisor:start_link({{local, ?MODULE}}, ?MODULE, []).
    init([]) -> {{ok, {{#{{strategy => simple_one_for_one}}, [#{{id => conn,
        start => {{{app}_conn, start_link, []}}, restart => temporary}}]}}}}.
    """


def specification(app: str, kid: Kid, version: Version) -> str:
    kind = version[kid.module].kind
    is_sup = kind in ("sup", "dyn")
    more = ", type => supervisor" if is_sup else f", shutdown => {kid.shutdown}"
    more += ", modules => dynamic" if kind == "event" else ""
    return (
        f"#{{id => {kid.id}, start => {{{app}_{kid.module}, start_link, []}},"
        f" restart => {kid.restart}{more}}}"
    )


MAKERS = {
    "server": make_server, "statem": make_statem, "event": make_event,
    "plain": make_plain, "sup": make_supervisor, "dyn": make_dynamic,
}  # fmt: skip
