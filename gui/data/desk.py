"""The open data: which file, what the model says of its rows, which of them are looked at, and which one is on the desk."""

from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.dataset_results import Dataset, DatasetResult, PredictionsResult, Rows
from engine.datasets.columns import columns_of_fields
from engine.datasets.select import COMPUTED, OF_A_REGRESSION, TAG, select
from engine.errors import UserError
from engine.jobs import Failure
from engine.requests import (
    AttributionRequest,
    DatasetRequest,
    DataSource,
    Input,
    PredictionsRequest,
    Selection,
    TextInput,
    is_empty,
)
from engine.results import InputKind, ModelInfo
from gui.choices import TRUE
from gui.conductor import Conductor
from gui.controls.method_panel import MethodPanel
from gui.data.row_filter import RowFilter
from gui.data.work import WorkStore
from gui.job_lanes import Lane
from gui.side_jobs import SideJobs
from gui.views.input_panel import InputPanel

READ, PREDICT = "data.read", "data.predictions"
CLASSES = ("true", "predicted", "correct")  # computed, and no numbers
REFRESH_MS = 700  # while predictions come in, rows that are filtered by them are chosen anew no more often
NO_ERRORS = "No error among these rows."
NOTHING_KNOWN = "Nothing here is known to be right or wrong; N goes row by row."
NOT_TEXTS = "The open model reads no texts: these rows wait for one that does."
AT_THE_END = {1: "That was the last one.", -1: "That was the first one."}
_NO_ROWS = np.zeros(0, np.int64)


