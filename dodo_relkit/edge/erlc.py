"""Compiling plain Erlang applications with `erlc`: the step and what it looks at.

    <app>/src/*.erl ──erlc──▶ <work>/<app>/*.beam ──if changed──▶ <app>/ebin
    <app>/src/<app>.app.src ──modules filled in──▶ <app>/ebin/<app>.app

All sources are compiled together whenever one of them changed, and nothing is put
into an `ebin` before all of them are compiled. There a beam is replaced only when its
bytes differ, so that what comes after sees just the modules that did change.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
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

STDERR = 2
"""Where the compiler's words go: standard output may be read by a program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The sources of one application, and where they are compiled to."""

    folder: Path
    work: Path
    sources: tuple[Path, ...]
    """Those that others need at compile time (behaviours, transforms) first."""
    needed: tuple[Path, ...]
    """These alone."""


def erlc_step(
    how: Erlc, stamp: str, work: str
) -> tuple[dict[str, object], tuple[Diagnostic, ...]]:
    """Compile every application; remove the beams of sources that are gone.

    `work` is a directory for our own use. Raises `Trouble` (RK551) when `erlc` is
    missing or finds errors; what it says goes to standard error as it comes.
    """
    apps = [_application(how, folder, work) for folder in app_folders(how)]
    for app in apps:
        _make_directories(app)
    if len(apps) > 1:
        for app in apps:
            if app.needed:
                _run_erlc(how, apps, app, app.needed)
    for app in apps:
        _run_erlc(how, apps, app, app.sources)
    before = {each["path"] for each in read_stamp(stamp)}
    made = [path for app in apps for path in _put_into_ebin(app)]
    for path in before - set(made):
        Path(path).unlink(missing_ok=True)
    write_stamp(stamp, [describe(path, Path(path).read_bytes()) for path in made])
    return {"applications": len(apps)}, ()


def _application(how: Erlc, folder: Path, work: str) -> Application:
    sources = sorted(set(sources_of(how, folder)))
    needed = [path for path in sources if _is_needed(path)]
    return Application(
        folder=folder,
        work=Path(work, folder.as_posix().replace("/", "--").strip(".") or "app"),
        sources=(*needed, *(path for path in sources if path not in needed)),
        needed=tuple(needed),
    )


def _make_directories(app: Application) -> None:
    """Make `ebin`, without which OTP takes no directory for an application's."""
    (app.folder / "ebin").mkdir(exist_ok=True)
    app.work.mkdir(parents=True, exist_ok=True)
    for beam in app.work.glob("*.beam"):
        beam.unlink()


def _put_into_ebin(app: Application) -> Iterator[str]:
    """Yield the paths of the files made for one application."""
    ebin = app.folder / "ebin"
    modules = sorted({source.stem for source in app.sources})
    for module in modules:
        beam = ebin / f"{module}.beam"
        write_file(beam, (app.work / beam.name).read_bytes())
        yield beam.as_posix()
    for description in sorted(app.folder.glob("src/*.app.src")):
        path = ebin / description.name.removesuffix(".src")
        write_file(path, _fill_in(description, modules))
        yield path.as_posix()


def _run_erlc(
    how: Erlc, apps: list[Application], app: Application, sources: tuple[Path, ...]
) -> None:
    includes = [part for each in how.include for part in ("-I", app.folder / each)]
    fresh = [part for each in apps for part in ("-pa", each.work)]
    libraries = os.pathsep.join(
        filter(None, [os.environ.get("ERL_LIBS"), *_siblings(apps)])
    )
    try:
        done = subprocess.run(
            ["erlc", *how.options, *includes, *fresh, "-o", app.work, *sources],
            env={**os.environ, "ERL_LIBS": libraries},
            stdout=STDERR,
            check=False,
        )
    except FileNotFoundError:
        reason = "the program erlc is not on PATH"
        raise Trouble([diagnostic(Code.COMPILE_FAILED, reason=reason)]) from None
    if done.returncode:
        reason = f"erlc found errors in {app.folder}"
        raise Trouble([diagnostic(Code.COMPILE_FAILED, reason=reason)])


def _siblings(apps: list[Application]) -> list[str]:
    return sorted({str(app.folder.parent.resolve()) for app in apps})


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
