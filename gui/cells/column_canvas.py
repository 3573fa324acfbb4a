"""A text in columns, every character on the colour of its value: what is drawn, and where."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy, QWidget

from engine.cells import Alternatives
from engine.heatmaps.numerals import signed_figures
from engine.heatmaps.token_names import name_of
from engine.results import TokenizedText
from gui import theme
from gui.cells.column_layout import ColumnLayout, ColumnText
from gui.cells.column_painter import ColumnLook, ColumnPainter, column_pixels, guess_text, line_height, rects_of
from gui.cells.column_spans import Overlay, Spans
from gui.heatmaps.colours import colour_map

_RING = 2
MARGIN = 16 - _RING
_SCROLL_BAR = 12
_FEWEST_LINES = 3
_FEWEST_COLUMNS, _MOST_COLUMNS = 20, 100


class ColumnCanvas(QAbstractScrollArea):
    """Only the lines in sight are painted; other values for the same text are a repaint and nothing more."""

    scrolled = Signal()  # other lines are in sight

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Text coloured by a cell")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("role", "canvas")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._document = TokenizedText("", ())
        self._values: NDArray[np.floating] | None = None
        self._signed, self._limit = True, 1.0
        self._guesses: Alternatives | None = None
        self._look = ColumnLook(theme.current(), colour_map(theme.current(), signed=True))
        self._lay_out()

    # One way in

    def show_map(
        self,
        document: TokenizedText,
        values: NDArray[np.floating],
        signed: bool,
        limit: float,
        guesses: Alternatives | None = None,
    ) -> None:
        """A value per token, on a scale that ends at ``limit``; ``guesses`` go below each."""
        same = document is self._document or document == self._document
        if not same or guesses is not self._guesses:
            self._keep_place(document, guesses, same)
        self._values, self._signed, self._limit = values, signed, limit
        self._look.colours = colour_map(theme.current(), signed=signed)
        self._look.steps = self._look.colours.steps(values, limit)
        self._describe()
        self.viewport().update()

    def select_token(self, token: int) -> None:
        """Pin ``token`` (−1: none) and bring it into view; emits nothing."""
        if token == self._look.pinned or token >= len(self._document.tokens):
            return
        self._look.pinned = token
        if token >= 0 and self._text.first[token] >= 0:
            self._reveal(self._layout.line_of(int(self._text.first[token])))
        self._describe()
        self.viewport().update()

    def show_painted(self, spans: Spans) -> None:
        """Code points, in order."""
        self._look.overlay.painted = tuple((a + self._text.offset, b + self._text.offset) for a, b in spans)
        self.viewport().update()

    def show_hits(self, hits: Spans, current: int) -> None:
        """What was found, in order; the current one is brought into view."""
        overlay, offset = self._look.overlay, self._text.offset
        overlay.hits, overlay.hit = tuple((a + offset, b + offset) for a, b in hits), current
        if current >= 0:
            self._reveal(self._layout.line_of(overlay.hits[current][0]), middle=True)
        self.viewport().update()

    # What is shown

    def character_colours(self, start: int, end: int) -> tuple[list[QColor | None], list[QColor | None]]:
        """Behind each of these code points and of it; None where the cell says nothing."""
        tokens = self._text.token[start + self._text.offset : end + self._text.offset]
        if self._look.steps is None:
            return [None] * len(tokens), [None] * len(tokens)
        steps = np.where(tokens >= 0, self._look.steps[tokens], -1).tolist()
        colours = self._look.colours
        backs = [colours.colours[step] if step >= 0 else None for step in steps]
        return backs, [colours.texts[step] if step >= 0 else None for step in steps]

    def token_of(self, at: int) -> int:
        """Of a code point of the text; −1: none."""
        place = at + self._text.offset
        return int(self._text.token[place]) if 0 <= place < len(self._text.token) else -1

    @property
    def document(self) -> TokenizedText:
        return self._document

    @property
    def lines(self) -> int:
        return self._layout.line_count

    @property
    def selected_token(self) -> int:
        return self._look.pinned

    def tokens_in_sight(self) -> tuple[int, int]:
        """[first, one past the last)."""
        first = max((self.verticalScrollBar().value() - MARGIN) // self._height, 0)
        last = min((self.verticalScrollBar().value() + self.viewport().height()) // self._height + 1, self._layout.line_count)
        start, end = self._layout.starts[min(first, last)], self._layout.starts[last]
        here = self._text.token[start:end]
        here = here[here >= 0]
        return (int(here.min()), int(here.max()) + 1) if len(here) else (0, 0)

    def token_at(self, place: QPoint) -> int:
        """The token under a point of the viewport; −1 if there is none."""
        number = (place.y() - self._top()) // self._height
        if not 0 <= number < self._layout.line_count:
            return -1
        character = self._layout.character_at(number, (place.x() - MARGIN) / column_pixels())
        return -1 if character < 0 else int(self._text.token[character])

    def token_rects(self, token: int) -> list[QRectF]:
        """Where it is drawn, in the viewport's coordinates."""
        return [rect.translated(MARGIN, self._top()) for rect in rects_of(self._layout, token, self._height)]

    # How it is laid out

    def _on_other_text(self) -> None:
        """What was chosen in the one before is gone."""

    def _keep_place(self, document: TokenizedText, guesses: Alternatives | None, same: bool) -> None:
        """An edit further down than where one looks moves nothing; other rows below keep the first line in sight."""
        bar = self.verticalScrollBar()
        line = min(bar.value() // self._height, max(self._layout.line_count - 1, 0))
        top, within, height = int(self._layout.starts[line]) - self._text.offset, bar.value() % self._height, self._height
        kept = same or (top >= 0 and document.text[:top] == self._document.text[:top])
        pinned = self._look.pinned
        stays = same or (pinned >= 0 and document.tokens[: pinned + 1] == self._document.tokens[: pinned + 1])
        self._document, self._guesses = document, guesses
        if not same:
            self._look.overlay = Overlay()
            self._on_other_text()
        self._look.hovered, self._look.pinned = -1, pinned if stays else -1
        self._lay_out()
        if kept and line > 0:
            within = within if height == self._height else 0
            bar.setValue(self._layout.line_of(top + self._text.offset) * self._height + within)
        if same and stays and pinned >= 0 and self._text.first[pinned] >= 0:  # rows come or go below
            self._reveal(self._layout.line_of(int(self._text.first[pinned])))

    def _lay_out(self) -> None:
        guesses, tokens = self._guesses, self._document.tokens
        room = None
        self._look.guesses = guesses
        self._look.came_true = np.zeros(0, dtype=np.intp)
        if guesses is not None and len(guesses.text):
            room = np.array([max((len(guess_text(word)) for word in row), default=1) for row in guesses.text], dtype=np.intp)
            room[room > 1] += 1  # words need a space between them
            following = [*(token.piece for token in tokens[1:]), None]
            true = [row.index(after) if after in row else -1 for row, after in zip(guesses.text, following, strict=True)]
            self._look.came_true = np.array(true, dtype=np.intp)
        self._height = line_height(guesses.probability.shape[1] if guesses is not None else 0)
        self._text = ColumnText(self._document, room)
        self._layout = ColumnLayout(self._text, self._columns())
        self._set_range()

    def _columns(self) -> int:
        wide = int((self.width() - 2 * (MARGIN + _RING) - _SCROLL_BAR) / column_pixels())
        return max(min(wide, _MOST_COLUMNS), _FEWEST_COLUMNS)

    def _set_range(self) -> None:
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self._layout.line_count * self._height + 2 * MARGIN - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self._height)

    def _top(self) -> int:
        return MARGIN - self.verticalScrollBar().value()

    def _reveal(self, number: int, *, middle: bool = False) -> None:
        """``middle``: where it is out of sight, it comes to the middle."""
        bar, top = self.verticalScrollBar(), number * self._height + MARGIN
        room = self.viewport().height()
        if middle:
            if top - MARGIN < bar.value() or top + self._height + MARGIN > bar.value() + room:
                bar.setValue(top - (room - self._height) // 2)
        elif top - MARGIN < bar.value() or self._height + MARGIN > self.viewport().height():
            bar.setValue(top - MARGIN)
        elif top + self._height + MARGIN > bar.value() + self.viewport().height():
            bar.setValue(top + self._height + MARGIN - self.viewport().height())

    def _describe(self) -> None:
        pinned = self._look.pinned
        if pinned < 0 or self._values is None:
            self.setAccessibleDescription(self._document.text[:2000])
            return
        token = self._document.tokens[pinned]
        self.setAccessibleDescription(f"{name_of(token)}, {signed_figures(float(self._values[pinned]))}")

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(480, 160)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, max(self._height, _FEWEST_LINES * line_height(0)) + MARGIN + 2 * _RING)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._columns() != self._layout.width:
            bar = self.verticalScrollBar()
            line = min(bar.value() // self._height, max(self._layout.line_count - 1, 0))
            top = int(self._layout.starts[line])
            self._layout = ColumnLayout(self._text, self._columns())
            self._set_range()
            if line:
                bar.setValue(self._layout.line_of(top) * self._height)
        self._set_range()
        self.scrolled.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), theme.current().panel)
        offset = self._top()
        first, last = (event.rect().top() - offset) // self._height, (event.rect().bottom() - offset) // self._height + 1
        painter.translate(MARGIN, offset)
        ColumnPainter(painter, self._layout, self._look).draw(first - 1, last + 1)
        painter.end()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Move what is painted; only what comes into sight is painted anew."""
        self.viewport().scroll(dx, dy)
        self.scrolled.emit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS and hasattr(self, "_look"):
            self._look.theme = theme.current()
            self._look.colours = colour_map(theme.current(), signed=self._signed)
            self.viewport().update()
