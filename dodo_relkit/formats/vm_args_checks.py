"""What is wrong with the arguments of a `vm.args`.

Reads no file; how arguments are spelled is known by `vm_args.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, diagnostic
from dodo_relkit.formats.vm_args import Argument, Flag, flags, parse_vm_args

_OBSOLETE = {
    "-smp": "every node runs with SMP since OTP 21",
    "+K": "every node polls in the kernel since OTP 21",
}

Placer = Callable[[Argument], Place]


def check_vm_args(text: str, file: str = "vm.args") -> list[Diagnostic]:
    """Return what is wrong in the text of a `vm.args`.

    Errors: a NUL, several names or cookies, a name or a cookie that the node does
    not take. Warnings: an open quote, a file included by `-args_file`, flags that
    mean nothing any more.
    """
    arguments = parse_vm_args(text)
    lines = text.split("\n")

    def place(argument: Argument) -> Place:
        return Place(
            file=file,
            line=argument.line,
            column=argument.column,
            source=lines[argument.line - 1].rstrip("\r"),
        )

    given = flags(arguments)
    found = [
        diagnostic(Code.VM_ARGS_OPEN_QUOTE, place(each), quote=each.open_quote)
        for each in arguments
        if each.open_quote
    ]
    if "\0" in text:
        found.append(diagnostic(Code.VM_ARGS_NUL, Place(file=file)))
    found.extend(_check_names(given, place))
    found.extend(_check_cookies(given, place))
    found.extend(_check_includes(arguments, place))
    found.extend(
        diagnostic(Code.VM_ARGS_OBSOLETE, place(each.name), flag=flag, why=why)
        for each in given
        for flag, why in _OBSOLETE.items()
        if each.name.text == flag
    )
    return found


def _check_names(given: Sequence[Flag], place: Placer) -> Iterator[Diagnostic]:
    named = [each for each in given if each.name.text in ("-name", "-sname")]
    for each in named:
        if len(each.values) != 1:
            yield diagnostic(
                Code.VM_ARGS_BAD_NAME,
                place(each.name),
                flag=each.name.text,
                found=" ".join(each.values) or "nothing",
            )
    if len(named) > 1:
        words = tuple(" ".join((each.name.text, *each.values)) for each in named)
        yield diagnostic(Code.VM_ARGS_TWO_NAMES, place(named[1].name), flags=words)


def _check_cookies(given: Sequence[Flag], place: Placer) -> Iterator[Diagnostic]:
    cookies = [each for each in given if each.name.text == "-setcookie"]
    own = [each for each in cookies if len(each.values) == 1]
    for each in cookies:
        if len(each.values) not in (1, 2):
            found = " ".join(each.values) or "nothing"
            yield diagnostic(Code.VM_ARGS_BAD_COOKIE, place(each.name), found=found)
    if len(own) > 1:
        yield diagnostic(Code.VM_ARGS_TWO_COOKIES, place(own[1].name), count=len(own))


def _check_includes(
    arguments: Sequence[Argument], place: Placer
) -> Iterator[Diagnostic]:
    for argument, after in itertools.pairwise(arguments):
        if argument.text == "-args_file":
            yield diagnostic(Code.VM_ARGS_INCLUDES, place(argument), include=after.text)
