"""The configuration file on disk: `relkit.toml`, or `[tool.relkit]` of pyproject.toml.

Finds and reads it; what it means is in `release/toml_form.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic
from dodo_relkit.release.profile import Config
from dodo_relkit.release.toml_form import config_from_toml

OWN_FILE = "relkit.toml"
SHARED_FILE = "pyproject.toml"
TABLE = ("tool", "relkit")


def read_config(root: Path) -> Config:
    """Return the checked configuration of the project in the directory `root`.

    Raises `Trouble` when there is none, when there are two, or when it is wrong.
    """
    own, shared = root / OWN_FILE, root / SHARED_FILE
    in_shared = shared.is_file() and _has_table(_read_toml(shared)[0])
    if own.is_file() and in_shared:
        names = {"first": OWN_FILE, "second": f"[tool.relkit] of {SHARED_FILE}"}
        raise Trouble(
            [diagnostic(Code.CONFIG_TWO_FILES, Place(file=str(own)), **names)]
        )
    if own.is_file() or in_shared:
        return read_config_file(own if own.is_file() else shared, root)
    looked = f"{OWN_FILE} or [tool.relkit] of {SHARED_FILE}"
    place = Place(file=str(root))
    raise Trouble([diagnostic(Code.CONFIG_FILE_MISSING, place, looked=looked)])


def read_config_file(file: Path, root: Path) -> Config:
    """Return the checked configuration in `file` of the project in `root`.

    The tables are at the top level, or below `[tool.relkit]` where there is such a
    table. Raises `Trouble` when the file cannot be read or is wrong.
    """
    document, text = _read_toml(file)
    place = file.name if file.parent == root else str(file)
    absolute = str(root.absolute())
    if not _has_table(document):
        if file.name == SHARED_FILE:
            looked = f"[tool.relkit] of {SHARED_FILE}"
            raise Trouble(
                [diagnostic(Code.CONFIG_FILE_MISSING, Place(file=place), looked=looked)]
            )
        return config_from_toml(document, place, text=text, root=absolute)
    tool = cast(Mapping[str, Mapping[str, object]], document["tool"])
    return config_from_toml(
        tool["relkit"], place, text=text, table=".".join(TABLE), root=absolute
    )


def _has_table(document: Mapping[str, object]) -> bool:
    tool = document.get("tool")
    return isinstance(tool, Mapping) and isinstance(tool.get("relkit"), Mapping)


def _read_toml(file: Path) -> tuple[Mapping[str, object], str]:
    """Return the document and its text."""
    import tomllib

    try:
        text = file.read_bytes().decode("utf-8")
        return tomllib.loads(text), text
    except OSError as error:
        why = error.strerror or str(error)
    except UnicodeDecodeError as error:
        why = f"it is not UTF-8 at byte {error.start}"
    except tomllib.TOMLDecodeError as error:
        raise Trouble([_syntax(file, text, str(error))]) from None
    place = Place(file=str(file))
    raise Trouble([diagnostic(Code.CONFIG_UNREADABLE, place, why=why)])


def _syntax(file: Path, text: str, message: str) -> Diagnostic:
    # The message ends in "(at line 3, column 7)" or "(at end of document)".
    spot = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    why = message[: spot.start()] if spot else message
    lines = text.split("\n")
    line = int(spot[1]) if spot and spot[1] else len(lines)
    column = int(spot[2]) if spot and spot[2] else 0
    source = lines[line - 1].rstrip("\r")
    place = Place(file=str(file), line=line, column=column, source=source)
    return diagnostic(Code.CONFIG_SYNTAX, place, why=why)
