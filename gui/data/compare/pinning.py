"""A row pinned beside the next ones: its explanation is asked again whenever the question changes."""

from collections.abc import Hashable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot

from engine.heatmaps.numerals import percent
from engine.heatmaps.token_names import visible
from engine.heatmaps.wording import title_of
from engine.jobs import Failure
from engine.requests import Input, TextInput, in_words
from engine.results import AttributionResult, TokenizedText
from gui.data.compare.examples_page import ExamplesPage
from gui.data.compare.pair_of_maps import Side
from gui.data.desk import DataDesk
from gui.rooms import House

PINNED = "data.pinned"


@dataclass(frozen=True, slots=True, eq=False)
class _Pinned:
    row: int
    input: Input
    map: AttributionResult | None = None
    note: str = ""


class Pinning(QObject):
    """One at a time; it goes with the data and with the model."""

    told = Signal(str)
    changed = Signal()

    def __init__(self, desk: DataDesk, page: ExamplesPage, house: House) -> None:
        super().__init__(desk)
        self._desk, self._page, self._house = desk, page, house
        self._pinned: _Pinned | None = None
        page.pin_wanted.connect(self.pin)
        page.unpin_wanted.connect(self.unpin)
        page.back_wanted.connect(self._on_back)
        page.shown.connect(self.show)
        page.maps.target_chosen.connect(house.workspace.method_panel.set_target)
        page.maps.versus_chosen.connect(house.workspace.method_panel.set_versus)
        desk.opened.connect(self.unpin)
        desk.current_changed.connect(self.show)
        house.conductor.map_changed.connect(self.show)
        house.conductor.question_asked.connect(self._ask)
        house.conductor.model_opened.connect(self.unpin)
        house.jobs.answered.connect(self._on_answered)
        house.jobs.failed.connect(self._on_failed)
        house.jobs.stopped.connect(self._on_stopped)

    @property
    def row(self) -> int:
        """The pinned one; −1: none."""
        return -1 if self._pinned is None else self._pinned.row

    @Slot()
    def pin(self) -> None:
        """The row in hand."""
        row = self._desk.current
        if row < 0 or self._desk.data is None:
            self.told.emit("Choose a row first.")
            return
        shown, input = self._house.conductor.map, self._desk.input_of(row)
        same = shown is not None and shown.request.input == input and shown.progress >= 1
        self._pinned = _Pinned(row, input, shown if same else None)
        self.told.emit(f"Row {row:,} is pinned: the next ones stand beside it under Compare, Examples")
        if not same:
            self._ask()
        self.show()
        self.changed.emit()

    @Slot()
    def unpin(self) -> None:
        """None is pinned."""
        self._house.jobs.forget(PINNED)
        self._pinned = None
        self.show()
        self.changed.emit()

    @Slot()
    def _on_back(self) -> None:
        if self._pinned is not None:
            self._desk.go_to(self._pinned.row)

    @Slot()
    def _ask(self) -> None:
        """As the row would be explained now; what is known is taken as it is."""
        pinned = self._pinned
        request = None if pinned is None else self._desk.request_for(pinned.row)
        if pinned is None or request is None or (pinned.map is not None and pinned.map.request == request):
            return
        known = self._house.conductor.known.get(request)
        if known is not None:
            self._pinned = _Pinned(pinned.row, pinned.input, known)
            self.show()
        else:
            self._house.jobs.ask(PINNED, request, "")

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        pinned = self._pinned
        if key == PINNED and pinned is not None and whole and isinstance(result, AttributionResult):
            self._house.conductor.known.add(result)
            self._pinned = _Pinned(pinned.row, pinned.input, result)
            self.show()

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        if key == PINNED and self._pinned is not None:
            self._pinned = _Pinned(self._pinned.row, self._pinned.input, None, failure.message)
            self.show()

    @Slot(object)
    def _on_stopped(self, key: Hashable) -> None:
        if key == PINNED and self._pinned is not None:
            self._pinned = _Pinned(self._pinned.row, self._pinned.input, None, "stopped")
            self.show()

    @Slot()
    def show(self) -> None:
        """While one looks."""
        pinned, page, row = self._pinned, self._page, self._desk.current
        page.pin.setEnabled(row >= 0 and row != self.row)
        if pinned is None:
            page.show_nothing("" if row < 0 else f"row {row:,} is on the desk")
            return
        if not page.isVisible():
            return
        shown = self._house.conductor.map
        here = self._desk.put if row >= 0 else None
        ours = shown if shown is not None and here is not None and shown.request.input == here else None
        first = self._side(pinned.row, pinned.input, pinned.map, pinned.note or "explaining…")
        if row < 0 or here is None:
            second, note = Side("no row in hand"), "J brings the next error."
        elif row == pinned.row:
            second, note = self._side(row, here, ours, "explaining…"), "The pinned row itself is on the desk: J, K or N go on."
        else:
            second, note = self._side(row, here, ours, "explaining…"), ""
        page.show_pair(first, second, note)

    def _side(self, row: int, input: Input, shown: AttributionResult | None, note: str) -> Side:
        said = self._desk.predictions
        words = ""
        if said is not None and said.labels:
            true, label = said.label(int(said.true[row])), said.label(int(said.predicted[row]))
            sign = "" if not true else " ✓" if true == label else " ✗"
            wanted = f"true {visible(true)} · " if true and true != label else ""
            words = f"{wanted}predicted {visible(label)} {percent(float(said.probability[row]))}{sign}" if label else ""
        elif shown is not None and shown.prediction.predicted.label is None:
            words = f"predicted {shown.prediction.predicted.logit:.3g}"
        bare = TokenizedText(in_words(input), (), input.pair if isinstance(input, TextInput) else None)
        why = " " if shown is None else title_of(shown)  # its line is kept
        return Side(f"Row {row:,}", words, shown, bare, "" if shown is not None else note, self._desk.true_of(row), why)
