"""The tab Detective: which cell knows? It asks when Start is pressed, and follows the pattern on the text as it is typed."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal, Slot

from engine.cells import Cell
from engine.command_line import detect_command
from engine.detective import DetectResult, Place, UnitScore
from engine.errors import UserError
from engine.export.detect_file import detect_to_csv, detect_to_json
from engine.jobs import Failure, Partial
from engine.requests import DetectRequest, Parameter, Request, Scanned
from engine.results import ModelInfo
from gui.cells.marks import MarkChange
from gui.cells.words import has_cells, without_cells
from gui.detective.live_marks import LiveMarks
from gui.detective.question import predicate_label
from gui.detective.usage_desk import UsageDesk
from gui.detective.view import EMPTY, DetectiveView
from gui.job_lanes import Lane
from gui.keeping import Kept
from gui.kept_view import FileKind, KeptView
from gui.rooms import House, Room
from gui.subject import Subject

NO_PATTERN = "Type a pattern first."
PAINTED = "First halves of the painted files rank, last halves test."
COLUMN = "Each row is a text of its own: first rows rank, last rows test."
NO_TEXT = "With a text on the desk, matches are marked there."


class DetectiveRoom(Room):
    """What was found stays until another model is open or Start is pressed again."""

    key, title, icon = "detective", "Detective", "magnifying-glass"
    hint = "Which cell knows that the text matches a pattern?"
    lane = Lane.SCAN

    cell_chosen = Signal(object, str)  # Cell, quantity: to be seen on the text

    def __init__(self, house: House) -> None:
        self._view = DetectiveView()
        super().__init__(self._view, house)
        house.workspace.set_apart(self._view, True)
        self._marks = house.marks
        self._wanted: dict[str, Parameter] = {}
        self._usage = UsageDesk(house.jobs, self._view, self)
        self._live = LiveMarks(house.jobs, house.workspace.input_panel.editor, self)
        view, question = self._view, self._view.question
        question.start_chosen.connect(self._on_start)
        question.stop_chosen.connect(self.stop)
        question.changed.connect(self._on_question)
        question.corpus_wanted.connect(self._on_corpus_wanted)
        view.unit_opened.connect(self._on_unit_opened)
        view.place_chosen.connect(self._on_place)
        view.mark_toggled.connect(self._on_mark)
        view.unit_changed.connect(self.kept_changed)
        self._usage.changed.connect(self.kept_changed)
        view.read_out_changed.connect(self.read_out_changed)
        self._live.counted.connect(self._on_counted)
        self._live.failed.connect(self._on_no_pattern)
        self._marks.changed.connect(self._on_marks_changed)
        house.workspace.tabs.currentChanged.connect(self._on_sight)
        self._show_available()

    def kept(self) -> Kept | None:
        """See ``Room``."""
        result, accepted = self._view.result, self._house.conductor.accepted_reinitialised
        if result is None:
            return None
        ablation = self._usage.answer

        def line(_texts: Path) -> str:
            return detect_command(result, accepted, ablation)

        kinds = {
            ".json": FileKind("JSON of the ranking and its evidence", lambda: detect_to_json(result, ablation).encode()),
            ".csv": FileKind("Table, one row per unit", partial(detect_to_csv, result)),
        }
        return KeptView(f"{result.model.name}-detective", kinds, line, self._view.picture)

    def caption(self) -> tuple[str, str] | None:
        """See ``Room``."""
        return None if self._view.result is None else self._view.in_words()

    def state(self) -> tuple[tuple[str, Parameter], ...]:
        """See ``Room``."""
        unit = self._view.unit
        if unit is None:
            return ()
        chosen = (("part", self._view.parts.currentIndex()), ("cell", str(unit.cell)), ("quantity", unit.quantity))
        return (*chosen, ("evidence", self._view.evidence))

    def restore(self, state: tuple[tuple[str, Parameter], ...]) -> None:
        """See ``Room``; chosen when the ranking is there."""
        self._wanted = dict(state)

    def ask(self, request: Request) -> None:
        """See ``Room``; also a search that was pinned begins here."""
        if isinstance(request, DetectRequest):
            self._view.question.show_request(request)
        self._view.show_words("Starting…")
        self._view.question.show_running(True)
        self._usage.refresh()
        self.kept_changed.emit()
        super().ask(request)

    @Slot(object, object)
    def ask_painted(self, spans: tuple[tuple[str, int, int], ...], scanned: Scanned) -> None:
        """Places painted on the text of a corpus become the question; Start asks it."""
        self.enter()
        self._view.question.show_painted(spans, scanned)
        self._view.question.start.setFocus()

    def show_model(self, model: ModelInfo) -> None:
        """See ``Room``."""
        self.forget()
        self._view.question.show_running(False)
        self._view.question.show_model(model)
        self._view.show_words(EMPTY if has_cells(model) else without_cells(model))
        self._view.show_marks(self._marks.of(model.sha256))
        self._show_available()
        self._usage.refresh()
        self.kept_changed.emit()

    def show_refusal(self, words: str) -> None:
        """See ``Room``."""
        self._view.show_words(words)

    def show_subject(self, subject: Subject | None) -> None:
        """See ``Room``."""
        self._show_available()

    def show_progress(self, partial: Partial) -> None:
        """See ``Room``."""
        self._view.show_progress(partial)

    def show_answer(self, result: object, whole: bool) -> None:
        """See ``Room``."""
        assert isinstance(result, DetectResult)
        self._view.show_result(result, whole)
        if whole:
            self._view.question.show_running(False)
            wanted, self._wanted = self._wanted, {}
            self._choose(wanted)
        self._usage.refresh()
        self.kept_changed.emit()

    def show_failure(self, failure: Failure) -> None:
        """See ``Room``."""
        self._view.question.show_running(False)
        self._view.show_words(failure.message, wrong=True)
        self._usage.refresh()
        self.kept_changed.emit()

    def show_stopped(self) -> None:
        """See ``Room``."""
        self._view.show_stopped()
        self.kept_changed.emit()

    def _choose(self, wanted: dict[str, Parameter]) -> None:
        self._view.show_evidence(str(wanted.get("evidence")))
        part, cell, quantity = (wanted.get(name) for name in ("part", "cell", "quantity"))
        if not (isinstance(part, int) and part >= 0 and isinstance(cell, str) and isinstance(quantity, str)):
            return
        try:
            self._view.choose(part, Cell.read(cell), quantity)
        except UserError:
            return

    def _why_not(self) -> str:
        model, because = self._house.conductor.model, self.refusal()
        if because is not None:
            return because
        if model is not None and not has_cells(model):
            return without_cells(model)
        return self._house.conductor.why_not_run() or ""

    def _show_available(self) -> None:
        self._view.question.show_available(self._why_not())

    @Slot()
    def _on_start(self) -> None:
        model, because = self._house.conductor.model, self._why_not()
        if model is None or because:
            self.note.emit(because or "Open a model first.")
            return
        request = self._view.question.request(model.sha256)
        if not (request.patterns or request.predicate or request.painted or request.column):
            self._view.question.show_matches(NO_PATTERN, wrong=True)
            self._view.question.pattern.setFocus()
            return
        self._wanted = {}
        self.ask(request)

    @Slot()
    def _on_question(self) -> None:
        request = self._view.question.request("")
        self._view.question.show_matches(_without_marks(request))
        self._live.set_hypothesis(request.patterns, request.predicate)

    @Slot(int)
    def _on_counted(self, count: int) -> None:
        empty = not self._house.workspace.input_panel.editor.text()
        if count < 0:
            words = _without_marks(self._view.question.request(""))
        elif count == 0:
            words = NO_TEXT if empty else "Nowhere in the text on the desk."
        else:
            words = f"{count:,} {'place' if count == 1 else 'places'} in the text on the desk, marked there."
        self._view.question.show_matches(words)

    @Slot(str)
    def _on_no_pattern(self, words: str) -> None:
        self._view.question.show_matches(words, wrong=True)

    @Slot(bool)
    def _on_corpus_wanted(self, folder: bool) -> None:
        memory = self._house.memory
        chosen = self._house.dialogs.corpus(self._view.window(), memory.settings.folder, folder)
        if chosen is not None:
            self._view.question.set_corpus(chosen)

    @Slot(object)
    def _on_unit_opened(self, unit: UnitScore) -> None:
        self.cell_chosen.emit(unit.cell, unit.quantity)

    @Slot(object)
    def _on_place(self, place: Place) -> None:
        self._house.conductor.put_text(place.before + place.text + place.after)
        self.note.emit(f"On the desk, from {place.file}; undo brings back the text before.")

    @Slot(object, bool)
    def _on_mark(self, cell: Cell, on: bool) -> None:
        result, finding = self._view.result, self._view.finding
        if result is not None and finding is not None:
            note = predicate_label(result.request.predicate) or finding.pattern
            self._house.history.push(MarkChange(self._marks, result.model.sha256, cell, note if on else None))

    @Slot(str)
    def _on_marks_changed(self, model: str) -> None:
        result = self._view.result
        if result is not None and result.model.sha256 == model:
            self._view.show_marks(self._marks.of(model))

    @Slot()
    def _on_sight(self) -> None:
        self._live.set_on(self.in_sight)
        self._show_available()


def _without_marks(request: DetectRequest) -> str:
    """Of what matches nothing on the desk: how it is tested."""
    return PAINTED if request.painted else COLUMN if request.column is not None else ""
