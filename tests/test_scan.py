"""The scan of lib directories, on real trees."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from dodo_relkit.codes import Code
from dodo_relkit.edge import scan as scan_module
from dodo_relkit.edge.scan import Reading, ScanResult, scan
from dodo_relkit.edge.scan_look import Places, scan_signature
from dodo_relkit.edge.search import search
from tests.oracle import Oracle, otp_root


def make_app(
    directory: Path, name: str = "", vsn: str = "1.0", modules: Sequence[str] = ()
) -> Path:
    """Make an application whose `.app` file and object files are there."""
    name = name or directory.name
    ebin = directory / "ebin"
    ebin.mkdir(parents=True, exist_ok=True)
    (ebin / f"{name}.app").write_text(
        f'{{application, {name}, [{{vsn, "{vsn}"}}, {{description, "d"}},'
        f" {{modules, [{', '.join(modules)}]}}, {{registered, []}},"
        ' {applications, [kernel, stdlib]}, {env, [{k, <<"v">>}, {f, 1.5}]}]}.'
    )
    for module in modules:
        (ebin / f"{module}.beam").write_bytes(b"")
    return directory


def names(result: ScanResult) -> list[str]:
    return [app.spec.name for app in result.apps]


def directories(result: ScanResult) -> list[str]:
    return [app.directory for app in result.apps]


def found(root: Path, *patterns: str, exclude: Sequence[str] = ()) -> list[str]:
    places = Places(patterns=patterns, root=str(root), exclude=tuple(exclude))
    return directories(scan(places))


def settle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files count as settled as soon as they are written."""
    monkeypatch.setattr(scan_module, "SETTLED_NS", -(10**12))


# what a pattern finds


def test_lib_directory(tmp_path: Path) -> None:
    make_app(tmp_path / "lib" / "b", modules=["b2", "b1"])
    make_app(tmp_path / "lib" / "a")
    (tmp_path / "lib" / "notes").mkdir()
    (tmp_path / "lib" / "file").write_text("")
    result = scan(Places(patterns=("lib",), root=str(tmp_path)))
    assert directories(result) == ["lib/a", "lib/b"]
    assert result.apps[1].beams == ("b1", "b2")
    assert not result.apps[1].from_target
    assert (result.faulty, result.odd, result.warnings) == ({}, {}, ())


@pytest.mark.parametrize("pattern", ["lib/a", "lib/a/", "./lib//a", "lib/a/ebin"])
def test_application_itself(tmp_path: Path, pattern: str) -> None:
    make_app(tmp_path / "lib" / "a")
    make_app(tmp_path / "lib" / "a" / "inner")
    assert found(tmp_path, pattern) == ["lib/a"]


