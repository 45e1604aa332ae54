"""A node whose release another tool made goes up to a release of ours, and back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.baseline_releases import erl, made_by_rebar3, made_by_systools, unpack
from tests.doit_projects import build, write_app, write_project
from tests.test_delta import run_embedded

UP_AND_DOWN = """
begin
    1 = web_one:answer(),
    {ok, "1.1.0"} = release_handler:unpack_release("NAME"),
    {ok, "1.0.0", _} = release_handler:install_release("1.1.0"),
    11 = web_one:answer(),
    2 = web_two:answer(),
    5 = store_new:answer(),
    ok = release_handler:make_permanent("1.1.0"),
    {ok, "1.0.0", _} = release_handler:install_release("1.0.0"),
    1 = web_one:answer(),
    ok = release_handler:make_permanent("1.0.0"),
    io:format("went up and down~n")
end
"""


@pytest.mark.parametrize("kind", ["", ".delta"])
@pytest.mark.parametrize("make", [made_by_rebar3, made_by_systools])
def test_an_upgrade_from_a_release_that_is_not_ours(
    make: Callable[[Path], Path], kind: str, tmp_path: Path
) -> None:
    old = make(tmp_path / "old")
    root = unpack(old, tmp_path / "node")
    if not (root / "releases/RELEASES").exists():  # as OTP's manual has it installed
        rel = next((root / "releases/1.0.0").glob("*.rel"))
        call = f'create_RELEASES("", "{root}/releases", "{rel}", [])'
        erl(root, f"ok = release_handler:{call}")
    project = write_project(
        tmp_path / "new",
        version="1.1.0",
        include_erts=True,
        delta=True,
        upgrade_from=[str(old)],
    )
    write_app(
        project,
        "web",
        vsn="1.1",
        uses=("store",),
        modules={"web_one": 11, "web_two": 2},
    )
    write_app(project, "store", vsn="1.1", modules={"store_one": 1, "store_new": 5})
    (project / "lib/store/ebin/store_two.beam").unlink(missing_ok=True)
    build(project)
    name = f"web-1.1.0{kind}"
    shutil.copy(project / f"_build/dev/rel/{name}.tar.gz", root / "releases")
    said = run_embedded(root, UP_AND_DOWN.replace("NAME", name))
    assert "went up and down" in said, said
