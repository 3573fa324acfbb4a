"""What lies over the colours of a text in columns: what is selected, painted by hand, and found. The colours stay to be seen."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from gui.cells.column_layout import ColumnLayout
from gui.theme import Theme

Span = tuple[int, int]  # characters [start, end) of the text as drawn
Spans = tuple[Span, ...]  # in order, none touching another
_MARGIN, _BAND, _UNDER = 1.5, 4.0, 2.0


@dataclass(slots=True)
class Overlay:
    """Spans of the text as drawn."""

    selected: Span | None = None
    painted: Spans = ()
    hits: Spans = ()
    hit: int = -1  # the current one


def with_stroke(spans: Spans, stroke: Span, on: bool) -> Spans:
    """After painting over, or wiping out, one more stretch."""
    start, end = stroke
    kept: list[Span] = []
    for a, b in spans:
        kept += [(x, y) for x, y in ((a, min(b, start)), (max(a, end), b)) if x < y]
    return joined([*kept, stroke]) if on else tuple(kept)


def joined(spans: Iterable[Span]) -> Spans:
    """In order; what touches is one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        elif start < end:
            found.append((start, end))
    return tuple(found)


def covers(spans: Spans, at: int) -> bool:
    """Whether one of them holds ``at``."""
    place = bisect_right(spans, (at, 1 << 62)) - 1
    return place >= 0 and spans[place][0] <= at < spans[place][1]


def draw_overlay(
    painter: QPainter, layout: ColumnLayout, overlay: Overlay, look: Theme, line: Span, top: float, high: float, wide: float
) -> None:
    """On the line of characters ``line``, whose text is ``high`` px high from ``top`` and whose columns are ``wide``."""

    def boxes(spans: Spans) -> Iterator[tuple[int, QRectF]]:
        at = max(bisect_right(spans, (line[0], 1 << 62)) - 1, 0)
        while at < len(spans) and spans[at][0] < line[1]:
            first, stop = max(spans[at][0], line[0]), min(spans[at][1], line[1])
            if first < stop:
                left, right = (float(layout.text.right[c] - layout.text.right[line[0]]) * wide for c in (first, stop))
                yield at, QRectF(left, top + _MARGIN, max(right - left, 0.2 * wide), high - 2 * _MARGIN)
            at += 1

    for _, box in boxes(overlay.painted):
        band = QRectF(box.left(), box.bottom() - _BAND, box.width(), _BAND)
        painter.fillRect(band.adjusted(0, -1, 0, 0), look.panel)
        painter.fillRect(band, look.text)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for at, box in boxes(overlay.hits):
        painter.fillRect(QRectF(box.left(), box.bottom() - _UNDER, box.width(), _UNDER), look.accent)
        if at == overlay.hit:
            painter.setPen(QPen(look.accent, 2))
            painter.drawRoundedRect(box.adjusted(-1, 0, 1, 0), 3, 3)
    for _, box in boxes(() if overlay.selected is None else (overlay.selected,)):
        painter.setPen(QPen(look.panel, 4))
        painter.drawRect(box)
        painter.setPen(QPen(look.accent, 2))
        painter.drawRect(box)