@pytest.mark.parametrize("pattern", [".", "", "ebin"])
def test_the_root_may_be_an_application(tmp_path: Path, pattern: str) -> None:
    make_app(tmp_path, "a")
    assert found(tmp_path, pattern) == ["."]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*/lib", ["x/lib/a", "y/lib/b"]),
        ("x/*", ["x/lib/a"]),
        ("x/lib/*", ["x/lib/a"]),
        ("x/lib/*/ebin", ["x/lib/a"]),
        ("[xz]/l?b", ["x/lib/a"]),
        ("**/lib", ["x/lib/a", "y/lib/b", "y/z/lib/c"]),
        ("**", ["x/lib/a", "y/lib/b", "y/z/lib/c"]),
        ("y/**", ["y/lib/b", "y/z/lib/c"]),
        ("y/**/c", ["y/z/lib/c"]),
        (".*/lib", [".h/lib/d"]),
        (".h/lib", [".h/lib/d"]),
        ("nothing*", []),
    ],
)
def test_patterns(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    for place in ("x/lib/a", "y/lib/b", "y/z/lib/c", ".h/lib/d"):
        make_app(tmp_path / place)
    make_app(tmp_path / "x/lib/a/priv/lib/hidden")
    assert found(tmp_path, pattern) == expected


def test_star_in_an_ebin_path_finds_what_systools_finds(
    oracle: Oracle, tmp_path: Path
) -> None:
    for place in ("x/lib/a", "x/lib/ab", "y/lib/b"):
        make_app(tmp_path / place)
    for pattern in ("*/lib/*/ebin", "x/lib/a*/ebin", "x/*/*/ebin", "y/lib/b/ebin"):
        absolute = f"{tmp_path}/{pattern}"
        answer = oracle.ask(
            "[list_to_binary(D) || D <- lists:sort("
            "systools_lib:get_path([binary_to_list(In)]))]",
            absolute.encode(),
        )
        expected = [each.value.decode().removesuffix("/ebin") for each in answer]
        assert found(tmp_path / "elsewhere", absolute) == expected


def test_absolute_and_outside(tmp_path: Path) -> None:
    root = tmp_path / "project"
    make_app(root / "lib" / "a")
    make_app(tmp_path / "other" / "b")
    assert found(root, f"{root}/lib") == ["lib/a"]
    assert found(root, f"{tmp_path}/other") == [f"{tmp_path}/other/b"]
    assert found(root, "../other") == ["../other/b"]


def test_patterns_count_in_order_then_name_then_higher_version(tmp_path: Path) -> None:
    make_app(tmp_path / "two" / "a")
    make_app(tmp_path / "one" / "z-1.9.0", "z", "1.9.0")
    make_app(tmp_path / "one" / "z-1.10.0", "z", "1.10.0")
    make_app(tmp_path / "one" / "b", "b")
    assert found(tmp_path, "one", "two") == [
        "one/b",
        "one/z-1.10.0",
        "one/z-1.9.0",
        "two/a",
    ]
    assert found(tmp_path, "two", "one")[0] == "two/a"


def test_nothing_found_is_told_and_missing_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    places = Places(patterns=("empty", "absent/*"), root=str(tmp_path))
    result = scan(places)
    assert result.apps == ()
    assert [(each.code, each.facts) for each in result.warnings] == [
        (Code.LIB_DIR_EMPTY, {"pattern": "empty"}),
        (Code.LIB_DIR_EMPTY, {"pattern": "absent/*"}),
    ]


def test_one_application_by_two_ways_is_found_once(tmp_path: Path) -> None:
    make_app(tmp_path / "apps" / "a")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a").symlink_to("../apps/a")
    assert found(tmp_path, "lib", "apps") == ["lib/a"]
    assert found(tmp_path, "apps", "lib", "apps/a", "**") == ["apps/a"]


def test_linked_application_keeps_the_name_of_the_link(tmp_path: Path) -> None:
    make_app(tmp_path / "elsewhere" / "checkout", "a")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a-1.0").symlink_to(tmp_path / "elsewhere" / "checkout")
    (tmp_path / "lib" / "dangling").symlink_to("nowhere")
    assert found(tmp_path, "lib") == ["lib/a-1.0"]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    make_app(tmp_path / "lib" / "a")
    (tmp_path / "lib" / "up").symlink_to("..")
    (tmp_path / "lib" / "self").symlink_to("self")
    assert found(tmp_path, "**") == ["lib/a"]


# output directories


def test_output_is_never_scanned(tmp_path: Path) -> None:
    make_app(tmp_path / "_build/prod/lib/a")
    released = make_app(tmp_path / "_build/prod/rel/r/lib/a-0.9", "a", "0.9")
    make_app(released.parent / "b-1", "b")
    (tmp_path / "side").symlink_to("_build/prod/rel/r")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b").symlink_to("../_build/prod/rel/r/lib/b-1")
    patterns = (
        "_build/prod/lib",
        "_build/prod/rel/r/lib",
        "_build/prod/rel/r/lib/*",
        "_build/prod/rel/r/lib/b-1",
        "_build/prod/rel/r/lib/b-1/ebin",
        "_build/*/*/*/lib",
        "**",
        "side/lib",
        "side/*",
        "deep",
        "deep/b",
        f"{tmp_path}/_build/prod/rel/r/lib",
    )
    for exclude in ("_build/prod/rel", str(tmp_path / "_build/prod/rel/r"), "side"):
        assert found(tmp_path, *patterns, exclude=[exclude]) == ["_build/prod/lib/a"]
    assert len(found(tmp_path, *patterns)) == 3


def test_output_that_does_not_exist_excludes_nothing_else(tmp_path: Path) -> None:
    make_app(tmp_path / "rel" / "a")
    make_app(tmp_path / "release" / "b")
    assert found(tmp_path, "*", exclude=["rel", "gone"]) == ["release/b"]


# the target


def test_target_applications_are_marked_and_last(tmp_path: Path) -> None:
    make_app(tmp_path / "otp/lib/stdlib-9", "stdlib", "9")
    make_app(tmp_path / "otp/lib/kernel-9", "kernel", "9")
    make_app(tmp_path / "lib/z")
    root, target = str(tmp_path), str(tmp_path / "otp/lib")
    result = scan(Places(patterns=("lib",), root=root, target_lib=target))
    assert [(app.spec.name, app.from_target) for app in result.apps] == [
        ("z", False),
        ("kernel", True),
        ("stdlib", True),
    ]
    patterns = ("otp/lib/kernel-9", "lib")
    result = scan(Places(patterns=patterns, root=root, target_lib=target))
    assert [(app.spec.name, app.from_target) for app in result.apps] == [
        ("kernel", True),
        ("z", False),
        ("stdlib", True),
    ]


def test_installed_target(oracle: Oracle) -> None:
    lib = otp_root() / "lib"
    result = scan(Places(patterns=(), target_lib=str(lib)))
    answer = oracle.ask(
        "[list_to_binary(F) || F <- filelib:wildcard("
        'code:lib_dir() ++ "/*/ebin/*.app")]'
    )
    expected = {each.value.decode() for each in answer}
    assert {
        f"{app.directory}/ebin/{app.spec.name}.app" for app in result.apps
    } == expected
    assert all(app.from_target for app in result.apps)
    assert (result.faulty, result.odd, result.warnings) == ({}, {}, ())
    for app in result.apps:
        beams = (Path(app.directory) / "ebin").glob("*.beam")
        assert sorted(each.stem for each in beams) == list(app.beams)


# faults


def test_faulty_files_are_carried_along(tmp_path: Path) -> None:
    make_app(tmp_path / "lib" / "good")
    for name, text in {
        "syntax": "{application, syntax, [",
        "wrong": "{application, wrong, [{vsn, 1}]}.",
        "named": "{application, other, []}.",
        "double": "{application, double, []}. x.",
        "empty": "",
    }.items():
        (make_app(tmp_path / "lib" / name) / "ebin" / f"{name}.app").write_text(text)
    linked = make_app(tmp_path / "lib" / "linked") / "ebin" / "linked.app"
    linked.unlink()
    linked.symlink_to("nowhere")
    (make_app(tmp_path / "lib" / "folder", "x") / "ebin" / "folder.app").mkdir()
    result = scan(Places(patterns=("lib",), root=str(tmp_path)))
    assert names(result) == ["good", "x"]
    codes = {
        name: [each.code for each in result.faulty[name]] for name in result.faulty
    }
    assert list(codes) == [
        "double",
        "empty",
        "folder",
        "linked",
        "named",
        "syntax",
        "wrong",
    ]
    assert codes["linked"] == codes["folder"] == [Code.APP_UNREADABLE]
    assert codes["named"][-1] is Code.APP_NAME_DIFFERS
    assert codes["wrong"][0] is Code.APP_KEY_TYPE
    assert codes["syntax"] == [Code.SYNTAX]
    assert all(
        each.place.file == f"lib/{name}/ebin/{name}.app"
        for name, found in result.faulty.items()
        for each in found
    )


def test_faulty_in_one_place_and_good_in_another(tmp_path: Path) -> None:
    (make_app(tmp_path / "one" / "a") / "ebin" / "a.app").write_text("{")
    make_app(tmp_path / "two" / "a")
    result = scan(Places(patterns=("one", "two"), root=str(tmp_path)))
    assert directories(result) == ["two/a"]
    assert list(result.faulty) == ["a"]


def test_warnings_of_a_file_are_carried_along(tmp_path: Path) -> None:
    file = make_app(tmp_path / "lib" / "a") / "ebin" / "a.app"
    file.write_text(file.read_text().replace("{env,", "{mods, []}, {vsn, 1}, {env,"))
    result = scan(Places(patterns=("lib",), root=str(tmp_path)))
    assert [each.code for each in result.odd["a"]] == [
        Code.APP_KEY_TWICE,
        Code.APP_KEY_SUSPECT,
    ]
    assert names(result) == ["a"]


def test_lenient_reading(tmp_path: Path) -> None:
    file = make_app(tmp_path / "lib" / "a") / "ebin" / "a.app"
    file.write_text('{application, a, [{vsn, "1"}, {description, ""}]}.')
    places = Places(patterns=("lib",), root=str(tmp_path))
    assert list(scan(places).faulty) == ["a"]
    result = scan(places, reading=Reading.LENIENT)
    assert names(result) == ["a"]
    assert [each.code for each in result.odd["a"]] == [Code.APP_KEY_ASSUMED] * 3
    assert list(scan(places, cache=result.cache).faulty) == ["a"]


def test_several_app_files_are_several_applications(tmp_path: Path) -> None:
    make_app(tmp_path / "lib" / "both", "b")
    make_app(tmp_path / "lib" / "both", "a")
    result = scan(Places(patterns=("lib",), root=str(tmp_path)))
    assert [(app.spec.name, app.directory) for app in result.apps] == [
        ("a", "lib/both"),
        ("b", "lib/both"),
    ]


def test_ebin_without_an_app_file_is_no_application(tmp_path: Path) -> None:
    (tmp_path / "lib" / "a" / "ebin").mkdir(parents=True)
    result = scan(Places(patterns=("lib",), root=str(tmp_path)))
    assert (result.apps, result.faulty) == ((), {})


# what an earlier scan noted


def rescan(places: Places, earlier: ScanResult) -> ScanResult:
    return scan(places, cache=json.loads(json.dumps(earlier.cache)))


def test_unchanged_files_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch)
    make_app(tmp_path / "lib" / "a", modules=["a"])
    make_app(tmp_path / "lib" / "b")
    places = Places(patterns=("lib",), root=str(tmp_path))
    first = scan(places)
    assert sorted(first.cache["apps"]) == ["lib/a/ebin/a.app", "lib/b/ebin/b.app"]
    first.cache["apps"]["lib/a/ebin/a.app"][1]["vsn"] = "from the cache"
    second = rescan(places, first)
    assert [app.spec.vsn for app in second.apps] == ["from the cache", "1.0"]
    assert second.apps[0].spec.env == first.apps[0].spec.env
    assert second.cache == first.cache


