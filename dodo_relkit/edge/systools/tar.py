"""systools' `make_tar` without Erlang: its options, and the archives it writes.

Which files go in is in `tar_members.py`. An archive has each name once,
sorted, and tells nothing of the builder.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Unpack

from dodo_relkit.artifacts.model import Member
from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, diagnostic
from dodo_relkit.edge.archive import group_members, source_date_epoch, write_tarball
from dodo_relkit.edge.systools.options import (
    READ_FORMS,
    Form,
    ReadKeywords,
    check_options,
    pairs_of,
    read_options,
    variable_pairs,
)
from dodo_relkit.edge.systools.path import place
from dodo_relkit.edge.systools.release import read_release
from dodo_relkit.edge.systools.tar_members import (
    TarOptions,
    add,
    application_members,
    erts_bin_members,
    system_members,
)
from dodo_relkit.edge.systools.terms import SystoolsError, warning_terms
from dodo_relkit.formats.erlang_paths import basename, join
from dodo_relkit.release.model import Release
from dodo_relkit.terms.model import Atom, Term, make_string

VAR_TARS = ("include", "ownfile", "omit")
"""Where the archive of a variable goes: into the main one, beside it, nowhere."""


class TarKeywords(ReadKeywords, total=False):
    """Options of `make_tar`."""

    dirs: Sequence[str]
    """Directories of each application to include besides `ebin` and `priv`."""
    erts: str | None
    """Root of the OTP whose run-time system to include."""
    erts_all: bool
    """Include its programs for development too."""
    var_tar: str | None
    """One of `include` (also when None), `ownfile`, `omit`."""
    extra_files: Mapping[str, str] | Sequence[tuple[str, str]]
    """Files or directories, and where they go in the archive."""


TAR_FORMS: Mapping[str, Form] = {
    **READ_FORMS,
    "dirs": Form.TEXTS,
    "erts": Form.TEXT,
    "erts_all": Form.FLAG,
    "var_tar": Form.TEXT,
    "extra_files": Form.PAIRS,
}
"""The forms of `TarKeywords`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TarResult:
    """What `{ok, systools_make, Warnings}` is."""

    warnings: tuple[Term, ...]
    """systools' terms, without the tag `warning`."""
    diagnostics: tuple[Diagnostic, ...]
    """The same warnings in our words."""
    files: tuple[str, ...]
    """The archives written: `<name>.tar.gz` first."""


def make_tar(name: str, **options: Unpack[TarKeywords]) -> TarResult:
    """Make `<name>.tar.gz` for `<name>.rel` and its boot file.

    `name` is without extension, the options are systools' (systools(3)) and
    `otp_root` and `cwd`. With `var_tar="ownfile"` an archive `<variable>.tar.gz` for
    each variable is written beside, in `cwd`. Times are `SOURCE_DATE_EPOCH`. Raises
    `SystoolsError` with the term of systools' error, and `Trouble` when there is no
    target OTP. When there is an error nothing is written, and nothing removed.
    """
    check_options(options, TAR_FORMS)
    var_tar = options.get("var_tar") or "include"
    if var_tar not in VAR_TARS:
        _refuse_var_tar(var_tar)
    read = read_release(name, read_options(options))
    tar_options = TarOptions(
        cwd=read.cwd,
        path=read.own_path,
        dirs=tuple(options.get("dirs") or ()),
        variables=variable_pairs(options),
    )
    outdir = options.get("outdir")
    file = join(outdir, f"{basename(name)}.tar.gz") if outdir else f"{name}.tar.gz"
    _check_can_open(read.cwd, file)

    archives = _application_archives(read.release, tar_options, var_tar, file)
    archives[file] += system_members(name, read.release.rel.vsn, tar_options)
    if erts := options.get("erts"):
        vsn, erts_all = read.release.rel.erts_vsn, bool(options.get("erts_all"))
        archives[file] += erts_bin_members(read.cwd, erts, vsn, erts_all)
    for source, to in pairs_of(options.get("extra_files")):
        archives[file] += add(read.cwd, source, to)
    for each, found in archives.items():
        _write_archive(place(read.cwd, each), found)
    return TarResult(
        warnings=tuple(warning_terms(read.warnings)),
        diagnostics=read.warnings,
        files=tuple(archives),
    )


def _application_archives(
    release: Release, options: TarOptions, var_tar: str, file: str
) -> dict[str, list[Member]]:
    """Return what goes into each archive, by its name; `file` is the main one."""
    members = application_members(release, options)
    if var_tar == "omit":
        return {file: members}
    inner = {
        f"{variable[0]}.tar.gz": application_members(release, options, variable)
        for variable in options.variables
    }
    if var_tar == "ownfile":
        return {file: members, **inner}
    for name, found in inner.items():
        content = _archive_content(found)
        members.append(Member(path=name, mode=0o644, content=content))
    return {file: members}


def _write_archive(path: str, members: Iterable[Member]) -> None:
    """Write an archive; of members in one place the last counts, as when unpacked."""
    last = {member.path: member for member in members}
    epoch = source_date_epoch(os.environ)
    write_tarball(path, group_members(last.values()), cache_dir=None, epoch=epoch)


def _archive_content(members: Iterable[Member]) -> bytes:
    with TemporaryDirectory() as directory:
        path = f"{directory}/inner.tar.gz"
        _write_archive(path, members)
        return Path(path).read_bytes()


def _check_can_open(cwd: str, file: str) -> None:
    """Raise what erl_tar says, before any other fault is looked for."""
    path = Path(place(cwd, file))
    if path.is_dir():
        number = errno.EISDIR
    elif not path.parent.is_dir():
        number = errno.ENOTDIR if path.parent.exists() else errno.ENOENT
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        number = errno.EACCES
    else:
        return
    reason = Atom(errno.errorcode[number].lower())
    text = make_string(file)
    raise SystoolsError(
        (Atom("tar_error"), (Atom("open"), text, (text, reason))),
        [diagnostic(Code.TAR_NOT_OPENED, path=file, reason=os.strerror(number))],
    )


def _refuse_var_tar(given: str) -> None:
    expected = "one of " + ", ".join(VAR_TARS)
    raise SystoolsError(
        (Atom("badarg"), [(Atom("var_tar"), Atom(given))]),
        [diagnostic(Code.BAD_OPTION, option="var_tar", expected=expected)],
    )
