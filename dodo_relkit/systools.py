"""systools without Erlang: scripts, boot files and archives from a `.rel` by hand.

A thin door with systools' own options. The result carries the warnings and
`SystoolsError` the error, each as the Erlang term that systools gives with `silent`,
beside our diagnostics. As a program: `python -m dodo_relkit.systools make_script NAME`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, diagnostic
from dodo_relkit.edge.otp import find_otp_root, read_target
from dodo_relkit.edge.systools.options import (
    SCRIPT_FORMS,
    Form,
    ScriptKeywords,
    check_options,
    read_options,
    variable_pairs,
)
from dodo_relkit.edge.systools.path import place
from dodo_relkit.edge.systools.release import read_release
from dodo_relkit.edge.systools.relup import (
    RELUP_FORMS,
    Bases,
    MadeRelup,
    RelupKeywords,
    make_relup,
)
from dodo_relkit.edge.systools.tar import TAR_FORMS, TarKeywords, TarResult, make_tar
from dodo_relkit.edge.systools.terms import SystoolsError, warning_terms
from dodo_relkit.formats.erlang_paths import basename, join
from dodo_relkit.formats.first_term import NoTerm, ParseFault, first_term, read_error
from dodo_relkit.formats.script import BootScript, dump_boot, dump_script
from dodo_relkit.release.boot import BootOptions, make_boot
from dodo_relkit.terms.etf import encode
from dodo_relkit.terms.model import Atom, Term, make_string

BOOT_FORMS = {"otp_root": Form.TEXT, "cwd": Form.TEXT}
"""The forms of the options of `script2boot`."""

RELUP_COMMAND_FORMS = {
    "up_from": Form.PAIRS,
    "down_to": Form.PAIRS,
    **RELUP_FORMS,
}
"""The forms of the options of `make_relup` as a command; pairs are descriptions."""

__all__ = [
    "MadeRelup",
    "ScriptResult",
    "SystoolsError",
    "TarResult",
    "make_relup",
    "make_script",
    "make_tar",
    "script2boot",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptResult:
    """What `{ok, systools_make, Warnings}` is."""

    warnings: tuple[Term, ...]
    """systools' terms, without the tag `warning`."""
    diagnostics: tuple[Diagnostic, ...]
    """The same warnings in our words."""
    script: BootScript
    files: tuple[str, ...]
    """The files written: `.script` and `.boot`."""


def make_script(name: str, **options: Unpack[ScriptKeywords]) -> ScriptResult:
    """Make `<name>.script` and `<name>.boot` from `<name>.rel`.

    `name` is without extension, the options are systools' (systools(3)) and
    `otp_root` and `cwd`. Raises `SystoolsError` with the term of systools' error, and
    `Trouble` when there is no target OTP. Nothing is written when there is an error.
    """
    check_options(options, SCRIPT_FORMS)
    read = read_release(name, read_options(options))
    boot_options = BootOptions(
        local=read.cwd if options.get("local") else "",
        variables=variable_pairs(options),
        no_dot_erlang=bool(options.get("no_dot_erlang")),
    )
    script = make_boot(read.release, read.target, boot_options)
    output = options.get("script_name") or name
    outdir = options.get("outdir")
    if outdir:
        output = join(outdir, basename(output))
    files = {
        f"{output}.script": dump_script(script),
        f"{output}.boot": dump_boot(script, read.target.atoms),
    }
    for file, content in files.items():
        _write(read.cwd, file, content)
    return ScriptResult(
        warnings=tuple(warning_terms(read.warnings)),
        diagnostics=read.warnings,
        script=script,
        files=tuple(files),
    )


def script2boot(
    name: str, *, otp_root: str | None = None, cwd: str | None = None
) -> str:
    """Write `<name>.boot` from the term in `<name>.script`; return the file's name.

    The target OTP only says how atoms are written. Raises `SystoolsError` when the
    script cannot be read or the boot file not written.
    """
    source = f"{name}.script"
    try:
        data = Path(place(cwd or "", source)).read_bytes()
    except OSError as error:
        raise _not_opened(source, error) from None
    target = read_target(find_otp_root(otp_root or True))
    file = f"{name}.boot"
    _write(cwd or "", file, encode(_read_script(data, source), target.atoms))
    return file


def _read_script(data: bytes, file: str) -> Term:
    try:
        return first_term(data, file)
    except ParseFault as fault:
        where = (fault.line, Atom("erl_parse"), fault.what)
        error: Term = (Atom("parse"), make_string(file), where)
        raise SystoolsError(error, fault.diagnostics) from None
    except NoTerm as fault:
        raise SystoolsError(read_error(file), fault.diagnostics) from None


def _write(cwd: str, file: str, content: bytes) -> None:
    try:
        Path(place(cwd, file)).write_bytes(content)
    except OSError as error:
        raise _not_opened(file, error) from None


def _not_opened(file: str, error: OSError) -> SystoolsError:
    import errno

    reason = errno.errorcode.get(error.errno or 0, "eio").lower()
    found = diagnostic(
        Code.FILE_NOT_WRITTEN, file=file, reason=error.strerror or reason
    )
    return SystoolsError((Atom("open"), make_string(file), Atom(reason)), [found])


def main(arguments: Sequence[str]) -> int:
    """Run the program with its arguments; return the exit code."""
    from dodo_relkit.edge.systools.program import run

    return run(
        arguments,
        {
            "make_script": (_make_script, SCRIPT_FORMS),
            "make_tar": (_make_tar, TAR_FORMS),
            "make_relup": (_make_relup, RELUP_COMMAND_FORMS),
            "script2boot": (_script2boot, BOOT_FORMS),
        },
    )


def _make_script(
    name: str, **options: Unpack[ScriptKeywords]
) -> tuple[Term, Sequence[Diagnostic]]:
    made = make_script(name, **options)
    return _ok(made.warnings), made.diagnostics


def _make_tar(
    name: str, **options: Unpack[TarKeywords]
) -> tuple[Term, Sequence[Diagnostic]]:
    made = make_tar(name, **options)
    return _ok(made.warnings), made.diagnostics


def _make_relup(
    name: str,
    up_from: Bases = (),
    down_to: Bases = (),
    **options: Unpack[RelupKeywords],
) -> tuple[Term, Sequence[Diagnostic]]:
    made = make_relup(name, up_from, down_to, **options)
    answer = (Atom("ok"), made.term, Atom("systools_relup"), list(made.warnings))
    return answer, made.diagnostics


def _script2boot(name: str, **options: str) -> tuple[Term, Sequence[Diagnostic]]:
    script2boot(name, **options)
    return _ok(()), ()


def _ok(warnings: Sequence[Term]) -> Term:
    tagged: list[Term] = [(Atom("warning"), each) for each in warnings]
    return (Atom("ok"), Atom("systools_make"), tagged)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
