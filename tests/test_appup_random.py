"""Random upgrades of random applications on a live node, under calls, up and down.

`RELKIT_RANDOM_UPGRADES` says how many are tried, 12 if it is not set; from 50 on a case
that fails is shown as it was drawn.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings

from dodo_relkit.codes import Code
from tests.found_upgrades import FOUND
from tests.live_relups import relups
from tests.live_upgrade import Built, Live, between, erlang_version, instructions
from tests.random_sources import sources
from tests.random_upgrades import Kid, Version, parents, processes, worlds

EXAMPLES = int(os.environ.get("RELKIT_RANDOM_UPGRADES", "12"))
PHASES = [each for each in Phase if EXAMPLES < 50 or each is not Phase.shrink]
NUMBERS = itertools.count(1)
PROBE = """
    -export([start/0, log/2, faults/0, load/2, stop/1, tree/1, old/1]).
    start() ->
        Owner = spawn(fun() ->
            ets:new(probe, [named_table, public, ordered_set]),
            receive stop -> ok end
        end),
        ok = logger:add_handler(probe, probe, #{level => error}),
        ok = logger:remove_handler(default),
        ok = logger:set_primary_config(level, error),
        Owner.
    log(Event, _) -> ets:insert(probe, {erlang:unique_integer([monotonic]), Event}).
    faults() ->
        Found = [maps:get(msg, Event) || {_, Event} <- ets:tab2list(probe)],
        ets:delete_all_objects(probe),
        Found.
    load(Names, Door) ->
        [spawn_monitor(fun() -> exit({done, pokes(Name, 0)}) end) || Name <- Names]
        ++ [spawn_monitor(fun() -> exit({done, visits(Door, 0)}) end) || Door =/= no].
    stop(Load) ->
        [Pid ! stop || {Pid, _} <- Load],
        [receive {'DOWN', Ref, _, _, Why} -> Why end || {_, Ref} <- Load].
    pokes(Name, N) ->
        receive stop -> N
        after 0 -> gen_server:call(Name, poke, 20000), pokes(Name, N + 1)
        end.
    visits(Door, N) ->
        receive stop -> N
        after 0 ->
            {ok, Pid} = gen_server:call(Door, open, 20000),
            [gen_server:call(Pid, poke, 20000) || _ <- "some"],
            ok = gen_server:call(Pid, bye, 20000),
            visits(Door, N + 1)
        end.
    tree(Sup) ->
        lists:sort([
            begin
                {ok, Spec} = supervisor:get_childspec(Sup, Id),
                #{start := {M, _, _}, restart := R, shutdown := S, type := T} = Spec,
                Sub = case {T, M} of
                    {supervisor, _} when Id =/= dyn -> tree(Pid);
                    _ -> []
                end,
                {Id, M, element(2, process_info(Pid, registered_name)), R,
                 case T of worker -> S; _ -> infinity end, Sub}
            end
            || {Id, Pid, _, _} <- supervisor:which_children(Sup)
        ]).
    old(Modules) ->
        [{P, M} || P <- processes(), M <- Modules, erlang:check_process_code(P, M)].
"""


@pytest.fixture(scope="module")
def live(tmp_path_factory) -> Iterator[Live]:
    """An embedded node: a module that no instruction loads is not there."""
    node = Live(mode="embedded")
    directory = tmp_path_factory.mktemp("probe")
    probe = erlang_version(directory, "probe", "1", {"probe": PROBE})
    node.ask(
        '[Sasl] = filelib:wildcard(code:root_dir() ++ "/lib/sasl-*/ebin"),'
        " true = code:add_pathz(Sasl),"
        " ok = application:load(sasl), {ok, Ms} = application:get_key(sasl, modules),"
        " [{module, M} = code:load_file(M) || M <- Ms],"
        f' {{module, probe}} = code:load_abs("{probe.directory}/ebin/probe"),'
        " probe:start()"
    )
    yield node
    node.close()


def expected_tree(app: str, version: Version, home: str) -> str:
    """Return what `probe:tree/1` has to say of a supervisor."""
    found = []
    for kid in version[home].kids:
        kind, name = version[kid.module].kind, f"{app}_{kid.module}"
        inner = expected_tree(app, version, kid.module) if kind == "sup" else "[]"
        shutdown = "infinity" if kind in ("sup", "dyn") else kid.shutdown
        found.append(f"{{{kid.id},{name},{name},{kid.restart},{shutdown},{inner}}}")
    return f"lists:sort([{','.join(found)}])"


def expected_answer(version: Version, name: str) -> str:
    """Return what a worker answers to `poke`."""
    mod = version[name]
    inner = [
        f"{{{each},{version[each].tag}}}"
        if version[each].kind == "plain"
        else expected_answer(version, each)
        for each, _ in mod.calls
    ]
    return f"{{{name},{mod.tag},[{','.join(inner)}]}}"


def place(version: Version, name: str) -> tuple[tuple[str, Kid], ...]:
    """Return where in the tree a process is: ids and modules from it to the top."""
    homes, found = parents(version), []
    while name in homes:
        kids = version[homes[name]].kids
        kid = next((each for each in kids if each.module == name), Kid("conn", name))
        found.append((kid.id, name, version[name].kind))
        name = homes[name]
    return tuple(found)


def kept(old: Version, new: Version) -> list[str]:
    """Return the workers that neither start nor stop, in both directions."""
    both = set(processes(old)) & set(processes(new))
    return sorted(name for name in both if place(old, name) == place(new, name))


def check(live: Live, app: str, built: Built, version: Version, gone: set[str]) -> None:
    """See that what runs is the version, and nothing else."""
    assert live.ask("probe:faults()") == "[]"
    tree = expected_tree(app, version, "sup")
    assert live.ask(f"probe:tree({app}_sup)") == live.ask(tree)
    for name in processes(version):
        assert live.ask(
            f"gen_server:call({app}_{name}, ask_all(), 20000)".replace(
                "ask_all()", f"{{ask, {version[name].proto}}}"
            )
        ) == expected_answer(version, name)
    if "ev" in version:
        found = live.ask(f"gen_event:call({app}_ev, {app}_ev, get)")
        assert found.startswith(f"{{{version['ev'].tag},")
    names = ",".join(built.version.modules)
    assert live.ask(f"probe:old([{names}])") == "[]"
    beams = f"{built.directory}/ebin/"
    assert (
        live.ask(
            f'[M || M <- [{names}], {{ok, {{M, V}}}} <- [beam_lib:md5("{beams}" ++'
            " atom_to_list(M))], code:is_loaded(M) =:= false orelse"
            " M:module_info(md5) =/= V]"
        )
        == "[]"
    )
    for name in gone:
        assert live.ask(f"code:is_loaded({app}_{name})") == "false"
    assert live.ask("probe:faults()") == "[]"


def play(live: Live, directory: Path, old: Version, new: Version, say=print) -> None:
    """Go up, down and up under calls."""
    app = f"r{next(NUMBERS)}"
    builts = [
        erlang_version(directory, app, vsn, sources(app, one, other), f"{app}_app")
        for vsn, one, other in (("1", old, None), ("2", new, old))
    ]
    way = between(*builts)
    say(f"up {instructions(way.up)}\ndown {instructions(way.down)}\n{way.notes}")
    relups(live, *builts, way)
    live.ask(
        "[{module, M} = code:load_abs(F) || {M, F} <- ["
        + ",".join(
            f'{{{name}, "{builts[0].directory}/ebin/{name}"}}'
            for name in builts[0].version.modules
        )
        + "]]"
    )
    live.start(builts[0])
    try:
        travel(live, app, builts, old, new, way)
    finally:
        live.ask("[exit(P, kill) || {P, _} <- get(load)]")
        live.stop(builts[0])
        live.ask("probe:faults()")
        names = {name for each in builts for name in each.version.modules}
        for name in names:
            live.ask(f"code:purge({name}), code:delete({name}), code:purge({name})")


def travel(live, app, builts, old, new, way) -> None:
    staying = kept(old, new)
    codes = {each.code for each in way.notes}
    assert codes <= {Code.UP_CHILD_LATE}, way.notes
    conns = "dyn" in old and "dyn" in new
    named = [f"{app}_{name}" for name in staying if name != "door"]
    pids = f"[whereis(N) || N <- [{','.join(f'{app}_{name}' for name in staying)}]]"
    check(live, app, builts[0], old, new.keys() - old.keys())
    before = live.ask(pids)
    if conns:
        live.ask(
            f"put(conns, [P || _ <- [1, 2],"
            f" {{ok, P}} <- [gen_server:call({app}_door, open)]]),"
            " [gen_server:call(P, poke) || P <- get(conns)]"
        )
    if "ev" in old:
        live.ask(f"gen_event:sync_notify({app}_ev, poke)")
    counts = f"[gen_server:call(N, count) || N <- [{','.join(named)}]]"
    poked = [int(each) for each in live.ask(counts).strip("[]").split(",") if each]
    steps = [(live.up, new, old), (live.down, old, new), (live.up, new, old)]
    for change, version, other in steps:
        built = builts[version is new]
        door = f"{app}_door" if conns else "no"
        live.ask(f"put(load, probe:load([{','.join(named)}], {door}))")
        live.ask("timer:sleep(10)")
        began = time.monotonic()
        answer = change(built)
        took = time.monotonic() - began
        assert took < 4, "somebody waited for a process that was suspended"
        live.ask("timer:sleep(10)")
        done = live.ask("probe:stop(get(load))")
        assert answer.startswith("{ok,"), answer
        assert done.count("{done,") == len(named) + conns, done
        check(live, app, built, version, other.keys() - version.keys())
        assert live.ask(pids) == before
        times = [
            int(each.strip("{}[]").removeprefix("done,"))
            for each in done.replace("},{", "}|{").split("|")
            if "done" in each
        ]
        poked = [had + more for had, more in zip(poked, times, strict=False)]
        assert live.ask(counts) == f"[{','.join(map(str, poked))}]"
        if conns:
            assert live.ask("[gen_server:call(P, count) || P <- get(conns)]") == "[1,1]"
        if "ev" in old and "ev" in version:
            found = live.ask(f"gen_event:call({app}_ev, {app}_ev, get)")
            assert found.endswith(",1}")


@pytest.mark.parametrize("case", FOUND)
def test_what_was_found(live, tmp_path, case):
    play(live, tmp_path, *FOUND[case])


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=PHASES,
    suppress_health_check=list(HealthCheck),
)
@given(world=worlds())
def test_random_upgrades(live, world):
    note(repr(world))
    with tempfile.TemporaryDirectory() as directory:
        play(live, Path(directory), *world, note)
