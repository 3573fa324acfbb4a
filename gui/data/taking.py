"""Data taken along: the rows that are shown as a file, the line that counts them again, the report."""

from collections.abc import Hashable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from engine.atomic_file import save
from engine.command_line import dataset_command
from engine.dataset_results import DatasetReportResult, PredictionsResult
from engine.errors import UserError
from engine.export.slice_file import slice_to_csv, slice_to_jsonl
from engine.jobs import Failure
from engine.requests import DatasetReportRequest, TextInput
from gui.data.desk import DataDesk
from gui.job_lanes import Lane
from gui.kept_view import FileKind, KeptView, picture_of
from gui.rooms import House
from gui.views.message_bar import Message

REPORT = "data.report"
NO_PREDICTIONS = "The command line counts predictions: open a model first."


class Taking(QObject):
    """Every failure is one sentence."""

    done = Signal(str)

    def __init__(self, desk: DataDesk, house: House, view: QWidget) -> None:
        super().__init__(desk)
        self._desk, self._house, self._view = desk, house, view
        self._report: Path | None = None
        house.jobs.answered.connect(self._on_answered)
        house.jobs.failed.connect(self._on_failed)
        house.actions["save_data_report"].triggered.connect(self.ask_report)

    def kept(self) -> KeptView | None:
        """See ``Room``."""
        data, said, rows = self._desk.data, self._desk.predictions, self._desk.rows
        if data is None:
            return None
        work, accepted = self._desk.store.work, self._house.conductor.accepted_reinitialised

        def line(_texts: Path) -> str:
            if said is None:
                raise UserError(NO_PREDICTIONS, "no_command")
            return dataset_command(said, accept_reinitialised=accepted)

        given = (data, said, [int(row) for row in rows], work)
        kinds = {
            ".csv": FileKind(f"Table of the {len(rows):,} rows shown", partial(slice_to_csv, *given)),
            ".jsonl": FileKind(f"An object a line, of the {len(rows):,} rows shown", partial(slice_to_jsonl, *given)),
        }
        unfinished = _unfinished(said, self._desk.whole)
        return KeptView(Path(data.source.path).stem, kinds, line, partial(picture_of, self._view), unfinished)

    @Slot()
    def ask_report(self) -> None:
        """Where to; then confusion, errors with their maps and what they have in common, as one page."""
        said, data, conductor = self._desk.predictions, self._desk.data, self._house.conductor
        if said is None or data is None or conductor.model is None:
            return
        memory = self._house.memory
        folder = Path(memory.settings.save_folder or Path.home())
        path = self._house.dialogs.report_path(self._view.window(), folder / f"{Path(data.source.path).stem}-report")
        if path is None:
            return
        memory.change_settings(save_folder=str(path.parent))
        explanation = self._house.workspace.method_panel.choices().request(TextInput(""), conductor.model.sha256)
        rows = None if self._desk.filter.is_open else tuple(int(row) for row in self._desk.rows)
        self._report = path
        self._house.jobs.ask(REPORT, DatasetReportRequest(said.request, explanation, rows), "Writing the report", Lane.SCAN)

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if key != REPORT or not whole or not isinstance(result, DatasetReportResult) or self._report is None:
            return
        try:
            save(self._report, result.html)
        except UserError as error:
            self._tell(error.message, error.detail)
        else:
            self.done.emit(f"Saved {self._report}")

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        if key == REPORT:
            self._tell(failure.message, failure.detail)

    def _tell(self, words: str, detail: str) -> None:
        self._house.conductor.message.emit(Message("data", words, detail=detail))


def _unfinished(said: PredictionsResult | None, whole: bool) -> str:
    return "" if said is None or whole else f"only {said.done:,} rows were predicted"
