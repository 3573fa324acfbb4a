"""Asks about the corpus of the Cells room: its text on the colours of a cell, the cell over all of it, places like a phrase."""

import hashlib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal, Slot

from engine.atomic_file import write_atomically
from engine.cell_values import TANH_CELL_STATE, stored
from engine.cells import QUANTITIES, Cell
from engine.detective import CorpusInfo, CorpusTextResult, PhraseResult, UnitResult
from engine.jobs import Failure, Partial
from engine.requests import CorpusTextRequest, Parameter, PhraseRequest, Scanned, UnitRequest
from engine.results import ModelInfo
from gui.cells.corpus_view import EMPTY, PAGE_IDS, CorpusView
from gui.cells.like_phrase import NO_PHRASE
from gui.cells.painting import PaintChange, Painting
from gui.controls.corpus_box import DESK
from gui.job_lanes import Lane
from gui.rooms import House

TEXT, UNIT, PHRASE = "cells:corpus", "cells:unit", "cells:phrase"
DESK_TEXTS = "desk-texts"  # texts of the desk that were read as a corpus: paint and pinned questions name them
LEAD = 2_000  # code points read before a phrase of the corpus, so that the state there is nearly that of the whole file
_AFTER = 64
NOWHERE = "No place of this corpus has any of these cells on over as many tokens; lower the threshold."


@dataclass(frozen=True, slots=True)
class Phrase:
    """``text[start:end]``; ``lead``: how much was read before it, where its file begins further back, else 0."""

    text: str
    start: int
    end: int
    lead: int = 0