def test_every_installed_specification_survives_the_cache() -> None:
    places = Places(patterns=("/usr/lib/elixir/lib",), target_lib=f"{otp_root()}/lib")
    first = scan(places)
    assert len(first.cache["apps"]) == len(first.apps) > 40
    assert rescan(places, first) == first


def test_edit_of_equal_size_and_time_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch)
    file = make_app(tmp_path / "lib" / "a") / "ebin" / "a.app"
    places = Places(patterns=("lib",), root=str(tmp_path))
    before, first = file.stat(), scan(places)
    time.sleep(0.02)
    file.write_text(file.read_text().replace("1.0", "2.0"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (
        before.st_size,
        before.st_mtime_ns,
    )
    assert rescan(places, first).apps[0].spec.vsn == "2.0"


def test_a_file_just_written_is_not_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_app(tmp_path / "lib" / "a")
    places = Places(patterns=("lib",), root=str(tmp_path))
    monkeypatch.setattr(scan_module, "SETTLED_NS", 3600 * 10**9)
    assert scan(places).cache["apps"] == {}
    monkeypatch.setattr(scan_module, "SETTLED_NS", 0)
    assert list(scan(places).cache["apps"]) == ["lib/a/ebin/a.app"]


def test_deleted_and_faulty_files_leave_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch)
    make_app(tmp_path / "lib" / "a")
    file = make_app(tmp_path / "lib" / "b") / "ebin" / "b.app"
    make_app(tmp_path / "lib" / "c")
    places = Places(patterns=("lib",), root=str(tmp_path))
    first = scan(places)
    (tmp_path / "lib/a/ebin/a.app").unlink()
    file.write_text("{application, b, []}.")
    second = rescan(places, first)
    assert names(second) == ["c"]
    assert list(second.cache["apps"]) == ["lib/c/ebin/c.app"]
    assert list(second.faulty) == ["b"]
    assert rescan(places, second).faulty == second.faulty


@pytest.mark.parametrize(
    "damage",
    [
        lambda cache: None,
        lambda cache: {},
        lambda cache: [],
        lambda cache: cache | {"format": 0},
        lambda cache: cache | {"apps": []},
        lambda cache: cache | {"apps": dict.fromkeys(cache["apps"], 1)},
        lambda cache: cache | {"apps": {key: [] for key in cache["apps"]}},
        lambda cache: cache | {"apps": {k: [v[0]] for k, v in cache["apps"].items()}},
        lambda cache: (
            cache | {"apps": {k: [v[0], {}] for k, v in cache["apps"].items()}}
        ),
        lambda cache: (
            cache | {"apps": {k: [v[0], None] for k, v in cache["apps"].items()}}
        ),
        lambda cache: (
            cache
            | {
                "apps": {
                    k: [v[0], v[1] | {"env": {"x": 1}}]
                    for k, v in cache["apps"].items()
                }
            }
        ),
    ],
)
def test_a_damaged_cache_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: object
) -> None:
    settle(monkeypatch)
    make_app(tmp_path / "lib" / "a")
    places = Places(patterns=("lib",), root=str(tmp_path))
    first = scan(places)
    assert scan(places, cache=damage(first.cache)) == first


