"""Where the target OTP lies and what its facts are. Starts no VM and no program.

<root>/bin/erl                         what a user has on PATH, often through links
<root>/erts-<vsn>/bin/                 the run-time system
<root>/lib/<app>-<vsn>/ebin/           OTP's applications
<root>/releases/start_erl.data         "<erts vsn> <otp release>"
<root>/releases/<N>/start_clean.boot   made by that OTP's own systools
<root>/bin/start_clean.boot            the same
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic

if TYPE_CHECKING:
    from dodo_relkit.target import Target

_ROOTDIR = re.compile(r"""^\s*ROOTDIR=["']?([^"'$\s]+)["']?\s*$""", re.MULTILINE)
# The line by which the shell script `erl` of an installed OTP names its root.


def find_otp_root(
    setting: bool | str | None = True, environment: Mapping[str, str] | None = None
) -> str:
    """Return the absolute path of the root of the target OTP.

    A string is that root. Anything else means the OTP at hand: `$ERL_ROOTDIR`, or
    the one whose `erl` is on `$PATH`. `environment` is that of the process when None.
    Raises RK401 when there is none, and what `check_otp_root` raises.
    """
    variables = os.environ if environment is None else environment
    given = setting if isinstance(setting, str) else variables.get("ERL_ROOTDIR", "")
    if given:
        root = Path(given).expanduser().absolute()
        if not root.is_dir():
            raise _not_found(f"there is no directory {root}")
    else:
        root = _root_of_erl(_find_erl(variables.get("PATH", "")))
    check_otp_root(str(root))
    return str(root)


def check_otp_root(root: str) -> None:
    """Check that `root` holds one run-time system, and libraries.

    Raises RK402 to RK404, all that apply.
    """
    base = Path(root)
    found: list[Diagnostic] = []
    try:
        erts_vsn = find_erts_vsn(root)
    except Trouble as trouble:
        found += trouble.diagnostics
    else:
        if not (base / f"erts-{erts_vsn}" / "bin").is_dir():
            missing = f"erts-{erts_vsn}/bin"
            found.append(diagnostic(Code.OTP_INCOMPLETE, root=root, missing=missing))
    if not (base / "lib").is_dir():
        found.append(diagnostic(Code.OTP_INCOMPLETE, root=root, missing="lib"))
    if found:
        raise Trouble(found)


def find_erts_vsn(root: str) -> str:
    """Return the version in the name of the directory `erts-<version>` of an OTP.

    Of several, the one that `releases/start_erl.data` names. Raises RK402, RK403.
    """
    versions = sorted(
        each.name.removeprefix("erts-")
        for each in Path(root).glob("erts-*")
        if each.is_dir()
    )
    if not versions:
        raise Trouble([diagnostic(Code.OTP_WITHOUT_ERTS, root=root)])
    if len(versions) == 1:
        return versions[0]
    current = _start_erl_data(root)[0]
    if current in versions:
        return current
    names = tuple(f"erts-{version}" for version in versions)
    raise Trouble([diagnostic(Code.SEVERAL_ERTS, root=root, found=names)])


def find_start_clean(root: str) -> str:
    """Return the path of the OTP's own `start_clean.boot`. Raises RK405."""
    base = Path(root)
    current = _start_erl_data(root)[1]
    folders = [
        *([base / "releases" / current] if current else []),
        *sorted((base / "releases").glob("*"), key=_release_rank, reverse=True),
        base / "bin",
    ]
    for folder in folders:
        boot = folder / "start_clean.boot"
        if boot.is_file():
            return str(boot)
    raise Trouble([diagnostic(Code.NO_START_CLEAN, root=root)])


def read_target(root: str) -> Target:
    """Return the facts of the OTP at `root`.

    Raises RK402, RK403, RK405, and RK406 when its boot file is not understood.
    """
    # A run of doit in which nothing is to do needs only the root.
    from dodo_relkit.target import learn_target

    boot = find_start_clean(root)
    return learn_target(
        Path(boot).read_bytes(), erts_vsn=find_erts_vsn(root), file=boot
    )


