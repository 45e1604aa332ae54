"""What the review tells of the applications of one upgrade: each change is a moment.

The relup in most tests is written here, since only its order counts; whole releases are
built where it is systools' own order, and a live node shows that the advice helps.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.upgrade.review.across import Bounds
from dodo_relkit.upgrade.review.findings import AppUpgrade, Danger
from dodo_relkit.upgrade.review.review import review
from dodo_relkit.upgrade.script.draft import Direction
from tests.live_upgrade import Built, elixir_versions, erlang_version
from tests.nodes import booted
from tests.test_appup_releases import DODO, build, go, node_of
from tests.test_appup_releases import write as write_app
from tests.test_upgrade_review import parsed
from tests.upgrade_sources import application, child, server, supervisor

CODES = {Code.REVIEW_LOST_EARLY, Code.REVIEW_STARTS_EARLY, Code.REVIEW_TAKEN}
SIZE = "-export([size/0]).\nsize() -> gen_server:call(?MODULE, get)."


def tree(name: str, *more: str) -> dict[str, str]:
    """Return an application of one server."""
    return {
        f"{name}_app": application(f"{name}_sup"),
        f"{name}_sup": supervisor(child(f"{name}_srv")),
        f"{name}_srv": server("0", *more),
    }


def calling(what: str, more: str = "") -> str:
    """Return an exported function that calls something."""
    return f"-export([ask/0]).\nask() -> {what}.{more}"


def told(
    script: str,
    *changes: tuple[Built, Built],
    added: tuple[Built, ...] = (),
    removed: tuple[Built, ...] = (),
    way: Direction = Direction.UP,
):
    """Return danger and facts of what is found between applications."""
    upgrades = [
        AppUpgrade(old=old.version, new=new.version, up=(), down=())
        for old, new in changes
    ]
    bounds = Bounds(
        added=tuple(each.version for each in added),
        removed=tuple(each.version for each in removed),
    )
    return [
        (each.danger, each.diagnostic.code, each.diagnostic.facts)
        for each in review(upgrades, scripts={way: parsed(script)}, bounds=bounds)
        if each.diagnostic.code in CODES
    ]


def two(directory: Path, name: str, before: dict, after: dict) -> tuple[Built, Built]:
    """Return both versions of an application."""
    old = erlang_version(directory, name, "1", before)
    return old, erlang_version(directory, name, "2", after)


def load(*modules: str) -> str:
    return ", ".join(
        f"{{load, {{{each}, brutal_purge, brutal_purge}}}}" for each in modules
    )


LOST = [
    # what the older and the newer caller do, the script, the words
    ("store_srv:size()", "ok", load("store_srv", "web"), "store_srv:size/0"),
    ("apply(store_srv, size, [])", "ok", load("store_srv", "web"), "store_srv:size/0"),
    ("store_srv:size()", "ok", load("web", "store_srv"), ""),
    ("store_srv:size()", "store_srv:size()", load("store_srv", "web"), ""),
    ("store_srv:get()", "ok", load("store_srv", "web"), ""),
    ("store_srv:size()", "ok", load("store_srv"), ""),
    ("store_srv:size()", "ok", load("web"), ""),
]


@pytest.mark.parametrize(("before", "after", "script", "lost"), LOST)
def test_a_function_that_is_still_called(tmp_path, before, after, script, lost):
    store = two(tmp_path, "store", tree("store", SIZE), tree("store"))
    web = two(tmp_path, "web", {"web": calling(before)}, {"web": calling(after)})
    found = told(script, store, web)
    assert [facts["lost"] for _, _, facts in found] == ([lost] if lost else [])
    for danger, code, facts in found:
        assert (danger, code) == (Danger.SEVERE, Code.REVIEW_LOST_EARLY)
        assert (facts["app"], facts["other"], facts["caller"]) == (
            "store",
            "web",
            "web",
        )


def test_the_way_down_has_its_own_losses(tmp_path):
    store = two(tmp_path, "store", tree("store"), tree("store", SIZE))
    callers = ({"web": calling(each)} for each in ("ok", "store_srv:size()"))
    web = two(tmp_path, "web", *callers)
    script = load("store_srv", "web")
    (found,) = told(script, store, web, way=Direction.DOWN)
    assert found[0] is Danger.NOTICE  # so it is with each function that is gained
    assert found[2]["direction"] == "on the way down"
    assert told(script, store, web) == []


SILENT = [
    ("{suspend, [web_srv]}, SCRIPT, {resume, [web_srv]}", True),
    ("{suspend, [{web_srv, 5000}]}, SCRIPT, {resume, [web_srv]}", True),
    ("{suspend, [web_srv]}, {resume, [web_srv]}, SCRIPT", False),
    ("{suspend, [store_srv]}, SCRIPT, {resume, [store_srv]}", False),
]


@pytest.mark.parametrize(("script", "silent"), SILENT)
@pytest.mark.parametrize("within", ["web_srv", "web_lib"])
def test_who_is_suspended_calls_nothing(tmp_path, script, silent, within):
    """Also through a module that its processes run."""
    store = two(tmp_path, "store", tree("store", SIZE), tree("store"))
    apps = []
    for what in ("store_srv:size()", "ok"):
        web = tree("web", calling("web_lib:ask()" if within == "web_lib" else what))
        apps.append({**web, "web_lib": calling(what if within == "web_lib" else "ok")})
    web = two(tmp_path, "web", *apps)
    found = told(script.replace("SCRIPT", load("store_srv", within)), store, web)
    assert [facts["processes"] for *_, facts in found] == [] if silent else ["web_srv"]


EXPORTED = "-export([n/0]).\nn() -> "
ASKS = "erlang:function_exported(store_srv, size, 0) andalso store_srv:size()."


@pytest.mark.parametrize(
    ("text", "danger"),
    [
        ("init(_) -> {ok, store_srv:size()}.", Danger.NOTICE),
        ("init(_) -> {ok, n()}.\nn() -> store_srv:size().", Danger.NOTICE),
        (f"init(_) -> {{ok, n()}}.\n{EXPORTED}store_srv:size().", Danger.SEVERE),
        (f"init(_) -> {{ok, 0}}.\n{EXPORTED}{ASKS}", Danger.NOTICE),
    ],
)  # fmt: skip
def test_what_may_not_be_called_meanwhile_is_a_notice(tmp_path, text, danger):
    store = two(tmp_path, "store", tree("store", SIZE), tree("store"))
    web = tree("web")
    asks = {**web, "web_srv": web["web_srv"].replace("init([]) -> {ok, 0}.", text)}
    found = told(load("store_srv", "web_srv"), store, two(tmp_path, "web", asks, web))
    assert [each[0] for each in found] == [danger]


GONE = "{apply, {supervisor, delete_child, [store_sup, spare]}}"
ENDS = [
    ("gen_server:call(spare, get)", f"{GONE}, {load('web')}", True),
    ("spare ! go", f"{GONE}, {load('web')}", True),
    ("gen_server:call(spare, get)", f"{load('web')}, {GONE}", False),
    ("gen_server:call(spare, get)", load("store_sup", "web"), False),
    ("{spare, store_srv}", f"{GONE}, {load('web')}", False),
]


@pytest.mark.parametrize(("use", "script", "is_told"), ENDS)
def test_a_process_that_is_still_called(tmp_path, use, script, is_told):
    """By its name: no import tells of it."""
    spare = server("0").replace("?MODULE},", "spare},")
    store = {**tree("store"), "store_idx": spare}
    more = supervisor(child("store_srv"), child("store_idx", "spare"))
    ends = two(tmp_path, "store", {**store, "store_sup": more}, store)
    # the newer one registers nobody by that name
    ends = (ends[0], two(tmp_path / "n", "store", tree("store"), tree("store"))[1])
    web = two(tmp_path, "web", {"web": calling(use)}, {"web": calling("ok")})
    found = [facts["lost"] for *_, facts in told(script, ends, web)]
    assert found == (["the process spare"] if is_told else [])


START = "{apply, {application, start, [rep, permanent]}}"
STOP = "{apply, {application, stop, [rep]}}"
REP = tree("rep")
EARLY = {
    **REP,
    "rep_srv": REP["rep_srv"].replace("{ok, 0}", "{ok, store_srv:size()}"),
}
LATE = tree("rep", calling("store_srv:size()"))


@pytest.mark.parametrize(
    ("sources", "script", "danger"),
    [
        (EARLY, f"{START}, {load('store_srv')}", Danger.SEVERE),
        (LATE, f"{START}, {load('store_srv')}", Danger.NOTICE),
        (EARLY, f"{load('store_srv')}, {START}", None),
        (REP, f"{START}, {load('store_srv')}", None),
        (EARLY, load("store_srv"), None),
    ],
)
def test_an_added_application_that_starts_early(tmp_path, sources, script, danger):
    store = two(tmp_path, "store", tree("store"), tree("store", SIZE))
    rep = erlang_version(tmp_path, "rep", "1", sources, "rep_app")
    found = told(script, store, added=(rep,))
    assert [each[:2] for each in found] == (
        [(danger, Code.REVIEW_STARTS_EARLY)] if danger else []
    )


def test_a_removed_application_that_stops_late(tmp_path):
    store = two(tmp_path, "store", tree("store", SIZE), tree("store"))
    rep = erlang_version(tmp_path, "rep", "1", LATE, "rep_app")
    ((danger, code, facts),) = told(
        f"{load('store_srv')}, {STOP}", store, removed=(rep,)
    )
    assert (danger, code) == (Danger.SEVERE, Code.REVIEW_LOST_EARLY)
    assert (facts["ends"], facts["processes"]) == ("stops", "")
    assert told(f"{STOP}, {load('store_srv')}", store, removed=(rep,)) == []


TOP_STOPS = "{apply, {application, stop, [top]}}"
SHOP_STARTS = "{apply, {application, start, [shop, permanent]}}"
FOLLOWS = f"{SHOP_STARTS}, {TOP_STOPS}"
PRECEDES = f"{TOP_STOPS}, {SHOP_STARTS}"


def store_named(name: str) -> dict[str, str]:
    """Return an application whose server is registered as `store`."""
    named = tree(name)
    server_name = f"{name}_srv"
    named[server_name] = named[server_name].replace("?MODULE},", "store},")
    return named


@pytest.mark.parametrize(
    ("sources", "script", "what"),
    [
        (store_named("shop"), FOLLOWS, ["the registered names store"]),
        (store_named("shop"), PRECEDES, []),
        (tree("shop"), FOLLOWS, []),
        (store_named("shop"), TOP_STOPS, []),
    ],
)
def test_an_application_renamed(tmp_path, sources, script, what):
    top = erlang_version(tmp_path, "top", "1", store_named("top"), "top_app")
    shop = erlang_version(tmp_path, "shop", "1", sources, "shop_app")
    found = told(script, added=(shop,), removed=(top,))
    assert [facts["what"] for *_, facts in found] == what


def test_modules_that_go_with_the_older_application(tmp_path):
    """As systools has it: loaded for the one, removed with the other."""
    top = erlang_version(tmp_path, "top", "1", {"util": calling("ok")})
    shop = erlang_version(tmp_path, "shop", "1", {"util": calling("ok")})
    gone = "{remove, {util, brutal_purge, brutal_purge}}"
    script = f"{load('util')}, {gone}"
    ((danger, code, facts),) = told(script, added=(shop,), removed=(top,))
    assert (danger, code) == (Danger.SEVERE, Code.REVIEW_TAKEN)
    assert facts["what"] == "the modules util"
    script = f"{gone}, {load('util')}"
    assert told(script, added=(shop,), removed=(top,)) == []


def test_a_process_that_moves_into_an_added_application(tmp_path):
    top = two(tmp_path, "top", store_named("top"), tree("top"))
    shop = erlang_version(tmp_path, "shop", "1", store_named("shop"), "shop_app")
    ((_, code, facts),) = told(SHOP_STARTS, top, added=(shop,))
    assert (code, facts["other"]) == (Code.REVIEW_TAKEN, "top")


def test_what_an_application_takes_back_from_one_that_goes(tmp_path):
    """As on the way down to where it was not split yet: its modules go again."""
    top = two(tmp_path, "top", tree("top"), {**tree("top"), **store_named("shop")})
    shop = erlang_version(tmp_path, "shop", "1", store_named("shop"), "shop_app")
    modules = ("shop_app", "shop_sup", "shop_srv")
    gone = ", ".join(
        f"{{remove, {{{each}, brutal_purge, brutal_purge}}}}" for each in modules
    )
    stops = "{apply, {application, stop, [shop]}}"
    late = f"{load('top_sup', *modules)}, {stops}, {gone}"
    ((_, code, facts),) = told(late, top, removed=(shop,))
    assert (code, facts["does"], facts["other"]) == (
        Code.REVIEW_TAKEN,
        "changes",
        "shop",
    )
    modules_of_both = "the modules shop_app, shop_srv, shop_sup"
    assert (
        facts["what"] == f"{modules_of_both} and the registered names shop_sup, store"
    )
    early = f"{stops}, {gone}, {load('top_sup', *modules)}"
    assert told(early, top, removed=(shop,)) == []


@pytest.mark.parametrize(
    ("name", "told_as"), [(":store", "store"), ("Shop.Store", "Elixir.Shop.Store")]
)
def test_names_of_elixir(tmp_path, name, told_as):
    """Those of start_link, of children, and of a list that stands before the call."""
    text = """
    defmodule NAME.App do
      use Application
      def start(_, _) do
        opts = [strategy: :one_for_one, name: Shared.Sup]
        registry = {Registry, keys: :unique, name: Shared.Reg}
        Supervisor.start_link([NAME.Store, registry], opts)
      end
    end
    defmodule NAME.Store do
      use GenServer
      def start_link(_), do: GenServer.start_link(__MODULE__, [], name: ASKED)
      def init(_), do: {:ok, 0}
    end
    """.replace("ASKED", name)
    both = [
        elixir_versions(tmp_path, app, {"1": text.replace("NAME", app.title())})
        for app in ("top", "shop")
    ]
    found = told(FOLLOWS, added=tuple(both[1]), removed=tuple(both[0]))
    shared = f"Elixir.Shared.Reg, Elixir.Shared.Sup, {told_as}"
    assert [facts["what"] for *_, facts in found] == [f"the registered names {shared}"]


def write_apps(project: Path) -> None:
    """Write two versions: web comes to call what store gains, top becomes shop."""
    (project / "dodo.py").write_text(DODO)
    for vsn, more, size, other in (
        ("1.0", (), "0", store_named("top")),
        ("1.1", (SIZE,), "store_srv:size()", store_named("shop")),
    ):
        libraries = project / f"lib-{vsn}"
        write_app(libraries, "store", vsn, tree("store", *more))
        web = tree("web")
        web["web_srv"] = server("0", get=f"{{{vsn}, {size}}}")
        write_app(libraries, "web", vsn, web)
        write_app(libraries, "shop" if vsn == "1.1" else "top", "1.0", other)


def build_both(project: Path, *others: str) -> str:
    """Build both releases; return what the review says."""
    for vsn, *more in (("1.0", *others[:1]), ("1.1", *others[1:])):
        build(
            project,
            f"{vsn}.0",
            applications=["store", "web", "sasl", *more],
            lib_dirs=[f"lib-{vsn}"],
            upgrade_from=[] if vsn == "1.0" else ["1.0.0"],
        )
    work = project / "_build/default/relkit/shop/upgrade"
    return (work / "review.txt").read_text()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    write_apps(made)
    return made


def test_the_order_of_systools(project):
    said = build_both(project, "top", "shop")
    assert said.count("RK796 ") == 1
    assert "RK796 warning: on the way down, store loses store_srv:size/0" in said
    assert said.count("RK797 ") == 2
    assert "on the way up, shop starts while top still runs" in said
    assert "on the way down, top starts while shop still runs" in said


def test_a_live_node_that_does_as_it_is_told(project, tmp_path):
    """Callers are suspended from before the loss until they are changed themselves."""
    parts = {
        "store": ("{suspend, [web_srv]}, {load_module, store_srv}",) * 2,
        "web": ("{load_module, web_srv}, {resume, [web_srv]}",) * 2,
    }
    for app, (up, down) in parts.items():
        file = project / f"rel/appups/{app}/1.1.appup"
        file.parent.mkdir(parents=True)
        file.write_text(f'{{"1.1", [{{"1.0", [{up}]}}], [{{"1.0", [{down}]}}]}}.')
    assert "RK796" not in build_both(project)
    root = node_of(project, tmp_path / "node", "1.1.0")
    with booted(root, "shop") as node:
        pid = node.ask("whereis(web_srv).")
        go(node, "upgrade", "1.1.0")
        assert node.ask("gen_server:call(web_srv, get).") == "{1.1,0}"
        go(node, "downgrade", "1.0.0")
        assert node.ask("gen_server:call(web_srv, get).") == "{1.0,0}"
        assert node.ask("whereis(web_srv).") == pid
