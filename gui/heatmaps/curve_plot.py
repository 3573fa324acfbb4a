"""What the plots of curves share: a still picture in the theme's colours, with a cursor that follows the pointer."""

import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QWidget

from engine.results import FloatArray
from gui import theme


class CurvePlot(pg.GraphicsLayoutWidget):  # type: ignore[misc]
    """It neither zooms nor pans, so the wheel scrolls the page. A subclass calls ``dress`` once everything is made.

    Put together from axes and view boxes: a PlotItem brings menus with it that outlive the window.
    """

    pointed = Signal(int)  # the point nearest to the pointer, −1: none

    def __init__(self, parent: QWidget, heights: tuple[int, int]) -> None:
        super().__init__(parent)
        self.setMinimumHeight(heights[0])
        self.setMaximumHeight(heights[1])
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(self.Shape.NoFrame)
        self.cursor_line = pg.InfiniteLine(angle=90, movable=False)
        self.cursor_line.hide()
        self._dressed = False

    def lay_out(self, axes: dict[str, pg.AxisItem], box: pg.ViewBox, spacing: int = 0) -> None:
        """``left``, ``bottom`` and ``right`` around ``box``, as far as they are there."""
        layout = self.ci
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(spacing)
        for side, row, column in (("left", 0, 0), ("bottom", 1, 1), ("right", 0, 2)):
            if side in axes:
                layout.addItem(axes[side], row, column)
                axes[side].enableAutoSIPrefix(False)
                axes[side].linkToView(box)
        layout.addItem(box, 0, 1)

    def dress(self) -> None:
        """In the theme's colours; a subclass adds its own."""
        self._dressed = True
        self.setBackground(theme.current().panel)
        self.cursor_line.setPen(pg.mkPen(theme.current().muted, style=Qt.PenStyle.DashLine))

    @staticmethod
    def dress_axis(axis: pg.AxisItem, colour: QColor) -> None:
        """Its numbers in ``colour``."""
        axis.setPen(pg.mkPen(theme.current().border))
        axis.setTextPen(pg.mkPen(colour))
        axis.setStyle(tickFont=theme.numbers_font(theme.CAPTION_PIXELS), tickLength=-4)

    @staticmethod
    def label_axis(axis: pg.AxisItem, words: str, colour: QColor) -> None:
        """What it measures."""
        axis.setLabel(words, color=colour.name(), **{"font-size": "11px"})

    @staticmethod
    def fit(box: pg.ViewBox, values: FloatArray) -> None:
        """All of ``values``, with a little room."""
        low, high = float(values.min()), float(values.max())
        room = max((high - low) * 0.08, abs(high) * 1e-6, 1e-12)
        box.setYRange(low - room, high + room, padding=0)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS and getattr(self, "_dressed", False):
            self.dress()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.cursor_line.hide()
        self.pointed.emit(-1)
