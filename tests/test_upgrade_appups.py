"""Checks of appups that users wrote, transforms, and consolidated protocols."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Trouble
from dodo_relkit.formats.appup import load_appup
from dodo_relkit.terms.etf import AtomEncoding, encode
from dodo_relkit.terms.model import Atom, make_list
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.terms.text import parse_term
from dodo_relkit.upgrade.appup.build import build_appup
from dodo_relkit.upgrade.appup.checks import check_appup
from dodo_relkit.upgrade.appup.generate import generate
from dodo_relkit.upgrade.appup.transforms import Transform, transform
from dodo_relkit.upgrade.script.draft import Direction
from dodo_relkit.upgrade.script.protocols import (
    compare_protocols,
    protocol_instructions,
)
from tests.live_upgrade import ELIXIR, Live, elixir_versions, erlang_version

PLAIN = "-export([f/0]). f() -> {}."


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    """Version 1 and 2: `changed` and `too` changed, `added`, `gone`, and `kept`."""
    root = tmp_path_factory.mktemp("appups")
    same = {"kept": PLAIN.replace("{}", "0")}
    old = {name: PLAIN.replace("{}", "1") for name in ("changed", "too", "gone")}
    new = {name: PLAIN.replace("{}", "2") for name in ("changed", "too", "added")}
    return [
        erlang_version(root, "a", vsn, {**same, **sources}).version
        for vsn, sources in (("1", old), ("2", new))
    ]


GOOD = (
    "{load_module, changed}, {load_module, too}, {add_module, added},"
    "{delete_module, gone}"
)
GOOD_DOWN = (
    "{add_module, gone}, {delete_module, added}, {load_module, too},"
    "{load_module, changed}"
)


def found(versions, up=GOOD, down=GOOD_DOWN, vsn='"2"', key='"1"'):
    text = f"{{{vsn}, [{{{key}, [{up}]}}], [{{{key}, [{down}]}}]}}."
    appup = load_appup(parse_term(text), "a.appup")
    return check_appup(appup, *versions, file="a.appup")


def codes(diagnostics) -> list[Code]:
    return [each.code for each in diagnostics]


def test_a_good_appup(versions):
    assert found(versions) == ()
    assert found(versions, key='<<"1.*">>') == ()
    assert found(versions, "{restart_application, a}", "restart_new_emulator") == ()


def test_the_generated_one_is_good(versions):
    appup = build_appup([generate(*versions)])
    assert check_appup(appup, *versions) == ()


def test_versions_and_directions(versions):
    assert codes(found(versions, vsn='"3"')) == [Code.UP_APPUP_VERSION]
    missing = found(versions, key='"0"')
    assert codes(missing) == [Code.UP_APPUP_DIRECTION] * 2
    assert [each.facts["direction"] for each in missing] == ["from", "back to"]
    assert missing[0].place.file == "a.appup"


def test_modules_that_are_passed_over(versions):
    (one,) = found(versions, up="{load_module, changed}, {delete_module, gone}")
    assert one.code is Code.UP_APPUP_UNCOVERED
    assert one.facts["modules"] == ("added", "too")
    (one,) = found(versions, down="{load_module, changed}, {load_module, too}")
    assert one.facts["modules"] == ("gone",)


def test_modules_that_are_not_there(versions):
    (one,) = found(versions, up=GOOD + ", {update, nobody, soft}")
    assert (one.code, one.facts["module"]) == (Code.UP_APPUP_UNKNOWN_MODULE, "nobody")
    wrong = GOOD.replace("{delete_module, gone}", "{load_module, gone}")
    (one,) = found(versions, up=wrong)
    assert (one.code, one.facts["module"]) == (Code.UP_APPUP_UNKNOWN_MODULE, "gone")


def test_modules_treated_as_what_they_are_not(versions):
    wrong = GOOD.replace("{load_module, too}", "{delete_module, too}")
    (one,) = found(versions, up=wrong)
    assert (one.code, one.facts["module"]) == (Code.UP_APPUP_MODULE_KIND, "too")


@pytest.mark.parametrize(
    "faulty",
    [
        "{load_modul, changed}",
        "{update, changed, soft, maybe_purge, soft_purge, []}",
        "restart_emulator, {load_module, too}",
        "{load_module, too}, restart_new_emulator",
    ],
)
def test_faulty_instructions(versions, faulty):
    assert Code.UP_APPUP_INSTRUCTION in codes(found(versions, up=faulty))


def soft(app, old, new, direction, instructions, options):
    """A transform: load with a soft purge after."""
    assert (app, options["of"]) == ("a", "test")
    method = Atom(options.get("method", "soft_purge"))
    done = []
    for each in instructions:
        match each:
            case (Atom("load_module") as load, module):
                done.append((load, module, method, method, []))
            case _:
                done.append(each)
    done.append((Atom("apply"), (Atom("m"), Atom(direction), [Atom(f"v{old}v{new}")])))
    return done


def test_transforms_one_after_the_other():
    given = parse_term("[{load_module, m}].")
    one = Transform(name="soft", function=soft, options={"of": "test"})
    for direction, last in ((Direction.UP, "v1v2"), (Direction.DOWN, "v2v1")):
        result = transform("a", "1", "2", direction, given, [one, one])
        call = f"{{apply,{{m,{direction.value},[{last}]}}}}"
        assert [format_term(each) for each in result] == [
            "{load_module,m,soft_purge,soft_purge,[]}",
            call,
            call,
        ]


def test_a_transform_is_checked():
    given = parse_term("[{load_module, m}].")
    wrong = Transform(
        name="wrong", function=soft, options={"of": "test", "method": "gentle"}
    )
    with pytest.raises(Trouble) as raised:
        transform("a", "1", "2", Direction.UP, given, [wrong])
    assert set(codes(raised.value.diagnostics)) == {Code.UP_TRANSFORM}
    (first, *_) = raised.value.diagnostics
    assert first.facts["transform"] == "wrong"
    assert "gentle" in first.facts["reason"]


PROTOCOL = """
defprotocol Shape do
  def area(x)
