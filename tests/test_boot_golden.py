"""The boot files that OTP ships are what we make from the .rel files beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dodo_relkit.edge.otp import find_otp_root, read_target
from dodo_relkit.formats.rel import dump_rel, load_rel, rel_term
from dodo_relkit.formats.script import dump_boot, dump_script, load_boot, load_script
from dodo_relkit.systools import make_script
from dodo_relkit.terms.text import consult_one

RELEASE = next(Path(find_otp_root(), "releases").glob("[0-9]*"))
NAMES = sorted(path.stem for path in RELEASE.glob("*.script"))


def test_there_are_golden_files() -> None:
    assert {"start_clean", "start_sasl", "no_dot_erlang"} <= set(NAMES)


@pytest.mark.parametrize("name", ["start_clean", "start_sasl", "no_dot_erlang"])
def test_made_as_shipped(name: str, tmp_path: Path) -> None:
    made = make_script(
        name,
        cwd=str(RELEASE),
        outdir=str(tmp_path),
        no_dot_erlang=name == "no_dot_erlang",
    )
    assert made.files == (f"{tmp_path}/{name}.script", f"{tmp_path}/{name}.boot")
    for extension in ("script", "boot"):
        shipped = (RELEASE / f"{name}.{extension}").read_bytes()
        assert (tmp_path / f"{name}.{extension}").read_bytes() == shipped


@pytest.mark.parametrize("name", NAMES)
def test_read_and_written_unchanged(name: str) -> None:
    text = (RELEASE / f"{name}.script").read_bytes()
    binary = (RELEASE / f"{name}.boot").read_bytes()
    script = load_script(text, name)
    assert load_boot(binary, name) == script
    assert dump_script(script) == text
    assert dump_boot(script, read_target(find_otp_root()).atoms) == binary


@pytest.mark.parametrize(
    "path", sorted(RELEASE.glob("*.rel")), ids=lambda path: path.stem
)
def test_release_files_survive(path: Path) -> None:
    term = consult_one(path.read_bytes())
    rel = load_rel(term, str(path))
    assert rel_term(rel) == term
    assert load_rel(consult_one(dump_rel(rel)), "again") == rel
