"""Two slices side by side: counted by one button, their words summed up by another."""

from collections.abc import Hashable
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from engine.command_line import slices_command
from engine.comparisons import SlicesResult
from engine.dataset_results import AggregateResult, WordSum
from engine.errors import UserError
from engine.export.comparison_files import slices_as_dict
from engine.export.dataset_files import dataset_to_json
from engine.requests import AggregateRequest, NamedRows, PredictionsRequest, SlicesRequest, TextInput
from gui.data.aggregate_page import search_for
from gui.data.asking import AskRows
from gui.data.compare.slices_page import ALL, ERRORS, REST, RIGHT, THESE, SlicesPage
from gui.data.desk import DataDesk
from gui.data.explaining import explanation_of_rows
from gui.data.row_filter import RowFilter
from gui.job_lanes import Lane
from gui.kept_view import FileKind, KeptView, picture_of
from gui.rooms import House

SLICES, WORDS = "data.slices", "data.slices.words"


class ComparingSlices(QObject):
    """One pair at a time."""

    told = Signal(str)
    changed = Signal()
    rows_wanted = Signal()  # the page of rows, for a word that was chosen

    def __init__(self, desk: DataDesk, page: SlicesPage, house: House) -> None:
        super().__init__(desk)
        self._desk, self._page, self._house = desk, page, house
        jobs = house.jobs
        jobs.answered.connect(self._on_answered)
        AskRows(jobs, {SLICES: page.row, WORDS: page.words_row}, self)
        page.asked.connect(self.ask)
        page.words_asked.connect(self.ask_words)
        page.stopped.connect(self._on_stop)
        page.words_stopped.connect(self._on_stop_words)
        page.word_chosen.connect(self._on_word)
        page.shown.connect(self.changed)
        desk.opened.connect(self.forget)
        desk.store.changed.connect(page.show_choices)
        house.conductor.model_opened.connect(self.forget)

    @Slot()
    def forget(self) -> None:
        """Other data or another model: what was found belongs to those before."""
        for key in (SLICES, WORDS):
            self._house.jobs.forget(key)
        self._page.show_nothing()
        self._page.show_choices()
        self.changed.emit()

    # Asking

    @Slot()
    def ask(self) -> None:
        """As they are chosen."""
        data, model, page = self._desk.data, self._house.conductor.model, self._page
        because = self._desk.why_not_predict() or ("" if self._desk.whole else "Wait until every row is predicted.")
        if data is None or model is None or because:
            page.row.say(because, wrong=True)
            return
        self._house.jobs.forget(WORDS)
        page.words_row.show_running(False)
        page.row.show_running(True)
        predictions = PredictionsRequest(model.sha256, data.source, data.sha256)
        self._house.jobs.ask(SLICES, SlicesRequest(predictions, self._slices()), "Comparing slices", Lane.SCAN)

    def _slices(self) -> tuple[NamedRows, NamedRows]:
        first, second = self._page.chosen
        one = self._slice(first)
        if second != REST:
            return one, self._slice(second)
        assert self._desk.data is not None
        others = np.setdiff1d(np.arange(self._desk.data.rows), np.array(one.rows, np.int64))
        return one, NamedRows("All others", tuple(others.tolist()))

    def _slice(self, id: str) -> NamedRows:
        """Rows by what was chosen; of a slice that is no longer there none."""
        desk = self._desk
        assert desk.data is not None
        if id in (ERRORS, RIGHT):
            correct = np.zeros(0) if desk.predictions is None else desk.predictions.correct
            name, wanted = ("Errors", 0) if id == ERRORS else ("Right", 1)
            return NamedRows(name, tuple(np.flatnonzero(correct == wanted).tolist()))
        if id == ALL:
            return NamedRows("All rows", tuple(range(desk.data.rows)))
        if id == THESE:
            return NamedRows(desk.filter.in_words() or "Rows that are shown", tuple(sorted(int(row) for row in desk.rows)))
        saved = next((each for each in desk.store.work.slices if each.name == id), None)
        if saved is None:
            return NamedRows(id, ())
        rows = saved.rows if saved.rows is not None else tuple(int(row) for row in desk.rows_of(saved.selection))
        return NamedRows(saved.name, tuple(sorted(rows)))

    @Slot()
    def ask_words(self) -> None:
        """Of the slices that stand there."""
        result, model, page = self._page.result, self._house.conductor.model, self._page
        if result is None or model is None:
            return
        explanation = explanation_of_rows(self._house.workspace.method_panel.choices(), TextInput(""), model.sha256)
        most = int(page.many.currentData())
        slices = tuple(NamedRows(each.name, _spread(each.rows, most)) for each in result.request.slices)
        page.words_row.show_running(True)
        source, sha256 = result.request.predictions.source, result.request.predictions.data_sha256
        self._house.jobs.ask(WORDS, AggregateRequest(source, slices, explanation, sha256), "Explaining rows", Lane.SCAN)

    @Slot()
    def _on_stop(self) -> None:
        self._house.jobs.stop(SLICES)

    @Slot()
    def _on_stop_words(self) -> None:
        self._house.jobs.stop(WORDS)

    @Slot(object)
    def _on_word(self, word: WordSum) -> None:
        """The rows it stands in."""
        self._desk.set_filter(RowFilter(search_for(word), order=self._desk.filter.order))
        self.rows_wanted.emit()

    def kept(self) -> KeptView | None:
        """See ``Room``; None: nothing was compared."""
        result, said = self._page.result, self._desk.predictions
        if result is None or said is None or not self._page.isVisible():
            return None
        accepted = self._house.conductor.accepted_reinitialised

        def line(_texts: Path) -> str:
            if not self._desk.whole:
                raise UserError("Wait until every row is predicted.", "no_command")
            return slices_command(result, said, accepted)

        more = {"slices": slices_as_dict(result)}
        kinds = {".json": FileKind("All numbers", lambda: dataset_to_json(said, more).encode())}
        return KeptView(f"{Path(result.data.source.path).stem}-slices", kinds, line, partial(picture_of, self._page))

    # Answers

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if key == SLICES and isinstance(result, SlicesResult) and whole:
            self._page.show_result(result)
            self.changed.emit()
        elif key == WORDS and isinstance(result, AggregateResult) and result.slices:
            self._page.show_words(result, whole)


def _spread(rows: tuple[int, ...], most: int) -> tuple[int, ...]:
    """At most so many, evenly over the slice."""
    if len(rows) <= most:
        return rows
    return tuple(rows[at] for at in np.linspace(0, len(rows) - 1, most).astype(np.intp).tolist())
