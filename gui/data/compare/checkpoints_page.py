"""The rows over training: how good each checkpoint is, when each row was learnt or lost, and one row's map at all of them."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from engine.comparisons import CheckpointsResult, Histories
from engine.dataset_results import NONE
from engine.datasets.histories import histories
from engine.heatmaps.numerals import fixed, percent
from engine.heatmaps.token_names import visible
from engine.heatmaps.wording import progress_words
from engine.over_training import OverTrainingResult, in_words
from engine.requests import in_words as read_of
from gui.controls.rows import name_control
from gui.controls.segments import Segments
from gui.data.asking import AskRow
from gui.data.compare.cells_table import CellColumn, CellsTable
from gui.data.compare.words import NOTHING
from gui.data.confusion import ConfusionMatrix
from gui.data.desk import DataDesk
from gui.views.elided_label import ElidedLabel
from gui.views.sheet import Sheet
from gui.views.thin_splitter import ThinSplitter
from gui.views.training_curve import MOST_LINES, CheckpointCurves, Curves
from gui.views.training_matrix import TrainingMatrix

EMPTY = (
    "How did the model come to its answers? Every checkpoint from its training reads the rows: how good it was then, which rows "
    "it had learnt, which it lost again, and below, for the row in hand, what each checkpoint looked at."
)
NO_CHECKPOINTS = "This model carries no checkpoints from its training. News topics, among the samples, does."
KINDS = (
    ("all", "All", "Every row."),
    ("learnt", "Learnt here", "Right from this checkpoint to the end."),
    ("lost", "Lost here", "Wrong from this checkpoint to the end, and right before."),
    ("never", "Never right", "Wrong at every checkpoint."),
)
LEARNT = 3  # the column it is sorted by at first
LEAST_TABLE, LISTED_PIXELS, MAPPED_PIXELS = 140, 380, 440
CONFUSION_PIXELS, MOST_CONFUSION, BAR_PIXELS = 320, 240, 168


class CheckpointsPage(QWidget):
    """Setters are silent."""

    asked = Signal()
    stopped = Signal()
    row_chosen = Signal(int)
    read_out_changed = Signal(str)
    shown = Signal()

    def __init__(self, desk: DataDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.result: CheckpointsResult | None = None
        self.told: Histories | None = None
        self.checkpoint = 0
        self._cell: tuple[int | None, int | None] = (None, None)
        hint = "Read the rows at every checkpoint; what was predicted before is taken from disk."
        self.row = AskRow("checkpoints", "Predict at every checkpoint", hint, ())
        self.curves, self.confusion, self.matrix = AccuracyCurves(), ConfusionMatrix(), TrainingMatrix()
        self.kind, self.table = (
            Segments("checkpointsKind", KINDS, tight=True),
            CellsTable("checkpointsTable", "Rows over training"),
        )
        self._at, self._cell_words, self._title, self._sentence = ElidedLabel(), ElidedLabel(), QLabel(), ElidedLabel()
        self._warnings, self._empty, self._stack = ElidedLabel(), QLabel(EMPTY), QStackedWidget()
        self._page, self._around = QWidget(), QScrollArea()
        self._build()
        self._connect()

    def _build(self) -> None:
        for control, words in (
            (self._at, ("checkpointsAt", "At the checkpoint", "")),
            (self._title, ("rowTrainingTitle", "The row over training", "")),
            (self._sentence, ("rowTrainingSentence", "When it was learnt", "")),
            (self._warnings, ("checkpointsWarnings", "What to know", "")),
        ):
            name_control(control, *words)
        self._at.setProperty("role", "section")
        self._title.setProperty("role", "section")
        self._sentence.setProperty("role", "muted")
        self._cell_words.setProperty("role", "muted")
        self._warnings.setProperty("role", "warning")
        self.matrix.plot.setObjectName("rowTrainingMatrix")
        self.matrix.own_scale.setObjectName("rowTrainingOwnScale")
        self._empty.setWordWrap(True)
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._around.setWidget(self.confusion)
        self._around.setFrameShape(QFrame.Shape.NoFrame)
        self._around.viewport().setAutoFillBackground(False)
        self.confusion.setAutoFillBackground(False)  # which being put there has set
        self._around.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._around.setMinimumWidth(CONFUSION_PIXELS)
        self.table.setMinimumHeight(LEAST_TABLE)
        above = QGridLayout()
        above.setHorizontalSpacing(16)
        above.setVerticalSpacing(4)
        above.addWidget(self._at, 0, 0, 1, 2)
        above.addWidget(self.curves, 1, 0)
        above.addWidget(self._around, 1, 1)
        above.setColumnStretch(0, 3)
        above.setColumnStretch(1, 2)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title)
        head.addWidget(self._sentence, 1)
        scale = QHBoxLayout()
        scale.setSpacing(8)
        scale.addWidget(self.matrix.own_scale)
        scale.addStretch(1)
        scale.addWidget(self.matrix.bar)
        self.matrix.bar.setFixedWidth(BAR_PIXELS)
        listed, mapped = QWidget(), QWidget()
        left = QVBoxLayout(listed)
        left.setContentsMargins(0, 0, 4, 0)
        left.setSpacing(4)
        left.addWidget(self.kind, 0, Qt.AlignmentFlag.AlignLeft)
        left.addWidget(self._cell_words)
        left.addWidget(self.table, 1)
        right = QVBoxLayout(mapped)
        right.setContentsMargins(4, 0, 0, 0)
        right.setSpacing(4)
        right.addLayout(head)
        right.addLayout(scale)
        right.addWidget(self.matrix, 1)
        right.addStretch()
        below = ThinSplitter(Qt.Orientation.Horizontal)
        below.addWidget(listed)
        below.addWidget(mapped)
        below.setStretchFactor(0, 1)
        below.setStretchFactor(1, 1)
        below.setSizes([LISTED_PIXELS, MAPPED_PIXELS])
        column = QVBoxLayout(self._page)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(8)
        column.addWidget(self._warnings)
        column.addLayout(above)
        column.addWidget(below, 1)
        self._stack.addWidget(self._empty)
        self._sheet = Sheet(self._page)
        self._page.installEventFilter(self._sheet)
        self._stack.addWidget(self._sheet)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)

    def _connect(self) -> None:
        self.row.asked.connect(self.asked)
        self.row.stopped.connect(self.stopped)
        self.curves.checkpoint_chosen.connect(self._on_checkpoint)
        self.matrix.checkpoint_chosen.connect(self._on_row_checkpoint)
        self.kind.chosen.connect(self._on_kind)
        self.confusion.cell_chosen.connect(self._on_cell)
        self.table.chosen.connect(self.row_chosen)
        for part in (self.curves, self.matrix, self.confusion):
            part.read_out_changed.connect(self.read_out_changed)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown.emit()

    # What was found

    def show_nothing(self, checkpoints: bool) -> None:
        """Of other data, or another model. ``checkpoints``: whether it carries any."""
        self.result = self.told = None
        self.row.show_running(False)
        self.row.start.setEnabled(checkpoints)
        self.row.say("")
        self._empty.setText(EMPTY if checkpoints else NO_CHECKPOINTS)
        self._stack.setCurrentIndex(0)

    def show_result(self, result: CheckpointsResult, whole: bool) -> None:
        """Finished, or checkpoint by checkpoint; the last one goes on being the one that is looked at."""
        before = self.result
        at_the_end = before is None or before.request != result.request or self.checkpoint == len(before.names) - 1
        if before is None or before.request != result.request:
            self._cell = (None, None)
            self.table.show_columns(self._columns(), LEARNT, falls=False)
        self.result, self.told = result, histories(result)
        self.checkpoint = len(result.names) - 1 if at_the_end else min(self.checkpoint, len(result.names) - 1)
        self._warnings.setText(" ".join(notice.message for notice in result.warnings if notice.kind == "left_out"))
        self._warnings.setVisible(bool(self._warnings.text()))
        self.curves.show_result(result, result.total if not whole else len(result.names))
        self._draw()
        self._stack.setCurrentIndex(1)
        if whole:
            self.row.show_running(False)
            self.row.say(f"{result.data.rows:,} rows at {len(result.names)} checkpoints")

    def _draw(self) -> None:
        """All that is of the checkpoint."""
        result = self._result
        numbers, name = result.numbers[self.checkpoint], result.names[self.checkpoint]
        parts = [f"At {name}"]
        if numbers.accuracy is not None:
            parts.append(f"accuracy {percent(numbers.accuracy)} of {numbers.labelled:,}")
        if numbers.calibration.error is not None:
            parts.append(f"calibration error {fixed(numbers.calibration.error, 3)}")
        self._at.setText(" · ".join(parts))
        self.curves.select(self.checkpoint)
        self.confusion.set_room(CONFUSION_PIXELS)
        self.confusion.show_numbers(numbers, result.labels)
        names = [None if at is None else result.labels[at] for at in self._cell]
        self.confusion.show_chosen(names[0], names[1])
        hint = self.confusion.sizeHint()
        self._around.setFixedHeight(min(hint.height() + 2, MOST_CONFUSION))
        self._around.setMinimumWidth(min(hint.width() + 2, CONFUSION_PIXELS))
        self.matrix.select(self.checkpoint, -1)
        self.show_rows()

    def show_rows(self) -> None:
        """Those that pass the search and what is chosen here, counted anew."""
        if self.result is None or self.told is None:
            return
        told, at = self.told, self.checkpoint
        rows = np.arange(self.result.data.rows) if self._desk.is_whole else self._desk.rows_of_every_class()
        judged = self.result.true != NONE
        never = judged & (self.result.predicted != self.result.true).all(axis=0)
        chosen = {"learnt": told.learnt == at, "lost": told.forgotten == at, "never": never}
        for id, words, _ in KINDS:
            count = len(rows) if id == "all" else int(chosen[id][rows].sum())
            self.kind.set_words(id, f"{words} {count:,}")
        true, predicted = self._cell
        wanted = chosen.get(self.kind.current, np.ones(len(judged), np.bool_)).copy()
        if true is not None:
            wanted &= self.result.true == true
        if predicted is not None:
            wanted &= self.result.predicted[at] == predicted
        self._cell_words.setText(self._in_words_of_cell())
        self._cell_words.setVisible(self._cell != (None, None))
        self.table.show_rows(rows[wanted[rows]])

    def _in_words_of_cell(self) -> str:
        labels = self._result.labels
        true, predicted = self._cell
        said = [] if true is None else [f"true {visible(labels[true])}"]
        said += [] if predicted is None else [f"predicted {visible(labels[predicted])} there"]
        return ", ".join(said)

    @property
    def _result(self) -> CheckpointsResult:
        assert self.result is not None
        return self.result

    @property
    def _told(self) -> Histories:
        assert self.told is not None
        return self.told

    def _numbers(self) -> NDArray[np.int64]:
        return np.arange(self._result.data.rows)

    def _columns(self) -> list[CellColumn]:
        def name(at: int) -> str:
            return NOTHING if at < 0 else self._result.names[at]

        def label(at: int) -> str:
            return visible(self._result.labels[at]) if at >= 0 else ""

        def last_if_none(values: NDArray[np.int16]) -> NDArray[np.float64]:
            return np.where(values < 0, np.nan, values)

        return [
            CellColumn(
                "Row", "Its number in the file, from 0.", 48, "{:,}".format, lambda: np.arange(self._result.data.rows), True
            ),
            CellColumn("True", "As the data say.", 76, lambda r: label(int(self._result.true[r])), lambda: self._result.true),
            CellColumn(
                "There",
                "Predicted at the checkpoint that is looked at.",
                76,
                lambda r: label(int(self._result.predicted[self.checkpoint, r])),
                lambda: self._result.predicted[self.checkpoint],
            ),
            CellColumn(
                "Learnt",
                "The checkpoint from which it is right to the end.",
                76,
                lambda r: name(int(self._told.learnt[r])),
                lambda: last_if_none(self._told.learnt),
                falls=True,
            ),
            CellColumn(
                "Lost",
                "The checkpoint from which it is wrong to the end, having been right before.",
                76,
                lambda r: name(int(self._told.forgotten[r])),
                lambda: last_if_none(self._told.forgotten),
                falls=True,
            ),
            CellColumn(
                "Changes",
                "How often another class was predicted than at the checkpoint before.",
                72,
                lambda r: f"{int(self._told.changes[r])}",
                lambda: self._told.changes.astype(np.int64),
                right=True,
                falls=True,
            ),
            CellColumn(
                "P true",
                "Of the true class, at the checkpoint that is looked at.",
                64,
                lambda r: _number(float(self._result.chance[self.checkpoint, r])),
                lambda: self._result.chance[self.checkpoint],
                right=True,
                falls=True,
            ),
            CellColumn("Text", "The row.", 200, lambda r: read_of(self._result.data.input_of(r)).replace("\n", " ")),
        ]

    # The row in hand

    def show_row(self, row: int, found: OverTrainingResult | None, note: str = "") -> None:
        """Its map at every checkpoint, as far as it is known."""
        self.table.select(row)
        self.matrix.setVisible(found is not None)
        self.matrix.bar.setVisible(found is not None)
        self.matrix.own_scale.setVisible(found is not None)
        tag = "" if found is None else progress_words(found.progress, False)
        self._title.setText(f"Row {row:,}" if row >= 0 else "")
        self._sentence.setText(note or tag or (in_words(found) if found is not None else ""))
        if found is not None:
            self.matrix.show_result(found)
            self.matrix.select(min(self.checkpoint, len(found.names) - 1), -1)

    @Slot(int)
    def _on_checkpoint(self, at: int) -> None:
        if self.result is not None:
            self.checkpoint = min(at, len(self.result.names) - 1)
            self._draw()

    @Slot(int)
    def _on_row_checkpoint(self, at: int) -> None:
        """By a click on the row's own map, where one may have been left out."""
        self._on_checkpoint(at)

    @Slot(str)
    def _on_kind(self, _id: str) -> None:
        self.show_rows()

    @Slot(object, object)
    def _on_cell(self, true: str | None, predicted: str | None) -> None:
        """Those rows alone; the same again: all."""
        labels = self._result.labels
        self._cell = (None if true is None else labels.index(true), None if predicted is None else labels.index(predicted))
        self._draw()


