"""Edits of the row on the desk: words are taken out or exchanged, each text is a node of the row's tree, and is compared."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

from PySide6.QtCore import QObject, Signal, Slot

from engine.datasets.editing import change_in_words
from engine.datasets.work import Edit
from engine.edits import Classes, EditResult, change_of, flips
from engine.heatmaps.numerals import figures, fixed, signed_figures
from engine.heatmaps.token_names import visible
from engine.jobs import Failure
from engine.requests import EditRequest, PredictionRequest, Target, TextInput, as_text
from engine.results import ModelInfo, PredictionResult
from gui.choices import PREDICTED, TRUE
from gui.data.change_bars import bars_of
from gui.data.desk import DataDesk
from gui.data.edit_side import ATTENTION, CHANGE, MAP, PARENT
from gui.data.edit_steps import EditDrop, EditStep
from gui.data.edit_tree import DRAFT, ROOT, EditNode, Place, laid_out
from gui.data.example import ExampleStrip
from gui.data.shown_edit import ShownEdit
from gui.data.word_editing import NOTHING_LEFT, WordEditing
from gui.rooms import House

COMPARE, PREDICT = "data.compare", "data.edit"
MOST_KEPT = 100  # comparisons
THE_ROW, THE_EDIT_BEFORE = "the row", "the edit before"
ROW_WORDS = "Row as in the file"


@dataclass(frozen=True, slots=True)
class _Known:
    """A line of the tree before anything is said of it."""

    id: str
    parent: str
    goes_on: tuple[bool, ...]
    input: TextInput


class Editing(QObject):
    """Knows where in the tree one is. What was typed is a draft, until it is kept or edited further."""

    told = Signal(str)
    read_out_changed = Signal(str)

    def __init__(self, desk: DataDesk, example: ExampleStrip, house: House) -> None:
        super().__init__(desk)
        self._desk, self._example, self._house = desk, example, house
        self._side, self._words = example.edits, WordEditing(example, house, self)
        self._row, self._at = -1, ROOT
        self._said: dict[TextInput, Classes] = {}
        self._compared: OrderedDict[EditRequest, EditResult] = OrderedDict()
        self._asked: EditRequest | None = None
        self._refused: EditRequest | None = None  # stopped, or failed: not asked again by itself
        self._connect()

    def _connect(self) -> None:
        desk, example, house = self._desk, self._example, self._house
        desk.current_changed.connect(self._on_moved)
        desk.opened.connect(self._on_opened)
        desk.store.changed.connect(self.refresh)
        house.conductor.question_asked.connect(self._on_moved)
        house.conductor.map_changed.connect(self._compare)
        house.conductor.model_opened.connect(self._on_model)
        example.entered.connect(self._on_moved)
        example.heads.chosen.connect(self._compare)
        house.jobs.answered.connect(self._on_answered)
        house.jobs.failed.connect(self._on_failed)
        house.jobs.stopped.connect(self._on_stopped)
        self._side.tree.node_chosen.connect(self.go)
        self._side.tree.node_dropped.connect(self.drop)
        self._side.shown_chosen.connect(self._on_shown)
        self._side.against_chosen.connect(self._on_shown)
        example.words.keep_wanted.connect(self._on_keep)
        example.suggestions.opened.connect(self._on_suggestions)
        example.heatmap.token_hovered.connect(self._on_hovered)
        self._words.text_wanted.connect(self.try_text)
        self._words.told.connect(self.told)

    # The tree

    def _places(self) -> list[Place]:
        return laid_out([edit for edit in self._desk.store.work.edits if edit.row == self._row])

    def _lines(self) -> list[_Known]:
        """Everything the tree lists, the row first, what was typed behind what it was made of."""
        if self._row < 0 or self._desk.data is None or self._row >= self._desk.data.rows:
            return []
        given = self._desk.input_of(self._row)
        if not isinstance(given, TextInput):  # the fields of a record are edited where they stand
            return []
        lines = [_Known(ROOT, "", (), given)]
        lines += [_Known(place.edit.id, place.parent, place.goes_on, place.edit.input) for place in self._places()]
        typed = self._typed(lines)
        if typed is None:
            return lines
        at = next((at for at, line in enumerate(lines) if line.id == self._at), 0)
        has_children = any(line.parent == self._at and line.id != ROOT for line in lines)
        draft = _Known(DRAFT, lines[at].id, (*lines[at].goes_on, has_children), typed)
        return [*lines[: at + 1], draft, *lines[at + 1 :]]

    def _typed(self, lines: list[_Known]) -> TextInput | None:
        """What is on the desk, where it is none of the tree's texts."""
        now = self._house.workspace.input_panel.input()
        return None if not now.text.strip() or any(line.input == now for line in lines) else now

    @Slot()
    def _on_moved(self) -> None:
        """Another row, or another text."""
        if self._desk.current != self._row:
            self._row, self._at = self._desk.current, ROOT
        now = self._house.workspace.input_panel.input()
        lines = self._lines()
        here = next((line.id for line in lines if line.id == self._at and line.input == now), None)
        if here is None:  # undone in the editor, or typed anew
            self._at = next((line.id for line in lines if line.input == now and line.id != DRAFT), self._at)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """The tree as it is."""
        lines = self._lines()
        if self._at not in [line.id for line in lines]:
            self._at = ROOT
        self._example.show_edits(len(lines) > 1)
        if len(lines) > 1 and self._in_sight:
            self._predict(lines)
        self._show_tree(lines)
        self._compare()

    @property
    def _in_sight(self) -> bool:
        return self._example.isVisible()

    def _here(self, lines: list[_Known]) -> _Known | None:
        """On the desk."""
        return next((line for line in lines if line.id == DRAFT), None) or next(
            (line for line in lines if line.id == self._at), None
        )

    def _reference(self, lines: list[_Known], line: _Known) -> _Known | None:
        """What ``line`` is compared with; None: it is the row itself."""
        if line.id == ROOT:
            return None
        wanted = line.parent if self._side.against.current == PARENT else ROOT
        return next((each for each in lines if each.id == wanted), lines[0])

    def _show_tree(self, lines: list[_Known]) -> None:
        here = self._here(lines)
        self._side.tree.show_nodes([self._node(lines, line) for line in lines], here.id if here is not None else ROOT)
        self._example.words.keep.setVisible(here is not None and here.id == DRAFT)
        if here is None:
            return
        said, reference = self._said.get(here.input), self._reference(lines, here)
        before = self._said.get(reference.input) if reference is not None else None
        self._side.bars.show_bars(bars_of(said, before) if said else [])

    def _node(self, lines: list[_Known], line: _Known) -> EditNode:
        model, said = self._house.conductor.model, self._said.get(line.input)
        parent = next((each for each in lines if each.id == line.parent), lines[0])
        words = ROW_WORDS if line.id == ROOT else change_in_words(parent.input, line.input)
        if line.id == DRAFT:
            words = f"not kept: {words}"
        row = self._said.get(lines[0].input)
        if said is None or row is None or model is None:
            return EditNode(line.id, line.parent, line.goes_on, words, hint=words)
        changes = {
            name: change_of(self._said[each.input], said, row[0].index) if each.input in self._said else None
            for name, each in ((THE_ROW, lines[0]), (THE_EDIT_BEFORE, parent))
        }
        shown = changes[THE_EDIT_BEFORE if self._side.against.current == PARENT else THE_ROW]
        flipped = line.id != ROOT and flips(row, said, model.problem_type)
        hint = _hint(words, said, row, {} if line.id == ROOT else changes, flipped)
        change = None if line.id == ROOT else shown
        return EditNode(line.id, line.parent, line.goes_on, words, answer_words(said), change, flipped, hint)

    def _predict(self, lines: list[_Known]) -> None:
        """What is not known yet, quietly; what is on the desk first."""
        model = self._house.conductor.model
        if model is None or self._house.conductor.why_not_run() is not None or not model.can:
            return
        here = self._here(lines)
        for line in sorted(lines, key=lambda line: line is not here):
            if line.input not in self._said and not self._house.jobs.runs((PREDICT, line.input)):
                self._house.jobs.ask((PREDICT, line.input), PredictionRequest(model.sha256, line.input), "")

    # Walking

    @Slot(str)
    def go(self, id: str) -> None:
        """To an edit of this row, or the row itself."""
        line = next((line for line in self._lines() if line.id == id), None)
        if line is None or id == DRAFT:  # there already
            return
        self._at = id
        self._desk.put_variant(self._row, line.input)

    def walk(self, row: int, id: str) -> None:
        """By undo and redo: to another row, too."""
        if self._desk.data is None or row >= self._desk.data.rows:
            return
        edit = next((edit for edit in self._desk.store.work.edits if edit.id == id and edit.row == row), None)
        self._row, self._at = row, ROOT if edit is None else id
        self._desk.put_variant(row, self._desk.input_of(row) if edit is None else edit.input, replays=True)

    def try_text(self, input: TextInput) -> None:
        """As an edit of what is on the desk; where no row is, in place of it."""
        if self._row < 0:
            self._house.conductor.try_text(input)
            return
        if not input.text.strip():
            self.told.emit(NOTHING_LEFT)
            return
        known = next((line for line in self._lines() if line.input == input and line.id != DRAFT), None)
        if known is not None:
            self.go(known.id)
            return
        self._keep_typed()
        self._add(input)

    def _keep_typed(self) -> None:
        """What is edited further has to be kept."""
        draft = next((line for line in self._lines() if line.id == DRAFT), None)
        if draft is not None:
            self._add(draft.input)

    def _add(self, input: TextInput) -> None:
        lines = self._lines()
        parent = next((line for line in lines if line.id == self._at), lines[0])
        edit = Edit(uuid4().hex, parent.id, self._row, input, datetime.now(UTC).isoformat(timespec="seconds"))
        words = change_in_words(parent.input, input)
        self._house.history.push(EditStep(self, self._desk.store, edit, f"edit “{words}” of row {self._row:,}"))
        self.told.emit(f"Row {self._row:,}: {words}; undo walks back.")

    @Slot()
    def _on_keep(self) -> None:
        self._keep_typed()
        self._side.tree.setFocus()

    @Slot(str)
    def drop(self, id: str) -> None:
        """An edit and what was made of it; what was typed is only left."""
        if id == DRAFT:
            self.go(self._at)
            return
        place = next((place for place in self._places() if place.edit.id == id), None)
        if place is None:
            return
        here, gone = self._at, self._desk.store.work.made_of(id)
        words = "1 edit" if len(gone) == 1 else f"{len(gone)} edits"
        self._house.history.push(
            EditDrop(self, self._desk.store, gone, place.parent, here, f"remove {words} of row {self._row:,}")
        )

    # Comparing

    @Slot()
    def _on_shown(self) -> None:
        self._show_tree(self._lines())
        self._compare()

    def _comparison(self) -> tuple[EditRequest, str] | None:
        """What is asked for what is on the desk, and against what in words; None: the map is shown."""
        lines, shown = self._lines(), self._side.shown.current
        here = self._here(lines)
        reference = None if here is None else self._reference(lines, here)
        if here is None or reference is None or shown == MAP:
            return None
        before = self._desk.request_for(self._row, reference.input)
        if before is None:
            return None
        before = replace(before, target=self._target(before.target, self._said.get(lines[0].input)))
        against = THE_ROW if reference.id == ROOT else THE_EDIT_BEFORE
        if shown != ATTENTION:
            return EditRequest(before, here.input, attention=False), against
        return EditRequest(before, here.input, layer=self._example.heads.layer, head=self._example.heads.head), against

    def _target(self, wanted: Target, row: Classes | None) -> Target:
        """One for the whole tree: what was predicted of the row, once that is known, versus its true class if it was so asked."""
        model = self._house.conductor.model
        if row is None or model is None or wanted.choice != PREDICTED:
            return wanted
        versus, index = wanted.versus, row[0].index
        if versus == TRUE and wanted.true in model.labels:
            true = model.labels.index(wanted.true)
            versus = None if true == index else f"index:{true}"
        return replace(wanted, choice=f"index:{index}", versus=versus, true=None if versus != TRUE else wanted.true)

    @Slot()
    def _compare(self) -> None:
        """What is known is shown at once; else what is there stays until it is."""
        if not self._in_sight:
            return
        model = self._house.conductor.model
        self._side.offer(self._shown_for(model))
        self._example.heads.show_model(model.attention if model is not None else None)
        wanted = self._comparison()
        self._example.heads.setVisible(wanted is not None and wanted[0].attention)
        if wanted is None:
            self._house.jobs.forget(COMPARE)
            self._example.show_edit(None)
            return
        request, against = wanted
        known = self._compared.get(request)
        if known is not None:
            self._example.show_edit(ShownEdit(known, self._side.shown.current == ATTENTION, against))
        elif request == self._refused:
            self._example.show_edit(None)
        elif self._house.jobs.runs((PREDICT, self._desk.input_of(self._row))):
            self._example.show_edit(None, held=True)  # what is predicted of the row is the target of all
        elif self._asked != request or not self._house.jobs.runs(COMPARE):
            self._example.show_edit(None, held=True)
            self._asked = request
            self._house.jobs.ask(COMPARE, request, "Comparing the edit")

    @staticmethod
    def _shown_for(model: ModelInfo | None) -> tuple[str, ...]:
        if model is None or "attribution" not in model.can:
            return (MAP,)
        has_heads = "attention" in model.can and model.attention is not None and not model.recurrent
        return (MAP, CHANGE, ATTENTION) if has_heads else (MAP, CHANGE)

    # What is heard

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if not whole:
            return
        if isinstance(result, PredictionResult) and isinstance(key, tuple) and key[0] == PREDICT:
            self._said[as_text(result.request.input)] = result.classes
            self._on_shown()
        elif key == COMPARE and isinstance(result, EditResult):
            self._compared[result.request] = result
            while len(self._compared) > MOST_KEPT:
                self._compared.popitem(last=False)
            self._compare()

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        if key == COMPARE:
            self._refuse()
            self.told.emit(failure.message)
        elif isinstance(key, tuple) and key[0] == PREDICT:
            self._compare()

    @Slot(object)
    def _on_stopped(self, key: Hashable) -> None:
        if key == COMPARE:
            self._refuse()
        elif isinstance(key, tuple) and key[0] == PREDICT:
            self._compare()

    def _refuse(self) -> None:
        """The map of the edited text is what there is."""
        self._refused = self._asked
        self._example.show_edit(None)

    @Slot(object)
    def _on_model(self, model: ModelInfo) -> None:
        """What another model said is not said of this one."""
        self._forget()

    @Slot()
    def _on_opened(self) -> None:
        self._row, self._at = -1, ROOT
        self._forget()
        self._on_moved()

    def _forget(self) -> None:
        for key in (COMPARE, *((PREDICT, input) for input in self._said)):
            self._house.jobs.forget(key)
        self._said.clear()
        self._compared.clear()
        self._asked = self._refused = None
        self._example.show_edit(None)

    @Slot(bool)
    def _on_suggestions(self, _there: bool) -> None:
        self._example.show_edits(len(self._lines()) > 1)

    @Slot(int)
    def _on_hovered(self, token: int) -> None:
        edit = self._example.edit
        self.read_out_changed.emit(edit.read_out(token) if edit is not None and token >= 0 else "")


def answer_words(said: Classes) -> str:
    """“negative 0.81”."""
    first = said[0]
    label = visible(first.label) if first.label is not None else f"output {first.index}"
    if first.probability is None:
        return figures(first.logit)
    return f"{label} {fixed(first.probability, 2)}"


def _hint(words: str, said: Classes, row: Classes, changes: dict[str, float | None], flipped: bool) -> str:
    """Everything of a line."""
    label = visible(row[0].label) if row[0].label is not None else "the value"
    parts = [f"{label} {signed_figures(change)} from {name}" for name, change in changes.items() if change is not None]
    flip = ["the answer is another than the row's"] if flipped else []
    return "\n".join([words, answer_words(said), *parts, *flip])
