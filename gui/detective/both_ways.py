"""What a model says after a text, whole and with cells held: its likeliest answers side by side, and how it goes on."""

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.cells import AblatedReading, AblationResult
from engine.heatmaps.display_text import one_line
from engine.heatmaps.numerals import figures, fixed
from engine.heatmaps.token_names import visible
from engine.results import ClassPrediction
from gui import theme

MOST, HEAD, ROW, GAP = 5, 18, 20, 12
Value = tuple[float, str]  # share of the bar, and the number beside it
_LABEL, _NUMBER = 72, 44


class BothWays(QWidget):
    """The likeliest answers of both readings, in the order of the whole model; below, what each writes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bothWays")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.rows: list[tuple[str, Value, Value]] = []  # label, of the whole model, with the cell held
        self.written: tuple[str, str] | None = None
        self.show_result(None)

    def sizeHint(self) -> QSize:
        return QSize(320, self.height())

    def show_result(self, result: AblationResult | None) -> None:
        """None: nothing yet; the room for it is kept."""
        self.rows, self.written = [], None
        if result is not None:
            self.rows = _rows(result.intact, result.held)
            if result.intact.generated is not None and result.held.generated is not None:
                self.written = result.intact.generated, result.held.generated
            said = "; ".join(f"{name} {before}, held {after}" for name, (_, before), (_, after) in self.rows)
            self.setAccessibleName(f"What comes next: {said}")
        self.setFixedHeight(HEAD + MOST * ROW + (8 + 2 * ROW if result is None or self.written else 0))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.rows:
            self._paint_head(painter)
            for at, row in enumerate(self.rows):
                self._paint_row(painter, HEAD + at * ROW, *row)
            if self.written:
                self._paint_written(painter, HEAD + MOST * ROW + 8, *self.written)
        painter.end()

    def _columns(self) -> tuple[QRectF, QRectF]:
        width = (self.width() - _LABEL - GAP) / 2
        return QRectF(_LABEL, 0, width, ROW), QRectF(_LABEL + width + GAP, 0, width, ROW)

    def _paint_head(self, painter: QPainter) -> None:
        painter.setFont(theme.ui_font(theme.CAPTION_PIXELS))
        painter.setPen(theme.current().muted)
        painter.drawText(QRectF(0, 0, _LABEL, HEAD), _left(), "next")
        for box, words in zip(self._columns(), ("whole model", "with the cell held"), strict=True):
            painter.drawText(QRectF(box.left(), 0, box.width(), HEAD), _left(), words)

    def _paint_row(self, painter: QPainter, top: float, name: str, before: Value, after: Value) -> None:
        look = theme.current()
        painter.setPen(look.text)
        painter.setFont(theme.mono_font(12))
        shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, _LABEL - 8)
        painter.drawText(QRectF(0, top, _LABEL - 8, ROW), _left(), shown)
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        for box, (share, words), colour in zip(self._columns(), (before, after), (look.muted, look.accent), strict=True):
            room = box.width() - _NUMBER
            track = QRectF(box.left(), top + ROW / 2 - 3.5, room, 7)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.hover)
            painter.drawRoundedRect(track, 3, 3)
            painter.setBrush(colour)
            if room * share >= 0.5:
                filled = QRectF(track.left(), track.top(), max(2.0, room * share), 7)
                painter.drawRoundedRect(filled, min(3.0, filled.width() / 2), 3)
            painter.setPen(look.text)
            number = QRectF(box.right() - _NUMBER, top, _NUMBER, ROW)
            painter.drawText(number, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), words)

    def _paint_written(self, painter: QPainter, top: float, before: str, after: str) -> None:
        """From where they part on, the second is in the accent's colour."""
        look, font = theme.current(), theme.mono_font(12)
        pairs = enumerate(zip(before, after, strict=False))
        same = next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))
        painter.setPen(QPen(look.border, 1))
        painter.drawLine(QPointF(0, top - 4), QPointF(self.width(), top - 4))
        for row, (name, text) in enumerate((("goes on", before), ("held", after))):
            y = top + row * ROW
            painter.setFont(theme.ui_font(theme.CAPTION_PIXELS))
            painter.setPen(look.muted)
            painter.drawText(QRectF(0, y, _LABEL, ROW), _left(), name)
            painter.setFont(font)
            metrics, x = QFontMetricsF(font), float(_LABEL)
            shown = metrics.elidedText(one_line(text), Qt.TextElideMode.ElideRight, self.width() - _LABEL)
            for part, colour in ((shown[:same], look.text), (shown[same:], look.accent if row else look.text)):
                painter.setPen(colour)
                painter.drawText(QRectF(x, y, self.width(), ROW), _left(), part)
                x += metrics.horizontalAdvance(part)


def _rows(intact: AblatedReading, held: AblatedReading) -> list[tuple[str, Value, Value]]:
    """The likeliest of either, as the whole model has them."""
    both = [{each.index: each for each in reading.prediction} for reading in (intact, held)]
    top = dict.fromkeys(each.index for reading in (intact, held) for each in reading.prediction[:MOST])

    def score(reading: dict[int, ClassPrediction], index: int) -> float:
        return reading[index].probability or reading[index].logit if index in reading else -math.inf

    chosen = sorted(top, key=lambda index: -max(score(reading, index) for reading in both))[:MOST]
    chosen.sort(key=lambda index: -score(both[0], index))
    names = {index: next(reading[index].label for reading in both if index in reading) for index in chosen}
    return [
        (visible(names[index] or "output"), _value(intact, both[0].get(index)), _value(held, both[1].get(index)))
        for index in chosen
    ]


def _value(reading: AblatedReading, found: ClassPrediction | None) -> Value:
    """Of a language model the first answers are known; the others are below the last of them."""
    if found is None:
        return 0.0, f"<{fixed(reading.prediction[-1].probability or 0.0, 3)}"
    if found.probability is None:
        return 0.0, figures(found.logit)
    return found.probability, "<0.001" if 0 < found.probability < 0.0005 else fixed(found.probability, 3)


def _left() -> int:
    return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
