"""Compiling plain Erlang applications with `erlc`: the step and what it looks at.

    <app>/src/*.erl ──erlc──▶ _build/relkit/erlc/<app>/*.beam ──if changed──▶ <app>/ebin
    <app>/src/<app>.app.src ──modules filled in──▶ <app>/ebin/<app>.app

All sources of an application are compiled together whenever one of them changed;
a beam is replaced only when its bytes differ, so that what comes after sees just the
modules that did change.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Trouble, diagnostic
from dodo_relkit.edge.erlc_sources import app_folders, sources_of
from dodo_relkit.edge.files import write_file
from dodo_relkit.edge.stamps import describe, read_stamp, write_stamp
from dodo_relkit.release.compilers import Erlc
from dodo_relkit.terms.model import Atom, Term, make_list
from dodo_relkit.terms.pretty import dump_terms
from dodo_relkit.terms.text import consult_one

WORK = "_build/relkit/erlc"


def erlc_step(
    how: Erlc, stamp: str
) -> tuple[dict[str, object], tuple[Diagnostic, ...]]:
    """Compile every application; remove the beams of sources that are gone.

    Raises `Trouble` (RK551) when `erlc` is missing or finds errors; what it says goes
    to standard error as it comes.
    """
    before = {each["path"] for each in read_stamp(stamp)}
    made = [path for folder in app_folders(how) for path in _compile(how, folder)]
    for path in before - set(made):
        Path(path).unlink(missing_ok=True)
    write_stamp(stamp, [describe(path, Path(path).read_bytes()) for path in made])
    return {"applications": len(app_folders(how))}, ()


def _compile(how: Erlc, folder: Path) -> Iterator[str]:
    """Yield the paths of the files made for one application."""
    work = Path(WORK, folder.resolve().name)
    ebin = folder / "ebin"
    sources = sorted(sources_of(how, folder))
    work.mkdir(parents=True, exist_ok=True)
    ebin.mkdir(exist_ok=True)
    _run_erlc(how, folder, work, sources)
    modules = sorted(source.stem for source in sources)
    for module in modules:
        beam = ebin / f"{module}.beam"
        write_file(beam, (work / beam.name).read_bytes())
        yield beam.as_posix()
    for description in sorted(folder.glob("src/*.app.src")):
        app = ebin / description.name.removesuffix(".src")
        write_file(app, _fill_in(description, modules))
        yield app.as_posix()


def _run_erlc(how: Erlc, folder: Path, work: Path, sources: list[Path]) -> None:
    includes = [part for each in how.include for part in ("-I", str(folder / each))]
    libraries = os.pathsep.join(
        filter(None, [os.environ.get("ERL_LIBS"), *_siblings(how)])
    )
    command = ["erlc", *how.options, *includes, "-pa", str(work), "-o", str(work)]
    try:
        done = subprocess.run(
            [*command, *map(str, _parents_first(sources))],
            env={**os.environ, "ERL_LIBS": libraries},
            check=False,
        )
    except FileNotFoundError:
        reason = "the program erlc is not on PATH"
        raise Trouble([diagnostic(Code.COMPILE_FAILED, reason=reason)]) from None
    if done.returncode:
        reason = f"erlc found errors in {folder}"
        raise Trouble([diagnostic(Code.COMPILE_FAILED, reason=reason)])


def _siblings(how: Erlc) -> list[str]:
    return sorted({str(path.parent.resolve()) for path in app_folders(how)})


def _parents_first(sources: list[Path]) -> list[Path]:
    """Put what others need at compile time (behaviours, transforms) first."""
    return sorted(sources, key=lambda path: (not _is_needed(path), path))


def _is_needed(path: Path) -> bool:
    text = path.read_text("utf-8", "replace")
    return "-callback" in text or "parse_transform(" in text


def _fill_in(description: Path, modules: list[str]) -> bytes:
    """Return the `.app` of an `.app.src`: `modules` filled in when it has none."""
    term = consult_one(description.read_bytes(), str(description))
    match term:
        case (Atom("application") as head, Atom() as name, list(properties)):
            names: Term = make_list(Atom(module) for module in modules)
            kept = [each for each in properties if each != (Atom("modules"), [])]
            if not any(type(x) is tuple and x[:1] == (Atom("modules"),) for x in kept):
                kept.append((Atom("modules"), names))
            return dump_terms([(head, name, kept)])
    return description.read_bytes()
