"""What `RELEASES` and `start_erl.data` say: which releases a tree has, which starts.

Source of the rules: release_handler (sasl), which reads and rewrites both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.formats.rel import Rel
from dodo_relkit.terms.model import Atom, Term, list_items, make_string, string_text
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.terms.text import consult

HEADER = "%% coding: utf-8\n"
STATUSES = ("unpacked", "current", "permanent", "old", "tmp_current")


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


def load_releases(data: bytes, file: str = "RELEASES") -> tuple[InstalledRelease, ...]:
    """Return the entries of `RELEASES`; raises Trouble with all that are malformed."""
    terms = consult(data, file)
    entries = list_items(terms[0]) if len(terms) == 1 else None
    if entries is None:
        raise Trouble([_malformed("this file", file)])
    read = [_release_of(each) for each in entries]
    troubles = [
        _malformed(format_term(entry), file)
        for entry, release in zip(entries, read, strict=True)
        if release is None
    ]
    if troubles:
        raise Trouble(troubles)
    return tuple(each for each in read if each is not None)


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


def _malformed(found: str, file: str) -> Diagnostic:
    return diagnostic(Code.RELEASES_MALFORMED, Place(file=file), found=found)


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


def _release_of(term: Term) -> InstalledRelease | None:
    match term:
        case tuple((Atom("release"), name, vsn, erts, libs, Atom(status))):
            texts = [string_text(each) for each in (name, vsn, erts)]
            found = [_lib_of(each) for each in list_items(libs) or []]
        case _:
            return None
    known = [lib for lib in found if lib is not None]
    match texts:
        case [str(name), str(vsn), str(erts)] if (
            len(known) == len(found)
            and list_items(libs) is not None
            and status in STATUSES
        ):
            return InstalledRelease(
                name=name, vsn=vsn, erts_vsn=erts, libs=tuple(known), status=status
            )
        case _:
            return None


def _lib_of(term: Term) -> InstalledLib | None:
    match term:
        case tuple((Atom(name), vsn, directory)):
            texts = (string_text(vsn), string_text(directory))
        case _:
            return None
    if texts[0] is None or texts[1] is None:
        return None
    return InstalledLib(name=name, vsn=texts[0], directory=texts[1])
