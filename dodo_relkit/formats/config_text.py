"""Why a configuration file is no Erlang term: what people leave outside of quotes.

Only looks at text that could not be parsed; the reader of terms is `terms/text.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, diagnostic

_PIECES = re.compile(
    r"""
      (?P<skip> % [^\n]*                        # comment
              | " (?: [^"\\] | \\. )* "         # string
              | ' (?: [^'\\] | \\. )* '         # quoted atom
              | \$ \\ .                         # character, as $\n
      )
    | (?P<variable> \$ \{ [A-Za-z_] [A-Za-z0-9_]* (?: :-[^}\n]* )? \} )
    | (?P<value> \# (?: Fun | Ref | Port | PID | Function | Reference ) < [^>\n]* >
               | (?<! < ) < \d+ \. \d+ \. \d+ > # as Erlang prints a pid
      )
    | \$ .                                      # character, as $a
    """,
    re.VERBOSE | re.DOTALL,
)


def reasons_not_erlang(data: bytes, file: str) -> list[Diagnostic]:
    """Return an error for each `${VAR}` and each pid, port, reference or fun.

    Only those outside of strings, quoted atoms and comments; empty when there are
    none, and the text is wrong in another way. `data` is read as UTF-8, bytes that
    are not as Latin-1.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return list(_reasons(text, file))


def _reasons(text: str, file: str) -> Iterator[Diagnostic]:
    for piece in _PIECES.finditer(text):
        place = _place(text, piece.start(), file)
        match piece.lastgroup:
            case "variable":
                yield diagnostic(
                    Code.CONFIG_UNQUOTED_VARIABLE, place, variable=piece[0]
                )
            case "value":
                yield diagnostic(Code.CONFIG_NO_TEXT_FORM, place, value=piece[0])
            case _:
                pass


def _place(text: str, offset: int, file: str) -> Place:
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    return Place(
        file=file,
        line=text.count("\n", 0, offset) + 1,
        column=offset - start + 1,
        source=text[start : end if end >= 0 else len(text)].rstrip("\r"),
    )
