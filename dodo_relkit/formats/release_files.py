"""What `RELEASES` and `start_erl.data` say: which releases a tree has, which starts.

Source of the rules: release_handler (sasl), which reads and rewrites both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place, Trouble, diagnostic
from dodo_relkit.formats.rel import Rel
from dodo_relkit.terms.model import Atom, Term, make_string
from dodo_relkit.terms.pretty import format_term

HEADER = "%% coding: utf-8\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledLib:
    """An application of an installed release."""

    name: str
    vsn: str
    directory: str
    """Relative to the release root, as `lib/kernel-8.5.3`, or absolute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledRelease:
    """One entry of `RELEASES`."""

    name: str
    vsn: str
    erts_vsn: str
    libs: tuple[InstalledLib, ...]
    """All applications of the `.rel`, in its order."""
    status: str = "permanent"
    """unpacked, current, permanent, old or tmp_current."""


def installed_release(rel: Rel) -> InstalledRelease:
    """Return the entry of a release that a tree is delivered with.

    The directories are relative, as `release_handler:create_RELEASES/4` writes them
    for the empty root, so that the tree can be moved. OTP 25 and later take them as
    relative to the release root, earlier OTP as relative to the directory in which
    the node was started.
    """
    libs = tuple(
        InstalledLib(name=app.name, vsn=app.vsn, directory=f"lib/{app.name}-{app.vsn}")
        for app in rel.apps
    )
    return InstalledRelease(
        name=rel.name, vsn=rel.vsn, erts_vsn=rel.erts_vsn, libs=libs
    )


def dump_releases(releases: Iterable[InstalledRelease]) -> bytes:
    """Return the text of `RELEASES`, byte for byte as release_handler writes it."""
    entries: list[Term] = [_entry(each) for each in releases]
    return f"{HEADER}{format_term(entries)}.\n".encode()


def dump_start_erl_data(erts_vsn: str, vsn: str) -> bytes:
    """Return the text of `start_erl.data`: two versions and no newline.

    As release_handler writes it when a release is made permanent.
    """
    return f"{erts_vsn} {vsn}".encode()


def load_start_erl_data(data: bytes, file: str = "start_erl.data") -> tuple[str, str]:
    """Return the version of ERTS and of the release that starts.

    Raises Trouble when there are not exactly two words.
    """
    words = data.decode("utf-8", "replace").split()
    if len(words) != 2:
        found = " ".join(words) or "nothing"
        place = Place(file=file)
        raise Trouble([diagnostic(Code.START_ERL_DATA_MALFORMED, place, found=found)])
    return words[0], words[1]


def _entry(release: InstalledRelease) -> Term:
    libs: list[Term] = [
        (Atom(lib.name), make_string(lib.vsn), make_string(lib.directory))
        for lib in release.libs
    ]
    return (
        Atom("release"),
        make_string(release.name),
        make_string(release.vsn),
        make_string(release.erts_vsn),
        libs,
        Atom(release.status),
    )
