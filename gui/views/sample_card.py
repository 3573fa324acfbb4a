"""A sample on the welcome page: its name, and the sentence it reads, coloured as its map will be."""

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QSizePolicy, QVBoxLayout, QWidget

from engine.heatmaps.numerals import whole_percent
from engine.samples import Preview, Sample
from gui import theme
from gui.controls.rows import caption_label, section_label
from gui.heatmaps.colours import colour_map, limit_of

PICTURE_LINES = 3
CARD_PIXELS = 196
ERRORS_SHOWN = (  # of reviews.csv, as Movie sentiment answers
    ("A triumph of marketing.", "positive"),
    ("I used to love these people.", "positive"),
    ("Terrible news for anyone who planned on hating it.", "negative"),
)


class Card(QFrame):
    """A picture, a title, a sentence. One click, Enter or Space opens it."""

    chosen = Signal(str)  # its name

    def __init__(self, name: str, picture: QWidget, title: str, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.setObjectName(f"sample_{name}")
        self.setAccessibleName(f"Open the sample {title}")
        self.setAccessibleDescription(words)
        self.setProperty("role", "card")
        self.setProperty("clickable", "true")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(CARD_PIXELS)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        column.addWidget(picture)
        column.addWidget(section_label(title))
        column.addWidget(caption_label(words))
        column.addStretch()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click inside."""
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.chosen.emit(self._name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """As a button."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self._name)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The frame, and the ring when it has the focus."""
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            theme.paint_focus_ring(painter, QRectF(self.rect()))

    def event(self, event: QEvent) -> bool:
        """Focus changes the ring."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().event(event)


class SampleCard(Card):
    """A model, by what its first example's map will look like."""

    def __init__(self, sample: Sample, parent: QWidget | None = None) -> None:
        title = sample.title if sample.preview is None else f"{sample.title}: {_says(sample.preview)}"
        super().__init__(sample.name, _picture_of(sample), title, sample.description, parent)
        self.setAccessibleName(f"Open the sample {sample.title}")


class DataCard(Card):
    """A whole data set, by some of the errors that will be found in it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        words = "518 reviews, and what Movie sentiment says of each: step through its errors, the reason already drawn."
        super().__init__("reviews", _Errors(), "A whole data set: film reviews with labels", words, parent)


def _says(preview: Preview) -> str:
    return preview.says if preview.probability is None else f"“{preview.says}”, {whole_percent(preview.probability)}"


def _picture_of(sample: Sample) -> QWidget:
    paths = tuple(example.image for example in sample.examples if example.image is not None)
    return _Pictures(paths) if paths else _Sentence(sample)


class _Pictures(QWidget):
    """The first of them, side by side."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._images = [QImage(path) for path in paths[:PICTURE_LINES]]

    def sizeHint(self) -> QSize:
        """As high as the maps beside it."""
        return QSize(240, round(theme.READING_PIXELS * 2) * PICTURE_LINES)

    def minimumSizeHint(self) -> QSize:
        """Never squeezed."""
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """As many as fit."""
        painter, left, high = QPainter(self), 0, self.height()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for image in self._images:
            wide = round(high * image.width() / max(image.height(), 1))
            if left + wide > self.width():
                break
            painter.drawImage(QRectF(left, 0, wide, high), image)
            left += wide + 8
        painter.end()


class _Errors(QWidget):
    """A few rows: the text, and the wrong answer after the sign of an error."""

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def sizeHint(self) -> QSize:
        """As high as the maps beside it."""
        return QSize(240, round(theme.READING_PIXELS * 2) * PICTURE_LINES)

    def minimumSizeHint(self) -> QSize:
        """Never squeezed."""
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """One a line."""
        look, painter, height = theme.current(), QPainter(self), self.sizeHint().height() // PICTURE_LINES
        metrics = QFontMetricsF(theme.ui_font())
        answers = max(metrics.horizontalAdvance(f"✗ {answer}") for _, answer in ERRORS_SHOWN)
        painter.setFont(theme.ui_font())
        for at, (text, answer) in enumerate(ERRORS_SHOWN):
            row = QRectF(0, at * height, self.width(), height - 1)
            middle = int(Qt.AlignmentFlag.AlignVCenter)
            painter.setPen(look.text)
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, self.width() - answers - 16)
            painter.drawText(row, middle, shown)
            painter.setPen(look.error)
            painter.drawText(row.adjusted(self.width() - answers - 2, 0, 0, 0), middle, f"✗ {answer}")
            painter.setPen(look.border)
            painter.drawLine(row.bottomLeft(), row.bottomRight())
        painter.end()


class _Sentence(QWidget):
    """The first example cut at its blanks, each word in a cell of its preview's colour; outlined where there is none."""

    def __init__(self, sample: Sample) -> None:
        super().__init__()
        self._words = (sample.examples[0].text if sample.examples else sample.title).split()
        self._values = np.array(sample.preview.words if sample.preview else ())
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._font = theme.reading_font()

    def sizeHint(self) -> QSize:
        """Three lines."""
        return QSize(240, self._line_height() * PICTURE_LINES)

    def minimumSizeHint(self) -> QSize:
        """Never squeezed."""
        return QSize(160, self._line_height() * PICTURE_LINES)

    def _line_height(self) -> int:
        return round(theme.READING_PIXELS * 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """As many words as three lines hold."""
        colours, metrics = theme.current(), QFontMetricsF(self._font)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._font)
        looks = self._looks(colours)
        for i, (cell, word) in enumerate(self._cells(metrics)):
            brush, ink = looks[i] if i < len(looks) and word != "…" else (QBrush(colours.window), colours.text)
            painter.setPen(Qt.PenStyle.NoPen if looks else QPen(colours.border, 1))
            painter.setBrush(brush)
            painter.drawRoundedRect(cell, theme.CELL_RADIUS, theme.CELL_RADIUS)
            painter.setPen(ink)
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, word)

    def _looks(self, colours: theme.Theme) -> list[tuple[QBrush, QColor]]:
        """Cell and text colour of each word, on the scale that its map will have."""
        map_ = colour_map(colours, signed=True)
        steps: list[int] = map_.steps(self._values, limit_of(self._values)).tolist() if len(self._values) else []
        return [(map_.brushes[step], map_.texts[step]) for step in steps]

    def _cells(self, metrics: QFontMetricsF) -> list[tuple[QRectF, str]]:
        place = QPointF(0.5, 0.5)
        cells: list[tuple[QRectF, str]] = []
        height = metrics.height() + 2
        for word in self._words:
            width = metrics.horizontalAdvance(word) + 8
            if place.x() + width > self.width() and place.x() > 1:
                place = QPointF(0.5, place.y() + self._line_height())
            if place.y() + height > self.height():
                last, _ = cells[-1]
                cells[-1] = (
                    QRectF(last.topLeft(), QPointF(last.left() + metrics.horizontalAdvance("…") + 8, last.bottom())),
                    "…",
                )
                break
            cells.append((QRectF(place.x(), place.y(), min(width, self.width() - 1), height), word))
            place.setX(place.x() + width + 4)
        return cells
