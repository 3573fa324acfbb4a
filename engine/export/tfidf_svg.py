"""Attention beside TF-IDF as a vector picture, drawn without Qt."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

import numpy as np

from engine.attention_maps import TfidfResult
from engine.export.svg_layout import wrapped
from engine.export.svg_metrics import width as text_width
from engine.heatmaps.display_text import one_line
from engine.heatmaps.inks import LIGHT, Inks
from engine.heatmaps.label_layout import Box, leader, place_labels
from engine.heatmaps.ticks import linear_ticks, log_ticks, tick_words
from engine.results import FloatArray
from engine.tfidf_reading import (
    AS_IT_IS,
    RARITY,
    WITHOUT_AGE,
    corpus_in_words,
    correlation_in_words,
    heights,
    limits_in_words,
    name_of,
    named,
    occurrence_in_words,
    on_log_scale,
    where,
)

_WIDTH, _MARGIN, _LEFT = 720, 24, 64
_PLOT = 400  # high
_TITLE, _SMALL, _LABEL = 16, 13, 11
_LINE = 18
_ROOM = 0.06  # of the span, around the points
_DOT = 3.5
_SPARE = 0.86  # of the width, so that a reader's wider font does not run out of the picture
_FAMILY = "Inter, system-ui, 'Segoe UI', 'Helvetica Neue', Arial, 'Noto Sans', sans-serif"


def tfidf_to_svg(result: TfidfResult, without_age: bool, inks: Inks = LIGHT) -> bytes:
    """Every point says its word and numbers in ``<title>``; those that stand out are named."""
    measure = (_WIDTH - 2 * _MARGIN) * _SPARE
    lines = [*wrapped(correlation_in_words(result), _SMALL, measure), *wrapped(limits_in_words(result), _SMALL, measure)]
    top = _MARGIN + 44
    box = (float(_LEFT), float(top), float(_WIDTH - _MARGIN), float(top + _PLOT))
    below = top + _PLOT + 52
    height = below + _LINE * len(lines) + _MARGIN
    title = f"{result.model.name} · {where(result)} · attention beside TF-IDF"
    parts = [
        _text(_MARGIN, _MARGIN + _TITLE, title, _TITLE, inks.text, ' font-weight="600"'),
        _text(_MARGIN, _MARGIN + _TITLE + 18, corpus_in_words(result), _SMALL, inks.muted),
        f'<rect x="{box[0]:g}" y="{box[1]:g}" width="{box[2] - box[0]:g}" height="{_PLOT}" fill="none" stroke="{inks.border}"/>',
        *_points(result, without_age, box, inks),
        *(_text(_MARGIN, below + _LINE * at, line.strip(), _SMALL, inks.muted) for at, line in enumerate(lines)),
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" '
        f'font-family="{_FAMILY}">\n<title>{_said(title)}</title>\n'
        f"<desc>{_said(result.model.path)} sha256 {result.model.sha256}</desc>\n"
        f'<rect width="{_WIDTH}" height="{height}" fill="{inks.panel}"/>\n' + "\n".join(parts) + "\n</svg>\n"
    ).encode()


def _points(result: TfidfResult, without_age: bool, box: Box, inks: Inks) -> Iterator[str]:
    """Ticks, the words of both axes, points and names."""
    left, top, right, bottom = box
    rarity, values = np.array([point.tfidf for point in result.occurrences]), on_log_scale(heights(result, without_age))
    (low, high), (faint, strong) = _span(rarity), _span(values)
    x = left + (rarity - low) / (high - low) * (right - left)
    y = bottom - (values - faint) / (strong - faint) * (bottom - top)
    for value in linear_ticks(low, high):
        at = left + (value - low) / (high - low) * (right - left)
        yield _text(at, bottom + 16, tick_words(value), _LABEL, inks.muted, ' text-anchor="middle"')
    for value in log_ticks(10**faint, 10**strong):
        at = bottom - (np.log10(value) - faint) / (strong - faint) * (bottom - top)
        yield f'<line x1="{left:g}" x2="{right:g}" y1="{at:g}" y2="{at:g}" stroke="{inks.border}" stroke-width="0.5"/>'
        yield _text(left - 6, at + 4, tick_words(value), _LABEL, inks.muted, ' text-anchor="end"')
    yield _text((left + right) / 2, bottom + 32, RARITY, _LABEL, inks.muted, ' text-anchor="middle"')
    middle, words = (top + bottom) / 2, WITHOUT_AGE if without_age else AS_IT_IS
    turned = f' text-anchor="middle" transform="rotate(-90 {_MARGIN - 8} {middle:g})"'
    yield _text(_MARGIN - 8, middle, words, _LABEL, inks.muted, turned)
    for at in range(len(result.occurrences)):
        colour, share = (inks.accent, 1.0) if at in result.standouts else (inks.muted, 0.6)
        said = _said(occurrence_in_words(result, at, without_age))
        yield (
            f'<circle cx="{x[at]:.1f}" cy="{y[at]:.1f}" r="{_DOT}" fill="{colour}" fill-opacity="{share:g}">'
            f"<title>{said}</title></circle>"
        )
    yield from _names(result, np.stack([x, y], axis=1), box, inks)


def _names(result: TfidfResult, dots: FloatArray, box: Box, inks: Inks) -> Iterator[str]:
    chosen = named(result)
    words = [name_of(result.occurrences[at]) for at in chosen]
    points = [(float(dots[at, 0]), float(dots[at, 1])) for at in chosen]
    sizes = [(text_width(word, _SMALL), float(_SMALL + 2)) for word in words]
    for word, point, place in zip(words, points, place_labels(points, sizes, dots, box), strict=True):
        if place is not None:
            end = leader(point, place)
            if end is not None:
                ends = f'x1="{point[0]:.1f}" y1="{point[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
                yield f'<line {ends} stroke="{inks.muted}" stroke-width="0.7"/>'
            yield _text(place[0], place[3] - 4, word, _SMALL, inks.text)


def _span(values: FloatArray) -> tuple[float, float]:
    """With a little room; of one value too."""
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = (high - low) * _ROOM or max(abs(high) * 0.1, 0.1)
    return low - room, high + room


def _text(x: float, y: float, words: str, size: float, colour: str, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{colour}"{more}>{_said(words)}</text>'


def _said(text: str) -> str:
    return escape(one_line(text))
