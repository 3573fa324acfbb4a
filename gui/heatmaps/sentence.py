"""A map small: the first lines of the text on its colours, for cards."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QLinearGradient, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.heatmaps.cells import cells_of
from engine.heatmaps.colours import limit_of
from engine.heatmaps.wording import token_values
from engine.results import AttributionResult
from gui import theme
from gui.heatmaps.colours import colour_map
from gui.heatmaps.text_layout import TextLayout
from gui.heatmaps.text_painter import Look, TextPainter

LINES, LINES_OF_A_PAIR = 3, 4  # two of a pair are the names of its texts


class MapSentence(QWidget):
    """As high as it needs to be, up to a few lines; what does not fit fades."""

    def __init__(self, result: AttributionResult, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        document = result.prediction.text
        self._signed = result.signed
        self._most = LINES if document.pair is None else LINES_OF_A_PAIR
        cells = cells_of(document)
        self._values = cells.sums(token_values(result))
        self._layout = TextLayout(document, cells, theme.READING_PIXELS - 1)
        self._layout.wrap(600)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(480, self._shown_lines() * self._layout.line_height)

    def _shown_lines(self) -> int:
        return min(self._most, max(1, self._layout.line_count))

    def _fit(self) -> None:
        self.setFixedHeight(self._shown_lines() * self._layout.line_height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width, other lines."""
        super().resizeEvent(event)
        self._layout.wrap(max(120, self.width()))
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme.current()
        colours = colour_map(look, signed=self._signed)
        painted = Look(look, colours, colours.steps(self._values, limit_of(self._values)))
        painter = QPainter(self)
        TextPainter(painter, self._layout, painted).draw(0, self._shown_lines())
        painter.end()
        if self._layout.line_count > self._most:
            self._fade()

    def _fade(self) -> None:
        """Over the end of the last line: there is more."""
        painter = QPainter(self)
        height = self._layout.line_height
        last = QRectF(self.width() / 2, self.height() - height, self.width() / 2, height)
        ground = theme.current().panel
        fading = QLinearGradient(QPointF(last.left(), 0), QPointF(last.right(), 0))
        clear = ground.toRgb()
        clear.setAlpha(0)
        fading.setColorAt(0, clear)
        fading.setColorAt(1, ground)
        painter.fillRect(last, fading)
        painter.end()