end
defimpl Shape, for: Integer do
  def area(x), do: x * {}
end
"""
MORE = """
defimpl Shape, for: Atom do
  def area(_), do: 0
end
"""


def test_consolidated_protocols(tmp_path):
    """A node runs the old one, from its directory; then the instructions."""
    old, new = elixir_versions(tmp_path, "p", {"1": PROTOCOL, "2": PROTOCOL + MORE})
    live = Live()
    try:
        live.ask(f'code:add_patha("{ELIXIR}/elixir/ebin")')
        for built in (old, new):
            directory = tmp_path / "releases" / built.version.vsn / "consolidated"
            directory.mkdir(parents=True)
            ebin = built.directory / "ebin"
            implementations = "['Elixir.Integer', 'Elixir.Atom']"
            if built is old:
                implementations = "['Elixir.Integer']"
            live.ask(
                f"code:add_patha(\"{ebin}\"), code:purge('Elixir.Shape'),"
                f"{{ok, B}} = 'Elixir.Protocol':consolidate('Elixir.Shape',"
                f' {implementations}), code:del_path("{ebin}"),'
                f' ok = file:write_file("{directory}/Elixir.Shape.beam", B)'
            )
        from dodo_relkit.formats import beam

        def consolidated(vsn):
            path = tmp_path / "releases" / vsn / "consolidated" / "Elixir.Shape.beam"
            return {"Elixir.Shape": beam.read_chunks(path.read_bytes())}

        changes = compare_protocols(
            consolidated("1"),
            consolidated("2"),
            old_directory="releases/1/consolidated",
            new_directory="releases/2/consolidated",
        )
        assert (changes.load, changes.unload) == (("Elixir.Shape",), ())
        root = live.ask("list_to_atom(code:root_dir())").strip("'")
        relative = "/".join([".."] * root.count("/")) + str(tmp_path)
        placed = replace(
            changes,
            old_directory=f"{relative}/{changes.old_directory}",
            new_directory=f"{relative}/{changes.new_directory}",
        )
        live.ask(
            f'code:add_patha("{root}/{placed.old_directory}"),'
            "code:purge('Elixir.Shape'), code:load_file('Elixir.Shape')"
        )
        asked = "'Elixir.Shape':'__protocol__'(impls)"
        assert live.ask(asked) == "{consolidated,['Elixir.Integer']}"
        run(live, protocol_instructions(placed))
        assert live.ask(asked) == "{consolidated,['Elixir.Atom','Elixir.Integer']}"
        paths = '[P || P <- code:get_path(), lists:suffix("consolidated", P)]'
        wanted = f'["{root}/{placed.new_directory}"]'
        assert live.ask(f"{paths} =:= {wanted}") == "true"
        back = replace(
            placed,
            old_directory=placed.new_directory,
            new_directory=placed.old_directory,
        )
        run(live, protocol_instructions(back))
        assert live.ask(asked) == "{consolidated,['Elixir.Integer']}"
    finally:
        live.close()


def run(live, instructions) -> None:
    """Evaluate a script as release_handler does."""
    script = encode(make_list(instructions), AtomEncoding.LATIN1)
    numbers = ",".join(map(str, script))
    live.ask(
        f"release_handler_1:eval_script(binary_to_term(<<{numbers}>>), [], [], [], [])"
    )
