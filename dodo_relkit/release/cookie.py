"""The cookie: which are safe to write down, and which are easy to guess.

A cookie stands in `vm.args` and in the VM's arguments, where blanks, quotes, `#`, `$`
or a leading `-` change their meaning; FEATURES SE-01 and SE-02.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place, Trouble, diagnostic
from dodo_relkit.release.reading import VARIABLE, below, read_name, wrong_type
from dodo_relkit.release.spec import EnvCookie

MAX_LENGTH = 255
"""Of an atom, which a cookie is."""

SHORTEST = 8
"""What is shorter can be tried out."""

_SAFE = re.compile(r"[A-Za-z0-9_.@:=/+-]")
_GUESSED = ("insecure", "changeme", "secret", "password", "cookie", "monster")
_EXPECTED = "a text, or the environment variable that holds it"


def read_cookie(value: object, place: Place) -> str | EnvCookie:
    """Read a text, `cookie_from_env("NAME")` or, in TOML, `{env = "NAME"}`."""
    match value:
        case str():
            return _read_text_cookie(value, place)
        case EnvCookie(variable=variable):
            return EnvCookie(_read_variable(variable, place))
        case Mapping() if set(value) == {"env"}:
            return EnvCookie(_read_variable(value["env"], below(place, "env")))
    raise wrong_type(_EXPECTED, value, place)


def weakness(cookie: str, names: tuple[str, ...]) -> str:
    """Return why `cookie` is easy to guess, or ''; `names` are the profile's names."""
    lowered = cookie.lower()
    for word in _GUESSED:
        if word in lowered:
            return f"it holds the word {word}"
    if cookie in names:
        return "it is a name of the release"
    if len(cookie) < SHORTEST:
        return f"it has fewer than {SHORTEST} characters"
    if len(set(cookie)) == 1:
        return "it is one character repeated"
    return ""


def _read_text_cookie(value: str, place: Place) -> str:
    found = _unsafe(value)
    if found:
        raise Trouble([diagnostic(Code.COOKIE_UNSAFE, place, found=found)])
    return value


def _unsafe(value: str) -> str:
    if not value:
        return "no characters"
    if value[0] in "-+./:=@":
        return f"`{value[0]}` as its first character"
    if len(value) > MAX_LENGTH:
        return f"{len(value)} characters"
    for char in value:
        if not _SAFE.match(char):
            shown = char if char.isprintable() else f"U+{ord(char):04X}"
            return "a blank" if char == " " else f"the character {shown}"
    return ""


def _read_variable(value: object, place: Place) -> str:
    return read_name(value, place, VARIABLE, "an environment variable")
