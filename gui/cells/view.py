"""What recurrent cells do on a text: one cell on the text itself, all of them below."""

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from engine.cell_values import CellValues, quantities_of, track_of
from engine.cells import Cell, CellsResult
from engine.heatmaps.numerals import figures, signed_figures
from engine.results import FloatArray, TokenizedText
from gui.cells.browser import CellBrowser
from gui.cells.column_heatmap import ColumnHeatmap
from gui.cells.corpus_view import CorpusView
from gui.cells.header import CellHeader
from gui.cells.marks import Marks
from gui.cells.words import NAMES, is_signed, scale_of, symbol
from gui.controls.rows import name_control
from gui.heatmaps.colour_bar import ColourBar
from gui.heatmaps.text_heatmap import TextHeatmap
from gui.views.find_bar import FindBar
from gui.views.sheet import framed, inset
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
    corpus_wanted = Signal(bool)  # rather than the text on the desk
    attention_wanted = Signal()  # which the model has instead
    phrase_chosen = Signal(int, int)  # code points of the text on the desk

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cellsView")
        self.setAccessibleName("Cells")
        self.result: CellsResult | None = None
        self.cell = Cell(0, 0)
        self.quantity = ""
        self._values: CellValues | None = None
        self._token, self._in_corpus = -1, False
        self._marks = Marks({})
        self.preferred_quantity = ""  # what a model is first looked at by, where it has it
        self.header, self.browser, self.corpus = CellHeader(), CellBrowser(), CorpusView()
        self.find_bar, self.find_phrase = FindBar(), QPushButton("Find where the cells agree")
        self.open_corpus, self.to_attention = QPushButton("Read a corpus instead…"), QPushButton("Go to Attention")
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
        name_control(
            self.find_phrase, "findPhrase", "Find where the cells agree", "Places of a corpus where the same cells are on."
        )
        name_control(
            self.open_corpus, "openCorpus", "Read a corpus instead", "Files or a folder, coloured by one cell from end to end."
        )
        name_control(self.to_attention, "cellsToAttention", "Go to Attention", "What this model has instead of cells.")
        self.find_phrase.hide()
        upper = QWidget()
        text = QVBoxLayout(upper)
        text.setContentsMargins(0, 0, 0, 0)
        text.setSpacing(2)
        text.addLayout(inset(self.find_bar))
        text.addWidget(self.words, 1)
        text.addWidget(self.columns, 1)
        scale = inset(self._bar)
        scale.addStretch(1)
        scale.addWidget(self.header.note, 60)
        scale.addWidget(self.find_phrase)
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
        column.addLayout(inset(self.header))
        column.addLayout(inset(self._message))
        column.addWidget(self.splitter, 1)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(framed(self._build_empty()))
        self._pages.addWidget(framed(page))
        self._pages.addWidget(framed(self.corpus))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)
        self._message.hide()
        self.columns.hide()

    def _build_empty(self) -> QWidget:
        empty = QWidget()
        column = QVBoxLayout(empty)
        column.setSpacing(16)
        column.addStretch()
        column.addWidget(self._empty)
        for button in (self.open_corpus, self.to_attention):
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        self.to_attention.hide()
        column.addStretch()
        return empty

    def _connect(self) -> None:
        for text in (self.words, self.columns):
            text.token_selected.connect(self._on_token)
            text.token_hovered.connect(self._on_token_hovered)
            text.selection_changed.connect(self._on_selection)
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
        self.header.source_chosen.connect(self._on_corpus_wanted)
        self.open_corpus.clicked.connect(self._on_corpus_wanted)
        self.to_attention.clicked.connect(self.attention_wanted)
        self.corpus.text_wanted.connect(self._on_text_wanted)
        self.corpus.read_out_changed.connect(self.read_out_changed)
        self.find_phrase.clicked.connect(self._on_find_phrase)
        self.find_bar.found.connect(self._on_found)
        self.find_bar.closed.connect(self._on_find_closed)

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
            own = quantities_of(result.layers[0])
            self.quantity = self.preferred_quantity if self.preferred_quantity in own else own[0]
            self._values = CellValues(result, self.quantity)
            self.cell = _liveliest(self._values)
            self._token = -1
        else:
            self._token = followed(before.input, result.input, self._token)
        self._keep_quantity()
        self._values = CellValues(result, self.quantity)
        self._show_text(dense or result.alternatives is not None)
        self.find_bar.show_texts((result.input.text,))
        self._turn()
        self._on_selection()  # of another text, or of none
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

    def show_empty(self, words: str, *, instead: bool = False) -> None:
        """Nothing to show: what will be here, or why nothing can be; ``instead``: the model has attention to look at."""
        self.result, self._values, self._token = None, None, -1
        self._settled.stop()
        self.columns.clear_selection()
        self._on_selection()
        self.browser.tracks.clear()
        self._empty.setText(words)
        self.to_attention.setVisible(instead)
        self._turn()
        self.read_out_changed.emit("")

    def show_failure(self, words: str) -> None:
        """The picture of the text before stays, if there is one."""
        if self.result is None:
            self.show_empty(words)
        else:
            self._say(words, "error")

    def show_corpus(self, on: bool) -> None:
        """Rather than the text on the desk."""
        self._in_corpus = on
        self._turn()

    @property
    def in_corpus(self) -> bool:
        """Whether the corpus is what is shown."""
        return self._in_corpus

    def open_find_bar(self) -> None:
        """In what is shown."""
        if self._in_corpus or self.result is not None:
            self.shown_find_bar.open_bar()

    @property
    def shown_find_bar(self) -> FindBar:
        """Of the text or of the corpus."""
        return self.corpus.find_bar if self._in_corpus else self.find_bar

    def _turn(self) -> None:
        self._pages.setCurrentIndex(2 if self._in_corpus else 1 if self.result is not None else 0)

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
        self._bar.show_value(float(track[self._token]) if 0 <= self._token < len(track) else None)

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

    @Slot()
    def _on_corpus_wanted(self) -> None:
        self.corpus_wanted.emit(True)

    @Slot()
    def _on_text_wanted(self) -> None:
        self.corpus_wanted.emit(False)

    @Slot()
    def _on_selection(self) -> None:
        self.find_phrase.setVisible(self.text.selection is not None)

    @Slot()
    def _on_find_phrase(self) -> None:
        chosen = self.text.selection
        if chosen is not None:
            self.phrase_chosen.emit(*chosen)

    @Slot(object, int)
    def _on_found(self, hits: list[tuple[int, int, int]], current: int) -> None:
        read = self.words.isVisibleTo(self)
        self.words.show_hits(tuple(hits) if read else (), current if read else -1)
        if not read:
            self.columns.show_hits(tuple((start, end) for _, start, end in hits), current)

    @Slot()
    def _on_find_closed(self) -> None:
        self.text.setFocus()

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
