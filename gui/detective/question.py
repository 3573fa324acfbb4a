"""What is looked for, and where: the corpus, the hypothesis, and what else the scan depends on."""

from pathlib import Path

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

from engine.cells import QUANTITIES
from engine.recurrent.predicates import PREDICATES
from engine.requests import DetectRequest, Scanned
from engine.results import ModelInfo
from gui.cells.words import full_name
from gui.controls.rows import caption_label, name_control, pad_spin_box, small_combo
from gui.controls.wheel_guard import WheelGuard
from gui.detective.pattern_edit import PatternEdit
from gui.views.elided_label import ElidedLabel

STDLIB, FILE, FOLDER = "stdlib", "\0file", "\0folder"
POSITIONS = 150_000  # two layers of 384 cells: ranked in half a minute, weighed in another
STATES = ("hidden_state", "cell_state")
START_PIXELS, SPIN_PIXELS = 104, 96


class DetectQuestion(QWidget):
    """Setters are silent."""

    start_chosen = Signal()
    stop_chosen = Signal()
    changed = Signal()  # another pattern or predicate
    corpus_wanted = Signal(bool)  # a folder rather than a file

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.corpus, self.hypothesis, self.quantities = small_combo(), small_combo(), small_combo()
        self.pattern = PatternEdit()
        self.holdout, self.shifts, self.positions = QSpinBox(), QSpinBox(), QSpinBox()
        self.start, self.stop, self.fold = QPushButton("Start"), QPushButton("Stop"), QToolButton()
        self.matches, self._summary = ElidedLabel(), ElidedLabel()
        self._corpus_at = 0
        self._options = QWidget()
        self._fill()
        self._build()
        self._connect()
        self.show_running(False)
        self._show_fold(False)
        self._refresh()

    # What it holds

    def request(self, model_sha256: str) -> DetectRequest:
        """What Start asks."""
        predicate = self.hypothesis.currentData() or None
        scanned = Scanned((self.corpus.currentData(),), tuple(self.quantities.currentData() or ()), self.positions.value())
        return DetectRequest(
            model_sha256,
            scanned,
            () if predicate else self.pattern.patterns(),
            predicate,
            holdout=self.holdout.value() / 100,
            shifts=self.shifts.value(),
        )

    def show_request(self, request: DetectRequest) -> None:
        """As it was asked."""
        with QSignalBlocker(self.hypothesis), QSignalBlocker(self.pattern):
            self.hypothesis.setCurrentIndex(max(0, self.hypothesis.findData(request.predicate or "")))
            if request.patterns:
                self.pattern.setPlainText("\n".join(request.patterns))
        self.set_corpus(request.scanned.corpus[0])
        self.quantities.setCurrentIndex(max(0, self._place_of(request.scanned.gates)))
        self.holdout.setValue(round(request.holdout * 100))
        self.shifts.setValue(request.shifts)
        if request.scanned.limit is not None:
            self.positions.setValue(request.scanned.limit)
        self._refresh()

    def set_corpus(self, source: str) -> None:
        """A file, a folder, or a name the engine knows."""
        at = self.corpus.findData(source)
        if at < 0:
            at = 1
            self.corpus.insertItem(at, Path(source).name or source, source)
            self.corpus.setItemData(at, source, Qt.ItemDataRole.ToolTipRole)
        self.corpus.setCurrentIndex(at)
        self._corpus_at = at

    def show_model(self, model: ModelInfo) -> None:
        """Its quantities are on offer."""
        kinds = {each.kind for each in model.recurrent}
        own = [(name, kind) for kind, names in QUANTITIES.items() if kind in kinds for name in names]
        before = self.quantities.currentData()
        self.quantities.clear()
        self.quantities.addItem("all of them", ())
        if any(name == "cell_state" for name, _ in own):
            self.quantities.addItem("both states", STATES)
        for name, kind in dict(own).items():
            self.quantities.addItem(full_name(name, kind), (name,))
        self.quantities.setCurrentIndex(max(0, self._place_of(tuple(before or ()))))
        self._refresh()

    def show_running(self, running: bool) -> None:
        """Start or Stop."""
        self.start.setVisible(not running)
        self.stop.setVisible(running)

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

    def _place_of(self, gates: tuple[str, ...]) -> int:
        return next((at for at in range(self.quantities.count()) if tuple(self.quantities.itemData(at) or ()) == gates), -1)

    # How it is put together

    def _fill(self) -> None:
        self.corpus.addItem("Python's standard library", STDLIB)
        self.corpus.addItem("A file…", FILE)
        self.corpus.addItem("A folder…", FOLDER)
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
                ("Read", self.corpus, "detectCorpus", "The corpus: half of every file ranks the cells, the rest tests them."),
            )
        ):
            name_control(control, name, title, help)
            control.installEventFilter(guard)
            caption = caption_label(title)
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
            grid.addWidget(button, 1, 2)
        grid.setColumnMinimumWidth(2, START_PIXELS)
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
        self.corpus.activated.connect(self._on_corpus)
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
        self._refresh()
        self.changed.emit()

    @Slot(int)
    def _on_corpus(self, index: int) -> None:
        data = self.corpus.itemData(index)
        if data in (FILE, FOLDER):
            self.corpus.setCurrentIndex(self._corpus_at)
            self.corpus_wanted.emit(data == FOLDER)
        else:
            self._corpus_at = index


def predicate_label(name: str | None) -> str | None:
    """What a person reads; None for patterns."""
    known = PREDICATES.get(name or "")
    return None if known is None else known.label
