"""Generated appups and those of a user on a live node, up and down, case by case.

Which test has the instructions, why they are right, and a node that goes through them
and keeps its state. Files: A this one, C `test_appup_children.py`, E
`test_appup_elixir.py`, G `test_upgrade_generate.py`, K `test_appup_kinds.py`, M
`test_upgrade_modules.py`, P `test_upgrade_protocols.py`, R `test_appup_releases.py`, S
`test_sample_upgrade.py`, T `test_upgrade_starters.py`, X `test_upgrade_elixir.py`.

| what changes                        | tests                                          |
|-------------------------------------|------------------------------------------------|
| supervisors                         | G children_gained_..., X up_and_down           |
| gen_server                          | G server_with_..., server_is_suspended_..., S  |
| gen_statem                          | G gen_statem_..., K callback_mode_..., S       |
| gen_event                           | G gen_event_handler, C dynamic_is_right_...    |
| special processes                   | G special_process_...                          |
| plain modules                       | G plain_modules_..., A modules_that_call_...   |
| modules that change kind            | K all, G module_that_..., plain_becomes_...    |
| code_change by the user             | G server_with_..., X up_and_down (E.State)     |
| the default code_change             | G server_without_..., A, E a_busy_server_...   |
| soft or brutal purge                | G purge_method, C a_soft_..., a_brutal_...     |
| children gained, lost, renamed      | G children_..., T all, C supervisor_behind_... |
| several from-versions, patterns     | G several_versions_..., pattern_means_...;     |
|                                     | S a_version_is_skipped                         |
| applications added and removed      | R a_live_node, S; E applications_added_...     |
| consolidated protocols              | P a_live_node_...; test_sample_upgrade_elixir  |
| transforms                          | A a_transform_on_a_live_node                   |
| who starts processes meanwhile      | T all                                          |
| calls by registered name            | test_appup_names                               |
| anything, at random                 | test_appup_random                              |

The weaknesses of other generators:

|  #  | weakness                                   | tests                             |
|-----|--------------------------------------------|-----------------------------------|
|  1  | every GenServer is suspended               | A, E a_busy_server_...            |
|  2  | children are neither started nor stopped;  | G children_..., X up_and_down     |
|     | map specifications, ids unlike modules,    | C supervisor_behind_a_name,       |
|     | names that are not local                   | E children_behind_a_name          |
|  3  | lines, documentation, debug information    | A only_place_..., a_literal_...,  |
|     | and literals told apart by luck            | E the_instructions, M what_...    |
|  4  | only calls are seen, and what is called is | G server_is_suspended_..., T all  |
|     | one of the changed modules                 |                                   |
|  5  | always a brutal purge                      | G purge_method, C a_soft_purge_...|
|  6  | the older version tells what a module is   | K all, G plain_becomes_...        |
|  7  | down in the order of up                    | A the_way_down_is_the_reverse     |
|  8  | `update supervisor` of a wrong form        | G children_...; test_relup_*.py   |
|  9  | no gen_event, special process, `static`    | G, K static_..., callback_mode_...|
| 10  | protocols, priv, configuration             | P; R the_instructions, a_live_... |
| 11  | appups made for OTP, and written there     | R the_instructions, a_live_node   |
| 12  | a stripped baseline crashes it             | R a_baseline_without_... (both)   |
| 13  | `dynamic` among the modules of a child     | C server_whose_..., dynamic_...   |
| 14  | other path, other time: all changed        | A only_place_lines_and_...        |
| 15  | funs held across the upgrade               | C funs_held_across_a_purge        |
"""

from __future__ import annotations

import shutil

import pytest

from dodo_relkit.terms.model import Atom
from dodo_relkit.upgrade.appup.generate import Generated, Step, generate
from dodo_relkit.upgrade.appup.transforms import Transform, transform
from dodo_relkit.upgrade.script.draft import Direction
from tests.live_cases import OK, up_and_down, versions
from tests.live_upgrade import (
    Live,
    between,
    instructions,
    read_version,
    write_appup,
)
from tests.oracle import the_oracle
from tests.upgrade_sources import (
    DEFAULT,
    child,
    server,
    supervisor,
)


@pytest.fixture(scope="module")
def live():
    """A node of this file's own: upgrades load and purge code on it."""
    node = Live()
    yield node
    node.close()


