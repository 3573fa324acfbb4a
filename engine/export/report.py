"""Every finding in one page: the same pieces as a single saved page."""

import base64
from collections.abc import Sequence
from html import escape

from engine.export.html_pieces import Figure, page, said
from engine.export.image_figure import figure_of
from engine.findings import AnyFinding, Finding, ViewFinding, time_of
from engine.heatmaps.display_text import displayed
from engine.requests import in_words

TITLE = "Findings"


def to_report(findings: Sequence[AnyFinding]) -> bytes:
    """Self-contained, in the order given, each with its note and its time."""
    figures = {finding.id: figure_of(finding.result) for finding in findings if isinstance(finding, Finding)}
    count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
    articles = "\n".join(_article(finding, figures.get(finding.id)) for finding in findings)
    steps = set[tuple[bool, int]]().union(*(figure.steps for figure in figures.values()))
    return page(TITLE, f'<h1>{TITLE}</h1>\n<p class="muted">{count}</p>\n{articles}', steps)


def _article(finding: AnyFinding, figure: Figure | None) -> str:
    when = f'<p class="muted">Pinned {time_of(finding):%Y-%m-%d %H:%M %Z}</p>'
    note = f"<blockquote>{escape(displayed(finding.note))}</blockquote>" if finding.note.strip() else ""
    if isinstance(finding, ViewFinding):
        return f"<article>\n{_view(finding, f'{when}{note}')}\n</article>"
    return f"<article>\n{figure.body('h2', f'{when}{note}', folded=True) if figure else ''}\n</article>"


def _view(finding: ViewFinding, under: str) -> str:
    """Its picture, and the text it was about."""
    seen = finding.seen
    picture = base64.b64encode(seen.png()).decode("ascii")
    text = f"<details><summary>The text</summary><blockquote>{escape(displayed(in_words(seen.input)))}</blockquote></details>"
    return "\n".join(
        (
            f"<h2>{said(seen.title)}</h2>{under}",
            f'<p class="muted">{said(seen.facts)}</p>',
            f'<img class="view" alt="{said(seen.title)}" src="data:image/png;base64,{picture}">',
            text,
        )
    )
