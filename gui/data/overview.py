"""How good the model is on the rows that are looked at, or on all of them: every part of it is a filter."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from engine.dataset_results import Numbers, PredictionsResult, Rows
from engine.datasets.numbers import numbers_of
from engine.heatmaps.numerals import figures, fixed, percent, signed_figures
from gui.controls.rows import caption_label, name_control, section_label
from gui.controls.segments import Segments
from gui.data.calibration import CalibrationPlot
from gui.data.class_table import ClassTable
from gui.data.confusion import ConfusionMatrix
from gui.data.desk import DataDesk
from gui.data.regression_plots import ResidualPlot, ScatterPlot
from gui.theme import numbers_font
from gui.views.elided_label import ElidedLabel
from gui.views.sheet import Sheet

GUTTER, SCROLL_BAR = 24, 14
PLOTS_PIXELS = 300
MOST_CONFUSION = 480  # pixels of the matrix, then it scrolls
WAITING = "Numbers come with the first predictions."
NO_LABELS = "Without labels nothing is right or wrong: name a column of labels under Columns."


class OverviewPage(Sheet):
    """Setters are silent."""

    filter_chosen = Signal(object)  # RowFilter
    row_chosen = Signal(int)
    read_out_changed = Signal(str)

    def __init__(self, desk: DataDesk, parent: QWidget | None = None) -> None:
        self.page = QWidget()
        super().__init__(self.page, parent)
        self._desk = desk
        self.setObjectName("dataOverview")
        self._which, self._figures, self._words = ElidedLabel(), QLabel(), caption_label()
        self.scope = Segments(
            "dataScope",
            (
                ("these", "These rows", "Those that pass the search, of every class."),
                ("all", "All rows", "Whatever is searched for."),
            ),
            tight=True,
        )
        self.confusion, self.calibration, self.classes = ConfusionMatrix(), CalibrationPlot(), ClassTable()
        self._calibration_title = section_label("Calibration")
        self.scatter, self.residuals, self._off = ScatterPlot(), ResidualPlot(), QWidget()
        self._left, self._right = QWidget(), QWidget()
        self._around = QScrollArea()
        self._build()
        self.scope.chosen.connect(self._on_scope)
        self.confusion.cell_chosen.connect(self._on_cell)
        self.calibration.bin_chosen.connect(self._on_bin)
        self.classes.class_chosen.connect(self._on_class)
        self.scatter.row_chosen.connect(self.row_chosen)
        self.residuals.bin_chosen.connect(self._on_residuals)
        for plot in (self.scatter, self.residuals):
            plot.read_out_changed.connect(self.read_out_changed)
        self.confusion.read_out_changed.connect(self.read_out_changed)
        self.calibration.read_out_changed.connect(self.read_out_changed)

    def _build(self) -> None:
        name_control(self._which, "overviewRows", "Of which rows", "")
        name_control(self._figures, "overviewFigures", "Figures", "")
        self._figures.setFont(numbers_font())
        self._figures.setTextFormat(Qt.TextFormat.PlainText)
        self._which.setProperty("role", "section")
        self._around.setWidget(self.confusion)
        self._around.setFrameShape(QFrame.Shape.NoFrame)
        self._around.viewport().setAutoFillBackground(False)
        self.confusion.setAutoFillBackground(False)  # which being put there has set
        self._around.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._which, 1)
        head.addWidget(self.scope)
        left = QVBoxLayout(self._left)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(4)
        left.addWidget(section_label("Confusion"))
        left.addWidget(self._around)
        left.addStretch()
        right = QVBoxLayout(self._right)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(4)
        right.addWidget(self._calibration_title)
        right.addWidget(self.calibration, 1)
        grid = QGridLayout()
        grid.setHorizontalSpacing(GUTTER)
        grid.setVerticalSpacing(16)
        grid.addWidget(self._left, 0, 0)
        grid.addWidget(self.classes, 1, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self._right, 0, 1, 2, 1)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self.page)
        column.setContentsMargins(0, 4, 0, 8)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._figures)
        column.addWidget(self._words)
        column.addLayout(grid)
        off = QGridLayout(self._off)
        off.setContentsMargins(0, 0, 0, 0)
        off.setHorizontalSpacing(GUTTER)
        off.setVerticalSpacing(4)
        for at, (title, plot) in enumerate((("Predicted and measured", self.scatter), ("Residuals", self.residuals))):
            off.addWidget(section_label(title), 0, at)
            off.addWidget(plot, 1, at)
            off.setColumnStretch(at, 1)
        self._off.setMinimumHeight(PLOTS_PIXELS)
        column.addWidget(self._off, 1)
        column.addStretch(0)
        self.page.installEventFilter(self)

    def show_rows(self) -> None:
        """Counted anew."""
        desk, said = self._desk, self._desk.predictions
        narrowed = not desk.is_whole
        self.scope.setVisible(narrowed)
        ours = narrowed and self.scope.current == "these"
        if said is None:
            self._show_nothing(desk.why_not_predict() or WAITING)
            return
        rows = desk.rows_of_every_class() if ours else None
        numbers = said.numbers if rows is None else numbers_of(said, rows)
        count = desk.data.rows if rows is None and desk.data else len(rows if rows is not None else ())
        words = desk.filter.of_every_class().in_words()
        self._which.setText(f"{count:,} rows: {words}" if ours else f"All {count:,} rows")
        if not desk.whole:
            self._which.setText(f"{self._which.text()}, {said.done:,} predicted so far")
        self._figures.setText(_figures(numbers, said.model.value_unit))
        every = np.arange(len(said.logits)) if rows is None else rows
        self._show_regression(said, every, numbers)
        self._show_numbers(numbers, said.labels)

    def _show_nothing(self, words: str) -> None:
        self._which.setText("")
        self._figures.setText("")
        self._words.setText(words)
        self._words.show()
        for each in (self._left, self._right, self.classes, self._off):
            each.hide()

    def _show_regression(self, said: PredictionsResult, rows: Rows, numbers: Numbers) -> None:
        """Of numbers, how far they are off in place of which class is taken for which."""
        self._off.setVisible(numbers.regression is not None)
        if numbers.regression is not None:
            self.scatter.show_rows(said, rows, said.model.value_unit)
            self.scatter.show_current(self._desk.current)
            self.residuals.show_numbers(numbers.regression, said.model.value_unit)

    def _show_numbers(self, numbers: Numbers, labels: tuple[str, ...]) -> None:
        labelled, chosen = numbers.labelled > 0, self._desk.filter
        self._words.setText("" if labelled else NO_LABELS)
        self._words.setVisible(not labelled)
        self._left.setVisible(numbers.confusion is not None and labelled and bool(labels))
        self.classes.setVisible(labelled and bool(numbers.classes))
        self._right.setVisible(numbers.n > 0 and bool(labels))
        if numbers.confusion is not None:
            self.confusion.show_numbers(numbers, labels)
            self.confusion.show_chosen(chosen.true, chosen.predicted)
            self._fit_confusion()
        self.classes.show_classes(numbers.classes)
        error = numbers.calibration.error
        self._calibration_title.setText("Calibration" if error is None else f"Calibration: expected error {fixed(error, 3)}")
        self.calibration.show_numbers(numbers)
        self.fit()

    def _fit_confusion(self) -> None:
        self.confusion.set_room(max(200, (self.viewport().width() - GUTTER) // 2))
        hint = self.confusion.sizeHint()
        bar = SCROLL_BAR if hint.width() > self._around.width() else 0
        self._around.setFixedHeight(min(hint.height() + bar, MOST_CONFUSION))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_confusion()

    @Slot(str)
    def _on_scope(self, _id: str) -> None:
        self.show_rows()

    @Slot(object, object)
    def _on_cell(self, true: str | None, predicted: str | None) -> None:
        self.filter_chosen.emit(replace(self._desk.filter, true=true, predicted=predicted, outcome="all"))

    @Slot(float, float)
    def _on_bin(self, low: float, high: float) -> None:
        """In place of another bin, as a term of the search."""
        self.filter_chosen.emit(self._desk.filter.with_term("probability", f"{low:g}..{high:g}"))

    @Slot(float, float)
    def _on_residuals(self, low: float, high: float) -> None:
        self.filter_chosen.emit(self._desk.filter.with_term("residual", f"{low:g}..{high:g}"))

    @Slot(str)
    def _on_class(self, label: str) -> None:
        self.filter_chosen.emit(replace(self._desk.filter, true=label, predicted=None, outcome="all"))


def _figures(numbers: Numbers, unit: str) -> str:
    """In one line."""
    off = numbers.regression
    if off is not None:
        mae = f"mean absolute error {figures(off.mae, 3)} {unit}".rstrip()
        parts = [
            mae,
            f"always the mean: {figures(off.mae_of_mean, 3)}",
            f"median {figures(off.median, 3)}",
            f"RMSE {figures(off.rmse, 3)}",
        ]
        parts += [] if off.r2 is None else [f"R² {fixed(off.r2, 3)}"]
        return " · ".join([*parts, f"mean residual {signed_figures(off.bias, 3)}", f"{off.n:,} rows"])
    parts = []
    if numbers.accuracy is not None:
        parts.append(f"accuracy {percent(numbers.accuracy)} of {numbers.labelled:,}")
    if numbers.macro_f1 is not None:
        parts.append(f"macro-F1 {fixed(numbers.macro_f1, 3)}")
    if numbers.mean_loss is not None:
        parts.append(f"mean loss {figures(numbers.mean_loss, 3)} nats")
    return " · ".join(parts)
