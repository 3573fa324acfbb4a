"""Questions about many rows, and about what would change one: asked by a button, answered into the pages."""

from collections.abc import Hashable

from PySide6.QtCore import QObject, Signal, Slot

from engine.dataset_results import (
    AggregateResult,
    ConsistencyResult,
    CounterfactualResult,
    NeighboursResult,
    RewrittenRow,
    WordSum,
)
from engine.jobs import Failure
from engine.requests import (
    AggregateRequest,
    AttributionRequest,
    ConsistencyRequest,
    CounterfactualRequest,
    NamedRows,
    NeighboursRequest,
    TextInput,
)
from gui.data.aggregate_page import OUTCOMES, search_for
from gui.data.asking import STOPPED, AskRows
from gui.data.desk import DataDesk
from gui.data.explaining import explanation_of_rows
from gui.data.row_filter import RowFilter
from gui.data.view import DataView
from gui.job_lanes import Lane
from gui.rooms import House

AGGREGATE, CONSISTENCY, FLIP, ALIKE = "data.aggregate", "data.consistency", "data.flip", "data.alike"
NO_ROWS = "No row passes the filter."


class Examining(QObject):
    """One question of a kind at a time."""

    told = Signal(str)
    text_wanted = Signal(object)  # TextInput, as an edit of the row on the desk

    def __init__(self, desk: DataDesk, view: DataView, house: House) -> None:
        super().__init__(desk)
        self._desk, self._view, self._house = desk, view, house
        jobs = house.jobs
        jobs.answered.connect(self._on_answered)
        jobs.failed.connect(self._on_failed)
        jobs.stopped.connect(self._on_stopped)
        AskRows(jobs, {AGGREGATE: view.aggregate.row, CONSISTENCY: view.consistency.row}, self)
        view.aggregate.asked.connect(self.ask_aggregate)
        view.consistency.asked.connect(self.ask_consistency)
        view.aggregate.stopped.connect(self._on_stop_aggregate)
        view.consistency.stopped.connect(self._on_stop_consistency)
        view.aggregate.word_chosen.connect(self._on_word)
        view.aggregate.row_chosen.connect(desk.go_to)
        view.consistency.rewritten_chosen.connect(self._on_rewritten)
        view.example.flip_wanted.connect(self.ask_flip)
        view.example.alike_wanted.connect(self.ask_alike)
        view.example.suggestions.text_chosen.connect(self._on_text)
        view.example.suggestions.row_chosen.connect(desk.go_to)
        desk.opened.connect(self.forget)
        house.conductor.model_opened.connect(self.forget)

    @Slot()
    def forget(self) -> None:
        """Other data or another model: what was found belongs to those before."""
        for key in (AGGREGATE, CONSISTENCY, FLIP, ALIKE):
            self._house.jobs.forget(key)
        self._view.aggregate.show_nothing()
        model = self._house.conductor.model
        of_records = model is not None and bool(model.fields)
        self._view.aggregate.checkpoint.show_names(model.checkpoints if model is not None and of_records else ())
        self._view.consistency.show_nothing()
        self._view.example.suggestions.hide()

    # Asking

    def _explanation(self, input: TextInput) -> AttributionRequest | None:
        """As it is set on the right."""
        model = self._house.conductor.model
        if model is None:
            return None
        return explanation_of_rows(self._house.workspace.method_panel.choices(), input, model.sha256)

    @Slot()
    def ask_aggregate(self) -> None:
        """The rows that are shown, and another slice beside them."""
        data, explanation, page = self._desk.data, self._explanation(TextInput("")), self._view.aggregate
        because = self._desk.why_not_predict()
        if data is None or explanation is None or because or not len(self._desk.rows):
            page.row.say(because or NO_ROWS, wrong=True)
            return
        slices = tuple(each for each in self._slices(int(page.many.currentData())) if each.rows)
        page.row.show_running(True)
        request = AggregateRequest(data.source, slices, explanation, data.sha256, checkpoint=page.checkpoint.checkpoint)
        self._house.jobs.ask(AGGREGATE, request, "Explaining rows", Lane.SCAN)

    def _slices(self, most: int) -> tuple[NamedRows, ...]:
        desk, beside = self._desk, self._view.aggregate.compare.currentData()
        shown = [int(row) for row in desk.rows]
        if beside == OUTCOMES and desk.predictions is not None:
            wrong = [row for row in shown if int(desk.predictions.correct[row]) == 0]
            right = [row for row in shown if int(desk.predictions.correct[row]) == 1]
            return NamedRows("Errors", tuple(wrong[:most])), NamedRows("Right", tuple(right[:most]))
        here = NamedRows(desk.filter.in_words() or "All rows", tuple(shown[:most]))
        saved = next((saved for saved in desk.store.work.slices if saved.name == beside), None)
        if saved is None:
            return (here,)
        return here, NamedRows(saved.name, tuple(int(row) for row in desk.rows_of(saved.selection))[:most])

    @Slot()
    def ask_consistency(self) -> None:
        """The rows that are shown, by the rules that are chosen."""
        data, model, page = self._desk.data, self._house.conductor.model, self._view.consistency
        because = self._desk.why_not_predict()
        if data is None or model is None or because or not len(self._desk.rows):
            page.row.say(because or NO_ROWS, wrong=True)
            return
        rules, own = page.chosen_rules(), page.own_rules()
        if not rules and not own:
            page.row.say("Choose a rule, or write one.", wrong=True)
            return
        page.row.show_running(True)
        rows = tuple(int(row) for row in self._desk.rows)
        request = ConsistencyRequest(model.sha256, data.source, rows, rules, own, data.sha256)
        self._house.jobs.ask(CONSISTENCY, request, "Rewriting rows", Lane.SCAN)

    @Slot()
    def ask_flip(self) -> None:
        """Of the text on the desk."""
        model = self._house.conductor.model
        if model is not None:
            self._view.example.suggestions.say("Looking for the fewest words…")
            input = self._house.workspace.input_panel.input()
            self._house.jobs.ask(FLIP, CounterfactualRequest(model.sha256, input), "Looking for what flips it")

    @Slot()
    def ask_alike(self) -> None:
        """Of the text on the desk, which may be a row itself."""
        model, data, desk = self._house.conductor.model, self._desk.data, self._desk
        if model is not None and data is not None:
            self._view.example.suggestions.say("Comparing with every row…")
            input, row = desk.typed(), None if desk.is_edited else desk.current
            request = NeighboursRequest(model.sha256, data.source, input, row, data_sha256=data.sha256)
            self._house.jobs.ask(ALIKE, request, "Comparing rows")

    # Answers

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if key == AGGREGATE and isinstance(result, AggregateResult) and result.slices:
            self._view.aggregate.show_result(result, whole)
        elif key == CONSISTENCY and isinstance(result, ConsistencyResult):
            self._view.consistency.show_result(result, whole)
        elif key == FLIP and isinstance(result, CounterfactualResult) and whole:
            self._view.example.suggestions.show_counterfactuals(result)
        elif key == ALIKE and isinstance(result, NeighboursResult) and whole:
            self._view.example.suggestions.show_neighbours(result)

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        if key in (FLIP, ALIKE):
            self._view.example.suggestions.say(failure.message)

    @Slot(object)
    def _on_stopped(self, key: Hashable) -> None:
        if key in (FLIP, ALIKE):
            self._view.example.suggestions.say(STOPPED)

    @Slot()
    def _on_stop_aggregate(self) -> None:
        self._house.jobs.stop(AGGREGATE)

    @Slot()
    def _on_stop_consistency(self) -> None:
        self._house.jobs.stop(CONSISTENCY)

    @Slot(object)
    def _on_word(self, word: WordSum) -> None:
        """The rows it stands in."""
        self._desk.set_filter(RowFilter(search_for(word, self._desk.input_kind == "record"), order=self._desk.filter.order))
        self._view.show_page("rows")

    @Slot(object)
    def _on_rewritten(self, case: RewrittenRow) -> None:
        """The row first, so that it is the current one; then what it was made to."""
        self._desk.go_to(case.row)
        self._house.conductor.try_text(case.rewritten)
        self.told.emit("On the desk; undo brings back the text before.")

    @Slot(object)
    def _on_text(self, input: TextInput) -> None:
        """To be tried; the keyboard goes where it is shown."""
        self._view.example.heatmap.setFocus()
        self._view.example.suggestions.hide()
        self.text_wanted.emit(input)