class DataDesk(QObject):
    """Reads when told, predicts by itself as soon as there are data and a model that has classes."""

    reading = Signal(str)  # the file's name
    opened = Signal()
    refused = Signal(object)  # Failure: the file is not read
    predictions_changed = Signal(bool)  # whether that is all of them
    predictions_failed = Signal(object)  # Failure
    predictions_stopped = Signal()
    rows_changed = Signal()
    current_changed = Signal()
    told = Signal(str)  # a sentence for the status bar

    def __init__(
        self, jobs: SideJobs, conductor: Conductor, panel: MethodPanel, input_panel: InputPanel, store: WorkStore, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._jobs, self._conductor, self._panel, self._input, self.store = jobs, conductor, panel, input_panel, store
        self.data: Dataset | None = None
        self.predictions: PredictionsResult | None = None
        self.filter = RowFilter()
        self.wrong = ""  # what is wrong with the search
        self.rows: Rows = _NO_ROWS
        self.errors: Rows = _NO_ROWS  # places in ``rows``
        self.current = -1
        self.versus_true = True  # on errors, predicted is explained against true
        self.whole = False
        self._asked: DataSource | None = None
        self.put: Input | None = None  # what was put on the desk last
        self._order_chosen = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(REFRESH_MS)
        self._soon.timeout.connect(self.choose_rows)
        self._connect()

    def _connect(self) -> None:
        self._jobs.answered.connect(self._on_answered)
        self._jobs.failed.connect(self._on_failed)
        self._jobs.stopped.connect(self._on_stopped)
        self._conductor.model_opened.connect(self._on_model_opened)
        self.store.changed.connect(self._on_work)

    # The file

    @property
    def model(self) -> ModelInfo | None:
        """The open one."""
        return self._conductor.model

    @property
    def is_reading(self) -> bool:
        """Whether a file is being read."""
        return self._jobs.runs(READ)

    @property
    def is_predicting(self) -> bool:
        """Whether predictions come in."""
        return self._jobs.runs(PREDICT)

    def open(self, source: DataSource) -> None:
        """What is open stays until it is read. Columns named after the open model's fields make a record."""
        source = replace(source, fields=self._wanted_fields())
        self._asked = source
        self._jobs.ask(READ, DatasetRequest(source), f"Reading {Path(source.path).name}")
        self.reading.emit(Path(source.path).name)

    def _wanted_fields(self) -> tuple[str, ...]:
        model = self._conductor.model
        return () if model is None else tuple(field.name for field in model.fields)

    def _reads_otherwise(self) -> bool:
        """Whether the open model would have the rows read as something else than they are now."""
        if self.data is None or self.data.source.fields == self._wanted_fields():
            return False
        return bool(self.data.fields or columns_of_fields(self._wanted_fields(), self.data.table.columns))

    def read_again(self) -> None:
        """The file has changed."""
        if self.data is not None:
            self.open(self.data.source)

    def close(self) -> None:
        """No data are open."""
        for key in (READ, PREDICT):
            self._jobs.forget(key)
        self._asked = None
        self._forget()
        self.data = None
        self.store.close()
        self.opened.emit()
        self.choose_rows()

    def _forget(self) -> None:
        self.predictions, self.whole, self.current, self.put = None, False, -1, None

    def _show(self, result: DatasetResult) -> None:
        before, self.data, self._asked = self.data, result.data, None
        same = before is not None and before.sha256 == result.data.sha256
        current = self.current if same else -1
        self._forget()
        if not same:
            self.filter, self._order_chosen = RowFilter(), False
        self.current = current  # of the same bytes, read otherwise, it may be another row
        self.rows = np.arange(result.data.rows)  # until they are chosen: those before are of other data
        if current >= result.data.rows:
            self.current = -1
        self._open_store()
        self.opened.emit()
        self.choose_rows()
        self.predict()

    def _open_store(self) -> None:
        model = self._conductor.model
        if self.data is not None:
            self.store.open(model.sha256 if model else "", self.data.sha256)

    # Predictions

    def why_not_predict(self) -> str:
        """As a sentence; empty: nothing is in the way."""
        model = self._conductor.model
        if model is None:
            return "Open a model to see what it says of these rows."
        if model.input_kind == "image":
            return NOT_TEXTS
        if not model.answers_once:
            return "This model has no classes: its rows can be read and explained one by one."
        if self.data is not None and self.input_kind != model.input_kind:
            return self._no_fields()
        return self._conductor.why_not_run() or ""

    def predict(self) -> None:
        """All rows, or those that are left."""
        model = self._conductor.model
        if self.data is None or model is None or self.why_not_predict():
            return
        request = PredictionsRequest(model.sha256, self.data.source, self.data.sha256)
        self._jobs.ask(PREDICT, request, f"Predicting {self.data.rows:,} rows", Lane.SCAN)

    def stop(self) -> None:
        """What has been predicted stays."""
        self._jobs.stop(PREDICT)

    def _show_predictions(self, result: PredictionsResult, whole: bool) -> None:
        if self.data is None or result.data.sha256 != self.data.sha256:
            return
        self.predictions, self.whole = result, whole
        self.predictions_changed.emit(whole)
        if whole:
            if not self._order_chosen:
                self.filter = replace(self.filter, order=_useful_order(result))
            self.choose_rows()
            self._tell_true()
        elif self.filter.needs_predictions:
            if not self._soon.isActive():
                self._soon.start()
        else:
            self._find_errors()

    def _tell_true(self) -> None:
        """A row that came to the desk before its label was understood is explained anew."""
        row = self.current
        if row >= 0 and not self.is_edited and self.true_of(row) not in (None, self._panel.target_controls.true_label()):
            self.go_to(row)

    # The rows that are looked at

    def set_filter(self, wanted: RowFilter) -> None:
        """Rows are chosen at once; an order that is named stays named."""
        self._order_chosen = self._order_chosen or wanted.order != self.filter.order
        self.filter = wanted
        self.choose_rows()

    @Slot()
    def choose_rows(self) -> None:
        """Anew. What cannot be searched for leaves the rows as they were."""
        self._soon.stop()
        self.wrong = ""
        if self.data is None:
            self.rows = _NO_ROWS
        else:
            try:
                self.rows = select(self.data, self.predictions, self.selection(), self.store.work.tags)
            except UserError as error:
                self.wrong = error.message
                if len(self.rows) and self.rows.max() >= self.data.rows:
                    self.rows = np.arange(self.data.rows)
        self._find_errors()

    def selection(self) -> Selection:
        """The filter as the engine takes it, as far as anything is known: the rest waits for predictions."""
        text, known = (self.data.source.text or "") if self.data is not None else "", self.columns()
        wanted = self.filter if self.predictions is not None else self.filter.of_every_class()
        order = tuple(each for each in self.filter.order if each[0] in known)
        return replace(wanted, order=order).selection(text, known, self._is_numeric)

    def rows_of(self, selection: Selection) -> Rows:
        """Those of a slice; of one that cannot be chosen none."""
        try:
            return _NO_ROWS if self.data is None else select(self.data, self.predictions, selection, self.store.work.tags)
        except UserError:
            return _NO_ROWS

    @property
    def is_whole(self) -> bool:
        """Whether a confusion matrix of these rows is one of all rows."""
        return self.filter.of_every_class().is_open

    def rows_of_every_class(self) -> Rows:
        """Those that pass the search and the tag, right or wrong."""
        assert self.data is not None
        wanted = self.filter.of_every_class().selection(self.data.source.text or "", self.columns(), self._is_numeric)
        try:
            return select(self.data, self.predictions, wanted, self.store.work.tags)
        except UserError:
            return self.rows

    def columns(self) -> tuple[str, ...]:
        """That can be named in a search, and sorted by."""
        if self.data is None:
            return ()
        own = self.data.table.columns
        computed: tuple[str, ...] = COMPUTED if self.predictions is not None else ("row", TAG)
        if self.predictions is not None and not self.predictions.expected.size:
            computed = tuple(name for name in computed if name not in OF_A_REGRESSION)
        return (*own, *(name for name in computed if name not in own))

    def _is_numeric(self, column: str) -> bool:
        assert self.data is not None
        if column in self.data.table.columns:
            return self.data.table.is_numeric(column)
        regression = self.predictions is not None and bool(self.predictions.expected.size)
        return column not in (*CLASSES, TAG) or (column == "predicted" and regression)

    def _find_errors(self) -> None:
        result = self.predictions
        self.errors = _NO_ROWS
        if result is not None:
            wrong = result.correct[self.rows] == 0
            if result.model.problem_type == "regression":
                wrong = ~np.isnan(result.loss[self.rows])  # each is off by something
            self.errors = np.flatnonzero(wrong)
        self.rows_changed.emit()
        self.current_changed.emit()

    # The row on the desk

    @property
    def place(self) -> int:
        """Of the current row among those that are looked at; −1: it is none of them."""
        found = np.flatnonzero(self.rows == self.current) if self.current >= 0 else _NO_ROWS
        return int(found[0]) if len(found) else -1

    @property
    def is_edited(self) -> bool:
        """Whether the desk holds another text than the current row's."""
        return self.current >= 0 and self.data is not None and not _same(self.typed(), self.input_of(self.current))

    def step_error(self, way: int) -> None:
        """To the next error (1) or the one before (−1)."""
        found = self._error_after(self.place, way)
        if found is not None:
            self.go_to(found)
        elif len(self.errors):
            self.told.emit(AT_THE_END[way])
        elif self.data is not None:
            known = self.predictions is not None and bool((self.predictions.correct >= 0).any())
            self.told.emit(NO_ERRORS if known or self.is_predicting else NOTHING_KNOWN)

    def step_row(self, way: int) -> None:
        """To the next row or the one before, right or wrong."""
        place = self.place + way if self.place >= 0 else 0
        if 0 <= place < len(self.rows):
            self.go_to(int(self.rows[place]))
        elif len(self.rows):
            self.told.emit(AT_THE_END[way])

    def _error_after(self, place: int, way: int) -> int | None:
        """A row, or None."""
        at = int(np.searchsorted(self.errors, place, "right" if way > 0 else "left")) - (way < 0)
        if place < 0:
            at = 0
        return int(self.rows[self.errors[at]]) if 0 <= at < len(self.errors) else None

    def go_to(self, row: int) -> None:
        """Put ``row`` on the desk and explain it."""
        if self.data is None or not 0 <= row < self.data.rows:
            return
        if self.model is not None and self.input_kind != self.model.input_kind:
            self.told.emit(NOT_TEXTS if self.model.input_kind == "image" else self._no_fields())
            return
        self.put_variant(row, self.input_of(row))

    def put_variant(self, row: int, input: Input, *, replays: bool = False) -> None:
        """``row``, or an edit of it, on the desk and explained; what was typed there comes back by undo.

        ``replays``: this is undo or redo itself, so that what was typed goes to the recent texts.
        """
        typed = self.typed()
        swaps = not is_empty(typed) and not _same(typed, self.put)
        if swaps and replays:
            self._conductor.desk.remember()
        self.current, self.put = row, input
        self._conductor.put_row(input, self.true_of(row), self._versus_of(row), swaps and not replays)
        self.current_changed.emit()

    @property
    def input_kind(self) -> InputKind:
        """What a row is."""
        return "record" if self.data is not None and self.data.fields else "text"

    def typed(self) -> Input:
        """What is on the desk."""
        return self._input.record.record() if self.input_kind == "record" else self._input.input()

    def _no_fields(self) -> str:
        """Why rows cannot come to the desk."""
        if self.input_kind == "record":
            return "These rows are records, and the open model reads texts; open the data again to read one of its columns."
        known = ", ".join(field.name for field in self.model.fields) if self.model is not None else ""
        return f"No column of these data is named after a field of the model, which reads {known}."

    def input_of(self, row: int) -> Input:
        """As the model is asked about it."""
        assert self.data is not None
        given, model = self.data.input_of(row), self._conductor.model
        if not isinstance(given, TextInput):
            return given
        return given if model is None or model.reads_pairs else TextInput(given.text)

    def true_of(self, row: int) -> str | None:
        """The model's label that is meant."""
        return (self.predictions.label(int(self.predictions.true[row])) or None) if self.predictions is not None else None

    def is_error(self, row: int) -> bool:
        """Whether it is known to be wrong."""
        return self.predictions is not None and int(self.predictions.correct[row]) == 0

    def _versus_of(self, row: int) -> str | None:
        result = self.predictions
        if result is None or not self.versus_true or result.model.problem_type != "single_label":
            return None
        return TRUE if self.is_error(row) and self.true_of(row) is not None else None

    def neighbours(self) -> list[int]:
        """Rows that a key may bring next, the likeliest first."""
        place, found = self.place, list[int | None]()
        following = self._error_after(place, 1)
        found += [following, self._error_after(place, -1) if place >= 0 else None]
        if following is not None:
            found.append(self._error_after(int(np.flatnonzero(self.rows == following)[0]), 1))
        if 0 <= place + 1 < len(self.rows):
            found.append(int(self.rows[place + 1]))
        return [row for row in dict.fromkeys(found) if row is not None and row != self.current]

    def request_for(self, row: int, variant: TextInput | None = None) -> AttributionRequest | None:
        """Exactly what is asked when ``row``, or a variant of it, comes to the desk."""
        model = self._conductor.model
        if (
            model is None
            or model.input_kind != self.input_kind
            or "attribution" not in model.can
            or self._conductor.why_not_run() is not None
        ):
            return None
        input = variant or self.input_of(row)
        if is_empty(input):
            return None
        target = self._panel.target_controls.target_of(self.true_of(row), self._versus_of(row))
        return replace(self._panel.choices(), target=target).request(input, model.sha256)

    # What is heard

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if key == READ and isinstance(result, DatasetResult) and whole:
            self._show(result)
        elif key == PREDICT and isinstance(result, PredictionsResult):
            self._show_predictions(result, whole)

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        if key == READ:
            self._asked = None
            self.refused.emit(failure)
        elif key == PREDICT:
            self.predictions_failed.emit(failure)

    @Slot(object)
    def _on_stopped(self, key: Hashable) -> None:
        if key == READ:
            self._asked = None
            self.refused.emit(Failure("Reading was stopped; what was open before still is.", "stopped"))
        elif key == PREDICT:
            self.predictions_stopped.emit()

    @Slot(object)
    def _on_model_opened(self, model: ModelInfo) -> None:
        """What another model said is not said of this one."""
        if self._asked is not None and not self.is_reading:
            self.open(self._asked)
        self.predictions, self.whole = None, False
        if self.data is None:
            return
        if self._reads_otherwise():
            source = self.data.source
            self.open(replace(source, text=None, pair=None, labels=None, names=()))
            return
        self.filter = replace(self.filter, outcome="all", true=None, predicted=None, order=())
        self._order_chosen = False
        self._open_store()
        self.predictions_changed.emit(False)
        self.choose_rows()
        self.predict()

    @Slot()
    def _on_work(self) -> None:
        if self.filter.tag is not None or f"{TAG}:" in self.filter.search or any(name == TAG for name, _ in self.filter.order):
            self.choose_rows()


def _same(one: Input, other: Input | None) -> bool:
    """Of a text, but for a pair that only one of them has."""
    if isinstance(one, TextInput) and isinstance(other, TextInput):
        return one.text == other.text and (not one.pair or not other.pair or one.pair == other.pair)
    return one == other


def _useful_order(result: PredictionsResult) -> tuple[tuple[str, bool], ...]:
    """Errors first, the surest of them before the others."""
    if (result.correct >= 0).any():
        return (("margin", False),) if not np.isnan(result.margin).all() else (("correct", False),)
    return () if np.isnan(result.loss).all() else (("absolute_error", True),)
