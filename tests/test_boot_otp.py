"""For releases of the installed OTP and Elixir: byte for byte what systools writes."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pytest

from dodo_relkit.edge.otp import find_erts_vsn, find_otp_root
from dodo_relkit.formats.app import AppSpec, load_app
from dodo_relkit.formats.rel import START_TYPES, Rel, RelApp, dump_rel
from dodo_relkit.terms.text import consult_one
from tests.live_systools import Case, check

ROOT = find_otp_root()
ELIXIR = "/usr/lib/elixir/lib/*/ebin"


def installed() -> dict[str, AppSpec]:
    files = [
        *Path(ROOT, "lib").glob("*/ebin/*.app"),
        *Path("/usr/lib/elixir/lib").glob("*/ebin/*.app"),
    ]
    specs = [
        load_app(consult_one(file.read_bytes()), file=str(file), name=file.stem)
        for file in sorted(files)
    ]
    return {spec.name: spec for spec in specs}


APPS = installed()


def closure(names: list[str]) -> list[str]:
    """The applications and all they need, each before its needs: the hard order."""
    found = list(names)
    for name in found:
        spec = APPS[name]
        needs = (*spec.applications, *spec.included_applications)
        found += [need for need in needs if need in APPS and need not in found]
    return found


def write_rel(directory: Path, name: str, names: list[str], types: list[str]) -> None:
    kinds = cycle(types)
    entries = [
        RelApp(
            name=each,
            vsn=APPS[each].vsn,
            start_type="permanent" if each in ("kernel", "stdlib") else next(kinds),
            typed=each not in ("kernel", "stdlib"),
        )
        for each in names
    ]
    rel = Rel(name=name, vsn="1.0", erts_vsn=find_erts_vsn(ROOT), apps=tuple(entries))
    (directory / f"{name}.rel").write_bytes(dump_rel(rel))


def test_something_is_installed() -> None:
    assert {"kernel", "wx", "elixir", "mix"} <= set(APPS)


def test_each_application(tmp_path: Path) -> None:
    cases = []
    for name in sorted(APPS):
        needed = closure([name])
        names = needed + [each for each in ("kernel", "stdlib") if each not in needed]
        write_rel(tmp_path, f"r_{name}", names, ["permanent"])
        cases.append(
            Case(directory=tmp_path, name=f"r_{name}", options={"path": [ELIXIR]})
        )
    answers = check(cases)
    assert all(answer[0].name == "ok" for answer in answers)  # type: ignore[index,union-attr]
    assert len(list((tmp_path / "ours").glob("*.boot"))) == len(APPS)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"local": True},
        {"no_dot_erlang": True, "no_warn_sasl": True},
        {"script_name": "other"},
        {"variables": {"OTP": f"{ROOT}/lib", "ELIXIR": "/usr/lib/elixir/lib/"}},
        {"variables": {"TOP": "/usr/lib", "OTP": f"{ROOT}/lib"}},
        {"variables": {"PART": f"{ROOT}/lib/s", "ROOT": "/"}},
        {"variables": {"NONE": "/nowhere"}, "local": True},
    ],
    ids=str,
)
def test_all_together(options: dict[str, object], tmp_path: Path) -> None:
    for number, names in enumerate((sorted(APPS), sorted(APPS, reverse=True))):
        write_rel(tmp_path, f"all{number}", names, list(START_TYPES))
    given = {"path": [ELIXIR], **options}
    answers = check(
        [Case(directory=tmp_path, name=f"all{each}", options=given) for each in (0, 1)]
    )
    assert all(answer[0].name == "ok" for answer in answers)  # type: ignore[index,union-attr]
    assert list((tmp_path / "ours").glob("*.boot"))
