"""The program `python -m dodo_relkit.systools`: options as flags, messages as text."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence

from dodo_relkit.diagnostics import Diagnostic, Trouble, render_all
from dodo_relkit.edge.systools.options import Form
from dodo_relkit.edge.systools.terms import SystoolsError
from dodo_relkit.terms.model import Atom, Term
from dodo_relkit.terms.pretty import format_term

Outcome = tuple[Term, Sequence[Diagnostic]]
"""systools' answer, and our warnings."""

Command = tuple[Callable[..., Outcome], Mapping[str, Form]]
"""What a command does with a name and keywords, and the forms of these."""


def run(arguments: Sequence[str], commands: Mapping[str, Command]) -> int:
    """Run one of `commands` as the arguments say; return the exit code.

    With `--silent` the answer is systools' term on the standard output; otherwise
    troubles are told on the standard error.
    """
    asked = _parser(commands).parse_args(arguments)
    command, forms = commands[asked.command]
    keywords = {
        name: _value(form, getattr(asked, name))
        for name, form in forms.items()
        if getattr(asked, name) not in (None, False)
    }
    try:
        answer, found = command(asked.name, **keywords)
    except Trouble as trouble:
        return _tell_error(trouble, asked)
    if asked.silent:
        _print_term(answer)
    elif found:
        print(render_all(found), file=sys.stderr)  # noqa: T201
    return 0


def _parser(commands: Mapping[str, Command]) -> ArgumentParser:
    parser = ArgumentParser(prog="python -m dodo_relkit.systools")
    below = parser.add_subparsers(dest="command", required=True)
    for name, (_, forms) in commands.items():
        command = below.add_parser(name)
        command.add_argument("name", help="name of the file, without extension")
        command.add_argument(
            "--silent", action="store_true", help="print the answer as an Erlang term"
        )
        for option, form in forms.items():
            _add_flag(command, option, form)
    return parser


def _add_flag(command: ArgumentParser, option: str, form: Form) -> None:
    flag = f"--{option.replace('_', '-')}"
    match form:
        case Form.FLAG:
            command.add_argument(flag, dest=option, action="store_true")
        case Form.TEXT:
            command.add_argument(flag, dest=option)
        case Form.TEXTS:
            command.add_argument(flag, dest=option, action="append", metavar="VALUE")
        case Form.FLAG_OR_TEXTS:
            command.add_argument(
                flag, dest=option, nargs="?", const=True, metavar="APP,APP"
            )
        case Form.PAIRS:
            command.add_argument(
                flag, dest=option, action="append", metavar="NAME=VALUE"
            )


def _value(form: Form, given: object) -> object:
    if form is Form.FLAG_OR_TEXTS and isinstance(given, str):
        return given.split(",")
    if form is Form.PAIRS and isinstance(given, list):
        return [each.partition("=")[::2] for each in given]
    return given


def _tell_error(trouble: Trouble, asked: Namespace) -> int:
    if asked.silent and isinstance(trouble, SystoolsError):
        _print_term((Atom("error"), Atom(trouble.module), trouble.term))
    else:
        print(render_all(trouble.diagnostics), file=sys.stderr)  # noqa: T201
    return 1


def _print_term(term: Term) -> None:
    print(f"{format_term(term)}.")  # noqa: T201
