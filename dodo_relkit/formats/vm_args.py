"""Which arguments a `vm.args` gives the node; and one that a release starts with.

Source of the rules: erl(1), `-args_file`, as erlexec reads it; init(3) for flags;
net_kernel and auth for names and cookies. Included files are named, never read;
what is wrong with the arguments is said by `vm_args_checks.py`.
"""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

BLANKS = " \t\n\r\f\v"
"""What separates arguments."""
_SAFE = frozenset(string.ascii_letters + string.digits + "_-+.,:;@%/=!?*^~|<>()[]{}$&`")
"""Characters that need no quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument, and where it was written."""

    text: str
    """Without quotes and escapes, as the node gets it."""
    line: int
    """From 1."""
    column: int
    """From 1, in characters."""
    open_quote: str = ""
    """The quote that was never closed, empty when all were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One flag with its values, as init(3) groups arguments."""

    name: Argument
    """With its `-` or `+`."""
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeName:
    """How the node is named."""

    name: str
    """As written, with or without a host."""
    long: bool
    """Whether by `-name`."""


def parse_vm_args(text: str) -> tuple[Argument, ...]:
    r"""Return the arguments of an args file; any text is one.

    arguments = { blank | comment | argument }
    comment   = "#" up to the end of the line; it also ends an argument
    argument  = { character | "\" any | '"' not-dquote '"' | "'" not-squote "'" }

    A backslash means nothing within quotes. At a NUL reading stops.
    """
    text = text.partition("\0")[0]
    arguments: list[Argument] = []
    at = 0
    while at < len(text):
        if text[at] in BLANKS:
            at += 1
        elif text[at] == "#":
            at = _end_of_line(text, at)
        else:
            start = at
            at, value, open_quote = _argument(text, at)
            arguments.append(
                Argument(
                    text=value,
                    line=text.count("\n", 0, start) + 1,
                    column=start - text.rfind("\n", 0, start),
                    open_quote=open_quote,
                )
            )
    return tuple(arguments)


def flags(arguments: Sequence[Argument]) -> tuple[Flag, ...]:
    """Return the flags with their values, up to `-extra`; plain arguments are left out.

    `--` ends the values of a flag. A value that begins with `+` is a flag of its own,
    as the emulator takes it out of the list.
    """
    found: list[tuple[Argument, list[str]]] = []
    plain = False
    for argument in arguments:
        if argument.text == "-extra":
            break
        if argument.text == "--":
            plain = True
        elif argument.text[:1] in ("-", "+"):
            found.append((argument, []))
            plain = False
        elif found and not plain:
            found[-1][1].append(argument.text)
    return tuple(Flag(name=name, values=tuple(values)) for name, values in found)


def node_name(arguments: Sequence[Argument]) -> NodeName | None:
    """Return how the node is named; None when it is not distributed.

    `-sname` goes before `-name`, the first of several counts (net_kernel).
    """
    for flag in ("-sname", "-name"):
        for each in flags(arguments):
            if each.name.text == flag and each.values:
                return NodeName(name=each.values[0], long=flag == "-name")
    return None


def cookie(arguments: Sequence[Argument]) -> str | None:
    """Return the cookie of `-setcookie`; None when the file gives the node none.

    `-setcookie node cookie` is about another node and does not count. Of several
    cookies the node takes none (auth).
    """
    own = [
        each.values[0]
        for each in flags(arguments)
        if each.name.text == "-setcookie" and len(each.values) == 1
    ]
    return own[0] if len(own) == 1 else None


def included_files(arguments: Sequence[Argument]) -> tuple[str, ...]:
    """Return the paths behind `-args_file`, relative ones as written."""
    return tuple(
        after.text
        for argument, after in itertools.pairwise(arguments)
        if argument.text == "-args_file"
    )


def quote_argument(text: str) -> str:
    """Return `text` as an args file must hold it to give this one argument."""
    if text and _SAFE.issuperset(text):
        return text
    if '"' not in text:
        return f'"{text}"'
    return "".join(f"'{each}'" if each == '"' else f'"{each}"' for each in _runs(text))


def default_vm_args(node: NodeName | None, cookie_text: str) -> str:
    """Return the `vm.args` of a release that brings none of its own.

    An empty `cookie_text` leaves `-setcookie` out: the node then takes the cookie of
    the user it runs as.
    """
    lines = ["# Arguments of the Erlang VM, read by erl at start: erl(1).", ""]
    if node is not None:
        flag = "-name" if node.long else "-sname"
        lines += ["# Name of the node", f"{flag} {quote_argument(node.name)}", ""]
    if cookie_text:
        lines += [
            "# Nodes that are to reach each other need the same cookie",
            f"-setcookie {quote_argument(cookie_text)}",
            "",
        ]
    lines += [
        "# Restart the node when it stops answering",
        "#-heart",
        "",
        "# Number of threads for blocking file operations",
        "#+A 10",
        "",
        "# Number of ports and sockets that may be open at once",
        "#+Q 65536",
        "",
        "# How often garbage is collected in full",
        "#-env ERL_FULLSWEEP_AFTER 10",
    ]
    return "\n".join(lines) + "\n"


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return end if end >= 0 else len(text)


def _argument(text: str, at: int) -> tuple[int, str, str]:
    """Return where the argument at `at` ends, its text, and a quote left open."""
    parts: list[str] = []
    open_quote = ""
    while at < len(text) and text[at] not in BLANKS and text[at] != "#":
        char = text[at]
        if char in "\"'":
            end = text.find(char, at + 1)
            if end < 0:
                end, open_quote = len(text), char
            parts.append(text[at + 1 : end])
            at = end + 1
        elif char == "\\":
            parts.append(text[at + 1 : at + 2])
            at += 2
        else:
            parts.append(char)
            at += 1
    return min(at, len(text)), "".join(parts), open_quote


def _runs(text: str) -> Iterator[str]:
    """Yield each double quote and each run of other characters."""
    rest = text
    while rest:
        run, quote, rest = rest.partition('"')
        yield from (each for each in (run, quote) if each)
