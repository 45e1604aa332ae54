"""One appup for several older versions, and its text with the reasons.

Takes what `generate.py` found for each; chooses no instruction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dodo_relkit.formats.appup import Appup, AppupEntry
from dodo_relkit.terms.model import Term, make_list, make_string, same
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.appup.generate import Generated, Step

_SPECIAL = frozenset(".^$*+?()[]{}|\\")


def build_appup(ways: Iterable[Generated]) -> Appup:
    """Return the appup of the newer version, which all `ways` lead to.

    At least one way. Older versions with the same instructions share an entry, whose
    pattern means just them.
    """
    every = tuple(ways)
    return Appup(
        vsn=make_string(every[0].new),
        up=_entries(every, lambda way: way.up),
        down=_entries(every, lambda way: way.down),
    )


def exact_pattern(versions: Iterable[str]) -> str | bytes:
    """Return the pattern that means exactly these versions, as appup(4) reads it."""
    names = tuple(versions)
    if len(names) == 1:
        return names[0]
    return f"^(?:{'|'.join(map(_quoted, names))})$".encode()


def explain_appup(ways: Iterable[Generated]) -> str:
    """Return the text of the appup, each instruction with its reason as a comment."""
    every = tuple(ways)
    newest = f"{every[0].app} {every[0].new}"
    lines = [
        "%% coding: utf-8",
        f"%% How {newest} replaces older versions on a running node: see appup(4).",
        f"{{{format_term(make_string(every[0].new))},",
        *_explained(every, "from", lambda way: way.up, end=","),
        *_explained(every, "back to", lambda way: way.down, end=""),
        "}.",
    ]
    return "\n".join(lines) + "\n"


def _entries(
    ways: tuple[Generated, ...], steps: Callable[[Generated], tuple[Step, ...]]
) -> tuple[AppupEntry, ...]:
    return tuple(
        AppupEntry(
            pattern=exact_pattern(way.old for way in group),
            instructions=tuple(step.instruction for step in steps(group[0])),
        )
        for group in _groups(ways, steps)
    )


def _groups(
    ways: tuple[Generated, ...], steps: Callable[[Generated], tuple[Step, ...]]
) -> list[list[Generated]]:
    """Return the ways with the same instructions side by side, in the given order."""
    groups: list[tuple[Term, list[Generated]]] = []
    for way in ways:
        term = make_list(step.instruction for step in steps(way))
        for known, group in groups:
            if same(known, term):
                group.append(way)
                break
        else:
            groups.append((term, [way]))
    return [group for _, group in groups]


def _explained(
    ways: tuple[Generated, ...],
    word: str,
    steps: Callable[[Generated], tuple[Step, ...]],
    *,
    end: str,
) -> list[str]:
    lines = [" ["]
    groups = _groups(ways, steps)
    for at, group in enumerate(groups):
        names = [way.old for way in group]
        pattern = exact_pattern(names)
        shown = pattern if isinstance(pattern, bytes) else make_string(pattern)
        lines += [f"  %% {word} {', '.join(names)}", f"  {{{format_term(shown)}, ["]
        found = steps(group[0])
        for index, step in enumerate(found):
            comma = "," if index + 1 < len(found) else ""
            lines += [
                f"    %% {step.reason}",
                f"    {format_term(step.instruction)}{comma}",
            ]
        lines.append("  ]}" + ("," if at + 1 < len(groups) else ""))
    return [*lines, f" ]{end}"]


def _quoted(version: str) -> str:
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in version)
