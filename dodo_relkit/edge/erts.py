"""Which files of an OTP install are the run-time system of a release.

Runs nothing of that install, so it may be for another machine than this one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.resources import files as resources
from pathlib import Path

from dodo_relkit.artifacts.model import Member
from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Trouble, diagnostic
from dodo_relkit.edge.files import reading
from dodo_relkit.formats.elf import HEAD, machine_of

NOT_FOR_RELEASES = frozenset({"typer", "dialyzer", "ct_run", "yielding_c_fun", "erlc"})
"""Programs for development: what systools leaves out (systools:make_tar/2, `erts`)."""

EVERYTHING: frozenset[str] = frozenset()
"""Leave nothing out: systools' `erts_all`."""


def erts_members(otp_root: str | os.PathLike[str], erts_vsn: str) -> tuple[Member, ...]:
    """Return `erts-VSN/bin` for a release that runs wherever it is put, sorted.

    Links are followed, all can be written by their owner, and programs for
    development are left out. `erl` and `start`, which in an install name its root,
    find their own place instead: `erl` is the install's `dyn_erl` when it has one
    (OTP 23 and later), else a script. Raises `Trouble` (RK610).
    """
    members = erts_files(otp_root, erts_vsn, NOT_FOR_RELEASES)
    place = f"erts-{erts_vsn}/bin"
    by_name = {member.path.removeprefix(f"{place}/"): member for member in members}
    for needed in ("erlexec", "erl_child_setup"):
        if needed not in by_name:
            raise _not_there(otp_root, erts_vsn, f"{place}/{needed}")
    by_name |= _relocatable(by_name, place)
    return tuple(sorted(by_name.values(), key=lambda member: member.path))


def erts_files(
    otp_root: str | os.PathLike[str],
    erts_vsn: str,
    left_out: frozenset[str] = NOT_FOR_RELEASES,
) -> tuple[Member, ...]:
    """Return the files of `erts-VSN/bin` as they are in the install, sorted.

    That is what `systools:make_tar` puts into an archive. Raises `Trouble` (RK610).
    """
    place = f"erts-{erts_vsn}/bin"
    directory = Path(otp_root, place)
    if "/" in erts_vsn or not directory.is_dir():
        raise _not_there(otp_root, erts_vsn, place)
    return tuple(
        Member(path=f"{place}/{relpath}", mode=_mode(path), source=str(path))
        for relpath, path in sorted(_files_below(directory))
        if relpath not in left_out
    )


def check_machines(erts_bin: Path, paths: Iterable[Path]) -> tuple[Diagnostic, ...]:
    """Return a warning (RK611) for each ELF file that the emulator cannot load.

    `erts_bin` is the directory of the `beam.smp` (or `erlexec`) that the release
    will run; `paths` are libraries and programs of `priv` directories, of which only
    ELF files are looked at.
    """
    emulators = (erts_bin / name for name in ("beam.smp", "beam", "erlexec"))
    wanted = next((_machine(path) for path in emulators if path.is_file()), None)
    if wanted is None:
        return ()
    found = ((path, _machine(path)) for path in paths)
    return tuple(
        diagnostic(Code.OTHER_MACHINE, path=str(path), found=machine, wanted=wanted)
        for path, machine in found
        if machine is not None and machine != wanted
    )


def may_be_native(relpath: str, executable: bool) -> bool:
    """Whether a file of an application may be native code: a library or program."""
    if not relpath.startswith("priv/"):
        return False
    name = relpath.rpartition("/")[2]
    return executable or name.endswith(".so") or ".so." in name


def _relocatable(by_name: dict[str, Member], place: str) -> dict[str, Member]:
    """The members that stand in for those which name the install's root."""
    found = {}
    if "dyn_erl" in by_name:
        found["erl"] = replace(by_name["dyn_erl"], path=f"{place}/erl")
    elif "erl" not in by_name or _is_script(by_name["erl"]):
        found["erl"] = _template(place, "erl", "erl.sh")
    if "start" in by_name and _is_script(by_name["start"]):
        found["start"] = _template(place, "start", "embedded_start.sh")
    return found


def _template(place: str, name: str, template: str) -> Member:
    content = resources("dodo_relkit.artifacts") / "templates" / template
    return Member(path=f"{place}/{name}", mode=0o755, content=content.read_bytes())


def _is_script(member: Member) -> bool:
    with reading(member.source) as file:
        return file.read(2) == b"#!"


def _files_below(directory: Path) -> Iterator[tuple[str, Path]]:
    """Yield relative and full path of each file; links to files count as files."""
    for where, _, names in os.walk(directory):
        for name in names:
            path = Path(where, name)
            if path.is_file():
                yield path.relative_to(directory).as_posix(), path


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & 0o111 else 0o644


def _machine(path: Path) -> str | None:
    with reading(path) as file:
        return machine_of(file.read(HEAD))


def _not_there(otp_root: str | os.PathLike[str], vsn: str, missing: str) -> Trouble:
    root = str(otp_root)
    return Trouble(
        [diagnostic(Code.ERTS_NOT_THERE, root=root, vsn=vsn, missing=missing)]
    )