def compiled_elsewhere(built, directory, vsn: str, *options: str):
    """Compile the sources of a version once more, at another place, otherwise."""
    root = directory / "elsewhere" / f"{built.name}-{vsn}"
    (root / "ebin").mkdir(parents=True)
    shutil.copytree(built.directory / "src", root / "deeper" / "src")
    for source in (root / "deeper" / "src").iterdir():
        text = source.read_text().replace("\n", "\n\n%% moved down\n", 1)
        source.write_text(text)
        the_oracle().ask(
            f'{{ok, _}} = compile:file("{source}", [nowarn_export_all,'
            f' {{outdir, "{root}/ebin"}}, {", ".join(options)}])'
        )
    return read_version(root, built.name, vsn, f"{built.name}_app")


@pytest.mark.parametrize("options", [("debug_info",), ("deterministic",)])
def test_only_place_lines_and_debug_info_differ(tmp_path, live, options):
    """Rows 3 and 14: every file has other bytes, and no instruction is needed."""
    name = f"aa_{options[0][:3]}"
    sources = {
        f"{name}_sup": supervisor(child(f"{name}_srv")),
        f"{name}_srv": server("{1, fun() -> 1 end}", get="element(1, S)"),
    }
    (old,) = versions(tmp_path, name, sources)
    new = compiled_elsewhere(old, tmp_path, "2", *options)
    for module in sources:
        beams = [each.directory / f"ebin/{module}.beam" for each in (old, new)]
        assert beams[0].read_bytes() != beams[1].read_bytes()
    way = between(old, new)
    assert (way.up, way.down, way.notes) == ((), (), ())
    live.start(old)
    live.ask(f"gen_server:call({name}_srv, {{put, {{7, x}}}})")
    pid = live.ask(f"whereis({name}_srv)")
    up_and_down(live, old, new, f"gen_server:call({name}_srv, get)", "7", "7")
    assert live.ask(f"whereis({name}_srv)") == pid


def test_a_literal_differs(tmp_path, live):
    """Row 3: the code is the same byte for byte, what it says is not."""
    text = '-export([t/0]). t() -> {answer, "{}", [a, b]}.'
    tree = {"ab_sup": supervisor()}
    old, new = versions(
        tmp_path,
        "ab",
        {**tree, "ab_m": text.replace("{}", "one")},
        {**tree, "ab_m": text.replace("{}", "two")},
    )
    chunks = [each.version.modules["ab_m"] for each in (old, new)]
    assert chunks[0]["Code"] == chunks[1]["Code"]
    way = between(old, new)
    assert instructions(way.up) == instructions(way.down) == ["{load_module,ab_m}"]
    live.start(old)
    asked = 'element(2, ab_m:t()) =:= "two"'
    up_and_down(live, old, new, asked, "false", "true")


def test_a_busy_server_is_not_suspended(tmp_path, live):
    """Row 1: one with the default code_change is loaded, although it cannot be
    suspended: it waits for a message all the while. Its state is kept."""
    tree = {"ac_sup": supervisor(child("ac_srv"))}
    busy = """
    handle_info({wait, From}, S) ->
        From ! waiting,
        receive {go, N} -> {noreply, {S, N}} end.
    -export([handle_info/2]).
    """
    old, new = versions(
        tmp_path,
        "ac",
        {**tree, "ac_srv": server("1", DEFAULT, busy)},
        {**tree, "ac_srv": server("1", DEFAULT, busy, get="{new, S}")},
    )
    way = between(old, new)
    assert instructions(way.up) == instructions(way.down) == ["{load_module,ac_srv}"]
    live.start(old)
    waits = "ac_srv ! {wait, self()}, receive waiting -> ok end"
    live.ask(waits)
    assert live.up(new) == "{ok,[{ac_srv,brutal_purge}]}"
    live.ask("ac_srv ! {go, 2}")
    assert live.ask("gen_server:call(ac_srv, get)") == "{new,{1,2}}"
    live.ask(waits)
    assert live.down(old) == "{ok,[{ac_srv,brutal_purge}]}"
    live.ask("ac_srv ! {go, 3}")
    assert live.ask("gen_server:call(ac_srv, get)") == "{{1,2},3}"


LOW = "-export([{f}/0]). {f}() -> {n}."
TOP = "-export([n/0]). n() -> {{{n}, ad_low:{f}()}}."
PROBE = """
-export([note/0, seen/0]).
note() ->
    Seen = try ad_top:n() catch error:Reason -> Reason end,
    put(seen, [Seen | seen()]),
    ok.
seen() -> case get(seen) of undefined -> []; Seen -> Seen end.
"""
NOTE = (Atom("apply"), (Atom("ad_probe"), Atom("note"), []))


