"""Every finding in one page: the same pieces as a single saved page."""

from collections.abc import Sequence
from html import escape

from engine.export.html_pieces import Figure, page
from engine.findings import Finding, time_of
from engine.heatmaps.display_text import displayed

TITLE = "Findings"


def to_report(findings: Sequence[Finding]) -> bytes:
    """Self-contained, in the order given, each with its note and its time."""
    figures = [Figure(finding.result) for finding in findings]
    count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
    articles = "\n".join(_article(finding, figure) for finding, figure in zip(findings, figures, strict=True))
    steps = set[tuple[bool, int]]().union(*(figure.steps for figure in figures))
    return page(TITLE, f'<h1>{TITLE}</h1>\n<p class="muted">{count}</p>\n{articles}', steps)


def _article(finding: Finding, figure: Figure) -> str:
    when = f'<p class="muted">Pinned {time_of(finding):%Y-%m-%d %H:%M %Z}</p>'
    note = f"<blockquote>{escape(displayed(finding.note))}</blockquote>" if finding.note.strip() else ""
    return f"<article>\n{figure.body('h2', f'{when}{note}', folded=True)}\n</article>"
