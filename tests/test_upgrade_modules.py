"""What changed between two versions of a module, and what kind of module it is."""

from __future__ import annotations

import functools

import erlang
import pytest

from dodo_relkit.codes import Code
from dodo_relkit.formats import beam
from dodo_relkit.terms.text import parse_term
from dodo_relkit.upgrade.appup.order import used_first
from dodo_relkit.upgrade.code.children import read_supervisor
from dodo_relkit.upgrade.code.kinds import STATEFUL, CodeChange, Kind, kind_of
from dodo_relkit.upgrade.code.read_code import read_code
from dodo_relkit.upgrade.modules import Change, ModuleChange, compare_modules
from dodo_relkit.upgrade.reuse import (
    check_app_version,
    check_loaded,
    check_private_files,
    loaded_modules,
)
from dodo_relkit.upgrade.review.held_funs import held_funs
from dodo_relkit.upgrade.review.shapes import state_shapes
from tests.live_upgrade import ELIXIR, elixir_versions, erlang_version
from tests.oracle import otp_root, the_oracle

BEFORE = """-export([f/0, g/1]). -vsn("1").
f() -> {hello, #{a => 1, b => "long"}}.
g(X) -> fun(Y) -> X + Y end.
"""
CHANGES = {
    "nothing": BEFORE,
    "lines": "%% a comment\n\n" + BEFORE.replace("f() ->", "f() ->\n\n  "),
    "documentation": BEFORE
    + "%% @doc h\n-type t() :: a.\n-spec h() -> t().\nh() -> a.",
    "vsn": BEFORE.replace('"1"', '"2"'),
    "literal": BEFORE.replace("b =>", "c =>"),
    "fun": BEFORE.replace("X + Y", "X - Y"),
    "export": BEFORE.replace("[f/0, g/1]", "[f/0]"),
    "attribute": BEFORE + "-author(me).\n",
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> dict[str, dict[str, bytes]]:
    """The module in each version, by what was changed in it: as chunks."""
    root = tmp_path_factory.mktemp("modules")
    texts = {**CHANGES, "documentation": BEFORE + "-type t() :: a.\n"}
    return {
        name: erlang_version(root / name, "a", "1", {"m": text}).version.modules["m"]
        for name, text in {"before": BEFORE, **texts}.items()
    }


@pytest.mark.parametrize("name", ["nothing", "lines", "documentation", "vsn"])
def test_what_changes_no_behaviour_is_kept(compiled, name):
    (found,) = compare_modules({"m": compiled["before"]}, {"m": compiled[name]})
    assert found == ModuleChange(name="m", change=Change.KEPT)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("literal", "LitT"),
        ("fun", "Atoms"),
        ("export", "ExpT"),
        ("attribute", "Attr"),
    ],
)
def test_what_changes_behaviour_is_seen(compiled, name, part):
    (found,) = compare_modules({"m": compiled["before"]}, {"m": compiled[name]})
    assert found.change is Change.CHANGED
    assert part in found.parts
    if name == "attribute":  # the code is the same for beam_lib, and yet asked for
        assert beam.md5(compiled["before"]) == beam.md5(compiled[name])
        assert found.parts == ("Attr",)


def test_lines_move_bytes_and_not_the_module(compiled):
    assert compiled["before"]["Dbgi"] != compiled["lines"]["Dbgi"]
    assert compiled["before"]["Line"] != compiled["lines"]["Line"]


def test_added_and_removed(compiled):
    one = compiled["before"]
    found = compare_modules({"a": one, "b": one}, {"b": one, "c": one})
    assert [(each.name, each.change) for each in found] == [
        ("a", Change.REMOVED),
        ("b", Change.KEPT),
        ("c", Change.ADDED),
    ]


def stripped(chunks: dict[str, bytes]) -> dict[str, bytes]:
    """Return what `beam_lib:strip` leaves of these chunks."""
    answer = the_oracle().ask(
        "{ok, B} = beam_lib:build_module([{binary_to_list(N), D} || {N, D} <- In]),"
        "{ok, {_, S}} = beam_lib:strip(B), S",
        [
            (erlang.OtpErlangBinary(name.encode()), erlang.OtpErlangBinary(data))
            for name, data in chunks.items()
        ],
    )
    return beam.read_chunks(bytes(answer.value))


def test_a_stripped_version_compares_what_it_can(compiled):
    bare = stripped(compiled["before"])
    (same,) = compare_modules({"m": bare}, {"m": compiled["attribute"]})
    assert (same.change, same.uncompared) == (Change.KEPT, ("Attr",))
    (other,) = compare_modules({"m": bare}, {"m": compiled["literal"]})
    assert (other.change, other.parts) == (Change.CHANGED, ("LitT",))
    (both,) = compare_modules({"m": bare}, {"m": bare})
    assert both == ModuleChange(name="m", change=Change.KEPT)