def noting(steps):
    """Call the user's code after every instruction.

    Without what they depend on: then the order is the one of the list, while of modules
    that name each other systools makes one block.
    """
    return tuple(
        Step(instruction=each, reason="")
        for step in steps
        for each in (step.instruction[:2], NOTE)
    )


def test_the_way_down_is_the_reverse(tmp_path, live):
    """Row 7: ad_top calls a function that only the new ad_low has. Whoever calls it
    between two instructions gets an answer; in the order of the way up, which is
    Distillery's way down, the call fails."""
    tree = {"ad_sup": supervisor(), "ad_probe": PROBE}
    old, new = versions(
        tmp_path,
        "ad",
        {**tree, "ad_low": LOW.format(f="a", n=1), "ad_top": TOP.format(f="a", n=1)},
        {
            **tree,
            "ad_low": "-export([a/0, b/0]). a() -> 2. b() -> 2.",
            "ad_top": TOP.format(f="b", n=2),
        },
    )
    way = generate(old.version, new.version)
    assert instructions(way.up) == [
        "{load_module,ad_low}",
        "{load_module,ad_top,[ad_low]}",
    ]
    assert instructions(way.down) == instructions(way.up)[::-1]
    live.start(old)
    write_appup(new, [way])
    up_and_down(live, old, new, "ad_top:n()", "{1,1}", "{2,2}")
    results = {}
    for name, down in (("reversed", way.down), ("same", way.up)):
        found = Generated(
            app="ad", old="1", new="2", up=noting(way.up), down=noting(down)
        )
        write_appup(new, [found])
        live.ask("erase(seen)")
        assert live.up(new) == OK
        assert live.down(old) == OK
        results[name] = live.ask("lists:reverse(ad_probe:seen())")
    assert results["reversed"] == "[{1,2},{2,2},{1,2},{1,1}]"
    assert results["same"] == "[{1,2},{2,2},undef,{1,1}]"


def test_a_transform_on_a_live_node(tmp_path, live):
    """What a transform adds is done, in both directions."""

    def counted(app, old, new, direction, instructions, options):
        call = (Atom("ah_count"), Atom(direction), [Atom(app), options["by"]])
        return [*instructions, (Atom("apply"), call)]

    tree = {
        "ah_sup": supervisor(),
        "ah_count": """
        -export([up/2, down/2]).
        up(ah, N) -> put(ah, N + case get(ah) of undefined -> 0; Had -> Had end).
        down(ah, N) -> put(ah, get(ah) - N).
        """,
    }
    plain = "-export([n/0]). n() -> {}."
    old, new = versions(
        tmp_path,
        "ah",
        {**tree, "ah_m": plain.replace("{}", "1")},
        {**tree, "ah_m": plain.replace("{}", "2")},
    )
    way = generate(old.version, new.version)
    one = Transform(name="counted", function=counted, options={"by": 3})
    ways = {
        direction: tuple(
            Step(instruction=each, reason="")
            for each in transform(
                "ah", "1", "2", direction, [s.instruction for s in steps], [one]
            )
        )
        for direction, steps in ((Direction.UP, way.up), (Direction.DOWN, way.down))
    }
    changed = Generated(
        app="ah", old="1", new="2", up=ways[Direction.UP], down=ways[Direction.DOWN]
    )
    write_appup(new, [changed])
    live.start(old)
    live.ask("put(ah, 0)")
    up_and_down(live, old, new, "{ah_m:n(), get(ah)}", "{1,0}", "{2,3}")


def test_modules_that_call_each_other(tmp_path, live):
    """They stand together, each names the other, and systools loads them as one."""
    text = "-export([n/1]). n(0) -> ANSWER; n(N) -> OTHER:n(N - 1)."
    tree = {"ai_sup": supervisor()}
    sources = [
        {
            **tree,
            "ai_a": text.replace("OTHER", "ai_b").replace("ANSWER", f"{{a, {n}}}"),
            "ai_b": text.replace("OTHER", "ai_a").replace("ANSWER", f"{{b, {n}}}"),
        }
        for n in (1, 2)
    ]
    old, new = versions(tmp_path, "ai", *sources)
    way = between(old, new)
    assert sorted(instructions(way.up)) == [
        "{load_module,ai_a,[ai_b]}",
        "{load_module,ai_b,[ai_a]}",
    ]
    live.start(old)
    asked = "[ai_a:n(4), ai_a:n(5)]"
    up_and_down(live, old, new, asked, "[{a,1},{b,1}]", "[{a,2},{b,2}]")
