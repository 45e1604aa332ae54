"""Which members a delta tarball has: those of a release that its baselines lack.

    lib/<app>-<vsn>     left out when every baseline has the same files there
    erts-<vsn>          left out when every baseline has that run-time system
    releases/<vsn>, releases/<name>.rel, releases/<name>-<vsn>.rel   always there
    releases/RELEASES, releases/start_erl.data                       never there
    all else            left out when every baseline has a file of that name

The last line is since `release_handler:unpack_release` replaces no file that is there
(`keep_old_files`); the one before since both files say which version a node runs,
which release_handler changes itself. Reads no file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dodo_relkit.artifacts.model import Member
from dodo_relkit.formats.rel import Rel
from dodo_relkit.terms.model import Atom, Term, make_string
from dodo_relkit.terms.pretty import format_term

Contents = Mapping[str, str]
"""What a file holds by its path: SHA-256 in hex, and `x` when it may be executed."""

FORMAT = 1
"""Of `delta.config`."""

OF_THE_NODE = ("releases/RELEASES", "releases/start_erl.data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A release as the full tarball has it."""

    rel: Rel
    members: Sequence[Member]
    """With digests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one baseline has."""

    rel: Rel
    contents: Contents
    """At least of the paths asked for and of the folders asked for in `lib`."""
    has_erts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What goes into a delta."""

    members: tuple[Member, ...]
    left_out: tuple[str, ...]
    """The directories of the release that a node must have already, sorted."""


def choose_members(whole: Whole, held: Sequence[Held], *, own_rel: str) -> Choice:
    """Return what goes into the delta for nodes that have one of `held`.

    `own_rel` is the path under which release_handler looks for the `.rel`: it goes by
    the name of the tarball, `releases/<name of the tarball>.rel`.
    """
    folders: dict[str, list[Member]] = {}
    for member in whole.members:
        folders.setdefault(folder_of(member.path), []).append(member)
    vsn = whole.rel.vsn
    erts = f"erts-{whole.rel.erts_vsn}"
    left_out = {
        folder
        for folder, members in folders.items()
        if folder.startswith("lib/")
        and all(_has_same(each, folder, members) for each in held)
    }
    same_erts = [each.has_erts and each.rel.erts_vsn == erts[5:] for each in held]
    if erts in folders and all(same_erts):
        left_out.add(erts)
    chosen = [
        member
        for folder, members in folders.items()
        if folder not in left_out
        for member in members
        if folder or _is_lacked(member.path, whole.rel, held)
    ]
    config = Member(
        path=f"releases/{vsn}/delta.config",
        mode=0o644,
        content=dump_delta_config(whole.rel, held, sorted(left_out)),
    )
    more = [config, *_own_rel(whole, own_rel)]
    return Choice(members=(*chosen, *more), left_out=tuple(sorted(left_out)))


def folder_of(path: str) -> str:
    """Return what a member is left out or kept with: `lib/<app>-<vsn>`, `erts-<vsn>`.

    '' for a member that stands for itself.
    """
    first, *rest = path.split("/", 2)
    if first == "lib" and len(rest) > 1:
        return f"lib/{rest[0]}"
    return first if rest and first.startswith("erts-") else ""


def described(member: Member) -> str:
    """Return what `Contents` say of a member whose digest is known."""
    if member.link:
        return f"-> {member.link}"
    return member.sha256 + ("x" if member.mode & 0o111 else "")


def dump_delta_config(rel: Rel, held: Sequence[Held], left_out: Sequence[str]) -> bytes:
    """Return the text of `delta.config`, which `file:consult/1` reads.

    {delta, 1}.                                 the format of this file
    {release, Name, Vsn}.
    {erts, Vsn}.
    {fits, [{Vsn, apps_digest}]}.               of the releases it can be added to
    {left_out, [Directory]}.                    below the release, must be there
    """
    fits: list[Term] = [
        (make_string(each.rel.vsn), make_string(apps_digest(each.rel))) for each in held
    ]
    terms: list[Term] = [
        (Atom("delta"), FORMAT),
        (Atom("release"), make_string(rel.name), make_string(rel.vsn)),
        (Atom("erts"), make_string(rel.erts_vsn)),
        (Atom("fits"), fits),
        (Atom("left_out"), [make_string(each) for each in left_out]),
    ]
    lines = ["%% coding: utf-8", *(f"{format_term(term)}." for term in terms), ""]
    return "\n".join(lines).encode()


def apps_digest(rel: Rel) -> str:
    """Return the MD5 (hex) of a line `<app>-<vsn>` for each application, sorted.

    What a node computes of `release_handler:which_releases/0` with nothing but
    `erlang:md5/1`: crypto may be missing there. It tells mistakes, not attacks.
    """
    lines = sorted(f"{app.name}-{app.vsn}\n" for app in rel.apps)
    return hashlib.md5("".join(lines).encode(), usedforsecurity=False).hexdigest()


def _has_same(held: Held, folder: str, members: Sequence[Member]) -> bool:
    """Return whether the application is one of the baseline, with these files.

    What is only in the same directory belongs to another version: an output directory
    has several.
    """
    if folder not in {f"lib/{app.name}-{app.vsn}" for app in held.rel.apps}:
        return False
    there = {
        path: content
        for path, content in held.contents.items()
        if path.startswith(f"{folder}/")
    }
    return there == {member.path: described(member) for member in members}


def _is_lacked(path: str, rel: Rel, held: Sequence[Held]) -> bool:
    """Return whether a member that stands for itself goes into the delta."""
    if path in OF_THE_NODE:
        return False
    if path.startswith(f"releases/{rel.vsn}/"):
        return True
    if path in (f"releases/{rel.name}.rel", f"releases/{rel.name}-{rel.vsn}.rel"):
        return True
    return any(path not in each.contents for each in held)


def _own_rel(whole: Whole, path: str) -> Iterator[Member]:
    """Yield the `.rel` once more, under the name of the delta, when it lacks that."""
    source = f"releases/{whole.rel.vsn}/{whole.rel.name}.rel"
    if any(member.path == path for member in whole.members):
        return
    for member in whole.members:
        if member.path == source:
            yield Member(
                path=path,
                mode=member.mode,
                content=member.content,
                source=member.source,
                sha256=member.sha256,
            )
