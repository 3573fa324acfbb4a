"""One cell over the text as a small curve: above zero in one colour, below in the other, what is no number hatched."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF

from engine.results import FloatArray
from gui.heatmaps.colours import colour_map, missing_brush
from gui.theme import Theme, mix

_ACROSS_GATES = 0.62  # of the sequential scale
_CROWDED = 0.8  # points a px


def envelope(values: FloatArray, columns: int) -> tuple[FloatArray, FloatArray]:
    """x (shares of the width) and (2 × columns or fewer, …) values: lowest and highest of each column, so that no peak is lost.

    ``values``: (seq,) or (seq, cells).
    """
    count = len(values)
    if count <= 2 * columns:
        return (np.arange(count) + 0.5) / max(count, 1), values
    edges = np.linspace(0, count, columns, endpoint=False).astype(np.intp)
    lowest, highest = np.minimum.reduceat(values, edges), np.maximum.reduceat(values, edges)
    both = np.stack([lowest, highest], axis=1).reshape(2 * len(edges), *values.shape[1:])
    return np.repeat((np.arange(columns) + 0.5) / columns, 2), both


def paint_spark(
    painter: QPainter, rect: QRectF, x: FloatArray, values: FloatArray, *, limit: float, signed: bool, look: Theme
) -> None:
    """``x`` in px from the left of ``rect``; ``values`` on ±``limit``, or 0 … ``limit``."""
    zero = rect.center().y() if signed else rect.bottom()
    scale = (rect.height() / 2 if signed else rect.height()) / limit if limit > 0 else 0.0
    with np.errstate(invalid="ignore"):
        y = np.clip(zero - np.asarray(values, dtype=np.float64) * scale, rect.top(), rect.bottom())
    for first, last in _stretches(np.isnan(y)):
        points = [QPointF(rect.left() + a, b) for a, b in zip(x[first:last].tolist(), y[first:last].tolist(), strict=True)]
        _paint_stretch(painter, rect, points, zero, signed, look)
    missing = np.isnan(y)
    if missing.any():
        _paint_missing(painter, rect, x, missing, look)


def _paint_stretch(painter: QPainter, rect: QRectF, points: list[QPointF], zero: float, signed: bool, look: Theme) -> None:
    if len(points) == 1:
        points = [points[0] - QPointF(2, 0), points[0] + QPointF(2, 0)]
    area = QPolygonF([QPointF(points[0].x(), zero), *points, QPointF(points[-1].x(), zero)])
    painter.setPen(Qt.PenStyle.NoPen)
    if signed:
        for brush, half in (
            (_brush(look, "raises"), QRectF(rect.left() - 2, rect.top(), rect.width() + 4, zero - rect.top())),
            (_brush(look, "lowers"), QRectF(rect.left() - 2, zero, rect.width() + 4, rect.bottom() - zero)),
        ):
            painter.save()
            painter.setClipRect(half, Qt.ClipOperation.IntersectClip)
            painter.setBrush(brush)
            painter.drawPolygon(area)
            painter.restore()
    else:
        painter.setBrush(_brush(look, "gate"))
        painter.drawPolygon(area)
    crowded = len(points) > _CROWDED * max(points[-1].x() - points[0].x(), 1)  # a line would cover its own area
    painter.setPen(QPen(mix(look.panel, look.text, 0.3 if crowded else 0.75), 0.6 if crowded else 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(QPolygonF(points))


def _paint_missing(painter: QPainter, rect: QRectF, x: FloatArray, missing: NDArray[np.bool_], look: Theme) -> None:
    half = float(np.diff(x).mean()) / 2 if len(x) > 1 else rect.width() / 2
    for first, last in _stretches(~missing):
        left = max(float(x[first]) - half, 0.0)
        width = min(float(x[last - 1]) + half, rect.width()) - left
        painter.fillRect(QRectF(rect.left() + left, rect.top(), width, rect.height()), missing_brush(look))


def _stretches(gap: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """[first, last) where there is no ``gap``."""
    edges = np.diff(np.concatenate([[True], gap, [True]]).astype(np.int8))
    return list(zip(np.flatnonzero(edges == -1).tolist(), np.flatnonzero(edges == 1).tolist(), strict=True))


@cache
def _brush(look: Theme, role: str) -> QBrush:
    if role == "gate":
        colours = colour_map(look, signed=False).colours
        return QBrush(mix(look.panel, colours[round(_ACROSS_GATES * (len(colours) - 1))], 0.75))
    colour: QColor = getattr(look, role)
    return QBrush(mix(look.panel, colour, 0.75))
