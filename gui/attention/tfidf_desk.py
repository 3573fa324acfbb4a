"""Asks about TF-IDF while its page is in sight: about the text, head and corpus of the moment."""

from collections.abc import Callable, Hashable
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from engine.attention_maps import TfidfResult
from engine.command_line import tfidf_command
from engine.export.tfidf_files import tfidf_to_csv, tfidf_to_json
from engine.export.tfidf_svg import tfidf_to_svg
from engine.jobs import Failure
from engine.requests import AttentionRequest, Parameter, TfidfRequest
from engine.tfidf_reading import corpus_in_words, correlation_in_words, where
from gui.attention.view import TFIDF, AttentionView
from gui.job_lanes import Lane
from gui.keeping import Kept
from gui.kept_view import FileKind, KeptView, picture_of
from gui.rooms import House

KEY = "attention.tfidf"
_STOPPED = "Stopped before the corpus was read; Read again starts it."
_CORPUS, _COLUMN, _AGE = "tfidf_corpus", "tfidf_column", "tfidf_without_age"  # of the state of a finding


class TfidfDesk(QObject):
    """What was answered stays until there is another answer, or another model.

    Args:
        written_on: the question about the text with what the film wrote after it, if it did: those words count, too.
    """

    changed = Signal()  # there is something else to take along

    def __init__(
        self,
        house: House,
        view: AttentionView,
        written_on: Callable[[AttentionRequest], AttentionRequest | None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._written_on = written_on
        self._house, self._view, self._page = house, view, view.tfidf
        self._asked: TfidfRequest | None = None  # what is shown, or awaited, or failed
        row, jobs = self._page.row, house.jobs
        row.changed.connect(self.follow)
        row.read_chosen.connect(self._on_read)
        row.stop_chosen.connect(self._on_stop)
        row.corpus.file_wanted.connect(self._on_file_wanted)
        view.shown_changed.connect(self.follow)
        view.map_wanted.connect(self.follow)
        house.workspace.tabs.currentChanged.connect(self.follow)
        self._page.changed.connect(self.changed)
        jobs.answered.connect(self._on_answered)
        jobs.failed.connect(self._on_failed)
        jobs.stopped.connect(self._on_stopped)

    def forget(self) -> None:
        """Whatever still comes is not for the screen."""
        self._house.jobs.forget(KEY)
        self._asked = None
        self._page.row.show_running(False)

    @Slot()
    def follow(self) -> None:
        """Ask, if the page is in sight and the question is another."""
        request = self._request()
        if request is not None and request != self._asked:
            self._ask(request)

    def _request(self) -> TfidfRequest | None:
        result, choice = self._view.result, self._view.choice
        here = self._house.workspace.tabs.currentWidget() is self._view
        if result is None or not here or self._view.page != TFIDF:
            return None
        source, column = self._page.row.chosen
        text = self._written_on(result.request) or result.request
        if not result.stacks:
            return TfidfRequest(text, (source,), text_column=column)
        stack = "self" if choice.stack == "encoder" else choice.stack
        return TfidfRequest(text, (source,), choice.layer, choice.head, column, stack, choice.without_sinks)

    def _ask(self, request: TfidfRequest) -> None:
        self._asked = request
        self._page.row.show_running(True)
        self._house.jobs.ask(KEY, request, "Reading the corpus", Lane.SCAN)

    def kept(self) -> Kept | None:
        """As of a room."""
        result, accepted = self._page.result, self._house.conductor.accepted_reinitialised
        if result is None:
            return None
        without_age = self._page.without_age and result.ages_differ
        kinds = {
            ".svg": FileKind("Vector picture of the points", partial(tfidf_to_svg, result, without_age)),
            ".json": FileKind("JSON of every word", partial(tfidf_to_json, result)),
            ".csv": FileKind("Table, one row per word", partial(tfidf_to_csv, result)),
        }
        line = partial(tfidf_command, result, accept_reinitialised=accepted)
        return KeptView(f"{result.model.name}-tfidf", kinds, line, partial(picture_of, self._view))

    def caption(self) -> tuple[str, str] | None:
        """As of a room."""
        result = self._page.result
        if result is None:
            return None
        facts = f"{result.model.name} · {corpus_in_words(result)} · {correlation_in_words(result)}"
        return f"Attention beside TF-IDF: {where(result)}", facts

    def state(self) -> tuple[tuple[str, Parameter], ...]:
        """As of a room."""
        source, column = self._page.row.chosen
        return ((_CORPUS, source), (_COLUMN, column), (_AGE, self._page.without_age))

    def restore(self, state: dict[str, Parameter]) -> None:
        """As of a room; what is not understood is left."""
        source, column = state.get(_CORPUS), state.get(_COLUMN, "")
        if isinstance(source, str) and source and isinstance(column, str):
            self._page.row.set_source(source, column)
        if isinstance(state.get(_AGE), bool):
            self._page.show_age(state[_AGE] is True)

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if key == KEY and whole and isinstance(result, TfidfResult):
            self._page.row.show_running(False)
            self._page.show_result(result)
            self._view.choose_token(self._view.token)

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        if key == KEY:
            self._page.row.show_running(False)
            self._page.show_failure(failure.message)

    @Slot(object)
    def _on_stopped(self, key: Hashable) -> None:
        if key == KEY:
            self._page.row.show_running(False)
            if self._page.result is None:
                self._page.show_failure(_STOPPED)
            else:
                self._page.say(_STOPPED, "warning")

    @Slot()
    def _on_read(self) -> None:
        request = self._request()
        if request is not None:
            self._ask(request)

    @Slot()
    def _on_stop(self) -> None:
        self._house.jobs.stop(KEY)

    @Slot(bool)
    def _on_file_wanted(self, folder: bool) -> None:
        chosen = self._house.dialogs.corpus(self._view.window(), self._house.memory.settings.folder, folder)
        if chosen is not None:
            self._page.row.set_source(chosen)
            self.follow()
