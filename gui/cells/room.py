"""The tab "Cells": asks what the recurrent layers do on the text on the desk, and keeps marks on cells."""

from functools import partial

from PySide6.QtCore import Slot

from engine.cell_values import quantities_of, stored
from engine.cells import Cell, CellsResult
from engine.command_line import cells_command
from engine.errors import UserError
from engine.export.cells_files import CELLS_KINDS
from engine.jobs import Failure
from engine.requests import CellsRequest, CorpusTextRequest, Parameter, Request
from engine.results import ModelInfo
from gui.actions import ActionDescription
from gui.cells.corpus_desk import CorpusDesk, Phrase
from gui.cells.corpus_keeping import corpus_caption, kept_corpus
from gui.cells.marks import MarkChange
from gui.cells.view import CellsView
from gui.cells.words import has_cells, without_cells
from gui.keeping import Kept
from gui.kept_view import FileKind, KeptView, picture_of
from gui.rooms import House, Room
from gui.subject import Subject

GUESSES = 5
TYPE = "Type a text: it will stand here on the colours of one cell, with every other cell below."
_OUT_OF_SIGHT = "Open the tab Cells first."
NO_TEXT = "There is no text to find anything in yet."
_NOTHING = "No cell is on screen yet."
_FILES = {
    ".csv": "Table of this cell, one row per token",
    ".json": "JSON of this cell",
    ".npz": "NumPy arrays of all cells",
}
_ACTIONS = (
    ActionDescription("mark_cell", "Mark this cell", "Cells", "star", ("Ctrl+Shift+M",), "Or take its mark away."),
    ActionDescription("next_cell", "Next cell", "Cells", "caret-right", ("Alt+PgDown",), "As the grid is sorted."),
    ActionDescription("previous_cell", "Previous cell", "Cells", "caret-left", ("Alt+PgUp",), "As the grid is sorted."),
)


