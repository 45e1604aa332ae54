"""Generated appups and those of a user on a live node, up and down, case by case."""

from __future__ import annotations

import shutil

import pytest

from dodo_relkit.terms.model import Atom
from dodo_relkit.terms.text import parse_term
from dodo_relkit.upgrade.draft import Direction
from dodo_relkit.upgrade.generate import Generated, Step, generate
from dodo_relkit.upgrade.transforms import Transform, transform
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
    code_change,
    server,
    supervisor,
)


@pytest.fixture(scope="module")
def live():
    """A node of this file's own: upgrades load and purge code on it."""
    node = Live()
    yield node
    node.close()


def given(old, new, up: str, down: str | None = None) -> Generated:
    """Write an appup with these instructions as a user would."""
    ways = [
        tuple(Step(instruction=each, reason="") for each in parse_term(f"[{text}]."))
        for text in (up, up if down is None else down)
    ]
    way = Generated(
        app=new.name, old=old.version.vsn, new=new.version.vsn, up=ways[0], down=ways[1]
    )
    write_appup(new, [way])
    return way


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


def test_plain_module_becomes_a_supervisor(tmp_path, live):
    """Row 6: it has no process before; the child that is one comes with the update
    of the supervisor above, and is stopped before its code goes."""
    plain = "-export([n/0]). n() -> 1."
    inner = supervisor(child("ae_srv"))
    typed = child("ae_in", more=", type => supervisor")
    old, new = versions(
        tmp_path,
        "ae",
        {"ae_sup": supervisor(), "ae_in": plain},
        {"ae_sup": supervisor(typed), "ae_in": inner, "ae_srv": server("5")},
    )
    way = between(old, new)
    assert way.notes == ()
    live.start(old)
    running = "[whereis(N) =/= undefined || N <- [ae_in, ae_srv]]"
    up_and_down(live, old, new, running, "[false,false]", "[true,true]")
    assert live.ask("ae_in:n()") == "1"


def test_static_calls_the_older_code_change_on_the_way_down(tmp_path, live):
    """Row 9: `static` in an appup of the user: the older version knows the way back,
    for the newer has no clause for it."""
    up = code_change("code_change(_, {s, N}, _) -> {ok, {s, N, new}}.")
    back = code_change("code_change({down, _}, {s, N, _}, _) -> {ok, {s, N}}.")
    tree = {"ag_sup": supervisor(child("ag_srv"))}
    old, new = versions(
        tmp_path,
        "ag",
        {**tree, "ag_srv": server("{s, 1}", back)},
        {**tree, "ag_srv": server("{s, 1, x}", up)},
    )
    static = (
        "{update, ag_srv, static, 8000, {advanced, []}, brutal_purge, brutal_purge, []}"
    )
    given(old, new, static)
    live.start(old)
    asked = "gen_server:call(ag_srv, get)"
    up_and_down(live, old, new, asked, "{s,1}", "{s,1,new}")


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
