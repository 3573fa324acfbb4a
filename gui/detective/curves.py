"""ROC and class histograms of one unit, on held-out text."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from engine.detective import UnitScore
from engine.results import FloatArray
from gui import theme
from gui.cells.words import NAMES

PLOT_PIXELS = 112
LEGEND_PIXELS = 16
BINS = 64
_SHADE = 60  # of 255


class _Plot(pg.GraphicsLayoutWidget):  # type: ignore[misc]
    """It neither zooms nor pans, so the wheel scrolls the page; without menus."""

    def __init__(self, name: str, titles: tuple[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setMinimumHeight(PLOT_PIXELS)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(self.Shape.NoFrame)
        self.titles = list(titles)  # left, bottom
        self._axes = {side: pg.AxisItem(side) for side in ("left", "bottom")}
        self._box = pg.ViewBox(enableMenu=False, enableMouse=False)
        self.ci.setContentsMargins(0, 4, 8, 0)
        self.ci.setSpacing(0)
        for side, row, column in (("left", 0, 0), ("bottom", 1, 1)):
            self.ci.addItem(self._axes[side], row, column)
            self._axes[side].enableAutoSIPrefix(False)
            self._axes[side].linkToView(self._box)
        self.ci.addItem(self._box, 0, 1)
        self._axes["bottom"].setHeight(34)
        self._axes["left"].setWidth(44)

    def _line(self, *data: object, **how: object) -> pg.PlotCurveItem:
        item = pg.PlotCurveItem(*data, antialias=True, **how)
        self._box.addItem(item, ignoreBounds=True)
        return item

    def dress(self) -> None:
        look = theme.current()
        self.setBackground(look.panel)
        for side, words in zip(("left", "bottom"), self.titles, strict=True):
            axis = self._axes[side]
            axis.setPen(pg.mkPen(look.border))
            axis.setTextPen(pg.mkPen(look.muted))
            axis.setStyle(tickFont=theme.numbers_font(theme.CAPTION_PIXELS), tickLength=-4)
            axis.setLabel(words, color=look.muted.name(), **{"font-size": "11px"})

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS and hasattr(self, "_ready"):
            self.dress()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class RocCurve(_Plot):
    """How many matches are found, for how many false alarms."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("detectRoc", ("matches found", "false alarms"), parent)
        self.setAccessibleName("ROC curve")
        self._coin, self._curve = self._line(), self._line()
        self._coin.setData([0, 1], [0, 1])
        self._box.setRange(xRange=(0, 1), yRange=(0, 1), padding=0.02)
        for axis in self._axes.values():
            axis.setTicks([[(at, f"{at:g}") for at in (0, 0.5, 1)]])
        self._ready = True
        self.dress()

    def show_unit(self, unit: UnitScore) -> None:
        if unit.evidence is not None:
            self._curve.setData(unit.evidence.false_positive_rate, unit.evidence.true_positive_rate)

    def dress(self) -> None:
        super().dress()
        self._coin.setPen(pg.mkPen(theme.current().muted, style=Qt.PenStyle.DashLine))
        self._curve.setPen(pg.mkPen(theme.current().accent, width=2))


class ClassHistograms(_Plot):
    """What the unit does where the hypothesis holds, and elsewhere; each adds up to one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("detectHistograms", ("share", "activation"), parent)
        self.setAccessibleName("Histograms of both classes")
        self._negative, self._positive = (self._line([0, 1], [0], stepMode="center", fillLevel=0) for _ in range(2))
        self._threshold = pg.InfiniteLine(angle=90, movable=False)
        self.counts = 0, 0  # positions where it holds, and elsewhere
        self._box.addItem(self._threshold, ignoreBounds=True)
        self._ready = True
        self.dress()

    def show_unit(self, unit: UnitScore) -> None:
        found = unit.evidence
        if found is None:
            return
        edges, both = binned(found.edges, np.stack((found.positive, found.negative)))
        shares = both / np.maximum(1, both.sum(axis=1, keepdims=True))
        self.counts = int(found.positive.sum()), int(found.negative.sum())
        self._positive.setData(edges, shares[0])
        self._negative.setData(edges, shares[1])
        self._threshold.setPos(unit.threshold)
        self._box.setRange(xRange=(edges[0], edges[-1]), yRange=(0, float(shares.max()) * 1.05 or 1.0), padding=0)
        self.titles[1] = NAMES[unit.quantity][1]
        self.dress()

    def dress(self) -> None:
        super().dress()
        look = theme.current()
        for item, colour in ((self._positive, look.accent), (self._negative, look.muted)):
            item.setPen(pg.mkPen(colour, width=1.5))
            item.setBrush(pg.mkBrush(_shade(colour)))
        self._threshold.setPen(pg.mkPen(look.text, style=Qt.PenStyle.DashLine))


class ClassLegend(QWidget):
    """Which histogram is which, over how many positions, and what the dashed line is; what does not fit is left out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("detectLegend")
        self.setFixedHeight(LEGEND_PIXELS)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.words = ("holds", "elsewhere", "threshold")

    def sizeHint(self) -> QSize:
        return QSize(160, LEGEND_PIXELS)

    def show_counts(self, positive: int, negative: int) -> None:
        self.words = (f"holds ({positive:,})", f"elsewhere ({negative:,})", "threshold")
        self.setAccessibleName(", ".join(self.words))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter, x = theme.current(), QPainter(self), 0.0
        font = theme.ui_font(theme.CAPTION_PIXELS)
        painter.setFont(font)
        for words, colour in zip(self.words, (look.accent, look.muted, look.text), strict=True):
            width = QFontMetricsF(font).horizontalAdvance(words)
            if x + 14 + width > self.width():
                break
            if words == "threshold":
                painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
                painter.drawLine(QPointF(x + 4.5, 2), QPointF(x + 4.5, 14))
            else:
                painter.setPen(QPen(colour, 1.5))
                painter.setBrush(_shade(colour))
                painter.drawRect(QRectF(x + 0.75, 3.75, 8.5, 8.5))
            painter.setPen(look.muted)
            painter.drawText(QRectF(x + 14, 0, width + 2, LEGEND_PIXELS), int(Qt.AlignmentFlag.AlignVCenter), words)
            x += 14 + width + 12
        painter.end()


class CurvesPage(QWidget):
    """Both histograms with their legend, and the ROC beside them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.histograms, self.roc, self.legend = ClassHistograms(), RocCurve(), ClassLegend()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 4, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        grid.addWidget(self.legend, 0, 0, 1, 2)
        grid.addWidget(self.histograms, 1, 0)
        grid.addWidget(self.roc, 1, 1)
        grid.setColumnStretch(0, 4)
        grid.setColumnStretch(1, 3)
        grid.setRowStretch(1, 1)

    def show_unit(self, unit: UnitScore) -> None:
        self.histograms.show_unit(unit)
        self.roc.show_unit(unit)
        self.legend.show_counts(*self.histograms.counts)


def _shade(colour: QColor) -> QColor:
    shade = QColor(colour)
    shade.setAlpha(_SHADE)
    return shade


def binned(edges: FloatArray, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Levels that hold anything, in at most 64 bins: (bins + 1,), (classes, bins)."""
    used = np.flatnonzero(counts.sum(axis=0))
    first, last = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, counts.shape[1])
    starts = np.unique(np.linspace(first, last, min(BINS, last - first) + 1).astype(int))
    summed = np.add.reduceat(counts[:, :last], starts[:-1], axis=1)
    return np.asarray(edges)[starts], summed
