"""Two models over the rows: how good both are, the rows they take differently, and both reasons on the one in hand."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from engine.comparisons import FATE_WORDS, BesideResult, ExplainBesideResult, Fate, MapsBesideResult, PairedNumbers
from engine.dataset_results import PredictionsResult
from engine.datasets.paired import numbers_beside
from engine.heatmaps.numerals import fixed, percent
from engine.heatmaps.token_names import visible
from engine.heatmaps.wording import title_of
from engine.requests import Input, OtherModel, TextInput, in_words
from engine.results import AttributionResult, TokenizedText
from gui.controls.rows import name_control, small_combo
from gui.controls.segments import Segments
from gui.data.asking import AskRow
from gui.data.compare.cells_table import CellColumn, CellsTable
from gui.data.compare.pair_of_maps import PairOfMaps, Side
from gui.data.compare.words import paired_words, signed
from gui.data.desk import DataDesk
from gui.theme import numbers_font
from gui.views.elided_label import ElidedLabel
from gui.views.thin_splitter import ThinSplitter

EMPTY = (
    "Where does another model answer otherwise? Choose one above: this model as it was at a training checkpoint, a sample, or a "
    "folder. It reads the same rows; then every row that one of the two gets right and the other wrong is listed, J and K step "
    "through them, and both explanations stand below, on one scale."
)
KINDS = (
    ("all", "All", "Every row that the two take differently."),
    ("fixed", "Fixed", "Wrong by the first, right by the second."),
    ("broken", "Broken", "Right by the first, wrong by the second."),
    ("other", "Both wrong", "Wrong by both, each in its own way."),
    ("same", "Same answer", "Rows of one answer: are the reasons the same, too?"),
    ("different", "No label", "Another class, and no label to judge by."),
)
FATES = {
    "fixed": (Fate.FIXED,),
    "broken": (Fate.BROKEN,),
    "other": (Fate.OTHER_ERROR,),
    "same": (Fate.SAME,),
    "different": (Fate.DIFFERENT,),
}
ALL_FATES = (Fate.FIXED, Fate.BROKEN, Fate.OTHER_ERROR, Fate.DIFFERENT)
FOLDER = "folder…"
CHANGE, LIKENESS = 7, 8  # columns; by the first it is sorted at first
MOST_MAPS = 200
COMBO_PIXELS = 176
TABLE_PIXELS, MAPS_PIXELS = 178, 204


class ModelsPage(QWidget):
    """Setters are silent."""

    asked = Signal()
    stopped = Signal()
    maps_asked = Signal()
    maps_stopped = Signal()
    folder_wanted = Signal()
    row_chosen = Signal(int)
    read_out_changed = Signal(str)
    shown = Signal()

    def __init__(self, desk: DataDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.result: BesideResult | None = None
        self.numbers: PairedNumbers | None = None
        self.other = small_combo()
        hint = "Predict the same rows with the other model; what was predicted before is taken from disk."
        self.row = AskRow("beside", "Compare", hint, (self.other,))
        hint = f"Explain the listed rows, {MOST_MAPS:,} at most, with both models: where do the reasons differ?"
        self.maps_row = AskRow("besideMaps", "Compare maps", hint, ())
        self.maps_row.start.setProperty("role", "link")
        self.likeness = np.zeros(0)  # (rows,) rank correlation of the two maps, NaN where it is not known
        self.kind, self.table = Segments("besideKind", KINDS, tight=True), CellsTable("besideTable", "Rows taken differently")
        self.maps = PairOfMaps("beside", Qt.Orientation.Vertical)
        self._figures, self._warnings, self._empty, self._stack = ElidedLabel(), ElidedLabel(), QLabel(EMPTY), QStackedWidget()
        self._build()
        self.row.asked.connect(self.asked)
        self.row.stopped.connect(self.stopped)
        self.maps_row.asked.connect(self.maps_asked)
        self.maps_row.stopped.connect(self.maps_stopped)
        self.other.activated.connect(self._on_other)
        self.kind.chosen.connect(self._on_kind)
        self.table.chosen.connect(self.row_chosen)
        self.maps.read_out_changed.connect(self.read_out_changed)

    def _build(self) -> None:
        self.other.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.other.setMinimumWidth(COMBO_PIXELS)
        for control, words in (
            (self.other, ("besideOther", "The other model", "What to compare with.")),
            (self._figures, ("besideFigures", "Figures", "")),
            (self._warnings, ("besideWarnings", "What to know", "")),
        ):
            name_control(control, *words)
        self._figures.setFont(numbers_font())
        self._warnings.setProperty("role", "warning")
        self._empty.setWordWrap(True)
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        both = ThinSplitter(Qt.Orientation.Vertical)
        both.addWidget(self.table)
        both.addWidget(self.maps)
        both.setStretchFactor(0, 1)
        both.setStretchFactor(1, 0)
        both.setSizes([TABLE_PIXELS, MAPS_PIXELS])
        found = QWidget()
        column = QVBoxLayout(found)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._figures)
        column.addWidget(self._warnings)
        kinds = QHBoxLayout()
        kinds.setSpacing(8)
        kinds.addWidget(self.kind)
        kinds.addWidget(self.maps_row, 1)
        column.addLayout(kinds)
        column.addWidget(both, 1)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(found)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown.emit()

    # Which other model

    def show_choices(self, choices: Sequence[tuple[str, OtherModel]]) -> None:
        """What can be compared with; the one that was chosen stays."""
        before = self.other.currentData()
        self.other.clear()
        for words, other in choices:
            self.other.addItem(words, other)
        self.other.addItem("A folder…", FOLDER)
        kept = next((at for at in range(self.other.count()) if self.other.itemData(at) == before), 0)
        self.other.setCurrentIndex(kept)

    def choose(self, words: str, other: OtherModel) -> None:
        """One that may not be among the choices."""
        at = next((at for at in range(self.other.count()) if self.other.itemData(at) == other), -1)
        if at < 0:
            self.other.insertItem(0, words, other)
            at = 0
        self.other.setCurrentIndex(at)

    @property
    def chosen(self) -> OtherModel | None:
        """None: a folder is to be named first."""
        other = self.other.currentData()
        return other if isinstance(other, OtherModel) else None

    @Slot()
    def _on_other(self) -> None:
        if self.chosen is None:
            self.folder_wanted.emit()

    # What was found

    def show_nothing(self) -> None:
        """Of other data, or another model."""
        self.result = self.numbers = None
        for row in (self.row, self.maps_row):
            row.show_running(False)
            row.say("")
        self._stack.setCurrentIndex(0)

    def show_result(self, result: BesideResult, whole: bool) -> None:
        """Finished, or so far."""
        other = self.result is None or self.result.request != result.request
        self.result = result
        if other:
            self.likeness = np.full(result.first.data.rows, np.nan)
            self.maps_row.say("")
            self.table.show_columns(self._columns(), CHANGE, falls=False)
        self._warnings.setText(" ".join(notice.message for notice in result.warnings))
        self._warnings.setVisible(bool(result.warnings))
        self.show_rows()
        self._stack.setCurrentIndex(1)
        if whole:
            self.row.show_running(False)
            failed = f", {len(result.skipped):,} could not be" if result.skipped else ""
            self.row.say(f"{result.done:,} rows predicted with {result.name}{failed}")

    def show_likeness(self, found: MapsBesideResult, whole: bool) -> None:
        """How alike the maps of some rows are, so far."""
        if self.result is None:
            return
        first = bool(np.isnan(self.likeness).all())
        self.likeness[found.rows] = found.rank_correlation
        self.table.sort_by(LIKENESS if first else self.table.by)
        if whole:
            self.maps_row.show_running(False)
            failed = f", {len(found.skipped):,} could not be" if found.skipped else ""
            self.maps_row.say(f"{len(found.rows):,} rows explained with both{failed}")

    def show_rows(self) -> None:
        """Those that pass the search, counted anew."""
        result = self.result
        if result is None:
            return
        rows = self._rows()
        self.numbers = numbers_beside(result, rows)
        where = "" if self._desk.is_whole else f"{len(rows):,} rows: {self._desk.filter.of_every_class().in_words()} · "
        self._figures.setText(where + paired_words(self.numbers))
        fate = result.fate[rows]
        counts = {id: int(np.isin(fate, FATES.get(id, ALL_FATES)).sum()) for id, _, _ in KINDS}
        for id, words, _ in KINDS:
            self.kind.set_words(id, f"{words} {counts[id]:,}")
        self.kind.offer([id for id, _, _ in KINDS if id != "different" or counts[id]])
        wanted = FATES.get(self.kind.current, ALL_FATES)
        self.table.show_rows(rows[np.isin(fate, wanted)])

    def _rows(self) -> NDArray[np.int64]:
        assert self.result is not None
        return np.arange(self.result.first.data.rows) if self._desk.is_whole else self._desk.rows_of_every_class()

    @Slot(str)
    def _on_kind(self, _id: str) -> None:
        self.show_rows()

    def _columns(self) -> list[CellColumn]:
        result = self.result
        assert result is not None
        first, data = result.first, result.first.data

        return [
            CellColumn("Row", "Its number in the file, from 0.", 60, lambda row: f"{row:,}", lambda: np.arange(data.rows), True),
            CellColumn("What", "From the first to the second.", 92, self._fate_words, lambda: self._result.fate),
            CellColumn(
                "True", "As the data say.", 84, lambda row: visible(first.label(int(first.true[row]))), lambda: first.true
            ),
            CellColumn(
                visible(first.model.name),
                "Predicted by the open model.",
                92,
                lambda row: visible(first.label(int(first.predicted[row]))),
                lambda: first.predicted,
            ),
            CellColumn(
                visible(result.name),
                "Predicted by the other.",
                84,
                lambda row: visible(self._result.label(int(self._result.predicted[row]))),
                lambda: self._result.predicted,
            ),
            CellColumn(
                "P before",
                "Of the true class, by the open model.",
                68,
                lambda row: _number(float(np.exp(-first.loss[row]))),
                lambda: self._result.first_chance,
                True,
                True,
            ),
            CellColumn(
                "P after",
                "Of the true class, by the other.",
                64,
                lambda row: _number(float(self._result.chance[row])),
                lambda: self._result.chance,
                True,
                True,
            ),
            CellColumn(
                "Change",
                "Of the true class's probability, from the open model to the other.",
                68,
                lambda row: _change(float(self._result.chance[row] - np.exp(-first.loss[row]))),
                lambda: self._result.change,
                True,
            ),
            CellColumn(
                "Maps r",
                "Rank correlation of the two maps for the true class, word by word; the button above computes it.",
                60,
                lambda row: _correlation(float(self.likeness[row])),
                lambda: self.likeness,
                True,
            ),
            CellColumn("Text", "The row.", 160, lambda row: in_words(data.input_of(row)).replace("\n", " ")),
        ]

    @property
    def _result(self) -> BesideResult:
        assert self.result is not None
        return self.result

    def _fate_words(self, row: int) -> str:
        return FATE_WORDS[Fate(int(self._result.fate[row]))].partition(",")[0]

    # The row in hand

    def show_pair(self, row: int, input: Input, found: ExplainBesideResult | None, note: str = "") -> None:
        """Both reasons, as far as they are known."""
        result = self.result
        if result is None:
            return
        self.table.select(row)
        bare = TokenizedText(in_words(input), (), input.pair if isinstance(input, TextInput) else None)
        names = (result.first.model.name, result.name)
        chances = (result.first.probability, result.probability)
        labels = (result.first.label(int(result.first.predicted[row])), result.label(int(result.predicted[row])))
        maps: tuple[AttributionResult | None, AttributionResult | None] = (
            (None, None) if found is None else (found.first, found.second)
        )
        true = _true(result.first, row)
        sides = [
            Side(visible(name), _said(label, float(chance[row]), true), shown, bare, "" if shown is not None else note)
            for name, label, chance, shown in zip(names, labels, chances, maps, strict=True)
        ]
        self.maps.show_pair(sides[0], sides[1], "" if found is None else _caption(found))


def _true(first: PredictionsResult, row: int) -> str:
    return first.label(int(first.true[row]))


def _number(value: float) -> str:
    return "" if np.isnan(value) else fixed(value, 3)


def _correlation(value: float) -> str:
    return "" if np.isnan(value) else fixed(value, 2)


def _change(value: float) -> str:
    return "" if np.isnan(value) else signed(value, 3)


def _said(label: str, probability: float, true: str) -> str:
    if not label:
        return "not predicted yet"
    sign = "" if not true else " ✓" if label == true else " ✗"
    return f"predicted {visible(label)} {percent(probability)}{sign}"


def _caption(found: ExplainBesideResult) -> str:
    parts = [title_of(found.first)]
    if found.second is None:
        return parts[0]
    if found.rank_correlation is None:
        parts.append("too few words to rank")
    else:
        parts.append(f"ranks of {found.words:,} words correlate by {fixed(found.rank_correlation, 2)}")
    if found.left_out:
        parts.append(f"{found.left_out:,} are cut otherwise and left out")
    return " · ".join(parts)
