"""Which versions the first element of an appup's entry means. Reads no appup.

A string means the version it spells. A binary is a regular expression of OTP's module
`re` and means the versions of which it matches the whole (appup(4)); the match that
counts is the first that `re:run/3` finds, so `a|ab` does not mean `ab`.
"""

from __future__ import annotations

import re
import warnings

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Place, Trouble, diagnostic

POSIX_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r" \t",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\s",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}
"""What stands for `[:name:]` in a class."""

_DIFFERENT = re.compile(
    r"""(?P<class>\[:(?P<name>[a-z]+):\])
      | (?P<end>\\z) | (?P<before_end>\\Z)
      | (?P<group>\(\?<(?=[A-Za-z_])) | (?P<quoted>\(\?'(?P<named>\w+)')
      | (?P<brace>\{(?=,))
      | \\. | .
    """,
    re.VERBOSE | re.DOTALL,
)
"""What `re` of OTP (PCRE) spells otherwise than `re` of Python."""


def fits(pattern: str | bytes, vsn: str, file: str = "") -> bool:
    """Return whether `pattern` means the version `vsn`.

    Source of the rule: `appup_search_for_version` of systools_relup. Raises
    `Trouble` with RK704 for a regular expression that is none; there systools
    crashes. The few constructs of PCRE that Python has not are refused too.
    """
    if isinstance(pattern, str):
        return pattern == vsn
    match = _compile(pattern, file).search(vsn)
    return match is not None and match.group() == vsn


def _compile(pattern: bytes, file: str) -> re.Pattern[str]:
    try:
        text = _DIFFERENT.sub(_respell, pattern.decode())
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(text, re.ASCII)
    except (UnicodeDecodeError, re.error, Warning, KeyError) as error:
        shown = pattern.decode("utf-8", "replace")
        reason = str(error) or "it is not known"
        found = diagnostic(
            Code.APPUP_PATTERN, Place(file=file), pattern=shown, reason=reason
        )
        raise Trouble([found]) from None


def _respell(match: re.Match[str]) -> str:
    match match.lastgroup:
        case "class":
            return POSIX_CLASSES[match["name"]]
        case "end":
            return r"\Z"
        case "before_end":
            return r"(?=\n?\Z)"
        case "group":
            return "(?P<"
        case "quoted":
            return f"(?P<{match['named']}>"
        case "brace":
            return r"\{"
        case _:
            return match.group()
