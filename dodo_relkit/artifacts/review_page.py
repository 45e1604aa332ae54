"""What a person reads of an upgrade before it ships: text, and one page of HTML.

Takes the findings of the review and the stories of the relup; finds nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dodo_relkit.diagnostics import render
from dodo_relkit.terms.model import Term
from dodo_relkit.terms.pretty import format_term
from dodo_relkit.upgrade.diff import Changes
from dodo_relkit.upgrade.review.findings import Danger, Finding
from dodo_relkit.upgrade.review.story import Event, stories
from dodo_relkit.upgrade.script.draft import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class WayReview:
    """What happens on one way, up from a baseline or down to it."""

    direction: Direction
    base_vsn: str
    """The version of the baseline."""
    changes: Changes | None
    """Of the applications; nothing when the baseline is not known."""
    script: tuple[Term, ...]
    """The instructions of the relup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """All there is to read."""

    release: str
    vsn: str
    findings: tuple[Finding, ...]
    """The severe ones first."""
    ways: tuple[WayReview, ...]
    notes: str = ""
    """What the build said before, of baselines and appups."""


def review_text(review: Review) -> str:
    """Return the review as lines for a terminal."""
    lines = [f"Upgrade of {review.release} to {review.vsn}", ""]
    for way in review.ways:
        lines.append(_title(way))
        lines += [f"  {each}" for each in _applications(way)]
        lines += [
            f"  {who}: {', '.join(_words(events))}"
            for who, events in stories(way.script).items()
        ]
        lines.append("")
    lines += [
        f"{_heading(each)}{render(each.diagnostic)}\n" for each in review.findings
    ]
    if not review.findings:
        lines.append("The review found nothing to worry about.")
    if review.notes:
        lines += ["", "Of the baselines and the appups the build said:", ""]
        lines.append(review.notes)
    return "\n".join(lines).rstrip() + "\n"


def review_html(review: Review) -> bytes:
    """Return the review as one HTML page that needs nothing else."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("dodo_relkit.artifacts"),
        undefined=StrictUndefined,
        autoescape=True,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("review.html.j2").render(
        release=review.release,
        vsn=review.vsn,
        notes=review.notes,
        findings=[
            {
                "severe": each.danger is Danger.SEVERE,
                "number": each.diagnostic.code.number,
                "title": each.diagnostic.code.value.title,
                "text": render(each.diagnostic),
            }
            for each in review.findings
        ],
        ways=[
            {
                "title": _title(way),
                "applications": list(_applications(way)),
                "stories": [
                    (who, _words(events)) for who, events in stories(way.script).items()
                ],
                "script": [format_term(each) for each in way.script],
            }
            for way in review.ways
        ],
    )
    return page.encode()


def _heading(finding: Finding) -> str:
    return "SEVERE\n" if finding.danger is Danger.SEVERE else ""


def _words(events: Iterable[Event]) -> list[str]:
    return [f"{event.what} ({event.step})" for event in events]


def _title(way: WayReview) -> str:
    words = "up from" if way.direction is Direction.UP else "down to"
    return f"{words} {way.base_vsn}"


def _applications(way: WayReview) -> Iterator[str]:
    """Yield a line for each application that is not the same afterwards."""
    changes = way.changes
    if changes is None:
        return
    upwards = way.direction is Direction.UP
    added, removed = changes.added, changes.removed
    for each in added if upwards else removed:
        yield f"application {each.name} {each.vsn}: added"
    for each in removed if upwards else added:
        yield f"application {each.name} {each.vsn}: removed"
    for change in changes.changed:
        ends = (change.base.vsn, change.top.vsn)
        old, new = ends if upwards else reversed(ends)
        yield f"application {change.name}: {old} to {new}"
    if changes.erts_changed:
        ends = (changes.base_erts, changes.top_erts)
        old, new = ends if upwards else reversed(ends)
        yield f"run-time system: {old} to {new}"