class CorpusDesk(QObject):
    """What was read stays on screen until another model is open or Read is pressed again."""

    cell_changed = Signal(object, str)  # Cell, quantity
    painted_asked = Signal(object, object)  # (path, start, end)s, Scanned
    changed = Signal()  # there is something else to look at
    note = Signal(str)

    def __init__(self, house: House, view: CorpusView, parent: QObject) -> None:
        super().__init__(parent)
        self._house, self._view, self.painting = house, view, Painting(self)
        self._model: ModelInfo | None = None
        self.cell, self.quantity = Cell(0, 0), ""
        self._scanned: Scanned | None = None  # what is shown, or awaited
        self._phrase: Phrase | None = None
        self._wanted: dict[str, Parameter] = {}  # of a finding, to be chosen when the text is there
        self._threshold = view.alike.bar.threshold.value()
        jobs = house.jobs
        jobs.answered.connect(self._on_answered)
        jobs.failed.connect(self._on_failed)
        jobs.stopped.connect(self._on_stopped)
        jobs.progressed.connect(self._on_progressed)
        view.row.read_chosen.connect(self.read)
        view.row.stop_chosen.connect(self._on_stop)
        view.row.corpus.file_wanted.connect(self._on_file_wanted)
        view.cell_chosen.connect(self._on_cell)
        view.quantity_chosen.connect(self._on_quantity)
        view.flipped.connect(self.flip)
        view.phrase_chosen.connect(self._on_phrase)
        view.alike.bar.threshold_changed.connect(self._on_threshold)
        view.stroke_made.connect(self._on_stroke)
        view.paint_cleared.connect(self._on_clear)
        view.paint_asked.connect(self._on_paint_asked)
        self.painting.changed.connect(self._show_painted)

    def show_model(self, model: ModelInfo) -> None:
        """What was shown belongs to the one before."""
        self._model, self._scanned, self._phrase, self._wanted = model, None, None, {}
        self.cell = Cell(0, 0)
        kind = model.recurrent[0].kind if model.recurrent else "lstm"
        own = QUANTITIES[kind]
        self.quantity = TANH_CELL_STATE if "cell_state" in own else own[0]
        self._view.row.show_model(model)
        self._view.row.show_running(False)
        self._view.show_words(EMPTY)

    def show_cell(self, cell: Cell, quantity: str) -> None:
        """Chosen elsewhere, or here; asked about if a corpus is there."""
        if (cell, quantity) == (self.cell, self.quantity):
            return
        self.cell, self.quantity = cell, quantity
        if self._scanned is not None and self._view.result is not None:
            self._ask_text(Lane.BACKGROUND)

    @Slot()
    def read(self) -> None:
        """The corpus that is chosen."""
        if self._model is None:
            return
        desk = self._desk_file() if self._view.row.corpus.source == DESK else ""
        if desk is None:
            return
        self._wanted = {}
        self._begin(self._view.row.scanned(desk))

    def _begin(self, scanned: Scanned) -> None:
        self._scanned = scanned
        self._view.show_words("Starting…")
        self._view.row.show_running(True)
        self._ask_text(Lane.SCAN)
        self.changed.emit()

    def state(self) -> tuple[tuple[str, Parameter], ...]:
        """What a finding needs beside the question."""
        view = self._view
        chosen: dict[str, Parameter] = {"corpus": True, "page": view.pages.current, "token": view.columns.selected_token}
        if (phrase := self._phrase) is not None:
            chosen |= {"phrase": phrase.text, "start": phrase.start, "end": phrase.end, "lead": phrase.lead}
            chosen["threshold"] = self._threshold
        return tuple(chosen.items())

    def ask_again(self, request: CorpusTextRequest, state: Mapping[str, Parameter]) -> None:
        """As it was pinned; what is not known is left."""
        self.cell, self.quantity = request.cell, request.quantity
        self._phrase, self._wanted = _phrase_of(state), dict(state)
        threshold = state.get("threshold")
        if isinstance(threshold, float):
            self._threshold = threshold
        self._view.row.show_scanned(request.scanned)
        self._begin(request.scanned)

    def ask_phrase(self, phrase: Phrase) -> None:
        """Where else do the cells do what they do over it? Reads the corpus first where that is still to do."""
        self._phrase = phrase
        self._view.show_page("phrase")
        if self._view.result is None:
            if not self._house.jobs.runs(TEXT):
                self.read()
        else:
            self._ask_phrase()

    @Slot(int)
    def flip(self, step: int) -> None:
        """To the next or the previous cell of the layer."""
        result = self._view.result
        if result is not None:
            last = result.layers[self.cell.layer].cells - 1
            self._on_cell(replace(self.cell, index=min(max(self.cell.index + step, 0), last)))

    def _ask_text(self, lane: Lane) -> None:
        assert self._model is not None
        assert self._scanned is not None
        quantity = held(self.quantity, self._scanned.gates)
        request = CorpusTextRequest(self._model.sha256, self._scanned, quantity, self.cell)
        self._house.jobs.forget(UNIT)
        self._house.jobs.ask(TEXT, request, "Reading the corpus", lane)

    def _ask_phrase(self) -> None:
        result = self._view.result
        if result is None or self._phrase is None or self._model is None:
            return
        shown = stored(self.quantity)
        states = [name for name in ("hidden_state", "cell_state") if name in result.quantities]
        quantity = shown if shown in states or not states else states[0]
        self._view.show_no_phrase("Looking for places like it…")
        text, start, end = self._phrase.text, self._phrase.start, self._phrase.end
        request = PhraseRequest(self._model.sha256, result.request.scanned, text, start, end, quantity, self._threshold)
        self._house.jobs.ask(PHRASE, request, "Places like the phrase")

    def _desk_file(self) -> str | None:
        """The text on the desk as a file; None where there is none, or it cannot be written."""
        text = self._house.workspace.input_panel.editor.text()
        if not text:
            self._view.show_words("There is no text on the desk; type one, or choose a file.", wrong=True)
            return None
        content = text.encode("utf-8")
        path = self._house.memory.state_folder / DESK_TEXTS / f"{hashlib.sha256(content).hexdigest()[:16]}.txt"
        try:
            path.parent.mkdir(exist_ok=True)
            write_atomically(path, content)
        except OSError as error:
            self._view.show_words(f"The text cannot be written to {path.parent} ({error.strerror}).", wrong=True)
            return None
        return str(path)

    # Answers

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if key == TEXT and isinstance(result, CorpusTextResult):
            self._show_text(result)
        elif isinstance(result, UnitResult | PhraseResult) and self._is_of_another_text(result.corpus):
            self._ask_text(Lane.BACKGROUND)  # its files have changed since: places would be shown where they are not
        elif key == UNIT and isinstance(result, UnitResult):
            self._view.show_unit(result)
        elif key == PHRASE and isinstance(result, PhraseResult):
            if result.places:
                self._view.show_phrase(result, 0 if self._phrase is None else self._phrase.lead)
            else:
                self._view.show_no_phrase(NOWHERE, with_threshold=True)
            self._view.show_page("phrase")
            if result.places and self.cell not in result.cells:  # the text is coloured by what the answer is about
                self._on_cell(result.cells[0])

    def _is_of_another_text(self, corpus: CorpusInfo) -> bool:
        shown = self._view.result
        return shown is not None and corpus.sha256 != shown.corpus.sha256

    def _show_text(self, result: CorpusTextResult) -> None:
        self._view.row.show_running(False)
        self._view.show_text(result)
        self._view.show_marks(self._house.marks.of(result.model.sha256))
        self._show_painted()
        if self.quantity != result.request.quantity:
            self.quantity = result.request.quantity
        request = UnitRequest(result.model.sha256, result.request.scanned, stored(self.quantity), result.request.cell)
        self._house.jobs.ask(UNIT, request, "This cell over the corpus")
        if self._phrase is not None and self._view.phrase is None:
            self._ask_phrase()
        wanted, self._wanted = self._wanted, {}
        self._choose(wanted)
        self.changed.emit()

    def _choose(self, wanted: Mapping[str, Parameter]) -> None:
        page, token = wanted.get("page"), wanted.get("token")
        if page in PAGE_IDS:
            self._view.show_page(str(page))
        if isinstance(token, int) and token >= 0:
            self._view.columns.select_token(token)

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        if key == PHRASE:
            self._view.show_no_phrase(failure.message, with_threshold=self._phrase is not None)
        elif key in (TEXT, UNIT):
            self._view.row.show_running(False)
            self._view.show_failure(failure.message)
            if self._view.result is not None:  # on the colours that it had
                self.cell, self.quantity = self._view.cell, self._view.quantity
            self.changed.emit()

    @Slot(object)
    def _on_stopped(self, key: Hashable) -> None:
        if key == TEXT:
            self._view.row.show_running(False)
            self._view.show_failure("Stopped. What was read is kept: Read goes on from there.")
        elif key == PHRASE:
            self._view.show_no_phrase(NO_PHRASE)

    @Slot(object, object)
    def _on_progressed(self, key: Hashable, partial: Partial) -> None:
        if key == TEXT and partial.doing:
            self._view.show_progress(partial)

    # What the user does

    @Slot()
    def _on_stop(self) -> None:
        self._house.jobs.stop(TEXT)

    @Slot(bool)
    def _on_file_wanted(self, folder: bool) -> None:
        chosen = self._house.dialogs.corpus(self._view.window(), self._house.memory.settings.folder, folder)
        if chosen is not None:
            self._view.row.corpus.set_source(chosen)
            self.read()

    @Slot(object)
    def _on_cell(self, cell: Cell) -> None:
        self.show_cell(cell, self.quantity)
        self.cell_changed.emit(self.cell, self.quantity)

    @Slot(str)
    def _on_quantity(self, quantity: str) -> None:
        self.show_cell(self.cell, quantity)
        self.cell_changed.emit(self.cell, self.quantity)

    @Slot(int, int)
    def _on_phrase(self, start: int, end: int) -> None:
        """Read with what stands before it in its file."""
        result = self._view.result
        if result is None:
            return
        file = result.file_at(start)
        if start >= file.end:  # in a heading
            file = result.file_at(end - 1)
        start, end = max(start, file.start), min(end, file.end)
        if start >= end:
            return
        first, last = max(file.start, start - LEAD), min(file.end, end + _AFTER)
        lead = LEAD if first > file.start else 0
        self.ask_phrase(Phrase(result.input.text[first:last], start - first, end - first, lead))

    @Slot(float)
    def _on_threshold(self, threshold: float) -> None:
        self._threshold = threshold
        self._ask_phrase()

    @Slot(int, int, bool)
    def _on_stroke(self, start: int, end: int, on: bool) -> None:
        if self._view.result is not None:
            self._push(self.painting.stroke(self._view.result.files, start, end, on))

    @Slot()
    def _on_clear(self) -> None:
        if self._view.result is not None:
            self._push(self.painting.clear(self._view.result.files))

    def _push(self, change: PaintChange | None) -> None:
        if change is not None:
            self._house.history.push(change)

    @Slot()
    def _show_painted(self) -> None:
        result = self._view.result
        if result is not None:
            self._view.show_painted(self.painting.on_page(result.files), self.painting.parts(result))

    @Slot()
    def _on_paint_asked(self) -> None:
        result = self._view.result
        if result is not None:
            self.painted_asked.emit(self.painting.asked(result.files), result.request.scanned)


def held(quantity: str, gates: tuple[str, ...]) -> str:
    """``quantity``, or where a scan does not hold it, what it does."""
    return quantity if not gates or stored(quantity) in gates else gates[0]


def _phrase_of(state: Mapping[str, Parameter]) -> Phrase | None:
    text, numbers = state.get("phrase"), [state.get(name) for name in ("start", "end", "lead")]
    whole = [number for number in numbers if isinstance(number, int)]
    if not isinstance(text, str) or len(whole) < len(numbers):
        return None
    start, end, lead = whole
    return Phrase(text, start, end, lead) if 0 <= start < end <= len(text) and lead >= 0 else None