class AccuracyCurves(CheckpointCurves):
    """Accuracy over training, and the recall of each class."""

    def __init__(self, parent: QWidget | None = None) -> None:
        hint = "Which checkpoint is looked at (arrow keys)."
        super().__init__("checkpointsSlider", "checkpointsCurve", "Accuracy over training", hint, parent)
        self._result: CheckpointsResult | None = None

    def show_result(self, result: CheckpointsResult, total: int) -> None:
        """As many checkpoints as there are so far, of ``total``."""
        self._result = result
        accuracy = [np.nan if each.accuracy is None else each.accuracy for each in result.numbers]
        recalls = [[np.nan if one.recall is None else one.recall for one in each.classes] for each in result.numbers]
        there = [at for at in range(len(result.labels)) if not np.isnan(recalls[-1][at])][: MOST_LINES - 1]
        heights = np.column_stack([accuracy, *(np.array(recalls)[:, at] for at in there)])
        labels = ("accuracy", *(visible(result.labels[at]) for at in there))
        self.show_curves(Curves(result.names, np.nan_to_num(heights), labels, strong=1), total)

    def in_words(self, checkpoint: int) -> str:
        """See ``CheckpointCurves``."""
        if self._result is None:
            return ""
        numbers = self._result.numbers[checkpoint]
        said = [self._result.names[checkpoint]]
        said += [] if numbers.accuracy is None else [f"accuracy {percent(numbers.accuracy)}"]
        said += [f"recall of {visible(one.label)} {percent(one.recall)}" for one in numbers.classes if one.recall is not None]
        return " · ".join(said[:8])


def _number(value: float) -> str:
    return "" if np.isnan(value) else fixed(value, 3)
