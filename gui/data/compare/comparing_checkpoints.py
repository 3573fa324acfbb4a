"""The rows over training: asked by a button, the row in hand explained at every checkpoint as it changes."""

from collections.abc import Hashable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from engine.command_line import dataset_command
from engine.comparisons import CheckpointsResult
from engine.errors import UserError
from engine.export.comparison_files import checkpoints_as_list
from engine.export.dataset_files import dataset_to_json
from engine.jobs import Failure, Partial
from engine.over_training import OverTrainingResult
from engine.requests import CheckpointsRequest, OverTrainingRequest, PredictionsRequest
from gui.data.compare.checkpoints_page import CheckpointsPage
from gui.data.compare.steps import row_after
from gui.data.desk import AT_THE_END, DataDesk
from gui.job_lanes import Lane
from gui.kept_view import FileKind, KeptView, picture_of
from gui.rooms import House

CHECKPOINTS, ROW = "data.checkpoints", "data.checkpoints.row"
MOST_KNOWN = 32
NO_ROWS = "No row is listed."


class ComparingCheckpoints(QObject):
    """One at a time; maps are kept as long as the model is open."""

    told = Signal(str)
    changed = Signal()

    def __init__(self, desk: DataDesk, page: CheckpointsPage, house: House) -> None:
        super().__init__(desk)
        self._desk, self._page, self._house = desk, page, house
        self._known: dict[OverTrainingRequest, OverTrainingResult] = {}
        self._asked: OverTrainingRequest | None = None
        jobs = house.jobs
        jobs.answered.connect(self._on_answered)
        jobs.progressed.connect(self._on_progressed)
        jobs.failed.connect(self._on_failed)
        jobs.stopped.connect(self._on_stopped)
        page.asked.connect(self.ask)
        page.stopped.connect(self._on_stop)
        page.row_chosen.connect(desk.go_to)
        page.shown.connect(self._on_shown)
        desk.opened.connect(self.forget)
        desk.rows_changed.connect(self._on_rows)
        desk.current_changed.connect(self.ask_row)
        house.conductor.question_asked.connect(self.ask_row)
        house.conductor.model_opened.connect(self.forget)
        self.forget()

    @Slot()
    def forget(self) -> None:
        """Other data or another model: what was found belongs to those before."""
        for key in (CHECKPOINTS, ROW):
            self._house.jobs.forget(key)
        self._known.clear()
        self._asked = None
        model = self._house.conductor.model
        self._page.show_nothing(model is not None and bool(model.checkpoints))
        self.changed.emit()

    # Asking

    @Slot()
    def ask(self) -> None:
        """Every checkpoint about all rows."""
        data, model, page = self._desk.data, self._house.conductor.model, self._page
        because = self._desk.why_not_predict()
        if data is None or model is None or because:
            page.row.say(because, wrong=True)
            return
        page.row.show_running(True)
        request = CheckpointsRequest(PredictionsRequest(model.sha256, data.source, data.sha256))
        self._house.jobs.ask(CHECKPOINTS, request, f"Predicting {data.rows:,} rows over training", Lane.SCAN)

    @Slot()
    def _on_stop(self) -> None:
        self._house.jobs.stop(CHECKPOINTS)

    @Slot()
    def ask_row(self) -> None:
        """The row in hand at every checkpoint, while one looks."""
        row, page = self._desk.current, self._page
        if not page.isVisible() or page.result is None:
            self._house.jobs.forget(ROW)
            return
        attribution = self._desk.request_for(row) if row >= 0 else None
        if attribution is None:
            page.show_row(-1, None)
            return
        request = OverTrainingRequest(attribution)
        known = self._known.get(request)
        if known is not None:
            self._house.jobs.forget(ROW)
            self._asked = request
            page.show_row(row, known)
        elif request != self._asked or not self._house.jobs.runs(ROW):
            self._asked = request
            page.show_row(row, None, "explaining it at every checkpoint…")
            self._house.jobs.ask(ROW, request, "Explaining over training")

    def step(self, way: int) -> None:
        """To the next row that is listed (1) or the one before (−1)."""
        order = self._page.table.order
        found = row_after(order, self._desk.current, way)
        if found is not None:
            self._desk.go_to(found)
        else:
            self.told.emit(AT_THE_END[way] if len(order) else NO_ROWS)

    @property
    def can_step(self) -> bool:
        """Whether there are rows to step through, in sight."""
        return self._page.isVisible() and self._page.result is not None

    def kept(self) -> KeptView | None:
        """See ``Room``; None: nothing was found."""
        result, said = self._page.result, self._desk.predictions
        if result is None or not self._page.isVisible():
            return None
        accepted = self._house.conductor.accepted_reinitialised

        def line(_texts: Path) -> str:
            if said is None:
                raise UserError("The command line counts predictions: wait for them first.", "no_command")
            return dataset_command(said, accept_reinitialised=accepted, more=("--checkpoints",))

        kinds = {}
        if said is not None:
            more = {"checkpoints": checkpoints_as_list(result)}
            kinds[".json"] = FileKind("All numbers", lambda: dataset_to_json(said, more).encode())
        unfinished = "" if result.complete else f"only {len(result.names)} of {result.total} checkpoints are there"
        name = f"{Path(result.data.source.path).stem}-over-training"
        return KeptView(name, kinds, line, partial(picture_of, self._page), unfinished)

    # Answers

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if key == CHECKPOINTS and isinstance(result, CheckpointsResult):
            self._page.show_result(result, whole)
            self.changed.emit()
            if whole:
                self.ask_row()
        elif key == ROW and isinstance(result, OverTrainingResult):
            if whole:
                self._known[result.request] = result
                while len(self._known) > MOST_KNOWN:
                    del self._known[next(iter(self._known))]
            if result.request == self._asked:
                self._page.show_row(self._desk.current, result)

    @Slot(object, object)
    def _on_progressed(self, key: Hashable, partial: Partial) -> None:
        if key == CHECKPOINTS:
            self._page.row.show_progress(partial)

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        if key == CHECKPOINTS:
            self._end(failure.message, wrong=True)
        elif key == ROW:
            self._page.show_row(self._desk.current, None, failure.message)

    @Slot(object)
    def _on_stopped(self, key: Hashable) -> None:
        if key == CHECKPOINTS:
            self._end("Stopped; what was predicted stays.", wrong=False)
        elif key == ROW:
            self._page.show_row(self._desk.current, None, "stopped")

    def _end(self, words: str, wrong: bool) -> None:
        self._page.row.show_running(False)
        self._page.row.say(words, wrong)

    @Slot()
    def _on_rows(self) -> None:
        if self._page.isVisible():
            self._page.show_rows()

    @Slot()
    def _on_shown(self) -> None:
        self._page.show_rows()
        self.ask_row()
        self.changed.emit()
