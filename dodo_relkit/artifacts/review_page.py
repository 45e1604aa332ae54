"""What a person reads of an upgrade before it ships: text, and one page of HTML.

Takes the findings of the review and the stories of the relup; finds nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dodo_relkit.diagnostics import render
from dodo_relkit.upgrade.findings import Danger, Finding
from dodo_relkit.upgrade.story import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class WayStory:
    """What happens on one way, up from a baseline or down to it."""

    title: str
    """As `up from 1.0.0`."""
    stories: Mapping[str, tuple[Event, ...]]
    """By whom it befalls, in the order of the first event of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """All there is to read."""

    release: str
    vsn: str
    findings: tuple[Finding, ...]
    """The severe ones first."""
    ways: tuple[WayStory, ...]


def review_text(review: Review) -> str:
    """Return the review as lines for a terminal."""
    lines = [f"Upgrade of {review.release} to {review.vsn}", ""]
    for way in review.ways:
        lines.append(way.title)
        lines += [
            f"  {who}: {', '.join(_words(events))}"
            for who, events in way.stories.items()
        ]
        lines.append("")
    lines += [
        f"{_heading(each)}\n{render(each.diagnostic)}\n" for each in review.findings
    ]
    if not review.findings:
        lines.append("The review found nothing to worry about.")
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
                "title": way.title,
                "stories": [
                    (who, _words(events)) for who, events in way.stories.items()
                ],
            }
            for way in review.ways
        ],
    )
    return page.encode()


def _heading(finding: Finding) -> str:
    return "SEVERE" if finding.danger is Danger.SEVERE else "notice"


def _words(events: Iterable[Event]) -> list[str]:
    return [f"{event.what} ({event.step})" for event in events]
