"""The sentence as typed, every token on the colour of its value."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy, QWidget

from engine.heatmaps.cells import Cells, cells_of
from engine.heatmaps.numerals import signed_figures
from engine.heatmaps.token_names import name_of
from engine.results import TokenizedText
from gui import theme
from gui.heatmaps.colours import colour_map, limit_of
from gui.heatmaps.text_layout import TextLayout
from gui.heatmaps.text_painter import Hits, Look, TextPainter

MEASURE = 720  # px, the longest line that reads well
_RING = 2  # px, around the viewport
_MARGIN = 16 - _RING
_SCROLL_BAR = 12  # reserved, so that its coming does not break lines anew
_FEWEST_LINES, _LINES_OF_A_LONG_TEXT = 3, 3
_DRAG_PX = 4
Caret = tuple[int, int]  # segment, code point


class TextHeatmap(QAbstractScrollArea):
    """Paints only the lines in sight; a new map over the same text is a repaint and nothing more."""

    token_hovered = Signal(int)  # −1: none
    token_selected = Signal(int)  # −1: none
    selection_changed = Signal()  # of characters

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Text heatmap")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("role", "canvas")  # the focus ring lies around the viewport, which scrolls by itself
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # so that scrolling moves pixels
        self.viewport().setMouseTracking(True)
        self.viewport().setCursor(Qt.CursorShape.IBeamCursor)
        self._document = TokenizedText("", ())
        self._values: NDArray[np.floating] | None = None
        self._cell_values: NDArray[np.float64] | None = None
        self._limit = self._own_limit = 0.0
        self._signed = True
        self._fewest_lines = _FEWEST_LINES
        self._outlines = True
        self._selected = -1
        self._anchor: Caret | None = None
        self._caret: Caret | None = None
        self._pressed_at: QPoint | None = None
        self._relayout()

    # One way in

    def show_text(self, document: TokenizedText) -> None:
        """The text alone: nothing is computed for it yet."""
        self._show(document, None, True, None)

    def show_map(self, document: TokenizedText, values: NDArray[np.floating], signed: bool, limit: float | None = None) -> None:
        """A value per token. ``limit`` ends the colour scale; None: the largest magnitude of what is drawn."""
        self._show(document, values, signed, limit)

    def recolour(self, values: NDArray[np.floating], limit: float | None = None) -> None:
        """New values for the text that is shown; nothing moves."""
        if len(values) != len(self._document.tokens):
            raise ValueError(f"{len(values)} values for {len(self._document.tokens)} tokens")
        self._values = values
        self._cell_values = self._cells.sums(values)
        self._own_limit = limit_of(self._cell_values)
        self._limit = self._own_limit if limit is None else limit
        self._look.steps = self._look.colours.steps(self._cell_values, self._limit)
        self._describe()
        self.viewport().update()

    def set_limit(self, limit: float) -> None:
        """End the colour scale there, so that maps can be compared."""
        if self._cell_values is not None and limit != self._limit:
            self._limit = limit
            self._look.steps = self._look.colours.steps(self._cell_values, limit)
            self.viewport().update()

    def set_outlines(self, shown: bool) -> None:
        """Whether cells that touch are framed as one word: so they are where a cell is a piece of one."""
        self._outlines = self._look.outlines = shown

    def set_fewest_lines(self, lines: int) -> None:
        """The room that is kept even for a shorter text."""
        if lines != self._fewest_lines:
            self._fewest_lines = lines
            self.updateGeometry()

    def show_hits(self, hits: Hits, current: int) -> None:
        """Underline what was found and frame the ``current`` hit (−1: none), which comes into view."""
        self._look.hits, self._look.hit = hits, current
        if 0 <= current < len(hits):
            segment, start, _ = hits[current]
            self._reveal(self._layout.line_at(segment, start))
        self.viewport().update()

    def show_edits(self, removed: Iterable[int], added: Iterable[int]) -> None:
        """Tokens of what is not there any more are struck through, those of what is new are framed; until the next text."""
        self._look.struck = frozenset(self._cell_of(token) for token in removed)
        self._look.added = frozenset(self._cell_of(token) for token in added)
        self.viewport().update()

    def select_token(self, token: int) -> None:
        """Pin ``token`` (−1: none) and bring it into view; emits nothing."""
        if token == self._selected or token >= len(self._document.tokens):
            return
        self._selected = token
        self._look.pinned = self._cell_of(token)
        if token >= 0:
            self._reveal(self._layout.line_of(self._look.pinned))
        self._describe()
        self.viewport().update()

    # What is shown

    @property
    def limit(self) -> float:
        """The end of the colour scale."""
        return self._limit

    @property
    def own_limit(self) -> float:
        """The largest magnitude of what is drawn."""
        return self._own_limit

    @property
    def selected_token(self) -> int:
        return self._selected

    @property
    def searched(self) -> tuple[str, str]:
        """The texts that can be searched, as typed."""
        return self._layout.texts

    def value_of(self, token: int) -> float | None:
        """What its cell is painted with."""
        return None if self._cell_values is None else float(self._cell_values[self._cells.of_token[token]])

    def together_in_words(self, token: int) -> str:
        """Of a token that shares its characters with others: that they are drawn as one."""
        together = self._cells.tokens_of(int(self._cells.of_token[token]))
        if len(together) == 1:
            return ""
        place = int(np.searchsorted(together, token)) + 1
        return f" · part {place} of {len(together)} of one character, drawn with their sum"

    @property
    def cells(self) -> Cells:
        return self._cells

    @property
    def cell_values(self) -> NDArray[np.float64] | None:
        """(cells,) what is painted; None while nothing is computed."""
        return self._cell_values

    @property
    def selection(self) -> tuple[int, int] | None:
        """Code points [start, end) of the first text that are marked."""
        marked = self._look.marked
        return None if marked is None or marked[0] != 0 else marked[1:]

    def selected_text(self) -> str:
        """What is marked; everything when nothing is."""
        if self._look.marked is None:
            return "\n".join(text for text in (self._document.text, self._document.pair) if text is not None)
        segment, start, end = self._look.marked
        return self._layout.texts[segment][start:end]

    def token_rects(self, token: int) -> list[QRectF]:
        """Where ``token`` is drawn, in the viewport's coordinates."""
        cell, number = self._cell_of(token), self._layout.line_of(self._cell_of(token))
        rects: list[QRectF] = []
        while number < self._layout.line_count:
            found = [rect for spot, rect in self._layout.line(number).spots() if spot == cell]
            if not found and rects:
                break
            top = self._top_of(number)
            rects += [QRectF(rect.left() + _MARGIN, top, rect.width(), self._layout.line_height) for rect in found]
            number += 1
            if not found:
                break
        return rects

    def token_at(self, place: QPoint) -> int:
        """The token under a point of the viewport; −1 if there is none."""
        cell = self._cell_at(place)
        return -1 if cell < 0 else int(self._cells.first_token[cell])

    def tokens_in_sight(self) -> tuple[int, int]:
        """[first, one past the last) of the lines that can be seen."""
        height, offset = self._layout.line_height, self._top_of(0)
        first, last = max(-offset // height, 0), (self.viewport().height() - offset) // height + 1
        lines = (self._layout.line(number) for number in range(first, min(last, self._layout.line_count)))
        cells = [cell for line in lines for cell, _ in line.spots()]
        if not cells:
            return 0, 0
        tokens = np.flatnonzero((self._cells.of_token >= min(cells)) & (self._cells.of_token <= max(cells)))
        return int(tokens[0]), int(tokens[-1]) + 1

    def _show(self, document: TokenizedText, values: NDArray[np.floating] | None, signed: bool, limit: float | None) -> None:
        if document is not self._document and document != self._document:
            place = self.verticalScrollBar().value() if self._continues(document) else 0
            self._document = document
            self._selected, self._anchor, self._caret = -1, None, None
            self._relayout()
            self.verticalScrollBar().setValue(place)
        self._signed = signed
        self._look.colours = colour_map(theme.current(), signed=signed)
        if values is not None:
            self.recolour(values, limit)
            return
        self._values = self._cell_values = self._look.steps = None
        self._limit = self._own_limit = 0.0
        self._describe()
        self.viewport().update()

    def _continues(self, document: TokenizedText) -> bool:
        """Whether it is the same text with an edit further down than where one looks."""
        kept = self._first_position()
        if kept is None or kept[0]:
            return False
        return document.text[: kept[1] + 1] == self._document.text[: kept[1] + 1]

    def _relayout(self) -> None:
        self._cells = cells_of(self._document)
        self._layout = TextLayout(self._document, self._cells)
        self._look = Look(theme.current(), colour_map(theme.current(), signed=self._signed), outlines=self._outlines)
        self._wrap()

    def _wrap(self) -> None:
        self._layout.wrap(max(min(self.width() - 2 * (_MARGIN + _RING) - _SCROLL_BAR, MEASURE), 80))
        self._set_scroll_range()
        self.updateGeometry()

    def _set_scroll_range(self) -> None:
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self._layout.height + 2 * _MARGIN - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self._layout.line_height)

    def _cell_of(self, token: int) -> int:
        return -1 if token < 0 else int(self._cells.of_token[token])

    # Sizes

    def sizeHint(self) -> QSize:
        lines = max(self._layout.line_count, self._fewest_lines)
        return QSize(
            MEASURE + 2 * (_MARGIN + _RING) + _SCROLL_BAR, min(lines, 100_000) * self._layout.line_height + 2 * (_MARGIN + _RING)
        )

    def minimumSizeHint(self) -> QSize:
        lines = max(self._fewest_lines, min(self._layout.line_count, self._fewest_lines + _LINES_OF_A_LONG_TEXT))
        return QSize(240, lines * self._layout.line_height + 2 * (_MARGIN + _RING))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        kept = self._first_position()
        self._wrap()
        if kept is not None and self.verticalScrollBar().value() > 0:
            self.verticalScrollBar().setValue(self._layout.line_at(*kept) * self._layout.line_height)

    def _first_position(self) -> Caret | None:
        number = self.verticalScrollBar().value() // self._layout.line_height
        if number >= self._layout.line_count:
            return None
        line = self._layout.line(number)
        return line.segment, line.start

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), theme.current().panel)
        offset, height = self._top_of(0), self._layout.line_height
        first, last = (event.rect().top() - offset) // height - 1, (event.rect().bottom() - offset) // height + 2
        painter.translate(_MARGIN, offset)  # a line more on either side: what is lifted leans over its own
        TextPainter(painter, self._layout, self._look).draw(first, last)
        painter.end()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Move what is painted; only what comes into sight is painted anew."""
        self.viewport().scroll(dx, dy)

    def _top_of(self, number: int) -> int:
        return _MARGIN - self.verticalScrollBar().value() + number * self._layout.line_height

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS and hasattr(self, "_look"):
            self._look.theme = theme.current()
            self._look.colours = colour_map(theme.current(), signed=self._signed)
            self.viewport().update()

    # Mouse

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        if self._pressed_at is not None and event.buttons() & Qt.MouseButton.LeftButton:
            if self._look.marked is not None or (place - self._pressed_at).manhattanLength() > _DRAG_PX:
                self._mark_to(self._caret_at(place))
            return
        self._hover(self._cell_at(place))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        place = event.position().toPoint()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self._anchor is not None:
            self._mark_to(self._caret_at(place))
            return
        self._pressed_at = place
        self._anchor = self._caret = self._caret_at(place)
        self._mark(None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed_at is not None and self._look.marked is None:
            token = self.token_at(event.position().toPoint())
            self._select(-1 if token == self._selected else token)
        self._pressed_at = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Mark the word."""
        cell = self._cell_at(event.position().toPoint())
        if cell >= 0 and not self._cells.special[cell]:
            members = np.flatnonzero(self._cells.word == self._cells.word[cell])
            segment = int(self._cells.segment[cell])
            self._anchor = segment, int(self._cells.start[members[0]])
            self._mark_to((segment, int(self._cells.end[members[-1]])))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def _cell_at(self, place: QPoint) -> int:
        number = (place.y() - self._top_of(0)) // self._layout.line_height
        if not 0 <= number < self._layout.line_count:
            return -1
        return self._layout.line(number).cell_at(place.x() - _MARGIN)

    def _caret_at(self, place: QPoint) -> Caret:
        number = (place.y() - self._top_of(0)) // self._layout.line_height
        line = self._layout.line(min(max(number, 0), self._layout.line_count - 1))
        return line.segment, line.position_at(place.x() - _MARGIN)

    def _hover(self, cell: int) -> None:
        if cell == self._look.hovered:
            return
        self._repaint_cell(self._look.hovered)
        self._look.hovered = cell
        self._repaint_cell(cell)
        self.token_hovered.emit(-1 if cell < 0 else int(self._cells.first_token[cell]))

    def _repaint_cell(self, cell: int) -> None:
        if cell >= 0:
            for rect in self.token_rects(int(self._cells.first_token[cell])):
                self.viewport().update(rect.adjusted(-5, -5, 5, 5).toAlignedRect())

    def _mark_to(self, caret: Caret) -> None:
        """Mark from the anchor to ``caret``; a range stays within one text."""
        anchor = self._anchor or caret
        if caret[0] != anchor[0]:
            caret = anchor[0], len(self._layout.texts[anchor[0]]) if caret[0] > anchor[0] else 0
        self._caret = caret
        start, end = sorted((anchor[1], caret[1]))
        self._mark((anchor[0], start, end) if end > start else None)

    def _mark(self, marked: tuple[int, int, int] | None) -> None:
        if marked == self._look.marked:
            return
        self._look.marked = marked
        self.selection_changed.emit()
        self.viewport().update()

    # Keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.selected_text())
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self._mark_all()
        elif event.key() == Qt.Key.Key_Escape:
            event.setAccepted(self._clear())
        elif event.key() in _MOVES and self._cells:
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            (self._extend if shift else self._move)(Qt.Key(event.key()), event.modifiers())
        else:
            super().keyPressEvent(event)

    def _mark_all(self) -> None:
        segment = self._caret[0] if self._caret else 0
        self._anchor = segment, 0
        self._mark_to((segment, len(self._layout.texts[segment])))

    def _clear(self) -> bool:
        """Unmark, or unpin; False when there was nothing to clear, so that Escape goes on to cancel the job."""
        if self._look.marked is not None:
            self._mark(None)
            return True
        if self._selected >= 0:
            self._select(-1)
            return True
        return False

    def _move(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
        self._mark(None)
        everything = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        if self._selected < 0:
            token = self._last_token() if key in (Qt.Key.Key_End, Qt.Key.Key_Up) else self._token_order()[0]
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            token = self._token_on_next_line(-1 if key == Qt.Key.Key_Up else 1)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            token = self._token_at_end(key == Qt.Key.Key_End, everything)
        else:
            token = self._token_beside(1 if key == Qt.Key.Key_Right else -1)
        self._select(int(token))

    def _token_order(self) -> NDArray[np.intp]:
        """Tokens in reading order."""
        return np.lexsort((np.arange(len(self._cells.of_token)), self._cells.of_token))

    def _last_token(self) -> int:
        return int(self._token_order()[-1])

    def _token_beside(self, step: int) -> int:
        line = self._layout.line(self._layout.line_of(self._look.pinned))
        order = self._token_order()
        here = int(np.flatnonzero(order == self._selected)[0]) + (-step if line.right_to_left else step)
        return int(order[min(max(here, 0), len(order) - 1)])

    def _token_on_next_line(self, step: int) -> int:
        number = self._layout.line_of(self._look.pinned)
        spots = [rect for cell, rect in self._layout.line(number).spots() if cell == self._look.pinned]
        x = spots[0].center().x() if spots else 0.0
        number += step
        while 0 <= number < self._layout.line_count:
            cell = self._layout.line(number).cell_at(x, reach=float("inf"))
            if cell >= 0:
                return int(self._cells.first_token[cell])
            number += step
        return self._selected

    def _token_at_end(self, last: bool, everything: bool) -> int:
        if everything:
            return int(self._token_order()[-1 if last else 0])
        cells = [cell for cell, _ in self._layout.line(self._layout.line_of(self._look.pinned)).spots()]
        return int(self._cells.first_token[max(cells) if last else min(cells)])

    def _extend(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
        """Shift and arrows: mark text from the pinned token or the last click on."""
        if self._anchor is None or self._caret is None:
            cell = max(self._look.pinned, 0)
            self._anchor = self._caret = int(self._cells.segment[cell]), int(self._cells.start[cell])
        by_word = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        caret = self._moved(self._caret, key, by_word)
        self._mark_to(caret)
        self._reveal(self._layout.line_at(*caret))

    def _moved(self, caret: Caret, key: Qt.Key, by_word: bool) -> Caret:
        segment, position = caret
        length = len(self._layout.texts[segment])
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = 1 if key == Qt.Key.Key_Right else -1
            return segment, self._word_edge(segment, position, step) if by_word else min(max(position + step, 0), length)
        number = self._layout.line_at(segment, min(position, max(length - 1, 0)))
        line = self._layout.line(number)
        if key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            return segment, line.start if key == Qt.Key.Key_Home else line.end
        lines = self._layout
        rects = line.rects_between(position, position + 1)
        x = rects[0].left() if rects else 0.0
        number += 1 if key == Qt.Key.Key_Down else -1
        if not 0 <= number < lines.line_count or lines.line(number).segment != segment:
            return segment, length if key == Qt.Key.Key_Down else 0
        return segment, lines.line(number).position_at(x)

    def _word_edge(self, segment: int, position: int, step: int) -> int:
        text = self._layout.texts[segment]
        place = position
        while 0 <= place + min(step, 0) < len(text) and text[place + min(step, 0)].isspace():
            place += step
        while 0 <= place + min(step, 0) < len(text) and not text[place + min(step, 0)].isspace():
            place += step
        return place

    def _select(self, token: int) -> None:
        if token == self._selected:
            return
        self.select_token(token)
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
        self.token_selected.emit(token)

    def _reveal(self, number: int) -> None:
        bar, top = self.verticalScrollBar(), number * self._layout.line_height + _MARGIN
        if top - _MARGIN < bar.value():
            bar.setValue(top - _MARGIN)
        elif top + self._layout.line_height + _MARGIN > bar.value() + self.viewport().height():
            bar.setValue(top + self._layout.line_height + _MARGIN - self.viewport().height())

    def _describe(self) -> None:
        """For screen readers: the pinned token and its value, otherwise the text."""
        if self._selected < 0:
            self.setAccessibleDescription(self._document.text[:2000])
            return
        token = self._document.tokens[self._selected]
        value = "" if self._values is None else f", {signed_figures(float(self._values[self._selected]))}"
        self.setAccessibleDescription(f"{name_of(token)}{value}")


_MOVES = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)
