"""The text in columns under one's hands: for models of characters, and for code."""

from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QWidget

from gui.cells.column_canvas import MARGIN, ColumnCanvas
from gui.cells.column_caret import MOVES, moved, nearest
from gui.cells.column_painter import column_pixels
from gui.cells.column_spans import Span, covers

SCROLL_MS = 40  # while something is dragged beyond the edge


class ColumnHeatmap(ColumnCanvas):
    """A token is pinned, a stretch selected or painted over, by mouse or keys."""

    token_hovered = Signal(int)  # −1: none
    token_selected = Signal(int)  # −1: none
    selection_changed = Signal()
    stroke_made = Signal(int, int, bool)  # code points [start, end) were painted, or wiped out

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.painting = False  # dragging paints rather than selects
        self._anchor = self._caret = self._pressed = -1  # tokens
        self._dragged, self._stroke_on = False, True
        self._pointer = QPoint()
        self._scroller = QTimer(self)
        self._scroller.setInterval(SCROLL_MS)
        self._scroller.timeout.connect(self._on_scroll)

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

    def _on_other_text(self) -> None:
        self._anchor = self._caret = self._pressed = -1
        self.selection_changed.emit()

    # Mouse

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
        return nearest(self._layout, (place.y() - self._top()) // self._height, (place.x() - MARGIN) / column_pixels())

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

    # Keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            chosen = self.selection or (0, len(self._document.text))
            QGuiApplication.clipboard().setText(self._document.text[slice(*chosen)])
        elif event.key() == Qt.Key.Key_Escape and self._look.overlay.selected is not None:
            self._drop_selection()
        elif event.key() == Qt.Key.Key_Escape and self._look.pinned >= 0:
            self._select(-1)
        elif event.key() in MOVES and len(self._document.tokens):
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

    def _moved(self, token: int, key: Qt.Key, everything: bool) -> int:
        """Where nothing is pinned yet, what is in sight comes first."""
        last = len(self._document.tokens) - 1
        if token < 0:
            return self.tokens_in_sight()[0] if key not in (Qt.Key.Key_End, Qt.Key.Key_Up) else last
        return moved(self._layout, token, key, last=last, everything=everything)

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
