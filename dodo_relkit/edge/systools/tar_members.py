"""What `systools:make_tar` puts into an archive, and where it looks for it.

Takes a release that was read and checked. The faults are those of systools, in its
order. Writes nothing.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dodo_relkit.artifacts.model import Member
from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.edge.erts import EVERYTHING, NOT_FOR_RELEASES
from dodo_relkit.edge.systools.path import place
from dodo_relkit.edge.systools.terms import SystoolsError
from dodo_relkit.formats.erlang_paths import basename, dirname, join, split
from dodo_relkit.formats.first_term import NoTerm, ParseFault, first_term
from dodo_relkit.release.model import App, Release
from dodo_relkit.terms.model import Atom, Improper, Term, list_items, make_string
from dodo_relkit.terms.text import consult

Variable = tuple[str, str]
"""The name of a variable and the directory it stands for."""

_Fault = tuple[str, int]
# A path as systools would name it, and why it cannot be read (errno).


@dataclass(frozen=True, slots=True, kw_only=True)
class TarOptions:
    """The options of `systools:make_tar/2` that say what an archive holds."""

    cwd: str
    """Where relative names lie."""
    path: tuple[str, ...] = ()
    """Directories to look for system files in, after those of the release and `.`."""
    dirs: tuple[str, ...] = ()
    """More directories of each application; `priv` is always there."""
    variables: tuple[Variable, ...] = ()


def application_members(
    release: Release, options: TarOptions, variable: Variable | None = None
) -> list[Member]:
    """Return the files of the applications in the main archive, or in a variable's.

    Raises `SystoolsError` with the faults of all applications.
    """
    members: list[Member] = []
    errors: list[Term] = []
    found: list[Diagnostic] = []
    for name, app in release.apps.items():
        to = _destination(name, app, options.variables, variable)
        if to is None:
            continue
        try:
            members += _application(name, app, to, options)
        except SystoolsError as error:
            what = (Atom("error_add_appl"), (Atom(name), error.term))
            errors.insert(0, what)
            found += error.diagnostics
    if errors:
        raise SystoolsError(errors, found)
    return members


def system_members(name: str, vsn: str, options: TarOptions) -> list[Member]:
    """Return the `.rel`, twice, the boot file, and relup and configuration if any.

    Raises `SystoolsError` when one that must be there is not, or one is wrong.
    """
    cwd, base, to = options.cwd, basename(name), f"releases/{vsn}"
    members = add(cwd, f"{name}.rel", f"releases/{base}.rel")
    members += add(cwd, f"{name}.rel", f"{to}/{base}.rel")
    path = list(dict.fromkeys([dirname(name), "."])) + list(options.path)
    boot = _lookup("start.boot", path, cwd) or _lookup(f"{base}.boot", path, cwd)
    if boot is None:
        what = (Atom("add"), Atom("boot"), make_string(name), Atom("enoent"))
        raise SystoolsError(
            (Atom("tar_error"), what),
            [diagnostic(Code.TAR_WITHOUT_BOOT, name=base, directories=tuple(path))],
        )
    members += add(cwd, boot, f"{to}/start.boot")
    if relup := _lookup("relup", path, cwd):
        _check_terms(relup, cwd, Code.TAR_RELUP, _is_relup)
        members += add(cwd, relup, f"{to}/relup")
    if source := _lookup("sys.config.src", path, cwd):
        members += add(cwd, source, f"{to}/sys.config.src")
    elif config := _lookup("sys.config", path, cwd):
        _check_terms(config, cwd, Code.TAR_SYS_CONFIG, _is_sys_config)
        members += add(cwd, config, f"{to}/sys.config")
    return members


def erts_bin_members(cwd: str, root: str, vsn: str, erts_all: bool) -> list[Member]:
    """Return the run-time system of the OTP at `root`; raises `SystoolsError`."""
    to = f"erts-{vsn}/bin"
    directory = join(root, to)
    try:
        names = os.listdir(place(cwd, directory))  # noqa: PTH208 - names as text
    except OSError as error:
        # systools does not expect this and gives its crash, here without the stack
        crash = (Atom("badmatch"), (Atom("error"), _posix(error.errno)))
        found = diagnostic(Code.ERTS_NOT_THERE, root=root, vsn=vsn, missing=to)
        raise SystoolsError((crash, []), [found]) from None
    left_out = EVERYTHING if erts_all else NOT_FOR_RELEASES
    return [
        member
        for name in sorted(names)
        if name not in left_out
        for member in add(cwd, join(directory, name), f"{to}/{name}")
    ]


def add(cwd: str, source: str, to: str) -> list[Member]:
    """Return the members for a file, or for a directory and all below; follow links.

    As with erl_tar only empty directories are members themselves. Raises
    `SystoolsError` when something cannot be read.
    """
    faults: list[_Fault] = []
    members = list(_walk(cwd, source, to, faults))
    if not faults:
        return members
    path, number = faults[0]
    what = (Atom("add"), make_string(source), (make_string(path), _posix(number)))
    raise SystoolsError(
        (Atom("tar_error"), what),
        [
            diagnostic(Code.TAR_UNREADABLE, path=each, reason=os.strerror(number))
            for each, number in faults
        ],
    )


def _add_readable(cwd: str, source: str, to: str) -> list[Member]:
    """As `add`, but what cannot be read is left out: systools stops without a word."""
    return list(_walk(cwd, source, to, []))


def _walk(cwd: str, source: str, to: str, faults: list[_Fault]) -> Iterator[Member]:
    path = place(cwd, source)
    try:
        mode = Path(path).stat().st_mode
        names = sorted(os.listdir(path)) if stat.S_ISDIR(mode) else []  # noqa: PTH208
    except OSError as error:
        faults.append((source, error.errno or errno.EIO))
        return
    if stat.S_ISREG(mode):
        yield Member(path=to, mode=mode & 0o777, source=path)
    elif stat.S_ISDIR(mode) and not names:
        yield Member(path=to, mode=0o755, is_dir=True)
    for name in names:
        yield from _walk(cwd, join(source, name), f"{to}/{name}", faults)


def _application(name: str, app: App, to: str, options: TarOptions) -> Iterator[Member]:
    cwd, ebin = options.cwd, app.ebin
    directory = dirname(ebin) if basename(ebin) == "ebin" else ebin
    if Path(place(cwd, join(directory, "priv"))).is_dir():
        yield from add(cwd, join(directory, "priv"), join(to, "priv"))
    for each in options.dirs:
        if Path(place(cwd, join(directory, each))).is_dir():
            yield from _add_readable(cwd, join(directory, each), join(to, each))
    yield from add(cwd, join(ebin, f"{name}.app"), f"{to}/ebin/{name}.app")
    for module in app.spec.modules:
        beam = f"{module}.beam"
        yield from add(cwd, join(ebin, beam), f"{to}/ebin/{beam}")


def _destination(
    name: str, app: App, variables: Sequence[Variable], variable: Variable | None
) -> str | None:
    """Return where the application goes in an archive, None when it does not.

    One below the directory of a variable, in a directory with its name, is left out
    of the main archive and is in that of the variable.
    """
    folder = f"{name}-{app.spec.vsn}"
    for _, path in [variable] if variable else variables:
        prefix = path.rstrip("/")
        if not app.ebin.startswith(prefix):
            continue
        match split(app.ebin)[len(split(prefix)) :]:
            case [*above, own, "ebin"] if own in (name, folder):
                return "/".join([*above, folder]) if variable else None
        break
    return None if variable else f"lib/{folder}"


def _lookup(name: str, path: Iterable[str], cwd: str) -> str | None:
    """Return where the file is found first; directories count, as with systools."""
    for directory in path:
        full = join(directory, name)
        if Path(place(cwd, full)).exists():
            return full
    return None


def _check_terms(
    file: str, cwd: str, code: Code, is_right: Callable[[list[Term]], bool]
) -> None:
    """Raise `SystoolsError` when the terms of the file are not what they must be."""
    why: Term = Atom("invalid_format")
    found = [diagnostic(code, Place(file=file), file=file)]
    data = b""
    try:
        data = Path(place(cwd, file)).read_bytes()
        if is_right(consult(data, file)):
            return
    except OSError as error:
        why = (Atom("error"), _posix(error.errno))
    except Trouble as trouble:
        why = (Atom("error"), _parse_error(data, file))
        found += trouble.diagnostics
    what = (Atom("add"), make_string(basename(file)), [why])
    raise SystoolsError((Atom("tar_error"), what), found)


def _parse_error(data: bytes, file: str) -> Term:
    """What `file:consult/1` gives, when the fault is in the first term."""
    try:
        first_term(data, file)
    except ParseFault as fault:
        return (fault.line, Atom("erl_parse"), fault.what)
    except NoTerm:
        pass
    return Atom("badarg")


def _is_relup(terms: list[Term]) -> bool:
    match terms:
        case [tuple((vsn, up, down))]:
            return _begins_with_number(vsn) and _is_list(up) and _is_list(down)
    return False


def _is_sys_config(terms: list[Term]) -> bool:
    if len(terms) != 1 or (entries := list_items(terms[0])) is None:
        return False
    return all(map(_is_config_entry, entries))


def _is_config_entry(entry: Term) -> bool:
    """`{App, [...]}`, or a list that begins with a number: the name of a file."""
    match entry:
        case tuple((Atom(), settings)):
            return _is_list(settings)
    return _begins_with_number(entry)


def _is_list(term: Term) -> bool:
    """As the guard `is_list/1`, which takes improper lists too."""
    return type(term) in (str, list, Improper)


def _begins_with_number(term: Term) -> bool:
    items = term.items if isinstance(term, Improper) else list_items(term) or ()
    return len(items) > 0 and type(items[0]) is int


def _posix(number: int | None) -> Atom:
    return Atom(errno.errorcode.get(number or 0, "eio").lower())
