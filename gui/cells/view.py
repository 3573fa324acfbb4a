"""What recurrent cells do on a text: one cell on the text itself, all of them below."""

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from engine.cell_values import CellValues, quantities_of, track_of
from engine.cells import Cell, CellsResult
from engine.heatmaps.numerals import figures, signed_figures
from engine.results import FloatArray, TokenizedText
from gui.cells.browser import CellBrowser
from gui.cells.column_heatmap import ColumnHeatmap
from gui.cells.header import CellHeader
from gui.cells.marks import Marks
from gui.cells.words import NAMES, is_signed, scale_of, symbol
from gui.heatmaps.colour_bar import ColourBar
from gui.heatmaps.text_heatmap import TextHeatmap
from gui.views.thin_splitter import ThinSplitter

SETTLED_MS = 900  # after the last new result the grid is sorted anew
_CODE_SHARES, _TEXT_SHARES = [600, 400], [450, 550]  # of the height: the text, and the cells below
_BAR_WIDTH = 420
_SINGLE = 1.3  # characters per token, up to which a text is one of characters


class CellsView(QWidget):
    """A new result of the same text changes colours and curves; no place changes."""

    cell_changed = Signal()  # another cell or quantity is on the text
    guesses_toggled = Signal(bool)
    mark_toggled = Signal(object, bool)  # Cell
    note_changed = Signal(object, str)  # Cell
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cellsView")
        self.setAccessibleName("Cells")
        self.result: CellsResult | None = None
        self.cell = Cell(0, 0)
        self.quantity = ""
        self._values: CellValues | None = None
        self._token = -1
        self._marks = Marks({})
        self.header, self.browser = CellHeader(), CellBrowser()
        self.words, self.columns = TextHeatmap(), ColumnHeatmap()
        self._bar = ColourBar()
        self._message, self._empty = QLabel(), QLabel()
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(SETTLED_MS)
        self._lay_out()
        self._connect()
        self.show_empty("")

    def _lay_out(self) -> None:
        self.words.setObjectName("cellText")
        self.columns.setObjectName("cellColumns")
        self._message.setObjectName("cellsMessage")
        for label, role in ((self._message, "error"), (self._empty, "muted")):
            label.setProperty("role", role)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setObjectName("cellsEmpty")
        self._bar.setMaximumWidth(_BAR_WIDTH)
        upper = QWidget()
        text = QVBoxLayout(upper)
        text.setContentsMargins(0, 0, 0, 0)
        text.setSpacing(2)
        text.addWidget(self.words, 1)
        text.addWidget(self.columns, 1)
        scale = _inset(self._bar)
        scale.addStretch(1)
        scale.addWidget(self.header.note, 60)
        text.addLayout(scale)
        text.addStretch()
        self.splitter = ThinSplitter(Qt.Orientation.Vertical)
        self.splitter.setObjectName("cellsSplitter")
        self.splitter.addWidget(upper)
        self.splitter.addWidget(self.browser)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 1)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(6)
        column.addLayout(_inset(self.header))
        column.addLayout(_inset(self._message))
        column.addWidget(self.splitter, 1)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(_framed(self._empty))
        self._pages.addWidget(_framed(page))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)
        self._message.hide()
        self.columns.hide()

    def _connect(self) -> None:
        for text in (self.words, self.columns):
            text.token_selected.connect(self._on_token)
            text.token_hovered.connect(self._on_token_hovered)
            text.verticalScrollBar().rangeChanged.connect(self._on_sight)
            text.verticalScrollBar().valueChanged.connect(self._on_sight)
        self.header.cell_chosen.connect(self.choose_cell)
        self.header.flipped.connect(self.flip)
        self.header.quantity_chosen.connect(self.choose_quantity)
        self.header.guesses_toggled.connect(self.guesses_toggled)
        self.header.mark_toggled.connect(self._on_mark)
        self.header.note_changed.connect(self._on_note)
        self.header.done.connect(self._on_done)
        self.browser.cell_chosen.connect(self.choose_cell)
        self.browser.token_selected.connect(self._on_token_from_below)
        self.browser.read_out_changed.connect(self.read_out_changed)
        self._settled.timeout.connect(self.browser.sort_anew)

    # One way in

    def show_result(self, result: CellsResult, *, characters: bool | None = None) -> None:
        """Cell, quantity, pin, zoom and places stay where they mean the same."""
        before, self.result = self.result, result
        first = before is None or result.layers != before.layers
        continued = not first and _continues(before, result)
        self._say("\n".join(f"⚠ {each.message}" for each in result.warnings if each.kind != "cut"), "warning")
        dense = is_of_characters(result.input) if characters is None else characters
        language_model = result.model.task == "causal_lm"
        self.header.show_layers(result.layers, language_model, dense)
        if before is None or first:
            self.quantity = quantities_of(result.layers[0])[0]
            self._values = CellValues(result, self.quantity)
            self.cell = _liveliest(self._values)
            self._token = -1
        else:
            self._token = followed(before.input, result.input, self._token)
        self._keep_quantity()
        self._values = CellValues(result, self.quantity)
        self._show_text(dense or result.alternatives is not None)
        self._pages.setCurrentIndex(1)
        self.browser.show_values(result, self._values, sort=not continued)
        self._show_cell()
        self.browser.show_token(self._token)
        self._on_sight()
        if continued:
            self._settled.start()

    def show_marks(self, marks: Marks) -> None:
        """Of the open model."""
        self._marks = marks
        self.header.show_mark(marks.notes.get(self.cell))
        self.browser.show_marks(marks)

    def show_empty(self, words: str) -> None:
        """Nothing to show: what will be here, or why nothing can be."""
        self.result, self._values, self._token = None, None, -1
        self._settled.stop()
        self.browser.tracks.clear()
        self._empty.setText(words)
        self._pages.setCurrentIndex(0)
        self.read_out_changed.emit("")

    def show_failure(self, words: str) -> None:
        """The picture of the text before stays, if there is one."""
        if self.result is None:
            self.show_empty(words)
        else:
            self._say(words, "error")

    def _say(self, words: str, role: str) -> None:
        self._message.setVisible(bool(words))
        self._message.setText(words)
        if self._message.property("role") != role:
            self._message.setProperty("role", role)
            self._message.style().polish(self._message)

    @property
    def text(self) -> TextHeatmap | ColumnHeatmap:
        """The one in use."""
        return self.columns if self.columns.isVisibleTo(self) else self.words

    @property
    def token(self) -> int:
        """Pinned; −1: none."""
        return self._token

    # What is chosen

    @Slot(object)
    def choose_cell(self, cell: Cell) -> None:
        """By a person."""
        if self.result is None or cell == self.cell:
            return
        self.cell = cell
        before = self.quantity
        self._keep_quantity()
        self._show_cell()
        if self.quantity != before:
            self._show_values()
        self.cell_changed.emit()

    @Slot(str)
    def choose_quantity(self, quantity: str) -> None:
        """By a person."""
        if self.result is not None and quantity != self.quantity:
            self.quantity = quantity
            self._show_values()
            self._show_cell()
            self.cell_changed.emit()

    @Slot(int)
    def flip(self, step: int) -> None:
        """To a neighbour in the grid."""
        cell = self.browser.neighbour(step)
        if cell is not None:
            self.choose_cell(cell)

    def choose_token(self, token: int) -> None:
        """Pin it, everywhere."""
        self.text.select_token(token)
        self._pin(token)

    def _pin(self, token: int) -> None:
        self._token = token
        self.browser.show_token(token)
        self._on_sight()
        self._on_token_hovered(-1)

    def _keep_quantity(self) -> None:
        """The chosen one, where the chosen cell has it."""
        assert self.result is not None
        layer = self.result.layers[self.cell.layer]
        own = quantities_of(layer)
        unprojected = self.cell.index < layer.hidden_size
        if self.quantity not in own or (self.quantity == "hidden_state" and not unprojected):
            self.quantity = own[0]

    def _show_values(self) -> None:
        assert self.result is not None
        self._values = CellValues(self.result, self.quantity)
        self.browser.show_values(self.result, self._values, sort=True)

    def _show_cell(self) -> None:
        self.header.show_cell(self.cell, self.quantity)
        self.header.show_mark(self._marks.notes.get(self.cell))
        self._colour()
        self.browser.show_cell(self.cell)

    def _show_text(self, dense: bool) -> None:
        """Characters and code in columns, words as a text to be read."""
        assert self.result is not None
        if self.columns.isHidden() is dense:  # another kind of text: code wants more lines than a sentence
            self.splitter.setSizes(_CODE_SHARES if dense else _TEXT_SHARES)
        self.columns.setVisible(dense)
        self.words.setVisible(not dense)
        self._colour()
        bar = self.text.verticalScrollBar()
        place = bar.value()
        self.text.select_token(self._token)
        bar.setValue(place)  # pinned out of sight, it stays there

    def _colour(self) -> None:
        assert self.result is not None
        track, signed, limit = self._track(), is_signed(self.quantity), self._limit()
        if self.columns.isVisibleTo(self):
            self.columns.show_map(self.result.input, track, signed, limit, self.result.alternatives)
        else:
            self.words.show_map(self.result.input, self._drawn(track), signed, limit)
        beyond = bool((track < -limit).any()), bool((track > limit).any())
        unit = f"{symbol(self.quantity, self.result.layers[self.cell.layer].kind)} of {self.cell}"
        self._bar.show_scale(limit, signed=signed, unit=unit, clipped=beyond)

    def _drawn(self, track: FloatArray) -> FloatArray:
        """Tokens drawn as one show the last of them: the state once the whole of it was read."""
        of_token = self.words.cells.of_token
        if len(of_token) != len(track) or len(self.words.cells) == len(track):
            return track
        last = np.zeros(len(track), dtype=bool)
        last[np.unique(of_token[::-1], return_index=True)[1] * -1 + len(track) - 1] = True
        return np.where(last, track, 0)

    def _track(self) -> FloatArray:
        assert self.result is not None
        return track_of(self.result, self.quantity, self.cell)

    def _limit(self) -> float:
        return scale_of(self.quantity, self._track())

    # What is heard

    @Slot(int)
    def _on_token(self, token: int) -> None:
        self._pin(token)

    @Slot(int)
    def _on_token_from_below(self, token: int) -> None:
        self.choose_token(token)

    @Slot(int)
    def _on_token_hovered(self, token: int) -> None:
        self.browser.tracks.point_at(token)
        shown = token if token >= 0 else self._token
        value = float(self._track()[shown]) if self.result is not None and shown >= 0 else None
        self._bar.show_value(value)
        self.read_out_changed.emit(self.in_words(shown))

    @Slot()
    def _on_sight(self) -> None:
        if self.result is not None:
            self.browser.show_sight(*self.text.tokens_in_sight())

    @Slot(bool)
    def _on_mark(self, on: bool) -> None:
        self.mark_toggled.emit(self.cell, on)

    @Slot(str)
    def _on_note(self, note: str) -> None:
        self.note_changed.emit(self.cell, note)

    @Slot()
    def _on_done(self) -> None:
        page = {"grid": self.browser.grid, "gates": self.browser.tracks, "saturation": self.browser.saturation}
        page.get(self.browser.page, self.browser.ranking).setFocus()

    def in_words(self, token: int) -> str:
        """The read-out: the token, the exact value, and where it stands among all cells."""
        if self.result is None or self._values is None or not 0 <= token < len(self.result.input.tokens):
            return ""
        it, value = self.result.input.tokens[token], float(self._track()[token])
        name = f"“{it.text}”" if it.text.strip() and not it.special else repr(it.text) if it.text else it.piece
        words = f"{name} · position {token} · {NAMES[self.quantity][0]} of {self.cell}"
        if np.isnan(value):
            return f"{words} is not a number"
        rank = int(self._values.ranks_at(token)[self._values.place_of(self.cell)])
        number = signed_figures(value, 4) if is_signed(self.quantity) else figures(value, 4)
        return f"{words} {number} · rank {rank:,} of {len(self._values.cells):,} cells by magnitude"