class CellsRoom(Room):
    """One cell, one quantity, one token: everything in the view follows them."""

    key, title, icon = "cells", "Cells", "cpu"
    reads = ("text", "record")
    hint = "What LSTM, GRU and RNN cells do on this text."
    shortcuts = ("Ctrl+Alt+C",)

    def __init__(self, house: House) -> None:
        self._view = CellsView()
        super().__init__(self._view, house)
        self.corpus = CorpusDesk(house, self._view.corpus, self)
        self._guesses = False
        self._wanted: dict[str, Parameter] = {}
        self._marks = house.marks
        for description in _ACTIONS:
            house.actions.add(description)
        house.actions["mark_cell"].triggered.connect(self._on_mark_action)
        house.actions["next_cell"].triggered.connect(self._on_next)
        house.actions["previous_cell"].triggered.connect(self._on_previous)
        house.workspace.tabs.currentChanged.connect(self._on_sight_changed)
        self._marks.changed.connect(self._on_marks_changed)
        self._marks.told.connect(self.note)
        house.actions["find"].triggered.connect(self._on_find)
        house.actions["find_next"].triggered.connect(self._on_find_next)
        house.actions["find_previous"].triggered.connect(self._on_find_previous)
        house.conductor.map_changed.connect(self._show_find)
        view, settings = self._view, house.memory.settings
        view.preferred_quantity = settings.cells_quantity
        view.browser.restore(settings.cells_page, settings.cells_sort)
        view.browser.arranged.connect(self._on_arranged)
        view.corpus_wanted.connect(self._on_corpus_wanted)
        view.phrase_chosen.connect(self._on_phrase)
        view.corpus.mark_toggled.connect(self._on_mark)
        view.corpus.note_changed.connect(self._on_note)
        self.corpus.cell_changed.connect(self._on_corpus_cell)
        self.corpus.changed.connect(self._refresh)
        view.cell_changed.connect(self._on_cell)
        view.read_out_changed.connect(self.read_out_changed)
        view.guesses_toggled.connect(self._on_guesses)
        view.mark_toggled.connect(self._on_mark)
        view.note_changed.connect(self._on_note)
        view.setFocusProxy(view.browser.grid)
        self._refresh()

    def request_for(self, subject: Subject) -> Request | None:
        """See ``Room``."""
        if not has_cells(subject.model):
            return None
        return CellsRequest(subject.model.sha256, subject.input, GUESSES if self._guesses else 0)

    def kept(self) -> Kept | None:
        """See ``Room``."""
        accepted = self._house.conductor.accepted_reinitialised
        if self._view.in_corpus:
            return kept_corpus(self._view.corpus, accepted)
        result, cell = self._view.result, self._view.cell
        if result is None:
            return None
        kinds = {
            suffix: FileKind(words, partial(CELLS_KINDS[suffix], result, () if suffix == ".npz" else (cell,)))
            for suffix, words in _FILES.items()
        }
        gate = stored(self._view.quantity)
        line = partial(cells_command, result, cell, gate, accept_reinitialised=accepted)
        name = f"{result.model.name}-cell-{str(cell).replace(':', '-')}"
        return KeptView(name, kinds, line, partial(picture_of, self._view))

    def caption(self) -> tuple[str, str] | None:
        """See ``Room``."""
        result, cell = self._view.result, self._cell
        shown = self._view.corpus.result if self._view.in_corpus else result
        note = None if shown is None else self._marks.of(shown.model.sha256).notes.get(cell)
        if self._view.in_corpus:
            return corpus_caption(self._view.corpus, note)
        if result is None:
            return None
        what = f"Cell {cell}, {self._view.quantity.replace('_', ' ')}" + (f": {note}" if note else "")
        layer = result.layers[cell.layer]
        return what, f"{result.model.name} · {layer.kind.upper()} {layer.module}, layer {layer.layer_in_module}"

    def state(self) -> tuple[tuple[str, Parameter], ...]:
        """See ``Room``."""
        view = self._view
        if view.in_corpus:
            return self.corpus.state()
        return (("cell", str(view.cell)), ("quantity", view.quantity), ("token", view.token))

    def restore(self, state: tuple[tuple[str, Parameter], ...]) -> None:
        """See ``Room``; chosen when the answer is there."""
        self._wanted = dict(state)
        self._show_corpus("corpus" in self._wanted)

    @property
    def asked(self) -> Request | None:
        """See ``Room``."""
        shown = self._view.corpus.result
        return super().asked if not self._view.in_corpus or shown is None else shown.request

    def ask(self, request: Request) -> None:
        """See ``Room``; a corpus that was pinned is read again, on the colours of the same cell."""
        if isinstance(request, CorpusTextRequest):
            wanted, self._wanted = self._wanted, {}
            self.corpus.ask_again(request, wanted)
        else:
            super().ask(request)

    @Slot(object, str)
    def show_cell(self, cell: Cell, quantity: str) -> None:
        """Bring it into sight; once there is a text, if there is none yet."""
        self._wanted = {"cell": str(cell), "quantity": quantity}
        self._show_corpus(False)
        self.enter()
        if self._view.result is not None and not self.running:
            wanted, self._wanted = self._wanted, {}
            self._choose(wanted)

    def show_model(self, model: ModelInfo) -> None:
        """See ``Room``."""
        self._show_corpus(self._view.in_corpus and has_cells(model))
        self._view.open_corpus.setVisible(has_cells(model))
        self.corpus.show_model(model)
        self._view.show_empty(TYPE if has_cells(model) else without_cells(model))
        self._view.show_marks(self._marks.of(model.sha256))
        if model.task != "causal_lm":
            self._guesses = False
            self._view.header.show_guesses(False)
        self._refresh()

    def show_refusal(self, words: str) -> None:
        """See ``Room``."""
        self._view.open_corpus.setVisible(False)
        self._view.show_empty(words)
        self._refresh()

    def show_subject(self, subject: Subject | None) -> None:
        """See ``Room``."""
        model = self._house.conductor.model
        if model is not None and not has_cells(model):
            self._view.show_empty(without_cells(model))
        elif subject is None:
            self.forget()
            self._view.show_empty(TYPE)
        self._refresh()

    def show_answer(self, result: object, whole: bool) -> None:
        """See ``Room``."""
        if isinstance(result, CellsResult):
            self._view.show_result(result)
            wanted, self._wanted = self._wanted, {}
            self._choose(wanted)
            self._refresh()

    def _choose(self, wanted: dict[str, Parameter]) -> None:
        """As it was pinned; what this model does not have is left."""
        view, result = self._view, self._view.result
        cell, quantity, token = (wanted.get(name) for name in ("cell", "quantity", "token"))
        if result is None or not isinstance(cell, str):
            return
        try:
            chosen = Cell.read(cell)
        except UserError:
            return
        if chosen.layer < len(result.layers) and chosen.index < result.layers[chosen.layer].cells:
            view.choose_cell(chosen)
            if quantity in quantities_of(result.layers[chosen.layer]):
                view.choose_quantity(str(quantity))
        if isinstance(token, int) and -1 <= token < len(result.input.tokens):
            view.choose_token(token)

    def show_failure(self, failure: Failure) -> None:
        """See ``Room``."""
        self._view.show_failure(failure.message)
        self._refresh()

    def _refresh(self) -> None:
        shown = self._view.corpus.result if self._view.in_corpus else self._view.result
        because = _NOTHING if shown is None else None if self.in_sight else _OUT_OF_SIGHT
        for description in _ACTIONS:
            self._house.actions.set_available(description.id, because)
        self._show_find()
        self.kept_changed.emit()

    @property
    def _model(self) -> str:
        model = self._house.conductor.model
        assert model is not None
        return model.sha256

    @property
    def _cell(self) -> Cell:
        return self._view.corpus.cell if self._view.in_corpus else self._view.cell

    @Slot()
    def _show_find(self) -> None:
        """Finding is for whatever text is in sight."""
        shown = self._view.corpus.result if self._view.in_corpus else self._view.result
        can = shown is not None if self.in_sight else self._house.conductor.map is not None
        for id in ("find", "find_next", "find_previous"):
            self._house.actions.set_available(id, None if can else NO_TEXT)

    @Slot()
    def _on_find(self) -> None:
        if self.in_sight:
            self._view.open_find_bar()

    @Slot()
    def _on_find_next(self) -> None:
        if self.in_sight:
            self._view.shown_find_bar.go_on()

    @Slot()
    def _on_find_previous(self) -> None:
        if self.in_sight:
            self._view.shown_find_bar.go_back()

    @Slot()
    def _on_arranged(self) -> None:
        browser = self._view.browser
        self._house.memory.change_settings(cells_page=browser.page, cells_sort=browser.sorting.score)

    @Slot()
    def _on_cell(self) -> None:
        self._house.memory.change_settings(cells_quantity=self._view.quantity)
        self._view.preferred_quantity = self._view.quantity
        self.kept_changed.emit()

    @Slot(object, str)
    def _on_corpus_cell(self, cell: Cell, quantity: str) -> None:
        """The same on the text on the desk."""
        self._choose({"cell": str(cell), "quantity": quantity})

    def _show_corpus(self, on: bool) -> None:
        self._view.show_corpus(on)
        self._house.workspace.set_apart(self._view, on)

    @Slot(bool)
    def _on_corpus_wanted(self, on: bool) -> None:
        self._show_corpus(on)
        if on and self._view.result is not None:
            self.corpus.show_cell(self._view.cell, self._view.quantity)
        (self._view.corpus.row.corpus if on else self._view.text).setFocus()
        self._refresh()

    @Slot(int, int)
    def _on_phrase(self, start: int, end: int) -> None:
        """Of the text on the desk."""
        if self._view.result is not None:
            self._on_corpus_wanted(True)
            self.corpus.ask_phrase(Phrase(self._view.result.input.text, start, end))

    @Slot()
    def _on_sight_changed(self) -> None:
        self._refresh()

    @Slot(bool)
    def _on_guesses(self, on: bool) -> None:
        self._guesses = on
        request = self.request_for(self.subject) if self.subject is not None else None
        if request is not None:
            self.ask(request)

    @Slot()
    def _on_mark_action(self) -> None:
        self._on_mark(self._cell, self._cell not in self._marks.of(self._model))
        header = self._view.corpus.header if self._view.in_corpus else self._view.header
        if header.mark.isChecked():
            header.note.setFocus()

    @Slot()
    def _on_next(self) -> None:
        self._flip(1)

    @Slot()
    def _on_previous(self) -> None:
        self._flip(-1)

    def _flip(self, step: int) -> None:
        if self._view.in_corpus:
            self.corpus.flip(step)
        else:
            self._view.flip(step)

    @Slot(object, bool)
    def _on_mark(self, cell: Cell, on: bool) -> None:
        self._house.history.push(MarkChange(self._marks, self._model, cell, "" if on else None))

    @Slot(object, str)
    def _on_note(self, cell: Cell, note: str) -> None:
        if cell in self._marks.of(self._model):
            self._house.history.push(MarkChange(self._marks, self._model, cell, note))

    @Slot(str)
    def _on_marks_changed(self, model: str) -> None:
        if self._house.conductor.model is not None and model == self._model:
            self._view.show_marks(self._marks.of(model))
            self._view.corpus.show_marks(self._marks.of(model))