def test_release_handler_cannot_load_a_stripped_module(tmp_path, compiled):
    """The reason for UP_STRIPPED_TARGET, from OTP itself."""
    answer = the_oracle().ask(
        "element(1, beam_lib:version(element(2, beam_lib:build_module("
        "[{binary_to_list(N), D} || {N, D} <- In]))))",
        [
            (erlang.OtpErlangBinary(name.encode()), erlang.OtpErlangBinary(data))
            for name, data in stripped(compiled["before"]).items()
        ],
    )
    assert answer == erlang.OtpErlangAtom(b"error")


SERVER = """
    -behaviour(gen_server). -export([init/1, handle_call/3, handle_cast/2]).
    init(_) -> {ok, 1}.
    handle_call(_, _, S) -> {reply, S, S}.
    handle_cast(_, S) -> {noreply, S}.
"""
STATEM = """
    -behaviour(gen_statem). -export([init/1, callback_mode/0, handle_event/4]).
    -export([code_change/4]).
    init(_) -> {ok, a, 1}.
    callback_mode() -> handle_event_function.
    handle_event(_, _, _, _) -> keep_state_and_data.
"""
SUPERVISOR = """
    -behaviour(supervisor). -export([init/1]). init(_) -> ignore.
"""
APPLICATION = """
    -behaviour(application). -export([start/2, stop/1]).
    start(_, _) -> supervisor:start_link(?MODULE, []). stop(_) -> ok.
"""
OWN = """
    -export([code_change/3]).
    code_change(_, {S}, _) -> {ok, S}; code_change(_, S, _) -> {ok, S}.
"""
DEFAULT = "-export([code_change/3]). code_change(_Old, State, _Extra) -> {ok, State}."
EVENT = """
    -behaviour(gen_event). -export([init/1, handle_event/2, handle_call/2]).
    -export([code_change/3]).
    init(_) -> {ok, 1}.
    handle_event(_, S) -> {ok, S}.
    handle_call(_, S) -> {ok, S, S}.
    code_change(_, S, _) -> {ok, [S]}.
"""
SPECIAL = """
    -export([system_continue/3, system_terminate/4, system_code_change/4]).
    system_continue(_, _, S) -> S.
    system_terminate(R, _, _, _) -> exit(R).
    system_code_change(S, _, _, _) -> {ok, S}.
"""
LIKE_RANCH = """
    -export([init/1, code_change/3]). init(_) -> {ok, 1}.
    code_change(_, S, _) -> {ok, S, x}.
"""
KEEPS, WRITTEN, ABSENT = CodeChange.KEEPS, CodeChange.WRITTEN, CodeChange.ABSENT
KINDS = {
    "sup": (SUPERVISOR, Kind.SUPERVISOR, ABSENT),
    "app_sup": (APPLICATION + SUPERVISOR, Kind.SUPERVISOR, ABSENT),
    "app": (APPLICATION, Kind.APPLICATION, ABSENT),
    "server": (SERVER + OWN, Kind.GEN_SERVER, WRITTEN),
    "server_default": (SERVER + DEFAULT, Kind.GEN_SERVER, KEEPS),
    "server_without": (SERVER, Kind.GEN_SERVER, ABSENT),
    "statem": (
        STATEM + "code_change(_, State, Data, _) -> {ok, State, Data}.",
        Kind.GEN_STATEM,
        KEEPS,
    ),
    "statem_swap": (
        STATEM + "code_change(_, State, Data, _) -> {ok, Data, State}.",
        Kind.GEN_STATEM,
        WRITTEN,
    ),
    "event": (EVENT, Kind.GEN_EVENT, WRITTEN),
    "special": (SPECIAL, Kind.SPECIAL, KEEPS),
    "plain": ("-export([f/0]). f() -> 1.", Kind.PLAIN, ABSENT),
    "like_ranch": (LIKE_RANCH, Kind.GEN_SERVER, WRITTEN),
}


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    root = tmp_path_factory.mktemp("kinds")
    sources = {name: text for name, (text, _, _) in KINDS.items()}
    return erlang_version(root, "k", "1", sources).version.modules


@pytest.mark.parametrize("name", KINDS)
def test_kind(kinds, name):
    found = kind_of(kinds[name])
    assert (found.kind, found.code_change) == KINDS[name][1:]
    assert found.sure


@pytest.mark.parametrize("name", [each for each in KINDS if each != "sup"])
def test_kind_of_a_stripped_module(kinds, name):
    """Without attributes and source the exports and the bytes of the code speak."""
    found = kind_of(stripped(kinds[name]))
    assert (found.kind, found.code_change) == KINDS[name][1:]
    assert found.sure is (found.code_change is not CodeChange.WRITTEN)


