"""What the explanations of the rows that are shown have in common: words of each class, and where in the texts they stand."""

import re

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from engine.dataset_results import AggregateResult, ClassWords, SliceAggregate, WordSum
from engine.heatmaps.token_names import visible
from gui.controls.rows import caption_label, name_control, section_label, small_combo
from gui.controls.segments import Segments
from gui.data.asking import AskRow
from gui.data.desk import DataDesk
from gui.data.position_map import PositionMap
from gui.data.row_filter import quoted
from gui.data.word_table import WordTable
from gui.heatmaps.colour_bar import ColourBar
from gui.records.checkpoint_slider import CheckpointSlider
from gui.records.field_bars import MEASURES, FieldBars

MANY = (50, 200, 1000, 5000)
WORDS = (
    ("raises", "Raise", "Words that speak for the class, those that did most in all first."),
    ("lowers", "Lower", "Words that speak against it."),
    ("flips", "Both ways", "Words that raise the score in some places and lower it in others."),
    ("fields", "Bars", "Field by field, over all the rows."),
)
EMPTY = (
    "Which words speak for which class, over many rows? Every row is explained with the method on the right, once; then words "
    "are summed up by class, with the rows they stand in. Rows are taken in the order of the table, so errors come first."
)
NOTHING, OUTCOMES = "", "\0outcomes"
_OF_TEXTS = ("raises", "lowers", "flips")


