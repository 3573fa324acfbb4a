"""Two models over the rows: asked by a button, both reasons on the row in hand as it changes."""

from collections.abc import Hashable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from engine.command_line import beside_command
from engine.comparisons import BesideResult, ExplainBesideResult, MapsBesideResult
from engine.export.comparison_files import beside_as_dict
from engine.export.dataset_files import dataset_to_csv, dataset_to_json
from engine.jobs import Failure
from engine.requests import (
    BesideRequest,
    ExplainBesideRequest,
    MapsBesideRequest,
    OtherModel,
    PredictionsRequest,
    Target,
    TextInput,
    in_words,
)
from engine.samples import samples
from gui.choices import choice_for
from gui.data.asking import AskRows
from gui.data.compare.models_page import MOST_MAPS, ModelsPage
from gui.data.compare.steps import row_after, rows_around
from gui.data.desk import AT_THE_END, DataDesk
from gui.data.explaining import explanation_of_rows
from gui.job_lanes import Lane
from gui.kept_view import FileKind, KeptView, picture_of
from gui.rooms import House

BESIDE, MAPS, AHEAD, LIKENESS = "data.beside", "data.beside.maps", "data.beside.ahead", "data.beside.likeness"
MOST_KNOWN = 64
NO_DIFFERENCE = "No row is taken differently."


