"""How systools puts the troubles of an upgrade: its records and terms."""

from __future__ import annotations

from collections.abc import Iterable

from dodo_relkit.codes import Code
from dodo_relkit.diagnostics import Diagnostic
from dodo_relkit.release.model import Release
from dodo_relkit.release.needs import for_target, needs_of
from dodo_relkit.target import Target
from dodo_relkit.terms.model import Atom, Term, make_string
from dodo_relkit.terms.text import parse_term
from dodo_relkit.upgrade.script.relup import RelupJob

SYSTOOLS_RELUP = "systools_relup"
SYSTOOLS_RC = "systools_rc"


def file_problem(file: str, what: Term) -> Term:
    """Return the error about a file that is read or written."""
    return (Atom("file_problem"), (make_string(file), what))


def missing_sasl_term(release: Release) -> Term:
    """Return the error about a release without sasl."""
    return (Atom("missing_sasl"), release_record(release))


def no_relup_term(found: Diagnostic, job: RelupJob) -> Term:
    """Return the error about a version that an appup lacks.

    `found` is RK707; of anything else systools makes nothing, it crashes.
    """
    if found.code is not Code.APPUP_LACKS_VERSION:
        return (Atom("badarg"), [])
    app = application_record(str(found.facts["app"]), job.top, job.target)
    file, vsn = str(found.facts["file"]), str(found.facts["vsn"])
    return (Atom("no_relup"), make_string(file), app, make_string(vsn))


def relup_warning_terms(found: Iterable[Diagnostic]) -> list[Term]:
    """Return systools' warnings, in the order given."""
    terms: list[Term] = []
    for each in found:
        facts = {name: str(fact) for name, fact in each.facts.items()}
        match each.code:
            case Code.ERTS_CHANGED:
                top = (make_string(facts["top"]), make_string(facts["top_erts"]))
                base = (make_string(facts["base"]), make_string(facts["base_erts"]))
                terms.append((Atom("erts_vsn_changed"), (top, base)))
            case Code.APPUP_VSN_DIFFERS:
                own = (parse_term(facts["found"]), make_string(facts["vsn"]))
                terms.append((Atom("bad_vsn"), own))
            case Code.UPGRADE_FROM_PRE_R15:
                terms.append(Atom("pre_R15_emulator_upgrade"))
    return terms


def release_record(release: Release) -> Term:
    """Return the record `release` of systools.hrl."""
    rel = release.rel
    apps: list[Term] = [
        (Atom(each.name), make_string(each.vsn), Atom(each.start_type))
        for each in rel.apps
    ]
    included: list[Term] = [
        (Atom(each.name), _atoms(each.included))
        for each in rel.apps
        if each.included is not None
    ]
    head = (Atom("release"), make_string(rel.name), make_string(rel.vsn))
    return (*head, make_string(rel.erts_vsn), apps, included)


def application_record(name: str, release: Release, target: Target) -> Term:
    """Return the record `application` of systools.hrl, as it is after sorting."""
    app = release.apps[name]
    entry = next(each for each in release.rel.apps if each.name == name)
    needs = needs_of(for_target(release, target))[name]
    spec = app.spec
    return (
        Atom("application"),
        Atom(name),
        Atom(entry.start_type),
        make_string(spec.vsn),
        spec.id,
        spec.description,
        _atoms(spec.modules),
        _atoms(needs.uses),
        _atoms(needs.optional),
        _atoms(needs.includes),
        _atoms(spec.registered),
        spec.env,
        spec.max_t,
        spec.max_p,
        spec.mod,
        spec.start_phases,
        make_string(app.ebin),
    )


def _atoms(names: Iterable[str]) -> Term:
    return [Atom(name) for name in names]