def is_of_characters(document: TokenizedText) -> bool:
    """Whether the model reads single characters."""
    lengths = [token.end - token.start for token in document.tokens[:2000] if token.end > token.start]
    return bool(lengths) and sum(lengths) / len(lengths) <= _SINGLE


def followed(before: TokenizedText, after: TokenizedText, token: int) -> int:
    """Where a token is after an edit before or behind it; −1 if it was edited itself."""
    if token < 0 or token >= len(before.tokens):
        return -1
    start, end = before.tokens[token].start, before.tokens[token].end
    if before.text[:end] == after.text[:end]:
        same, moved = token, 0
    elif before.text[start:] == after.text[len(after.text) - len(before.text) + start :]:
        same, moved = token + len(after.tokens) - len(before.tokens), len(after.text) - len(before.text)
    else:
        return -1
    found = after.tokens[same] if 0 <= same < len(after.tokens) else None
    return same if found is not None and (found.start, found.end) == (start + moved, end + moved) else -1


def _continues(before: CellsResult | None, after: CellsResult) -> bool:
    """Whether the text was edited rather than replaced: most of its beginning or of its end is the same."""
    if before is None:
        return False
    old, new = before.input.text, after.input.text
    shorter = min(len(old), len(new))
    same = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    rest = next((at for at in range(shorter - same) if old[-1 - at] != new[-1 - at]), shorter - same)
    return same + rest >= 0.5 * shorter


def _liveliest(values: CellValues) -> Cell:
    """The cell that varies most: something to look at first."""
    if not values.cells:
        return Cell(0, 0)
    return values.cells[int(values.order("variance", values.scores("variance"))[0])]


def _framed(inside: QWidget) -> QFrame:
    sheet = QFrame()
    sheet.setProperty("role", "sheet")
    column = QVBoxLayout(sheet)
    column.setContentsMargins(1, 1, 1, 1)
    column.addWidget(inside)
    return sheet


def _inset(widget: QWidget) -> QHBoxLayout:
    """In line with the text, whose margin is its own."""
    row = QHBoxLayout()
    row.setContentsMargins(16, 0, 16, 0)
    row.addWidget(widget, 100)
    return row
