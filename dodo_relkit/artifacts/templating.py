"""How a user's template becomes text: `<%= name %>`, or Jinja2 in files named `.j2`.

Knows which variables a template may name; which files are templates is said by the
settings. Values are put in as they are: nothing is quoted for Erlang or the shell.
"""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, Union

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic, Place, Trouble, diagnostic

Value: TypeAlias = Union[
    str, int, float, bool, "Sequence[Value]", "Mapping[str, Value]", None
]
Variables: TypeAlias = Mapping[str, Value]

_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_OPEN = re.compile(r"<%(?P<kind>%|=|#|!--)?")
_CLOSE = {"!--": "--%>"}


def overlay_variables(
    built_in: Variables, user: Variables
) -> tuple[dict[str, Value], tuple[Diagnostic, ...]]:
    """Return the variables of a release's templates, and warnings.

    `user` are the `overlay_vars` of the settings. One that has the name of a
    built-in variable takes its place, with a warning. That templates can spell the
    names was checked with the settings.
    """
    hidden = tuple(
        diagnostic(
            Code.OVERLAY_VARIABLE_SHADOWS,
            Place(key=f"overlay_vars.{name}"),
            variable=name,
        )
        for name in user
        if name in built_in
    )
    return {**built_in, **user}, hidden


def built_in_variables(  # noqa: PLR0913 - one for each variable
    *,
    release_name: str,
    release_version: str,
    dev_mode: bool,
    include_erts: bool | str,
    include_src: bool,
    include_system_libs: bool | str,
    erl_opts: str,
    run_erl_env: str,
    erts_vsn: str,
    output_dir: str,
    upgrade_from: str | None = None,
) -> dict[str, Value]:
    """Return the variables every template has, under Distillery's names.

    `release` has the fields `name` and `version`. `upgrade_from` is the version an
    upgrade starts from, None when the release is no upgrade.
    """
    return {
        "release": {"name": release_name, "version": release_version},
        "release_name": release_name,
        "release_version": release_version,
        "is_upgrade": upgrade_from is not None,
        "upgrade_from": upgrade_from,
        "dev_mode": dev_mode,
        "include_erts": include_erts,
        "include_src": include_src,
        "include_system_libs": include_system_libs,
        "erl_opts": erl_opts,
        "run_erl_env": run_erl_env,
        "erts_vsn": erts_vsn,
        "output_dir": output_dir,
    }


def render_template(file: str, data: bytes, variables: Variables) -> bytes:
    """Return the text of the template `data`, whose file is named `file`.

    A file named `.j2` is in Jinja2's syntax, any other in that of EEx as far as
    variables go; so a file without `<%` stays as it is. Raises Trouble for all
    unknown variables, for syntax errors, and for a template that fails.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        place = Place(file=file)
        raise Trouble(
            [diagnostic(Code.TEMPLATE_NOT_UTF8, place, offset=error.start)]
        ) from None
    if file.endswith(".j2"):
        return render_jinja(file, text, variables).encode()
    return render_eex(file, text, variables).encode()


def render_text(value: object) -> str:
    """Return a variable's value as templates print it.

    `true` and `false` as Erlang and Elixir spell them, nothing for None.
    """
    match value:
        case True:
            return "true"
        case False:
            return "false"
        case None:
            return ""
        case _:
            return str(value)


def render_eex(file: str, text: str, variables: Variables) -> str:
    """Return a template in EEx's syntax, rendered.

    `<%= name %>` and `<%= name.field %>` give a value, `<%# … %>` and `<%!-- … --%>`
    are comments, `<%%` stands for `<%`. All else is text, newlines too. Raises
    Trouble for every unknown variable, every piece of Elixir code and a tag that is
    never closed.
    """
    pieces: list[str] = []
    found: list[Diagnostic] = []
    at = 0
    while opened := _OPEN.search(text, at):
        pieces.append(text[at : opened.start()])
        kind = opened["kind"] or ""
        if kind == "%":
            pieces.append("<%")
            at = opened.end()
            continue
        closing = _CLOSE.get(kind, "%>")
        end = text.find(closing, opened.end())
        place = _place(file, text, opened.start())
        if end < 0:
            problem = f"{opened[0]} without {closing}"
            found.append(diagnostic(Code.TEMPLATE_SYNTAX, place, problem=problem))
            raise Trouble(found)
        code = text[opened.end() : end].strip()
        at = end + len(closing)
        if kind == "=" and _PATH.fullmatch(code):
            pieces.append(_value(code, variables, place, found))
        elif kind in ("=", ""):
            found.append(diagnostic(Code.TEMPLATE_CODE, place, found=code or "<%%>"))
    if found:
        raise Trouble(found)
    return "".join([*pieces, text[at:]])


def render_jinja(file: str, text: str, variables: Variables) -> str:
    """Return a template in Jinja2's syntax, rendered.

    Without escaping, in Jinja2's sandbox, unknown variables being errors; the last
    newline is kept. Raises Trouble for a syntax error, an unknown variable, or
    whatever the template runs into.
    """
    from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        finalize=lambda value: (
            value if isinstance(value, StrictUndefined) else render_text(value)
        ),
    )
    try:
        return environment.from_string(text).render(variables)
    except TemplateSyntaxError as error:
        place = _place_of_line(file, text, error.lineno)
        raise Trouble(
            [diagnostic(Code.TEMPLATE_SYNTAX, place, problem=str(error.message))]
        ) from None
    except UndefinedError as error:
        place = _place_of_line(file, text, _line_in_template(error.__traceback__))
        raise Trouble([_undefined(str(error.message), variables, place)]) from None
    except Exception as error:  # the template is the user's program
        place = _place_of_line(file, text, _line_in_template(error.__traceback__))
        problem = str(error) or type(error).__name__
        raise Trouble(
            [diagnostic(Code.TEMPLATE_FAILED, place, problem=problem)]
        ) from error


def _value(
    path: str, variables: Variables, place: Place, found: list[Diagnostic]
) -> str:
    value: Value = variables
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            names = value if isinstance(value, Mapping) else ()
            found.append(_unknown(part, names, place))
            return ""
        value = value[part]
    return render_text(value)


def _undefined(message: str, variables: Variables, place: Place) -> Diagnostic:
    named = re.fullmatch(r"'(\w+)' is undefined", message)
    if named is None:
        return diagnostic(Code.TEMPLATE_FAILED, place, problem=message)
    return _unknown(named[1], variables, place)


def _unknown(name: str, names: Iterable[str], place: Place) -> Diagnostic:
    nearest = tuple(difflib.get_close_matches(name, list(names), n=3))
    return diagnostic(
        Code.TEMPLATE_UNKNOWN_VARIABLE, place, variable=name, nearest=nearest
    )


def _place(file: str, text: str, offset: int) -> Place:
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    return Place(file=file, line=line, column=column, source=_source(text, line))


def _place_of_line(file: str, text: str, line: int) -> Place:
    return Place(file=file, line=line, source=_source(text, line))


def _source(text: str, line: int) -> str:
    lines = text.split("\n")
    return lines[line - 1].rstrip("\r") if 0 < line <= len(lines) else ""


def _line_in_template(traceback: types.TracebackType | None) -> int:
    """Return the last line of the template in a traceback; 0 when there is none."""
    line = 0
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == "<template>":
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line
