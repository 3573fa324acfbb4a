"""What the model says of an edit, a bar for each class, and how far that is from what it said before."""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.edits import Classes, change_of
from engine.heatmaps.numerals import figures, fixed, signed_figures
from engine.heatmaps.token_names import visible
from gui import theme
from gui.data.edit_tree import change_words
from gui.theme import CAPTION_PIXELS, mix, numbers_font, ui_font

MOST = 4
ROW_PIXELS = 18
_LABEL, _NUMBER = 84, 40  # px


@dataclass(frozen=True, slots=True)
class Bar:
    """``change`` None: it is what the others are compared with, or the class was not among those told."""

    label: str
    value: float
    is_probability: bool
    change: float | None
    predicted: bool

    def in_words(self) -> str:
        """For screen readers."""
        change = "" if self.change is None else f", changed by {signed_figures(self.change)}"
        return f"{self.label} {figures(self.value)}{change}"


def bars_of(said: Classes, before: Classes | None) -> list[Bar]:
    """The classes that changed most or are most probable, in the order of the model's outputs."""
    changes = {one.index: None if before is None else change_of(before, said, one.index) for one in said}
    weighed = sorted(said, key=lambda one: -max(abs(changes[one.index] or 0.0), one.probability or 0.0))
    shown = sorted(weighed[:MOST], key=lambda one: one.index)
    return [
        Bar(
            visible(one.label) if one.label is not None else "value" if one.probability is None else f"output {one.index}",
            one.logit if one.probability is None else one.probability,
            one.probability is not None,
            changes[one.index],
            one.index == said[0].index and one.probability is not None,
        )
        for one in shown
    ]


class ChangeBars(QWidget):
    """The room for as many classes as the model has is kept."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("changeBars")
        self.setAccessibleName("Prediction and its change")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.bars: list[Bar] = []

    def show_bars(self, bars: list[Bar]) -> None:
        """Another edit, or other numbers."""
        if len(bars) != len(self.bars):
            self.updateGeometry()
        self.bars = bars
        self.setAccessibleDescription("; ".join(bar.in_words() for bar in bars))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, ROW_PIXELS * max(1, len(self.bars)))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for at, bar in enumerate(self.bars):
            self._paint(painter, QRectF(6, at * ROW_PIXELS, self.width() - 12, ROW_PIXELS), bar)
        painter.end()

    def _paint(self, painter: QPainter, row: QRectF, bar: Bar) -> None:
        look = theme.current()
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(look.text if bar.predicted else look.muted)
        painter.setFont(ui_font(CAPTION_PIXELS, strong=bar.predicted))
        label = QRectF(row.left(), row.top(), _LABEL, row.height())
        painter.drawText(label, middle, painter.fontMetrics().elidedText(bar.label, Qt.TextElideMode.ElideRight, _LABEL))
        painter.setFont(numbers_font(CAPTION_PIXELS))
        value = QRectF(row.right() - 2 * _NUMBER - 4, row.top(), _NUMBER, row.height())
        painter.setPen(look.text)
        right = middle | Qt.AlignmentFlag.AlignRight
        painter.drawText(value, right, fixed(bar.value, 2) if bar.is_probability else figures(bar.value))
        if bar.change is not None:
            painter.setPen(look.muted if abs(bar.change) < 0.005 else look.raises if bar.change > 0 else look.lowers)
            painter.drawText(QRectF(row.right() - _NUMBER, row.top(), _NUMBER, row.height()), right, change_words(bar.change))
        if bar.is_probability:
            groove = QRectF(label.right() + 8, row.center().y() - 3.5, value.left() - label.right() - 12, 7)
            self._paint_bar(painter, groove, bar)

    @staticmethod
    def _paint_bar(painter: QPainter, groove: QRectF, bar: Bar) -> None:
        """What it is, what it was as a tick, and the way between in the colour of the change."""
        look = theme.current()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mix(look.panel, look.border, 0.7))
        painter.drawRoundedRect(groove, 3, 3)
        now, before = bar.value, bar.value - (bar.change or 0.0)
        painter.setBrush(mix(look.panel, look.muted, 0.75))
        kept = QRectF(groove.left(), groove.top(), groove.width() * min(now, before), groove.height())
        painter.drawRoundedRect(kept, 3, 3)
        if bar.change is None:
            return
        low, high = sorted((now, before))
        painter.setBrush(look.raises if bar.change > 0 else mix(look.panel, look.lowers, 0.45))
        way = QRectF(groove.left() + groove.width() * low, groove.top(), groove.width() * (high - low), groove.height())
        painter.drawRect(way)
        x = groove.left() + groove.width() * before
        painter.setBrush(look.text)
        painter.drawRect(QRectF(min(x, groove.right()) - 0.75, groove.top() - 2, 1.5, groove.height() + 4))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS:
            self.update()