class ComparingModels(QObject):
    """One comparison at a time; maps are kept as long as their models are compared."""

    told = Signal(str)
    changed = Signal()  # what can be taken along

    def __init__(self, desk: DataDesk, page: ModelsPage, house: House) -> None:
        super().__init__(desk)
        self._desk, self._page, self._house = desk, page, house
        self._known: dict[ExplainBesideRequest, ExplainBesideResult] = {}
        self._asked: ExplainBesideRequest | None = None
        self._ahead: ExplainBesideRequest | None = None
        jobs = house.jobs
        jobs.answered.connect(self._on_answered)
        AskRows(jobs, {BESIDE: page.row, LIKENESS: page.maps_row}, self)
        jobs.failed.connect(self._on_failed)
        jobs.stopped.connect(self._on_stopped)
        page.asked.connect(self.ask)
        page.stopped.connect(self._on_stop)
        page.maps_asked.connect(self.ask_likeness)
        page.maps_stopped.connect(self._on_stop_likeness)
        page.folder_wanted.connect(self._on_folder)
        page.row_chosen.connect(desk.go_to)
        page.shown.connect(self._on_shown)
        desk.opened.connect(self.forget)
        desk.rows_changed.connect(self._on_rows)
        desk.current_changed.connect(self.ask_maps)
        house.conductor.question_asked.connect(self.ask_maps)
        house.conductor.model_opened.connect(self._on_model)
        self._on_model()

    @Slot()
    def forget(self) -> None:
        """Other data or another model: what was found belongs to those before."""
        for key in (BESIDE, MAPS, AHEAD, LIKENESS):
            self._house.jobs.forget(key)
        self._known.clear()
        self._asked = None
        self._page.show_nothing()
        self.changed.emit()

    @Slot()
    def _on_model(self) -> None:
        self.forget()
        model = self._house.conductor.model
        if model is None:
            self._page.show_choices(())
            return
        choices = [(f"at {name}", OtherModel(checkpoint=name)) for name in reversed(model.checkpoints[:-1])]
        known = {sample.path: sample.title for sample in samples() if sample.task == "text_classification"}
        paths = dict.fromkeys((*known, *self._house.memory.settings.recent_models))
        choices += [
            (known.get(path, Path(path).name), OtherModel(path, trust=self._house.memory.settings.trusted))
            for path in paths
            if path != model.path
        ]
        self._page.show_choices(choices)

    # Asking

    @Slot()
    def ask(self) -> None:
        """The other model about all rows."""
        data, model, page = self._desk.data, self._house.conductor.model, self._page
        because = self._desk.why_not_predict()
        if data is not None and model is not None and not because and page.chosen is None:
            self._on_folder()
        if data is None or model is None or because or page.chosen is None:
            page.row.say(because or "Choose the other model.", wrong=True)
            return
        self._house.jobs.forget(LIKENESS)
        page.maps_row.show_running(False)
        page.row.show_running(True)
        request = BesideRequest(PredictionsRequest(model.sha256, data.source, data.sha256), page.chosen)
        self._house.jobs.ask(BESIDE, request, f"Comparing over {data.rows:,} rows", Lane.SCAN)

    @Slot()
    def ask_likeness(self) -> None:
        """Both models about the rows that are listed, as far as they have a label."""
        result, model, page = self._page.result, self._house.conductor.model, self._page
        if result is None or model is None:
            return
        rows = tuple(int(row) for row in page.table.order if result.first.true[row] >= 0)[:MOST_MAPS]
        if not rows:
            page.maps_row.say("No row listed has a label to ask both about.", wrong=True)
            return
        explanation = explanation_of_rows(self._house.workspace.method_panel.choices(), TextInput(""), model.sha256)
        asked = result.request.predictions
        request = MapsBesideRequest(asked.source, rows, explanation, result.request.other, asked.data_sha256)
        page.maps_row.show_running(True)
        self._house.jobs.ask(LIKENESS, request, f"Comparing the maps of {len(rows):,} rows", Lane.SCAN)

    @Slot()
    def _on_stop_likeness(self) -> None:
        self._house.jobs.stop(LIKENESS)

    @Slot()
    def _on_folder(self) -> None:
        memory = self._house.memory
        chosen = self._house.dialogs.model_folder(self._page.window(), memory.settings.folder)
        if chosen is not None:
            self._page.choose(Path(chosen).name, OtherModel(chosen, trust=memory.settings.trusted))

    @Slot()
    def _on_stop(self) -> None:
        self._house.jobs.stop(BESIDE)

    def _request_for(self, row: int) -> ExplainBesideRequest | None:
        """What speaks for the first's class, against the second's where that is another."""
        result, model = self._page.result, self._house.conductor.model
        if result is None or model is None or row < 0 or "attribution" not in model.can:
            return None
        input = self._desk.input_of(row)
        first, second = int(result.first.predicted[row]), int(result.predicted[row])
        if not in_words(input) or first < 0:
            return None
        choices = self._house.workspace.method_panel.choices()
        versus = choice_for(model.labels, second) if 0 <= second < len(model.labels) and second != first else None
        target = Target(choice_for(model.labels, first), None, versus, choices.target.score)
        attribution = replace(choices, target=target).request(input, model.sha256)
        return ExplainBesideRequest(attribution, result.request.other)

    @Slot()
    def ask_maps(self) -> None:
        """Of the row in hand, while one looks."""
        row, page = self._desk.current, self._page
        if not page.isVisible() or page.result is None or row < 0:
            for key in (MAPS, AHEAD):
                self._house.jobs.forget(key)
            return
        request = self._request_for(row)
        known = None if request is None else self._known.get(request)
        if request is None or known is not None:
            self._house.jobs.forget(MAPS)
            self._asked = request
            page.show_pair(row, self._desk.input_of(row), known)
            self._ask_ahead()
        elif request == self._ahead and self._house.jobs.runs(AHEAD):  # it is on its way
            self._house.jobs.forget(MAPS)
            self._asked = request
            page.show_pair(row, self._desk.input_of(row), None, "explaining…")
        elif request != self._asked or not self._house.jobs.runs(MAPS):
            self._asked = request
            page.show_pair(row, self._desk.input_of(row), None, "explaining…")
            self._house.jobs.forget(AHEAD)
            self._house.jobs.ask(MAPS, request, "Explaining with both models")

    def _ask_ahead(self) -> None:
        """The next difference, so that it is there when the key goes up."""
        for row in rows_around(self._page.table.order, self._desk.current)[:1]:
            request = self._request_for(row)
            if request is not None and request not in self._known:
                self._ahead = request
                self._house.jobs.ask(AHEAD, request, "")

    def step(self, way: int) -> None:
        """To the next row that the two take differently (1) or the one before (−1)."""
        order = self._page.table.order
        found = row_after(order, self._desk.current, way)
        if found is not None:
            self._desk.go_to(found)
        else:
            self.told.emit(AT_THE_END[way] if len(order) else NO_DIFFERENCE)

    @property
    def can_step(self) -> bool:
        """Whether there is a comparison to step through, in sight."""
        return self._page.isVisible() and self._page.result is not None

    def kept(self) -> KeptView | None:
        """See ``Room``; None: nothing was compared."""
        result = self._page.result
        if result is None or not self._page.isVisible():
            return None
        rows = [int(row) for row in self._page.table.order]
        kinds = {
            ".csv": FileKind(
                f"Table of the {len(rows):,} rows listed", partial(dataset_to_csv, result.first, rows, None, result)
            ),
            ".json": FileKind("All numbers", lambda: dataset_to_json(result.first, {"beside": beside_as_dict(result)}).encode()),
        }
        accepted = self._house.conductor.accepted_reinitialised

        def line(_texts: Path) -> str:
            return beside_command(result, accepted)

        unfinished = "" if result.done == result.first.data.rows else f"only {result.done:,} rows were compared"
        name = f"{Path(result.first.data.source.path).stem}-{result.name}"
        return KeptView(name, kinds, line, partial(picture_of, self._page), unfinished)

    # Answers

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if key == BESIDE and isinstance(result, BesideResult):
            self._page.show_result(result, whole)
            self.changed.emit()
            if whole:
                self.ask_maps()
        elif key == LIKENESS and isinstance(result, MapsBesideResult):
            self._page.show_likeness(result, whole)
        elif key in (MAPS, AHEAD) and isinstance(result, ExplainBesideResult):
            if whole:
                self._known[result.request] = result
                while len(self._known) > MOST_KNOWN:
                    del self._known[next(iter(self._known))]
            if result.request == self._asked:
                row = self._desk.current
                self._page.show_pair(row, self._desk.input_of(row), result, "" if whole else "explaining…")
                if whole:
                    self._ask_ahead()

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        self._show_ended(key, failure.message)

    @Slot(object)
    def _on_stopped(self, key: Hashable) -> None:
        self._show_ended(key, "stopped")

    def _show_ended(self, key: Hashable, words: str) -> None:
        if self._is_awaited(key):
            row = self._desk.current
            self._page.show_pair(row, self._desk.input_of(row), None, words)

    def _is_awaited(self, key: Hashable) -> bool:
        """Whether the maps of the row in hand would come under this key."""
        return self._desk.current >= 0 and (key == MAPS or (key == AHEAD and self._asked == self._ahead))

    @Slot()
    def _on_rows(self) -> None:
        if self._page.isVisible():
            self._page.show_rows()

    @Slot()
    def _on_shown(self) -> None:
        self._page.show_rows()
        self.ask_maps()
        self.changed.emit()
