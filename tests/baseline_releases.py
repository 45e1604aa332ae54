"""The release web 1.0.0 of one project, as each tool of the field makes it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.doit_projects import build, write_app, write_project
from tests.oracle import otp_root

VSN = "1.0.0"


def made_by_us(place: Path, **settings: object) -> Path:
    """Build the project in `place`; return the tarball."""
    build(write_project(place, **{"include_erts": True, **settings}))
    return place / "_build/dev/rel/web-1.0.0.tar.gz"


def made_by_rebar3(place: Path) -> Path:
    """Let relx, in rebar3, make the release; return its tarball."""
    source = place / "apps/web/src"
    source.mkdir(parents=True)
    (place / "rebar.config").write_text(
        "{erl_opts, [debug_info, deterministic]}.\n"
        f'{{relx, [{{release, {{web, "{VSN}"}}, [web, sasl]}}, {{include_erts, true}},'
        " {dev_mode, false}]}.\n"
    )
    (source / "web.app.src").write_text(
        '{application, web, [{description, "d"}, {vsn, "1.0"}, {registered, []},'
        " {applications, [kernel, stdlib]}]}.\n"
    )
    for module, answer in (("web_one", 1), ("web_two", 2)):
        (source / f"{module}.erl").write_text(
            f"-module({module}).\n-export([answer/0]).\nanswer() -> {answer}.\n"
        )
    subprocess.run(
        ["rebar3", "tar"],
        cwd=place,
        check=True,
        capture_output=True,
        env={**os.environ, "HOME": str(place / "home"), "HEX_OFFLINE": "1"},
    )
    return place / f"_build/default/rel/web/web-{VSN}.tar.gz"


def made_by_systools(place: Path) -> Path:
    """Let systools make the archive, from a file not named like the release."""
    for name, uses in (("web", ("store",)), ("store", ())):
        write_app(place, name, uses=uses)
    apps = ", ".join(
        f'{{{name}, "{vsn}"}}'
        for name, vsn in {**system_versions(), "store": "1.0", "web": "1.0"}.items()
    )
    rel = f'{{release, {{"web", "{VSN}"}}, {{erts, "{erts_version()}"}}, [{apps}]}}.\n'
    (place / "base.rel").write_text(rel)
    erl(
        place,
        'Options = [{path, ["lib/*/ebin"]}, silent],'
        '{ok, _, _} = systools:make_script("base", Options),'
        '{ok, _, _} = systools:make_tar("base", [{erts, code:root_dir()} | Options])',
    )
    return place / "base.tar.gz"


def made_as_distillery_does(ours: Path, place: Path) -> Path:
    """Lay out our tarball as Distillery's is (FEATURES.md, 2.1, observed there)."""
    tree = unpack(ours, place / "tree")
    shutil.rmtree(tree / "lib/other-1.0", ignore_errors=True)
    consolidated = tree / f"lib/web-{VSN}/consolidated"
    consolidated.mkdir(parents=True)
    shutil.copy(tree / "lib/web-1.0/ebin/web_one.beam", consolidated)
    (tree / f"releases/web-{VSN}.rel").unlink()
    return pack(tree, place / "web.tar.gz", sorted(os.listdir(tree)))


def unpack(tarball: Path, place: Path) -> Path:
    """Unpack with the tar program; return the directory."""
    place.mkdir(parents=True)
    subprocess.run(["tar", "-xzf", tarball, "-C", place], check=True)
    return place


def pack(tree: Path, tarball: Path, names: Iterable[str] = (".",)) -> Path:
    """Pack with the tar program, names with `./` in front unless they are given."""
    subprocess.run(["tar", "-czf", tarball, "-C", tree, *names], check=True)
    return tarball


def erl(place: Path, expression: str) -> None:
    """Evaluate in a node of its own that runs in `place`."""
    done = subprocess.run(
        ["erl", "-noinput", "-boot", "start_clean", "-eval", f"{expression}, halt()."],
        cwd=place,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def system_versions() -> dict[str, str]:
    """Return the versions of OTP's own applications that every release here has."""
    lib = otp_root() / "lib"
    return {
        name: next(lib.glob(f"{name}-*")).name.partition("-")[2]
        for name in ("kernel", "stdlib", "sasl")
    }


def erts_version() -> str:
    """Return the version of the installed run-time system."""
    return next(otp_root().glob("erts-*")).name.partition("-")[2]
