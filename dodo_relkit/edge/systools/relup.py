"""systools' `make_relup` without Erlang: its options, and the relup it writes.

How the scripts are made is in `upgrade/`; here the releases and the appups are read.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Trouble, diagnostic
from dodo_relkit.edge.systools.options import Form, ReadOptions, check_options
from dodo_relkit.edge.systools.path import place
from dodo_relkit.edge.systools.release import ReadRelease, read_release
from dodo_relkit.edge.systools.relup_terms import (
    SYSTOOLS_RC,
    SYSTOOLS_RELUP,
    file_problem,
    missing_sasl_term,
    no_relup_term,
    relup_warning_terms,
)
from dodo_relkit.edge.systools.terms import SystoolsError
from dodo_relkit.formats.appup import Appup, load_appup
from dodo_relkit.formats.erlang_paths import join
from dodo_relkit.formats.first_term import NoTerm, ParseFault, first_term, read_error
from dodo_relkit.formats.relup import Relup, dump_relup, relup_term
from dodo_relkit.release.model import App
from dodo_relkit.terms.model import Atom, Term, make_string
from dodo_relkit.upgrade.script.faults import CRASH, ScriptTrouble
from dodo_relkit.upgrade.script.relup import (
    Baseline,
    RelupJob,
    RelupResult,
    stop_without_sasl,
)
from dodo_relkit.upgrade.script.relup import make_relup as relup_of

Bases = Sequence[str | tuple[str, Term]]
"""Names of `.rel` files without extension, or pairs of a name and a description."""


class RelupKeywords(TypedDict, total=False):
    """Options of `make_relup`."""

    path: Sequence[str]
    """Directories searched first; `*` is a wildcard."""
    outdir: str | None
    """Directory to write to; the current one when None."""
    restart_emulator: bool
    """Restart the emulator as the last step of each way."""
    noexec: bool
    """Write nothing."""
    warnings_as_errors: bool
    otp_root: str | None
    """Root of the target OTP; the one at hand when None."""
    cwd: str | None
    """Where relative names lie; the current directory when None."""


RELUP_FORMS: Mapping[str, Form] = {
    "path": Form.TEXTS,
    "outdir": Form.TEXT,
    "restart_emulator": Form.FLAG,
    "noexec": Form.FLAG,
    "warnings_as_errors": Form.FLAG,
    "otp_root": Form.TEXT,
    "cwd": Form.TEXT,
}
"""The forms of `RelupKeywords`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRelup:
    """What `{ok, Relup, systools_relup, Warnings}` is."""

    relup: Relup
    term: Term
    """The term of the relup."""
    warnings: tuple[Term, ...]
    """systools' terms."""
    diagnostics: tuple[Diagnostic, ...]
    """The same warnings in our words."""
    files: tuple[str, ...]
    """The file written: `relup`; none with `noexec`."""


def make_relup(
    name: str, up_from: Bases, down_to: Bases, **options: Unpack[RelupKeywords]
) -> MadeRelup:
    """Make the file `relup` that leads from and to other releases.

    `name` is that of `<name>.rel`; `up_from` and `down_to` name the others. The
    options are systools' (systools(3)) and `otp_root` and `cwd`. Raises
    `SystoolsError` with the term of systools' error, and `Trouble` when there is no
    target OTP. Nothing is written when there is an error.
    """
    check_options(options, RELUP_FORMS)
    _check_bases(up_from=up_from, down_to=down_to)
    asked = ReadOptions(
        path=tuple(options.get("path") or ()),
        otp_root=options.get("otp_root") or "",
        cwd=options.get("cwd") or "",
    )
    top = _read(name, asked)
    job = RelupJob(
        top=top.release,
        target=top.target,
        appup_of=lambda app: _read_appup(app, top.cwd),
        restart_emulator=bool(options.get("restart_emulator")),
    )
    made = _make(job, up_from, down_to, asked)
    warnings = relup_warning_terms(made.warnings)
    if warnings and options.get("warnings_as_errors"):
        found = [diagnostic(Code.WARNINGS_AS_ERRORS), *made.warnings]
        term: Term = (Atom("warnings_treated_as_errors"), warnings)
        raise SystoolsError(term, found, module=SYSTOOLS_RELUP)
    file = join(options.get("outdir") or ".", "relup").removeprefix("./")
    if not options.get("noexec"):
        _write(top.cwd, file, dump_relup(made.relup))
    return MadeRelup(
        relup=made.relup,
        term=relup_term(made.relup),
        warnings=tuple(warnings),
        diagnostics=made.warnings,
        files=() if options.get("noexec") else (file,),
    )


