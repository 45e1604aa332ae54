"""start_clean of a release, and `python -m dodo_relkit.systools`."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from dodo_relkit.edge.otp import find_otp_root, read_target
from dodo_relkit.release.boot import clean_release, make_boot
from dodo_relkit.release.model import Release
from dodo_relkit.terms.model import Atom, Term
from tests.apps import OTP, made_up_app
from tests.test_start_order import release_of
from tests.test_systools_errors import rel, write

TARGET = read_target(find_otp_root())


def applied(release: Release, function: str) -> list[Term]:
    """First arguments of the calls of application:Function in the boot script."""
    found = []
    for instruction in make_boot(release, TARGET).instructions:
        match instruction:
            case (Atom("apply"), (Atom("application"), Atom(called), [first, *_])):
                if called == function:
                    found.append(first)
    return found


def started(release: Release) -> list[str]:
    return [each.name for each in applied(release, "start_boot")]  # type: ignore[union-attr]


def loaded(release: Release) -> list[str]:
    return [each[1].name for each in applied(release, "load")]  # type: ignore[index,union-attr]


def test_only_kernel_and_stdlib_start() -> None:
    release = release_of(
        *OTP, made_up_app("web", ["sasl"], includes=["part"]), made_up_app("part")
    )
    assert started(release) == ["kernel", "stdlib", "sasl", "web"]
    assert started(clean_release(release)) == ["kernel", "stdlib"]
    assert loaded(clean_release(release)) == ["stdlib", "sasl", "part", "web"]


def test_with_elixir_it_starts_too() -> None:
    release = release_of(
        *OTP,
        made_up_app("logger", ["elixir"]),
        made_up_app("compiler", ["kernel", "stdlib"]),
        made_up_app(
            "elixir", ["kernel", "stdlib", "compiler", "gone"], optional=["gone"]
        ),
    )
    assert started(clean_release(release)) == ["kernel", "stdlib", "compiler", "elixir"]


def test_what_is_not_even_loaded_stays_so() -> None:
    release = release_of(*OTP, made_up_app("a"), made_up_app("b"))
    types = {"a": "none", "b": "temporary"}
    entries = tuple(
        replace(each, start_type=types.get(each.name, "permanent"))
        for each in release.rel.apps
    )
    release = replace(release, rel=replace(release.rel, apps=entries))
    assert loaded(clean_release(release)) == ["stdlib", "sasl", "b"]
    assert started(clean_release(release)) == ["kernel", "stdlib"]


def program(directory: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "dodo_relkit.systools", *arguments],
        check=False,
        cwd=directory,
        env={"PYTHONPATH": str(Path(__file__).parent.parent), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_program(tmp_path: Path) -> None:
    write(tmp_path, {"r.rel": rel()})
    code, out, err = program(tmp_path, "make_script", "r", "--path", "lib/*/ebin")
    assert (code, out) == (0, "")
    assert err.startswith("RK342 notice")
    assert (tmp_path / "r.boot").is_file()
    shown = program(tmp_path, "make_script", "r", "--silent", "--local")
    assert shown == (0, "{ok,systools_make,[{warning,missing_sasl}]}.\n", "")
    assert "$ROOT" not in (tmp_path / "r.script").read_text()
    flags = ["--variables", "OTP=/usr/lib", "--no-warn-sasl", "--script-name", "other"]
    assert program(tmp_path, "make_script", "r", *flags) == (0, "", "")
    assert "$OTP/" in (tmp_path / "other.script").read_text()
    (tmp_path / "r.boot").unlink()
    assert program(tmp_path, "script2boot", "r") == (0, "", "")
    assert (tmp_path / "r.boot").is_file()


def test_the_program_tells_errors(tmp_path: Path) -> None:
    code, out, err = program(tmp_path, "make_script", "gone")
    assert (code, out) == (1, "")
    assert err.startswith("RK328 error: there is no file gone.rel")
    shown = program(tmp_path, "make_script", "gone", "--silent", "--exref=kernel")
    assert shown == (1, '{error,systools_make,{not_found,"gone.rel"}}.\n', "")
