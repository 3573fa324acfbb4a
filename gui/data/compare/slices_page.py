"""Two slices side by side: how many rows, how good, how sure of itself the model is on them, and which words speak there."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.comparisons import Interval, Measure, SlicesResult
from engine.dataset_results import AggregateResult, ClassWords, SliceAggregate
from engine.heatmaps.numerals import fixed
from engine.heatmaps.token_names import visible
from gui import theme
from gui.controls.rows import name_control, section_label, small_combo
from gui.controls.segments import Segments
from gui.data.aggregate_page import MANY, WORDS
from gui.data.asking import AskRow
from gui.data.compare.cells_table import CellColumn, CellsTable
from gui.data.compare.words import NOTHING, between, points, share, signed
from gui.data.confusion import ConfusionMatrix
from gui.data.desk import DataDesk
from gui.data.word_table import WordTable
from gui.views.elided_label import ElidedLabel
from gui.views.sheet import Sheet

EMPTY = (
    "Two slices next to each other: errors beside right rows, a slice you kept beside another, or the rows that are shown beside "
    "all others. Accuracy, calibration and confusion of each, how far they are apart, and the words that speak in them."
)
THESE, ERRORS, RIGHT, ALL, REST = "\0these", "\0errors", "\0right", "\0all", "\0rest"
GUTTER, SCROLL_BAR, WORDS_PIXELS, MOST_CONFUSION = 24, 14, 34 + 8 * theme.ROW_HEIGHT, 360
SHARES = ("accuracy", "recall of ")  # in percent; the others are numbers


class SlicesPage(QWidget):
    """Setters are silent."""

    asked = Signal()
    stopped = Signal()
    words_asked = Signal()
    words_stopped = Signal()
    word_chosen = Signal(object)  # WordSum
    read_out_changed = Signal(str)
    shown = Signal()

    def __init__(self, desk: DataDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.result: SlicesResult | None = None
        self.summed: AggregateResult | None = None
        self.first, self.second, self.many, self.label = small_combo(), small_combo(), small_combo(), small_combo()
        self.row = AskRow("slices", "Compare", "Count both, and how far they are apart.", (self.first, self.second))
        hint = "Explain the rows of both, and sum up their words."
        self.words_row = AskRow("sliceWords", "Explain the rows", hint, (self.many,))
        self.words_row.start.setProperty("role", "")  # one primary button on a page
        self.titles = (section_label(""), section_label(""))
        self.confusions = (ConfusionMatrix(), ConfusionMatrix())
        self.words = (WordTable("sliceWordsFirst"), WordTable("sliceWordsSecond"))
        self.measures = CellsTable("slicesMeasures", "Measures of both slices")
        self.kind = Segments("sliceWordsKind", WORDS, tight=True)
        self._around = (QScrollArea(), QScrollArea())
        self._warnings, self._empty, self._stack, self._found = ElidedLabel(), QLabel(EMPTY), QStackedWidget(), QWidget()
        self._words_titles, self._words_part = (ElidedLabel(), ElidedLabel()), QWidget()
        self._build()
        self._connect()
        self.show_choices()

    def _build(self) -> None:
        for number in MANY:
            self.many.addItem(f"at most {number:,} rows", number)
        self.many.setCurrentIndex(1)
        self.many.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for control, words in (
            (self.first, ("slicesFirst", "First slice", "What stands on the left.")),
            (self.second, ("slicesSecond", "Second slice", "What stands on the right.")),
            (self.many, ("sliceWordsMany", "How many rows", "Of each slice; each is explained.")),
            (self.label, ("sliceWordsLabel", "Class", "Words of the rows that are explained for this class.")),
            (self._warnings, ("slicesWarnings", "What to know", "")),
        ):
            name_control(control, *words)
        self._warnings.setProperty("role", "warning")
        self._empty.setWordWrap(True)
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.measures.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.measures.show_columns(self._columns(), 0, falls=False)
        self.measures.horizontalHeader().setSectionsClickable(False)
        self.measures.horizontalHeader().setSortIndicatorShown(False)
        grid = QGridLayout()
        grid.setHorizontalSpacing(GUTTER)
        grid.setVerticalSpacing(4)
        for at, (title, around, confusion) in enumerate(zip(self.titles, self._around, self.confusions, strict=True)):
            around.setWidget(confusion)
            around.setFrameShape(QFrame.Shape.NoFrame)
            around.viewport().setAutoFillBackground(False)
            confusion.setAutoFillBackground(False)
            around.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            grid.addWidget(title, 0, at)
            grid.addWidget(around, 1, at)
            grid.setColumnStretch(at, 1)
        column = QVBoxLayout(self._found)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(8)
        column.addWidget(self._warnings)
        column.addWidget(self.measures)
        column.addLayout(grid)
        column.addWidget(self.words_row)
        column.addWidget(self._words_part)
        column.addStretch(1)
        self._build_words()
        self._sheet = Sheet(self._found)
        self._found.installEventFilter(self._sheet)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._sheet)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)

    def _build_words(self) -> None:
        chosen = QHBoxLayout()
        chosen.setSpacing(8)
        chosen.addWidget(self.label)
        chosen.addWidget(self.kind)
        chosen.addStretch(1)
        grid = QGridLayout(self._words_part)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(GUTTER)
        grid.setVerticalSpacing(4)
        grid.addLayout(chosen, 0, 0, 1, 2)
        for at, (title, table) in enumerate(zip(self._words_titles, self.words, strict=True)):
            title.setProperty("role", "section")
            table.setFixedHeight(WORDS_PIXELS)
            grid.addWidget(title, 1, at)
            grid.addWidget(table, 2, at)
            grid.setColumnStretch(at, 1)

    def _connect(self) -> None:
        self.row.asked.connect(self.asked)
        self.row.stopped.connect(self.stopped)
        self.words_row.asked.connect(self.words_asked)
        self.words_row.stopped.connect(self.words_stopped)
        self.label.activated.connect(self._on_chosen)
        self.kind.chosen.connect(self._on_chosen)
        for table in self.words:
            table.word_chosen.connect(self.word_chosen)
        for confusion in self.confusions:
            confusion.read_out_changed.connect(self.read_out_changed)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    # Which slices

    def show_choices(self) -> None:
        """The slices that were kept among them; what was chosen stays."""
        saved = [(f"“{visible(each.name)}”", each.name) for each in self._desk.store.work.slices]
        ours = [("Errors", ERRORS), ("Right rows", RIGHT), ("Rows that are shown", THESE), ("All rows", ALL)]
        for box, choices, usual in ((self.first, [*ours, *saved], 0), (self.second, [*ours, ("All others", REST), *saved], 1)):
            before = box.currentData()
            box.clear()
            for words, id in choices:
                box.addItem(words, id)
            box.setCurrentIndex(max(0, box.findData(before)) if before is not None else usual)

    @property
    def chosen(self) -> tuple[str, str]:
        """Both, by their ids."""
        return self.first.currentData(), self.second.currentData()

    # What was found

    def show_nothing(self) -> None:
        """Of other data, or another model."""
        self.result = self.summed = None
        for row in (self.row, self.words_row):
            row.show_running(False)
            row.say("")
        self._words_part.hide()
        self._stack.setCurrentIndex(0)

    def show_result(self, result: SlicesResult) -> None:
        """Both, counted."""
        self.result, self.summed = result, None
        self._words_part.hide()
        self.words_row.say("")
        self.row.show_running(False)
        self.row.say("")
        self._warnings.setText(" ".join(notice.message for notice in result.warnings))
        self._warnings.setVisible(bool(result.warnings))
        names = [visible(each.name) for each in result.request.slices]
        self.measures.show_columns(self._columns(*names), 0, falls=False)
        self.measures.show_rows(np.arange(len(result.measures)))
        for title, name, rows, numbers in zip(self.titles, names, result.rows, result.numbers, strict=True):
            unlabelled = "" if numbers.labelled == len(rows) else f", {numbers.labelled:,} with a label"
            title.setText(f"{name}: {len(rows):,} rows{unlabelled}")
        for confusion, around, numbers in zip(self.confusions, self._around, result.numbers, strict=True):
            around.setVisible(numbers.confusion is not None and numbers.labelled > 0)
            confusion.show_numbers(numbers, result.model.labels)
        self._stack.setCurrentIndex(1)
        self._fit()

    def _fit(self) -> None:
        if self.result is None:
            return
        wanted = sum(column.width for column in self._columns())
        bar = SCROLL_BAR if wanted > self.width() - 2 * SCROLL_BAR else 0
        self.measures.setFixedHeight(34 + theme.ROW_HEIGHT * len(self.result.measures) + bar)
        for confusion, around in zip(self.confusions, self._around, strict=True):
            confusion.set_room(max(200, (self.width() - GUTTER - 16) // 2))
            around.setFixedHeight(min(confusion.sizeHint().height() + 2, MOST_CONFUSION))
        self._sheet.fit()

    def _columns(self, first: str = "First", second: str = "Second") -> Sequence[CellColumn]:
        hint = "In brackets the interval of 95 %."
        return (
            CellColumn("Measure", "What is counted.", 128, lambda at: _title(self._measure(at))),
            CellColumn(first, hint, 174, lambda at: _value(self._measure(at), 0)),
            CellColumn(second, hint, 174, lambda at: _value(self._measure(at), 1)),
            CellColumn("Apart", "The interval of the difference leaves zero out.", 50, lambda at: _sure(self._measure(at))),
            CellColumn("Difference", f"The second minus the first. {hint}", 180, lambda at: _difference(self._measure(at))),
        )

    def _measure(self, at: int) -> Measure:
        assert self.result is not None
        return self.result.measures[at]

    # Words

    def show_words(self, summed: AggregateResult, whole: bool) -> None:
        """Finished, or so far."""
        self.summed = summed
        labels = list(dict.fromkeys(each.label for one in summed.slices for each in one.classes))
        if [self.label.itemData(at) for at in range(self.label.count())] != labels:
            self.label.clear()
            for label in labels:
                self.label.addItem(f"for {visible(label)}", label)
        self._on_chosen()
        self._words_part.show()
        if whole:
            self.words_row.show_running(False)
            failed = f", {len(summed.skipped):,} could not be" if summed.skipped else ""
            self.words_row.say(f"{sum(len(each.rows) for each in summed.slices):,} rows explained{failed}")
        self._sheet.fit()

    @Slot()
    def _on_chosen(self) -> None:
        if self.summed is None:
            return
        for of, table, title in zip(self.summed.slices, self.words, self._words_titles, strict=False):
            words = self._words_of(of)
            table.show_words(getattr(words, self.kind.current) if words is not None else ())
            count = words.rows if words is not None else 0
            title.setText(f"{visible(of.name)}: {count:,} of {len(of.rows):,} rows explained {self.label.currentText()}")

    def _words_of(self, of: SliceAggregate) -> ClassWords | None:
        return next((each for each in of.classes if each.label == self.label.currentData()), None)


def _title(measure: Measure) -> str:
    return measure.name[0].upper() + measure.name[1:]


def _is_share(measure: Measure) -> bool:
    return measure.name.startswith(SHARES)


def _value(measure: Measure, side: int) -> str:
    value = (measure.first, measure.second)[side]
    interval: Interval | None = (measure.first_interval, measure.second_interval)[side]
    if value is None:
        return NOTHING
    if _is_share(measure):
        return f"{share(value)} {between(interval, 1, 100)}"
    return f"{fixed(value, 3)} {between(interval, 3)}"


def _difference(measure: Measure) -> str:
    if measure.difference is None:
        return NOTHING
    if _is_share(measure):
        return f"{points(measure.difference)} {between(measure.interval, 1, 100, sign=True)}"
    return f"{signed(measure.difference, 3)} {between(measure.interval, 3, sign=True)}"


def _sure(measure: Measure) -> str:
    return "yes" if measure.interval is not None and (measure.interval[0] > 0 or measure.interval[1] < 0) else ""