def _check_bases(**given: Bases) -> None:
    """Refuse what is no list of names; one name alone would be taken for letters."""
    for option, bases in given.items():
        if isinstance(bases, str) or not all(_is_base(each) for each in bases):
            expected = "a list of names, or of pairs of a name and a description"
            raise SystoolsError(
                (Atom("badarg"), Atom(option)),
                [diagnostic(Code.BAD_OPTION, option=option, expected=expected)],
                module=SYSTOOLS_RELUP,
            )


def _is_base(given: object) -> bool:
    if isinstance(given, tuple) and len(given) == 2:
        given = given[0]
    return isinstance(given, str)


def _make(
    job: RelupJob, up_from: Bases, down_to: Bases, options: ReadOptions
) -> RelupResult:
    try:
        return relup_of(job, _baselines(up_from, options), _baselines(down_to, options))
    except ScriptTrouble as trouble:
        raise SystoolsError(
            trouble.reason, trouble.diagnostics, module=SYSTOOLS_RC
        ) from None
    except SystoolsError:
        raise
    except Trouble as trouble:
        term = no_relup_term(trouble.diagnostics[0], job)
        raise SystoolsError(term, trouble.diagnostics, module=SYSTOOLS_RELUP) from None


def _baselines(given: Bases, options: ReadOptions) -> Iterator[Baseline]:
    """Read the releases one at a time, so that their errors come in systools' order."""
    for each in given:
        name, description = (each, "") if isinstance(each, str) else each
        if isinstance(description, str):
            description = make_string(description)
        yield Baseline(release=_read(name, options).release, description=description)


def _read(name: str, options: ReadOptions) -> ReadRelease:
    read = read_release(name, options)
    try:
        stop_without_sasl(read.release)
    except Trouble as trouble:
        term = missing_sasl_term(read.release)
        raise SystoolsError(term, trouble.diagnostics, module=SYSTOOLS_RELUP) from None
    return read


def _read_appup(app: App, cwd: str) -> tuple[Appup, str]:
    """Read the appup beside the `.app` file; raises `SystoolsError`."""
    name = app.spec.name
    file = join(app.ebin, f"{name}.appup")
    try:
        data = Path(place(cwd, file)).read_bytes()
    except OSError as error:
        number = error.errno or errno.EIO
        atom = Atom(errno.errorcode[number].lower())
        what: Term = (Atom("open"), make_string(file), atom)
        told = diagnostic(
            Code.APPUP_NOT_READ, app=name, file=file, reason=os.strerror(number)
        )
        raise _problem(file, what, [told]) from None
    try:
        term = first_term(data, file)
    except ParseFault as fault:
        where = (fault.line, Atom("erl_parse"), fault.what)
        what = (Atom("parse"), make_string(file), where)
        raise _problem(file, what, fault.diagnostics) from None
    except NoTerm as fault:
        raise _problem(file, read_error(file), fault.diagnostics) from None
    try:
        return load_appup(term, file), file
    except Trouble as trouble:
        if type(term) is tuple and len(term) == 3:  # systools crashes on it
            raise SystoolsError(
                CRASH, trouble.diagnostics, module=SYSTOOLS_RELUP
            ) from None
        problem = file_problem(file, (Atom("ok"), term))
        raise SystoolsError(
            problem, trouble.diagnostics, module=SYSTOOLS_RELUP
        ) from None


def _problem(file: str, what: Term, found: Sequence[Diagnostic]) -> SystoolsError:
    term = file_problem(file, (Atom("error"), what))
    return SystoolsError(term, found, module=SYSTOOLS_RELUP)


def _write(cwd: str, file: str, content: bytes) -> None:
    try:
        Path(place(cwd, file)).write_bytes(content)
    except OSError as error:
        number = error.errno or errno.EIO
        reason = Atom(errno.errorcode[number].lower())
        told = diagnostic(Code.FILE_NOT_WRITTEN, file=file, reason=os.strerror(number))
        term = file_problem("relup", (Atom("open"), reason))
        raise SystoolsError(term, [told], module=SYSTOOLS_RELUP) from None