def library_path(root: str, variables: Mapping[str, str] | None = None) -> list[str]:
    """Return the code path that `erl` of the OTP at `root` would start with.

    The current directory, kernel and stdlib, then `$ERL_LIBS` and the directories in
    `lib` by name from the last to the first, the highest version of each.
    """
    base = f"{root}/lib"
    own = _ebin_directories(base)
    first = [
        path
        for name in ("kernel", "stdlib")
        for path in own
        if _application_name(path) == name
    ]
    extra = [
        path
        for directory in (variables or {}).get("ERL_LIBS", "").split(":")
        if directory
        for path in _ebin_directories(directory)
        if path.endswith("/ebin")
    ]
    names = {_application_name(path) for path in first}
    rest = [path for path in extra + own if _application_name(path) not in names]
    return [".", *first, *rest]


def _find_erl(search: str) -> Path:
    for directory in search.split(os.pathsep):
        erl = os.path.join(directory or ".", "erl")  # noqa: PTH118
        # Path.is_file raises for a directory that nobody may look into
        if os.path.isfile(erl) and os.access(erl, os.X_OK):  # noqa: PTH113
            return Path(erl).absolute()
    raise _not_found("no `erl` is on PATH and ERL_ROOTDIR is not set")


def _root_of_erl(erl: Path) -> Path:
    """Return the root that an `erl` belongs to: by its place, or by what it says.

    The script is at `<root>/bin/erl` or `<root>/erts-<vsn>/bin/erl`; a copy of it
    elsewhere names its root.
    """
    real = erl.resolve()
    for place in (real.parent.parent, real.parent.parent.parent):
        if (place / "lib").is_dir() and any(place.glob("erts-*")):
            return place
    text = real.read_bytes()[:65536].decode("utf-8", "replace")
    for named in _ROOTDIR.findall(text):
        if Path(named).is_dir():
            return Path(named).resolve()
    raise _not_found(f"{erl} does not tell where its OTP is")


def _start_erl_data(root: str) -> tuple[str, str]:
    """Return erts version and release that `start_erl.data` names, empty if none."""
    try:
        words = (Path(root) / "releases" / "start_erl.data").read_text().split()
    except (OSError, ValueError):
        return ("", "")
    return (words[0], words[1]) if len(words) >= 2 else ("", "")


def _release_rank(folder: Path) -> tuple[bool, int, str]:
    """Sort an OTP's own release folder, named by its number, above all others."""
    number = int(folder.name) if folder.name.isdigit() else -1
    return ((folder / "OTP_VERSION").is_file(), number, folder.name)


def _ebin_directories(base: str) -> list[str]:
    """Return the code directories below `base`, from the last name to the first.

    Of several versions of a name the highest; an application without `ebin` is its
    own code directory.
    """
    try:
        names = sorted(each.name for each in Path(base).iterdir())
    except OSError:
        return []
    best: dict[str, tuple[list[int], str]] = {}
    for full in names:
        name, numbers = _bundle(full)
        if name not in best or (numbers, full) > best[name]:
            best[name] = (numbers, full)
    found = []
    for name in sorted(best, reverse=True):
        directory = f"{base}/{best[name][1]}"
        if Path(directory, "ebin").is_dir():
            found.append(f"{directory}/ebin")
        elif Path(directory).is_dir():
            found.append(directory)
    return found


def _bundle(full: str) -> tuple[str, list[int]]:
    """Split `name-1.2.3`; a name without a version of numbers is a name as it is."""
    name, dash, version = full.rpartition("-")
    parts = version.split(".")
    if (
        not dash
        or not name
        or not all(part.isascii() and part.isdigit() for part in parts)
    ):
        return (full, [0])
    return (name, [int(part) for part in parts])


def _application_name(path: str) -> str:
    return path.removesuffix("/ebin").rpartition("/")[2].partition("-")[0]


def _not_found(reason: str) -> Trouble:
    return Trouble([diagnostic(Code.OTP_NOT_FOUND, Place(), reason=reason)])