# the signature


def test_signature_moves_with_what_is_found(tmp_path: Path) -> None:
    app = make_app(tmp_path / "lib" / "a", modules=["a"])
    places = Places(
        patterns=("lib",), root=str(tmp_path), exclude=("lib/out",), target_lib=""
    )
    seen = [scan_signature(places)]

    def moved() -> bool:
        seen.append(scan_signature(places))
        return seen[-1] not in seen[:-1]

    def same() -> bool:
        return scan_signature(places) == seen[-1]

    assert same()
    (app / "ebin" / "b.beam").write_bytes(b"")
    assert moved()
    (app / "ebin" / "a.beam").unlink()
    assert moved()
    (app / "ebin" / "a.app").write_text("{application, a, []}.")
    assert moved()
    make_app(tmp_path / "lib" / "b")
    assert moved()
    (tmp_path / "lib" / "b" / "ebin" / "b.app").unlink()
    assert moved()
    (tmp_path / "lib" / "c").mkdir()
    make_app(tmp_path / "lib" / "out")
    (app / "ebin" / "b.beam").write_bytes(b"other content")
    (app / "src").mkdir()
    assert same()


def test_signature_and_scan_agree_without_anything(tmp_path: Path) -> None:
    places = Places(patterns=(), root=str(tmp_path))
    assert scan(places).apps == ()
    assert scan_signature(places) == scan_signature(places)


def test_unreadable_directory_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root every directory can be read, so the system call is made to fail."""
    make_app(tmp_path / "lib" / "a")
    real = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("/lib"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    result = search(["lib"], root=str(tmp_path))
    assert [each.code for each in result.diagnostics] == [
        Code.DIRECTORY_UNREADABLE,
        Code.LIB_DIR_EMPTY,
    ]
