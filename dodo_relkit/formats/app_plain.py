"""An application specification as plain JSON values and back, for our own files."""

from __future__ import annotations

from dodo_relkit.formats.app import AppSpec
from dodo_relkit.terms.model import Term
from dodo_relkit.terms.plain import Plain, from_plain, to_plain

_TEXTS = ("name", "vsn")
_NAMES = (
    "modules",
    "registered",
    "applications",
    "optional_applications",
    "included_applications",
)
_TERMS = ("description", "id", "env", "max_t", "max_p", "start_phases", "mod")


def spec_to_plain(spec: AppSpec) -> dict[str, Plain]:
    """Return the specification as a JSON object."""
    plain: dict[str, Plain] = {key: getattr(spec, key) for key in _TEXTS}
    plain |= {key: list(getattr(spec, key)) for key in _NAMES}
    plain |= {key: to_plain(getattr(spec, key)) for key in _TERMS}
    plain["unknown"] = [to_plain(item) for item in spec.unknown]
    return plain


def spec_from_plain(plain: dict[str, Plain]) -> AppSpec:
    """Return the specification that `spec_to_plain` wrote.

    Raises KeyError or ValueError for anything else.
    """
    terms = {key: from_plain(plain[key]) for key in _TERMS}
    return AppSpec(
        name=_text(plain["name"]),
        vsn=_text(plain["vsn"]),
        description=terms["description"],
        id=terms["id"],
        modules=_texts(plain["modules"]),
        registered=_texts(plain["registered"]),
        applications=_texts(plain["applications"]),
        optional_applications=_texts(plain["optional_applications"]),
        included_applications=_texts(plain["included_applications"]),
        env=terms["env"],
        max_t=terms["max_t"],
        max_p=terms["max_p"],
        start_phases=terms["start_phases"],
        mod=terms["mod"],
        unknown=_terms(plain["unknown"]),
    )


def _text(value: Plain) -> str:
    if type(value) is str:
        return value
    raise ValueError(value)


def _texts(value: Plain) -> tuple[str, ...]:
    if type(value) is list:
        return tuple([_text(each) for each in value])
    raise ValueError(value)


def _terms(value: Plain) -> tuple[Term, ...]:
    if type(value) is list:
        return tuple([from_plain(each) for each in value])
    raise ValueError(value)