def test_elixir_default_and_own_code_change(tmp_path):
    default = "defmodule K.Default do use GenServer\n def init(a), do: {:ok, a} end\n"
    own = """
    defmodule K.Own do
      use GenServer
      def init(a), do: {:ok, a}
      def code_change(_, a, _), do: {:ok, [a]}
    end
    defmodule K.Sup do
      use Supervisor
      def init(_), do: Supervisor.init([], strategy: :one_for_one)
    end
    """
    (built,) = elixir_versions(tmp_path, "k", {"1": default + own})
    found = {name: kind_of(each) for name, each in built.version.modules.items()}
    assert found["Elixir.K.Default"].code_change is CodeChange.KEEPS
    assert found["Elixir.K.Own"].code_change is CodeChange.WRITTEN
    assert found["Elixir.K.Sup"].kind is Kind.SUPERVISOR
    bare = kind_of(stripped(built.version.modules["Elixir.K.Default"]))
    assert (bare.code_change, bare.sure) == (CodeChange.KEEPS, True)


def test_used_before_user():
    #   a ─▶ b ─▶ c     x
    #        ▲│
    #        │▼
    #         d
    uses = {"a": ("b",), "b": ("c", "d"), "c": (), "d": ("b",), "x": ()}
    assert used_first(uses) == ("c", "b", "d", "a", "x")
    assert used_first({"z": (), "a": ("z",), "m": ()}) == ("m", "z", "a")


@functools.cache
def texts() -> tuple[str, str]:
    return "-export([f/0]). f() -> 1.", "-export([f/0]). f() -> 2."


def test_an_application_that_changed_needs_a_new_version(tmp_path):
    one, two = texts()
    old = erlang_version(tmp_path / "old", "a", "1", {"m": one, "gone": one}).version
    new = erlang_version(tmp_path / "new", "a", "1", {"m": two, "more": one}).version
    (found,) = check_app_version(old, new, baseline="0.1.0")
    assert found.code is Code.UP_APP_VERSION_REUSED
    assert found.is_error
    assert found.facts["modules"] == (
        "gone (removed)",
        "m (changed in Code)",
        "more (added)",
    )
    assert check_app_version(old, old, baseline="0.1.0") == ()
    later = erlang_version(tmp_path / "later", "a", "2", {"m": two}).version
    assert check_app_version(old, later, baseline="0.1.0") == ()


def test_stripped_modules_that_are_opened_are_told(tmp_path):
    one, _ = texts()
    app = erlang_version(tmp_path, "a", "1", {"m": one, "k": one}).version
    assert check_loaded(app.spec, app.modules) == ()
    (found,) = check_loaded(app.spec, {"m": stripped(app.modules["m"])})
    assert (found.code, found.is_error) == (Code.UP_STRIPPED, True)
    assert found.facts == {"app": "a", "vsn": "1", "modules": ("m",)}


def test_modules_that_a_script_opens():
    script = parse_term(
        '[{load_object_code,{a,"2",[m,n]}},point_of_no_return,{suspend,[m]},'
        "{load,{m,brutal_purge,brutal_purge}},{remove,{gone,soft_purge,soft_purge}},"
        "{purge,[gone]},{resume,[m]},{apply,{io,nl,[]}},restart_emulator]."
    )
    assert loaded_modules(script) == {"m", "n", "gone"}


def test_private_files_of_the_same_version(tmp_path):
    one, _ = texts()
    app = erlang_version(tmp_path, "a", "1", {"m": one}).version.spec
    many = {f"priv/{number}": "x" for number in range(8)}
    assert check_private_files(app, many, dict(many), baseline="old") == ()
    (found,) = check_private_files(app, {"priv/a": "1"}, {"priv/a": "2"}, baseline="o")
    assert (found.code, found.facts["files"]) == (Code.UP_PRIVATE_FILES, ("priv/a",))
    (found,) = check_private_files(app, many, {}, baseline="old")
    assert found.facts["files"][-1] == "3 more"
    (found,) = check_private_files(app, {}, {"priv/new": "1"}, baseline="old")
    assert found.facts["files"] == ("priv/new",)


def test_installed_modules_can_be_read():
    """Every twentieth module of OTP and Elixir: all that the review asks of one."""
    roots = [otp_root() / "lib", ELIXIR]
    files = sorted(file for root in roots for file in root.glob("*/ebin/*.beam"))
    assert len(files) > 1400
    servers = 0
    for file in files[::20]:
        chunks = beam.read_chunks(file.read_bytes())
        code = read_code(chunks)
        assert code is not None
        assert {*code.functions} >= {
            each
            for each in beam.exports(chunks)
            if each[0] not in GENERATED and not each[0].startswith("MACRO-")
        }
        kind = kind_of(chunks, code)
        servers += kind.kind in STATEFUL
        codes = {code.name: code}
        state_shapes(code, kind.kind, codes)
        read_supervisor(code, codes)
        held_funs(code, has_state=True)
    assert servers > 3


GENERATED = {"module_info", "__info__", "behaviour_info"}
"""Exported, and in no source."""
