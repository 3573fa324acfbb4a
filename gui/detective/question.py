"""What is looked for, and where: the corpus, the hypothesis, and what else the scan depends on."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.corpora.table import columns_of
from engine.datasets.columns import named_like_a_text
from engine.recurrent.predicates import PREDICATES
from engine.requests import DetectRequest, Scanned
from engine.results import ModelInfo
from gui.cells.corpus_row import POSITIONS
from gui.cells.quantities_box import fill_quantities, place_of_quantities
from gui.controls.corpus_box import CorpusBox
from gui.controls.rows import caption_label, name_control, pad_spin_box, show_instead, small_combo
from gui.controls.wheel_guard import WheelGuard
from gui.detective.pattern_edit import PatternEdit
from gui.detective.text_column_box import TextColumnBox
from gui.views.elided_label import ElidedLabel

PAINTED, COLUMN = "\0painted", "\0column "  # the latter with its name
MOST_COLUMNS = 50
START_PIXELS, SPIN_PIXELS = 104, 96


class DetectQuestion(QWidget):
    """Setters are silent."""

    start_chosen = Signal()
    stop_chosen = Signal()
    changed = Signal()  # another pattern or predicate
    corpus_wanted = Signal(bool)  # a folder rather than a file

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.corpus, self.hypothesis, self.quantities = CorpusBox(), small_combo(), small_combo()
        self.text_column, self.pattern = TextColumnBox(), PatternEdit()
        self.holdout, self.shifts, self.positions = QSpinBox(), QSpinBox(), QSpinBox()
        self.start, self.stop, self.fold = QPushButton("Start"), QPushButton("Stop"), QToolButton()
        self.matches, self._summary = ElidedLabel(), ElidedLabel()
        self._painted: tuple[tuple[str, int, int], ...] = ()
        self._columns: tuple[str, ...] = ()
        self._text_column_caption = caption_label("Texts")
        self._options = QWidget()
        self._fill()
        self._build()
        self._connect()
        self.show_running(False)
        self._show_fold(False)
        self._on_corpus()
        self._refresh()

    # What it holds

    def request(self, model_sha256: str) -> DetectRequest:
        """What Start asks."""
        chosen = str(self.hypothesis.currentData())
        column = chosen.removeprefix(COLUMN) if chosen.startswith(COLUMN) else None
        quantities = tuple(self.quantities.currentData() or ())
        return DetectRequest(
            model_sha256,
            Scanned((self.corpus.source,), quantities, self.positions.value(), self.text_column.text_column),
            () if chosen else self.pattern.patterns(),
            chosen if chosen in PREDICATES else None,
            self._painted if chosen == PAINTED else (),
            column,
            holdout=self.holdout.value() / 100,
            shifts=self.shifts.value(),
        )

    def show_request(self, request: DetectRequest) -> None:
        """As it was asked."""
        with QSignalBlocker(self.hypothesis), QSignalBlocker(self.pattern), QSignalBlocker(self.text_column):
            if request.painted:
                self._offer_painted(request.painted)
            self.set_corpus(request.scanned.corpus[0])
            self.text_column.choose(request.scanned.text_column)
            self._offer_columns()
            if request.column is not None:
                self._offer_column(request.column)
            chosen = PAINTED if request.painted else request.predicate or ""
            chosen = chosen if request.column is None else COLUMN + request.column
            self.hypothesis.setCurrentIndex(max(0, self.hypothesis.findData(chosen)))
            if request.patterns:
                self.pattern.setPlainText("\n".join(request.patterns))
        self._show_scan(request.scanned)
        self.holdout.setValue(round(request.holdout * 100))
        self.shifts.setValue(request.shifts)
        self._refresh()

    def set_corpus(self, source: str) -> None:
        """A file, a folder, or a name the engine knows."""
        self.corpus.set_source(source)

    def show_painted(self, spans: tuple[tuple[str, int, int], ...], scanned: Scanned) -> None:
        """Places painted on the text of a corpus are what is asked about."""
        with QSignalBlocker(self.hypothesis):
            self._offer_painted(spans)
            self.hypothesis.setCurrentIndex(self.hypothesis.findData(PAINTED))
        self.set_corpus(scanned.corpus[0])
        with QSignalBlocker(self.text_column):
            self.text_column.choose(scanned.text_column)
        self._show_scan(scanned)
        self._on_hypothesis(0)

    def _show_scan(self, scanned: Scanned) -> None:
        """How much of the corpus is read."""
        self.quantities.setCurrentIndex(max(0, place_of_quantities(self.quantities, scanned.gates)))
        if scanned.limit is not None:
            self.positions.setValue(scanned.limit)

    @Slot()
    def _on_corpus(self) -> None:
        """Of a table the columns are on offer."""
        before = self.text_column.text_column
        with QSignalBlocker(self.text_column):
            self._columns = columns_of(self.corpus.source)[:MOST_COLUMNS]
            self.text_column.show_columns(self._columns)
            if before is not None and self._columns:
                self.text_column.choose(before)
        self._text_column_caption.setVisible(bool(self._columns))
        self.text_column.setVisible(bool(self._columns))
        self._offer_columns()

    @Slot()
    def _on_text_column(self) -> None:
        self._offer_columns()
        self.changed.emit()

    def _offer_columns(self) -> None:
        """To be asked about: all but that of the texts."""
        box, chosen = self.hypothesis, str(self.hypothesis.currentData())
        with QSignalBlocker(box):
            for at in reversed(range(box.count())):
                if str(box.itemData(at)).startswith(COLUMN):
                    box.removeItem(at)
            texts = self.text_column.text_column or named_like_a_text(self._columns)
            for name in self._columns:
                if name != texts:
                    self._offer_column(name)
            box.setCurrentIndex(max(0, box.findData(chosen)))
        if chosen.startswith(COLUMN):
            self._on_hypothesis(0)

    def _offer_column(self, name: str) -> None:
        if name and self.hypothesis.findData(COLUMN + name) < 0:
            self.hypothesis.addItem(f"column “{name}”", COLUMN + name)

    def _offer_painted(self, spans: tuple[tuple[str, int, int], ...]) -> None:
        self._painted = spans
        count = len(spans)
        words = f"{count:,} place{'s' if count != 1 else ''} painted by hand"
        at = self.hypothesis.findData(PAINTED)
        if at < 0:
            self.hypothesis.insertItem(1, words, PAINTED)
        else:
            self.hypothesis.setItemText(at, words)

    def show_model(self, model: ModelInfo) -> None:
        """Its quantities are on offer."""
        fill_quantities(self.quantities, model)
        self._refresh()

    def show_running(self, running: bool) -> None:
        """Start or Stop."""
        show_instead(*((self.stop, self.start) if running else (self.start, self.stop)))

    def show_available(self, because: str) -> None:
        """``because``: why nothing can be started, or nothing."""
        self.start.setEnabled(not because)
        self.start.setToolTip(because or "Rank every cell (Ctrl+Enter in the pattern).")

    def show_matches(self, words: str, *, wrong: bool = False) -> None:
        """What the hypothesis finds in the text on the desk, or why it is none."""
        self.matches.setText(words)
        self.matches.setProperty("role", "error" if wrong else "caption")
        self.matches.style().polish(self.matches)
        self._summary.setVisible(not wrong and not self.fold.isChecked())
        self.pattern.show_invalid(wrong and self.pattern.isVisibleTo(self))

    # How it is put together

    def _fill(self) -> None:
        self.hypothesis.addItem("a pattern of your own", "")
        self.hypothesis.insertSeparator(1)
        for predicate in PREDICATES.values():
            self.hypothesis.addItem(predicate.label, predicate.name)
        self.quantities.addItem("all of them", ())
        known = DetectRequest("", Scanned(()))
        for box, low, high, value, step, suffix in (
            (self.holdout, 5, 95, round(known.holdout * 100), 5, " %"),
            (self.shifts, 0, 10_000, known.shifts, 50, ""),
            (self.positions, 1000, 2_000_000_000, POSITIONS, 100_000, ""),
        ):
            box.setRange(low, high)
            box.setValue(value)
            box.setSingleStep(step)
            box.setSuffix(suffix)
            box.setGroupSeparatorShown(True)
            pad_spin_box(box)
            box.setMinimumWidth(SPIN_PIXELS)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(self._first_row())
        column.addWidget(self.pattern)
        column.addLayout(self._second_row())
        column.addWidget(self._options)
        self._build_options()

    def _first_row(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        guard = WheelGuard(self)
        for at, (title, control, name, help) in enumerate(
            (
                ("Which cell knows where the text is…", self.hypothesis, "detectHypothesis", "A ready hypothesis, or a pattern."),
                ("Read", self.corpus, "detectCorpus", "The corpus; a table's columns can be asked about, too."),
                ("Texts", self.text_column, "detectTexts", "Of a table: where each row has its text."),
            )
        ):
            name_control(control, name, title, help)
            control.installEventFilter(guard)
            caption = self._text_column_caption if control is self.text_column else caption_label(title)
            caption.setWordWrap(False)
            caption.setBuddy(control)
            grid.addWidget(caption, 0, at)
            grid.addWidget(control, 1, at)
            grid.setColumnStretch(at, 1)
        self.start.setProperty("role", "primary")
        name_control(self.start, "detectStart", "Start", "Rank every cell (Ctrl+Enter in the pattern).")
        name_control(
            self.stop, "detectStop", "Stop", "Keep what there is (Esc); the part of the corpus that was read is not read again."
        )
        for button in (self.start, self.stop):
            grid.addWidget(button, 1, 3)
        grid.setColumnMinimumWidth(3, START_PIXELS)
        return grid

    def _second_row(self) -> QHBoxLayout:
        name_control(self.fold, "detectOptions", "Options", "Quantities, the part held out, shifts of the null, positions.")
        self.fold.setText("Options")
        self.fold.setProperty("role", "fold")
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setCheckable(True)
        self.matches.setObjectName("detectMatches")
        self._summary.setObjectName("detectSummary")
        for label in (self.matches, self._summary):
            label.setProperty("role", "caption")
        self._summary.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.matches, 3)
        row.addWidget(self._summary, 2)
        row.addWidget(self.fold)
        return row

    def _build_options(self) -> None:
        grid = QGridLayout(self._options)
        grid.setContentsMargins(0, 0, 0, 4)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        for at, (title, control, name, help) in enumerate(
            (
                ("Quantities", self.quantities, "detectQuantities", "Fewer are scanned faster and take less room."),
                ("Held out", self.holdout, "detectHoldout", "The share of every file, at its end, that tests the ranking."),
                ("Shifts", self.shifts, "detectShifts", "Of the labels, for the null; 0: none, and nothing is interpretable."),
                ("Positions at most", self.positions, "detectPositions", "Of the corpus, in whole files as far as that goes."),
            )
        ):
            name_control(control, name, title, help)
            control.installEventFilter(WheelGuard(self))
            caption = caption_label(title)
            caption.setBuddy(control)
            grid.addWidget(caption, 0, at)
            grid.addWidget(control, 1, at)
        grid.setColumnStretch(0, 1)

    def _connect(self) -> None:
        self.start.clicked.connect(self.start_chosen)
        self.stop.clicked.connect(self.stop_chosen)
        self.pattern.start_wanted.connect(self.start_chosen)
        self.pattern.textChanged.connect(self.changed)
        self.hypothesis.currentIndexChanged.connect(self._on_hypothesis)
        self.corpus.file_wanted.connect(self.corpus_wanted)
        self.corpus.currentIndexChanged.connect(self._on_corpus)
        self.text_column.currentIndexChanged.connect(self._on_text_column)
        self.fold.toggled.connect(self._show_fold)
        self.quantities.currentIndexChanged.connect(self._refresh)
        for box in (self.holdout, self.shifts, self.positions):
            box.valueChanged.connect(self._refresh)

    @Slot(bool)
    def _show_fold(self, open: bool) -> None:
        self._options.setVisible(open)
        self._summary.setVisible(not open)
        self.fold.setArrowType(Qt.ArrowType.DownArrow if open else Qt.ArrowType.RightArrow)

    @Slot()
    def _refresh(self) -> None:
        self.pattern.setVisible(not self.hypothesis.currentData())
        parts = [f"{self.positions.value():,} positions", f"{self.holdout.value()} % held out", f"{self.shifts.value()} shifts"]
        if self.quantities.currentIndex() > 0:
            parts.insert(0, self.quantities.currentText())
        self._summary.setText(" · ".join(parts))

    @Slot(int)
    def _on_hypothesis(self, _index: int) -> None:
        chosen = str(self.hypothesis.currentData())
        with QSignalBlocker(self.text_column):
            if chosen.startswith(COLUMN):
                self.text_column.read_rows()
            elif chosen == PAINTED:  # by hand, on files
                self.text_column.choose(None)
        self._refresh()
        self.changed.emit()


def predicate_label(name: str | None) -> str | None:
    """What a person reads; None for patterns."""
    known = PREDICATES.get(name or "")
    return None if known is None else known.label