class AggregatePage(QWidget):
    """Setters are silent."""

    asked = Signal()
    stopped = Signal()
    word_chosen = Signal(object)  # WordSum
    row_chosen = Signal(int)
    read_out_changed = Signal(str)

    def __init__(self, desk: DataDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.result: AggregateResult | None = None
        self.many, self.compare, self.label = small_combo(), small_combo(), small_combo()
        self.row = AskRow("aggregate", "Explain the rows", "Explain every row, and sum up.", (self.many, self.compare))
        self.kind = Segments("aggregateWords", WORDS, tight=True)
        self.first, self.second, self.map = WordTable("aggregateFirst"), WordTable("aggregateSecond"), PositionMap()
        self._first_title, self._second_title, self._bar = section_label(""), section_label(""), ColourBar()
        self._empty, self._stack, self._right = QLabel(EMPTY), QStackedWidget(), QStackedWidget()
        self._fields = caption_label()
        self.bars, self.second_bars, self._first_stack = (
            FieldBars("aggregateBars"),
            FieldBars("aggregateBarsBeside"),
            QStackedWidget(),
        )
        self.measure, self.checkpoint = Segments("aggregateMeasure", MEASURES, tight=True), CheckpointSlider()
        self._build()
        self._connect()
        self.show_choices()

    def _build(self) -> None:
        for number in MANY:
            self.many.addItem(f"at most {number:,} rows", number)
        self.many.setCurrentIndex(1)
        for box in (self.many, self.compare):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for control, words in (
            (self.many, ("aggregateMany", "How many rows", "Each is explained; the first of the table.")),
            (self.compare, ("aggregateCompare", "Beside", "Another slice beside these rows.")),
            (self.label, ("aggregateLabel", "Class", "Words of the rows that are explained for this class.")),
        ):
            name_control(control, *words)
        self._empty.setWordWrap(True)
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        beside = QWidget()
        column = QVBoxLayout(beside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.map, 1)
        column.addWidget(self._bar)
        self._right.addWidget(beside)
        self._right.addWidget(self.second)
        self._right.addWidget(self.second_bars)
        self._first_stack.addWidget(self.first)
        self._first_stack.addWidget(self.bars)
        self.kind.offer(_OF_TEXTS)
        self.measure.hide()
        chosen = QHBoxLayout()
        chosen.setSpacing(8)
        chosen.addWidget(self.label)
        chosen.addWidget(self.kind)
        chosen.addWidget(self.measure)
        chosen.addWidget(self._fields, 1)
        chosen.addWidget(self.checkpoint)
        found = QWidget()
        grid = QGridLayout(found)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        grid.addLayout(chosen, 0, 0, 1, 2)
        for at, (title, widget) in enumerate(((self._first_title, self._first_stack), (self._second_title, self._right))):
            grid.addWidget(title, 1, at)
            grid.addWidget(widget, 2, at)
            grid.setColumnStretch(at, 1)
        grid.setRowStretch(2, 1)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(found)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 4, 0, 0)
        whole.setSpacing(8)
        whole.addWidget(self.row)
        whole.addWidget(self._stack, 1)

    def _connect(self) -> None:
        self.row.asked.connect(self.asked)
        self.row.stopped.connect(self.stopped)
        self.label.activated.connect(self._on_chosen)
        self.kind.chosen.connect(self._on_chosen)
        self.measure.chosen.connect(self._on_chosen)
        self.checkpoint.chosen.connect(self.asked)
        for bars in (self.bars, self.second_bars):
            bars.read_out_changed.connect(self.read_out_changed)
        for table in (self.first, self.second):
            table.word_chosen.connect(self.word_chosen)
        self.map.row_chosen.connect(self.row_chosen)
        self.map.read_out_changed.connect(self.read_out_changed)

    def show_choices(self) -> None:
        """What can stand beside these rows."""
        before = self.compare.currentData()
        self.compare.clear()
        self.compare.addItem("by themselves", NOTHING)
        self.compare.addItem("errors beside right ones", OUTCOMES)
        for saved in self._desk.store.work.slices:
            self.compare.addItem(f"beside “{visible(saved.name)}”", saved.name)
        self.compare.setCurrentIndex(max(0, self.compare.findData(before)))

    def show_nothing(self) -> None:
        """Of other data, or another model."""
        self.result = None
        self.row.show_running(False)
        self.row.say("")
        self._stack.setCurrentIndex(0)

    def show_result(self, result: AggregateResult, whole: bool) -> None:
        """Finished, or so far."""
        of_records = bool(result.slices[0].spans)
        if of_records and (self.result is None or not self.result.slices[0].spans):
            self.kind.choose("fields")
        elif not of_records and self.kind.current == "fields":
            self.kind.choose("raises")
        self.kind.offer((*_OF_TEXTS, "fields") if of_records else _OF_TEXTS)
        self.checkpoint.show_names(result.model.checkpoints or self.checkpoint.names if of_records else ())
        self.result = result
        labels = [each.label for each in result.slices[0].classes]
        if [self.label.itemData(at) for at in range(self.label.count())] != labels:
            self.label.clear()
            for label in labels:
                self.label.addItem(f"for {visible(label)}", label)
        self._show()
        self._stack.setCurrentIndex(1)
        if whole:
            self.row.show_running(False)
            count = sum(len(each.rows) for each in result.slices)
            failed = f", {len(result.skipped):,} could not be" if result.skipped else ""
            self.row.say(f"{count:,} rows explained{failed}")

    def _show(self) -> None:
        assert self.result is not None
        slices, target = self.result.slices, self.result.request.explanation.target
        unit = self.result.model.value_unit or target.score.replace("_", " ")
        bars = self.kind.current == "fields"
        self._first_stack.setCurrentIndex(int(bars))
        self.measure.setVisible(bars)
        self.label.setVisible(not bars)
        self.first.show_kind(bool(slices[0].spans))
        self.second.show_kind(bool(slices[0].spans))
        measure = next(each for each, _, _ in MEASURES if each == self.measure.current)
        for of, drawn in zip(slices, (self.bars, self.second_bars), strict=False):
            drawn.show_fields(of.fields, measure, unit)
        for of, table, title in zip(slices, (self.first, self.second), (self._first_title, self._second_title), strict=False):
            words = self._words_of(of)
            table.show_words(() if words is None or bars else getattr(words, self.kind.current))
            count = words.rows if words is not None else 0
            name = f"{of.name}: " if len(slices) > 1 else ""
            title.setText(f"{name}{count:,} of {len(of.rows):,} rows explained {self.label.currentText()}")
        self._right.setCurrentIndex((2 if bars else 1) if len(slices) > 1 else 0)
        if len(slices) == 1:
            explained = slices[0]
            self.map.show_slice(explained, signed=True)
            kind = "Character by character" if explained.spans else "Word by word"
            self._second_title.setText(f"{kind}, a line each row")
            self._bar.show_scale(self.map.limit, signed=True, unit=unit)
        fields = (
            [] if slices[0].spans else [f"{each.name}: Σ|values| {each.magnitude:.3g} on average" for each in slices[0].fields]
        )
        self._fields.setText(" · ".join(fields))

    def _words_of(self, of: SliceAggregate) -> ClassWords | None:
        return next((each for each in of.classes if each.label == self.label.currentData()), None)

    @Slot()
    def _on_chosen(self) -> None:
        if self.result is not None:
            self._show()


def search_for(word: WordSum, fields: bool = False) -> str:
    """The rows it stands in, as a search; of a record, where a field holds this value."""
    name, equals, value = word.word.partition("=")
    if fields and equals:
        return f"{quoted(name)}:/^\\s*{re.escape(value)}\\s*$/"
    return f"/(?:^|\\W){re.escape(word.word)}(?:\\W|$)/"
