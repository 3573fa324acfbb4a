"""A whole corpus coloured by one cell; below it how the cell is spread over it, and the places that are like a phrase."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from engine.cell_values import TANH_CELL_STATE
from engine.cells import Cell
from engine.detective import CorpusTextResult, PhraseResult, UnitResult
from engine.heatmaps.numerals import figures, signed_figures
from engine.heatmaps.wording import progress_words
from engine.jobs import Partial
from gui.cells.column_heatmap import ColumnHeatmap
from gui.cells.column_spans import Spans
from gui.cells.corpus_row import CorpusRow
from gui.cells.header import CellHeader
from gui.cells.like_phrase import NO_PHRASE, LikePhrase
from gui.cells.marks import Marks
from gui.cells.over_corpus import OverCorpus
from gui.cells.paint_bar import PaintBar
from gui.cells.painting import PaintedParts
from gui.cells.words import NAMES, is_signed, scale_of, symbol
from gui.controls.rows import name_control
from gui.controls.segments import Segments
from gui.heatmaps.colour_bar import ColourBar
from gui.views.find_bar import FindBar
from gui.views.sheet import inset
from gui.views.thin_splitter import ThinSplitter

EMPTY = (
    "Read a corpus: all of it will stand here on the colours of one cell, with the places where the cell is highest and lowest. "
    "A phrase selected in it finds the places where the same cells agree; places painted by hand are a question to the Detective."
)
PAGES = (
    ("unit", "Over the corpus", "How often this cell has which value, and where it is highest and lowest."),
    ("phrase", "Like the phrase", "Places where the same cells are on as over the phrase, the most alike first."),
)
PAGE_IDS = tuple(id for id, _, _ in PAGES)
_BAR_WIDTH = 420
_SHARES = [560, 440]


class CorpusView(QWidget):
    """Setters are silent."""

    cell_chosen = Signal(object)  # Cell
    flipped = Signal(int)
    quantity_chosen = Signal(str)
    mark_toggled = Signal(object, bool)  # Cell
    note_changed = Signal(object, str)  # Cell
    text_wanted = Signal()  # back to the text on the desk
    phrase_chosen = Signal(int, int)  # code points of the corpus laid out as one text
    stroke_made = Signal(int, int, bool)
    paint_cleared = Signal()
    paint_asked = Signal()
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.result: CorpusTextResult | None = None
        self.unit: UnitResult | None = None
        self.phrase: PhraseResult | None = None
        self.cell, self.quantity = Cell(0, 0), ""
        self._limit = 1.0
        self.header, self.row, self.columns, self.find_bar = CellHeader(corpus=True), CorpusRow(), ColumnHeatmap(), FindBar()
        self.over, self.alike, self.paint_bar = OverCorpus(self.columns), LikePhrase(self.columns), PaintBar()
        self.pages, self.find_phrase = Segments("corpus", PAGES), QPushButton("Find where the cells agree")
        self._bar = ColourBar()
        self._summary, self._message = QLabel(), QLabel()
        self._stack, self._below = QStackedWidget(), QStackedWidget()
        self._build()
        self._connect()
        self.show_words(EMPTY)

    # How it is put together

    def _build(self) -> None:
        for label, name, role in ((self._summary, "corpusSummary", "caption"), (self._message, "corpusMessage", "muted")):
            label.setObjectName(name)
            label.setProperty("role", role)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._message.setWordWrap(True)
        self._bar.setMaximumWidth(_BAR_WIDTH)
        self.columns.setObjectName("corpusText")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(6)
        for widget in (self.header, self.row):
            column.addLayout(inset(widget))
        column.addWidget(self._stack, 1)
        empty = QWidget()
        above = QVBoxLayout(empty)
        above.setContentsMargins(16, 16, 16, 0)
        above.addWidget(self._message)
        above.addStretch()
        self._stack.addWidget(empty)
        self.splitter = ThinSplitter(Qt.Orientation.Vertical)
        self.splitter.setObjectName("corpusSplitter")
        self.splitter.addWidget(self._upper())
        self.splitter.addWidget(self._lower())
        self.splitter.setSizes(_SHARES)
        self._stack.addWidget(self.splitter)

    def _upper(self) -> QWidget:
        hint = "Places of the corpus that are alike."
        name_control(self.find_phrase, "corpus_findPhrase", "Find where the cells agree", hint)
        self.find_phrase.hide()
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(inset(self.find_bar))
        column.addWidget(self.columns, 1)
        scale = inset(self._bar)
        scale.addStretch(1)
        scale.addWidget(self.header.note, 60)
        scale.addWidget(self.find_phrase)
        column.addLayout(scale)
        self.header.tools.addWidget(self.paint_bar.paint)
        column.addWidget(self.paint_bar)
        return upper

    def _lower(self) -> QWidget:
        self._below.addWidget(self.over)
        self._below.addWidget(self.alike)
        lower = QWidget()
        whole = QVBoxLayout(lower)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(4)
        head = inset(self.pages)
        head.setStretch(0, 0)
        head.addSpacing(8)
        head.addWidget(self._summary, 1)
        whole.addLayout(head)
        whole.addWidget(self._below, 1)
        return lower

    def _connect(self) -> None:
        header, columns = self.header, self.columns
        header.cell_chosen.connect(self.cell_chosen)
        header.flipped.connect(self.flipped)
        header.quantity_chosen.connect(self.quantity_chosen)
        header.source_chosen.connect(self.text_wanted)
        header.mark_toggled.connect(self._on_mark)
        header.note_changed.connect(self._on_note)
        header.done.connect(columns.setFocus)
        columns.token_hovered.connect(self._on_token)
        columns.token_selected.connect(self._on_token)
        columns.selection_changed.connect(self._on_selection)
        columns.stroke_made.connect(self.stroke_made)
        self.find_phrase.clicked.connect(self._on_find_phrase)
        self.paint_bar.painting_toggled.connect(self._on_paint)
        self.paint_bar.wiped.connect(self.paint_cleared)
        self.paint_bar.asked.connect(self.paint_asked)
        self.pages.chosen.connect(self.show_page)
        self.find_bar.found.connect(self._on_found)
        self.find_bar.closed.connect(columns.setFocus)
        self.alike.cell_chosen.connect(self.cell_chosen)
        for page in (self.over, self.alike):
            page.context_chosen.connect(self.go_to)
            page.read_out_changed.connect(self.read_out_changed)

    # What is shown

    def show_text(self, result: CorpusTextResult) -> None:
        """The corpus, on the colours of the cell that was asked about; place, selection and page stay."""
        other = self.result is None or result.input is not self.result.input
        self.result, self.cell, self.quantity = result, result.request.cell, result.request.quantity
        if other:
            self.unit = None
            self.show_no_phrase(NO_PHRASE)
        kind = result.layers[self.cell.layer].kind
        self.header.show_layers(result.layers, False, True)
        self.paint_bar.paint.show()
        self.header.show_cell(self.cell, self.quantity)
        signed, self._limit = is_signed(self.quantity), scale_of(self.quantity, result.values)
        self.columns.show_map(result.input, result.values, signed, self._limit)
        beyond = bool((result.values < -self._limit).any()), bool((result.values > self._limit).any())
        unit = f"{symbol(self.quantity, kind)} of {self.cell}"
        self._bar.show_scale(self._limit, signed=signed, unit=unit, clipped=beyond)
        self.find_bar.show_texts((result.input.text,))
        self.alike.alike.viewport().update()
        self._stack.setCurrentIndex(1)
        self._show_summary()

    def show_unit(self, result: UnitResult | None) -> None:
        """None: it is not known yet."""
        self.unit = result
        self.over.show_unit(result, self.result, self._limit, squashed=self.quantity == TANH_CELL_STATE)

    def show_phrase(self, result: PhraseResult, lead: int) -> None:
        """See ``LikePhrase``."""
        self.phrase = result
        self.alike.show_phrase(result, self.result, lead)

    def show_no_phrase(self, words: str, *, with_threshold: bool = False) -> None:
        """See ``LikePhrase``."""
        self.phrase = None
        self.alike.show_words(words, with_threshold=with_threshold)

    def show_painted(self, spans: Spans, parts: PaintedParts) -> None:
        """What is painted on this corpus."""
        self.columns.show_painted(spans)
        self.paint_bar.show_parts(parts)

    def show_words(self, words: str, *, wrong: bool = False) -> None:
        """In place of a corpus."""
        self.result, self.unit, self.phrase = None, None, None
        self._message.setText(words)
        self._message.setProperty("role", "error" if wrong else "muted")
        self._message.style().polish(self._message)
        self._stack.setCurrentIndex(0)
        self.header.show_nothing()
        self.paint_bar.paint.hide()

    def show_progress(self, partial: Partial) -> None:
        """While there is nothing to look at, in its place."""
        fraction = partial.fraction
        words = partial.doing + ("" if fraction is None else f" · {progress_words(fraction, False)}")
        if self.result is None:
            self._message.setText(words)
        else:
            self._summary.setText(words)

    def show_failure(self, words: str) -> None:
        """The corpus stays, if there is one, on the colours of the cell it had."""
        if self.result is None:
            self.show_words(words, wrong=True)
        else:
            self.header.show_cell(self.cell, self.quantity)
            self._summary.setText(words)

    def show_marks(self, marks: Marks) -> None:
        """Of the open model."""
        self.header.show_mark(marks.notes.get(self.cell))

    @Slot(str)
    def show_page(self, id: str) -> None:
        """``unit`` or ``phrase``."""
        self.pages.choose(id)
        self._below.setCurrentIndex(PAGE_IDS.index(id))
        self._show_summary()

    @Slot(int, int)
    def go_to(self, start: int, end: int) -> None:
        """Select and reveal a stretch of the corpus."""
        self.columns.select_span(start, end)
        self._on_selection()

    def _show_summary(self) -> None:
        if self.result is None:
            return
        corpus = self.result.corpus
        if self.pages.current == "phrase" and self.phrase is not None:
            words = f"{len(self.phrase.places):,} places of {corpus.positions:,} positions"
        else:
            words = f"{corpus.positions:,} positions of {corpus.files:,} file{'s' if corpus.files != 1 else ''}"
        notices = "".join(f" · ⚠ {notice.message}" for notice in self.result.warnings if notice.kind != "cut")
        self._summary.setText(words + notices)
        self._summary.setToolTip("\n".join(notice.message for notice in self.result.warnings))

    # What is heard

    @Slot()
    def _on_selection(self) -> None:
        self.find_phrase.setVisible(self.columns.selection is not None and not self.columns.painting)

    @Slot()
    def _on_find_phrase(self) -> None:
        chosen = self.columns.selection
        if chosen is not None:
            self.phrase_chosen.emit(*chosen)

    @Slot(bool)
    def _on_paint(self, on: bool) -> None:
        self.columns.painting = on
        self.columns.clear_selection()
        self.columns.viewport().setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)
        self._on_selection()

    @Slot(object, int)
    def _on_found(self, hits: list[tuple[int, int, int]], current: int) -> None:
        self.columns.show_hits(tuple((start, end) for _, start, end in hits), current)

    @Slot(bool)
    def _on_mark(self, on: bool) -> None:
        self.mark_toggled.emit(self.cell, on)

    @Slot(str)
    def _on_note(self, note: str) -> None:
        self.note_changed.emit(self.cell, note)

    @Slot(int)
    def _on_token(self, token: int) -> None:
        shown = token if token >= 0 else self.columns.selected_token
        if self.result is None or not 0 <= shown < len(self.result.values):
            self._bar.show_value(None)
            self.read_out_changed.emit("")
            return
        value, it = float(self.result.values[shown]), self.result.input.tokens[shown]
        file = self.result.file_at(it.start)
        number = signed_figures(value, 4) if is_signed(self.quantity) else figures(value, 4)
        name = f"“{it.text}”" if it.text.strip() else repr(it.text)
        self._bar.show_value(value)
        words = f"{name} · {file.name}, token {shown - file.first:,} · {NAMES[self.quantity][0]} of {self.cell} {number}"
        self.read_out_changed.emit(words)
