"""A text in columns, every character on the colour of its value: for models of characters, and for code."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy, QWidget

from engine.cells import Alternatives
from engine.heatmaps.numerals import signed_figures
from engine.heatmaps.token_names import name_of
from engine.results import TokenizedText
from gui import theme
from gui.cells.column_layout import ColumnLayout, ColumnText
from gui.cells.column_painter import ColumnLook, ColumnPainter, column_pixels, guess_text, line_height, rects_of
from gui.cells.column_spans import Overlay, Span, Spans, covers
from gui.heatmaps.colours import colour_map

_RING = 2
_MARGIN = 16 - _RING
_SCROLL_BAR = 12
_FEWEST_LINES = 3
_FEWEST_COLUMNS, _MOST_COLUMNS = 20, 100
SCROLL_MS = 40  # while something is dragged beyond the edge
_MOVES = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)


class ColumnHeatmap(QAbstractScrollArea):
    """Only the lines in sight are painted; other values for the same text are a repaint and nothing more."""

    token_hovered = Signal(int)  # −1: none
    token_selected = Signal(int)  # −1: none
    scrolled = Signal()  # other lines are in sight
    selection_changed = Signal()
    stroke_made = Signal(int, int, bool)  # code points [start, end) were painted, or wiped out

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Text coloured by a cell")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("role", "canvas")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().setMouseTracking(True)
        self._document = TokenizedText("", ())
        self._values: NDArray[np.floating] | None = None
        self._signed, self._limit = True, 1.0
        self._guesses: Alternatives | None = None
        self.painting = False  # dragging paints rather than selects
        self._anchor = self._caret = self._pressed = -1  # tokens
        self._dragged, self._stroke_on = False, True
        self._pointer = QPoint()
        self._scroller = QTimer(self)
        self._scroller.setInterval(SCROLL_MS)
        self._scroller.timeout.connect(self._on_scroll)
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

    @property
    def selected_token(self) -> int:
        return self._look.pinned

    @property
    def selection(self) -> Span | None:
        """Code points [start, end) of the text; None: nothing is selected."""
        chosen = self._look.overlay.selected
        return None if chosen is None else self._typed(chosen)

    def select_span(self, start: int, end: int) -> None:
        """Code points of the text, and bring them into view; emits nothing."""
        self._look.overlay.selected = start + self._text.offset, end + self._text.offset
        held = self._text.token[start + self._text.offset : end + self._text.offset]
        held = held[held >= 0]
        self._anchor, self._caret = (int(held[0]), int(held[-1])) if len(held) else (-1, -1)
        self._reveal(self._layout.line_of(start + self._text.offset), middle=True)
        self.viewport().update()

    def clear_selection(self) -> None:
        """Emits nothing."""
        self._look.overlay.selected, self._anchor, self._caret = None, -1, -1
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

    def tokens_in_sight(self) -> tuple[int, int]:
        """[first, one past the last)."""
        first = max((self.verticalScrollBar().value() - _MARGIN) // self._height, 0)
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
        character = self._layout.character_at(number, (place.x() - _MARGIN) / column_pixels())
        return -1 if character < 0 else int(self._text.token[character])

    def token_rects(self, token: int) -> list[QRectF]:
        """Where it is drawn, in the viewport's coordinates."""
        return [rect.translated(_MARGIN, self._top()) for rect in rects_of(self._layout, token, self._height)]

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
            self._anchor = self._caret = self._pressed = -1
            self.selection_changed.emit()
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
        wide = int((self.width() - 2 * (_MARGIN + _RING) - _SCROLL_BAR) / column_pixels())
        return max(min(wide, _MOST_COLUMNS), _FEWEST_COLUMNS)

    def _set_range(self) -> None:
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self._layout.line_count * self._height + 2 * _MARGIN - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self._height)

    def _top(self) -> int:
        return _MARGIN - self.verticalScrollBar().value()

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(480, 160)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, max(self._height, _FEWEST_LINES * line_height(0)) + _MARGIN + 2 * _RING)

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
        painter.translate(_MARGIN, offset)
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

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position().toPoint()
        if self._pressed < 0:
            self._hover(self.token_at(self._pointer))
            return
        self._drag_to(self._nearest(self._pointer))
        beyond = not 0 <= self._pointer.y() < self.viewport().height()
        if beyond and not self._scroller.isActive():
            self._scroller.start()
        elif not beyond:
            self._scroller.stop()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        token, extend = self._nearest(event.position().toPoint()), event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if token < 0:
            return
        self._pressed, self._dragged = token, False
        if self.painting:
            self._stroke_on = not covers(self._look.overlay.painted, int(self._text.first[token]))
            self._extend(token, token)
        elif extend and (self._anchor >= 0 or self._look.pinned >= 0):
            self._dragged = True
            self._extend(self._anchor if self._anchor >= 0 else self._look.pinned, token)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A stretch, or where nothing was dragged a token."""
        pressed, self._pressed = self._pressed, -1
        self._scroller.stop()
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if self.painting and pressed >= 0:
            chosen = self.selection
            self._drop_selection()
            if chosen is not None:
                self.stroke_made.emit(*chosen, self._stroke_on)
        elif pressed < 0 or not self._dragged:
            self._drop_selection()
            token = self.token_at(event.position().toPoint())
            self._select(-1 if token == self._look.pinned else token)

    def _nearest(self, place: QPoint) -> int:
        """The token under a point, or the last before it on its line; −1 where the line has none."""
        number = min(max((place.y() - self._top()) // self._height, 0), self._layout.line_count - 1)
        start, end = self._layout.line(number)
        columns = self._text.right[start:end] - self._text.right[start]
        upto = int(np.searchsorted(columns, (place.x() - _MARGIN) / column_pixels(), "right"))
        held = self._text.token[start:end]
        before = np.flatnonzero(held[: max(upto, 1)] >= 0)
        after = np.flatnonzero(held >= 0)
        return int(held[before[-1]]) if len(before) else int(held[after[0]]) if len(after) else -1

    def _drag_to(self, token: int) -> None:
        if token >= 0 and (token != self._pressed or self._dragged):
            self._dragged = True
            self._extend(self._anchor if self._anchor >= 0 else self._pressed, token)

    def _extend(self, anchor: int, caret: int) -> None:
        """Select from one token to another, both included."""
        self._anchor, self._caret = anchor, caret
        first, last = sorted((anchor, caret))
        tokens = self._document.tokens
        if tokens[first].end <= tokens[first].start and first < last:  # words at the ends are no text
            first += 1
        chosen = int(self._text.first[first]), int(self._text.last[last]) + 1
        if chosen != self._look.overlay.selected and chosen[0] >= 0:
            self._look.overlay.selected = chosen
            self.viewport().update()
            self.selection_changed.emit()

    def _drop_selection(self) -> None:
        if self._look.overlay.selected is not None:
            self.clear_selection()
            self.selection_changed.emit()

    def _typed(self, span: Span) -> Span:
        """Of the text as typed."""
        length = len(self._document.text)
        start, end = (min(max(at - self._text.offset, 0), length) for at in span)
        return start, end

    @Slot()
    def _on_scroll(self) -> None:
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + (self._height if self._pointer.y() >= self.viewport().height() else -self._height))
        self._drag_to(self._nearest(self._pointer))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            chosen = self.selection or (0, len(self._document.text))
            QGuiApplication.clipboard().setText(self._document.text[slice(*chosen)])
        elif event.key() == Qt.Key.Key_Escape and self._look.overlay.selected is not None:
            self._drop_selection()
        elif event.key() == Qt.Key.Key_Escape and self._look.pinned >= 0:
            self._select(-1)
        elif event.key() in _MOVES and len(self._document.tokens):
            everything = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._extend_by(Qt.Key(event.key()), everything)
            else:
                self._drop_selection()
                self._select(self._moved(self._look.pinned, Qt.Key(event.key()), everything))
        else:
            super().keyPressEvent(event)

    def _extend_by(self, key: Qt.Key, everything: bool) -> None:
        """The first press takes the token that is pinned, or the first in sight; each further one goes on from there."""
        if self._look.overlay.selected is None:
            start = self._look.pinned if self._look.pinned >= 0 else self.tokens_in_sight()[0]
            self._anchor = self._caret = start
            self._extend(start, start)
            if key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and not everything:
                return
        self._extend(self._anchor, self._moved(self._caret, key, everything))
        if self._text.first[self._caret] >= 0:
            self._reveal(self._layout.line_of(int(self._text.first[self._caret])))

    def _moved(self, pinned: int, key: Qt.Key, everything: bool) -> int:
        last = len(self._document.tokens) - 1
        if pinned < 0:
            return self.tokens_in_sight()[0] if key not in (Qt.Key.Key_End, Qt.Key.Key_Up) else last
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            return min(max(pinned + (1 if key == Qt.Key.Key_Right else -1), 0), last)
        if everything and key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            return 0 if key == Qt.Key.Key_Home else last
        character = max(int(self._text.first[pinned]), 0)
        number = self._layout.line_of(character)
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            column, step = self._layout.column_of(character), 1 if key == Qt.Key.Key_Down else -1
            return self._on_next_line(number, column, step, pinned)
        here = [token for token in self._text.token[slice(*self._layout.line(number))].tolist() if token >= 0]
        return int(here[0] if key == Qt.Key.Key_Home else here[-1])

    def _on_next_line(self, number: int, column: int, step: int, otherwise: int) -> int:
        number += step
        while 0 <= number < self._layout.line_count:
            start, end = self._layout.line(number)
            held = np.flatnonzero(self._text.token[start:end] >= 0)
            if len(held):
                columns = self._text.right[start + held] - self._text.right[start]
                nearest = int(held[np.abs(columns - column).argmin()])
                return int(self._text.token[start + nearest])
            number += step
        return otherwise

    def _select(self, token: int) -> None:
        if token != self._look.pinned:
            self.select_token(token)
            self.token_selected.emit(token)

    def _hover(self, token: int) -> None:
        if token == self._look.hovered:
            return
        before, self._look.hovered = self._look.hovered, token
        for each in (before, token):
            if each >= 0:
                for rect in self.token_rects(each):
                    self.viewport().update(rect.adjusted(-4, -4, 4, 4).toAlignedRect())
        self.token_hovered.emit(token)

    def _reveal(self, number: int, *, middle: bool = False) -> None:
        """``middle``: where it is out of sight, it comes to the middle."""
        bar, top = self.verticalScrollBar(), number * self._height + _MARGIN
        room = self.viewport().height()
        if middle:
            if top - _MARGIN < bar.value() or top + self._height + _MARGIN > bar.value() + room:
                bar.setValue(top - (room - self._height) // 2)
        elif top - _MARGIN < bar.value() or self._height + _MARGIN > self.viewport().height():
            bar.setValue(top - _MARGIN)
        elif top + self._height + _MARGIN > bar.value() + self.viewport().height():
            bar.setValue(top + self._height + _MARGIN - self.viewport().height())

    def _describe(self) -> None:
        pinned = self._look.pinned
        if pinned < 0 or self._values is None:
            self.setAccessibleDescription(self._document.text[:2000])
            return
        token = self._document.tokens[pinned]
        self.setAccessibleDescription(f"{name_of(token)}, {signed_figures(float(self._values[pinned]))}")
