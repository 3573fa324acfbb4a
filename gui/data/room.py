"""The tab Data: examples with labels, what the model says of all of them, and the way from error to error."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Signal, Slot

from engine.datasets.work import DatasetWork, SavedSlice
from engine.jobs import Failure
from engine.requests import DataSource
from engine.results import ModelInfo, TokenizedText
from engine.samples import RESOURCES
from gui.data.ahead import Ahead
from gui.data.desk import DataDesk
from gui.data.examining import Examining
from gui.data.name_sheet import NameSheet
from gui.data.row_filter import from_selection
from gui.data.section import DataSection
from gui.data.tag_sheet import TagSheet
from gui.data.taking import Taking
from gui.data.view import DataView
from gui.data.work import WorkChange, WorkStore
from gui.keeping import Kept
from gui.rooms import House, Room
from gui.settings import RECENT_DATA, with_recent
from gui.views.message_bar import Message

SAMPLE = RESOURCES / "samples" / "datasets" / "reviews.csv"
DELIVERIES = SAMPLE.with_name("deliveries.csv")  # of records
SAMPLE_MODEL = "movie-sentiment"
KEYED_TAGS = 9
READ_AGAIN = "read_data_again"
NO_DATA = "Open data first."


class DataRoom(Room):
    """Asks nothing about the text on the desk: it brings the texts."""

    key, title, icon = "data", "Data", "table"
    reads = ("text", "record")
    pins_map = True
    hint = "Labelled examples, and the way through what the model gets wrong."

    opened = Signal()  # by a person: to be seen
    sample_wanted = Signal(str)  # a model that comes with us
    recent_changed = Signal()

    def __init__(self, house: House) -> None:
        self.store = WorkStore(house.memory.state_folder)
        desk = house.workspace
        self.desk = DataDesk(house.jobs, house.conductor, desk.method_panel, desk.input_panel, self.store, house.workspace)
        self._view = DataView(self.desk)
        super().__init__(self._view, house)
        self.store.setParent(self)
        house.workspace.set_apart(self._view, True)
        self._taking = Taking(self.desk, house, self._view)
        self._taking.done.connect(self.note)
        self._examining = Examining(self.desk, self._view, house)
        self._examining.told.connect(self.note)
        self._ahead = Ahead(self.desk, house.jobs, house.conductor)
        self.section = DataSection(self.desk, house.actions)
        house.workspace.model_panel.add_section(self.section)
        self._tags: TagSheet | None = None
        self._name: NameSheet | None = None
        self._to_be_seen = False
        self._bind_actions()
        self._connect()
        self._show_available()

    def _bind_actions(self) -> None:
        actions, desk = self._house.actions, self.desk
        for id, slot in (
            ("open_data", self.choose_file),
            ("sample_data", self._on_sample),
            ("close_data", desk.close),
            (READ_AGAIN, desk.read_again),
            ("predict_rows", desk.predict),
            ("next_error", self._on_next_error),
            ("previous_error", self._on_previous_error),
            ("next_row", self._on_next_row),
            ("previous_row", self._on_previous_row),
            ("tag_row", self.ask_tag),
        ):
            actions[id].triggered.connect(slot)
        for number in range(1, KEYED_TAGS + 1):
            actions[f"tag_{number}"].triggered.connect(self._on_tag_key)
        actions["data_versus"].setChecked(self._house.memory.settings.data_versus)
        actions["data_versus"].toggled.connect(self._on_versus)
        self.desk.versus_true = self._house.memory.settings.data_versus

    def _connect(self) -> None:
        view, desk = self._view, self.desk
        desk.opened.connect(self._on_opened)
        desk.refused.connect(self._on_refused)
        desk.predictions_changed.connect(self._on_predictions)
        desk.predictions_failed.connect(self._on_predictions_failed)
        desk.predictions_stopped.connect(self._on_stopped_predicting)
        desk.rows_changed.connect(self._on_rows)
        desk.current_changed.connect(self._on_current)
        desk.told.connect(self.note)
        self.store.changed.connect(self._on_work)
        self.store.told.connect(self._on_told)
        self._house.conductor.map_changed.connect(self._on_map)
        self._house.conductor.question_asked.connect(self._on_current)
        self._house.workspace.tabs.currentChanged.connect(self._on_map)
        view.open_chosen.connect(self.choose_file)
        view.sample_chosen.connect(self._on_sample)
        view.source.panel.source_chosen.connect(self._on_source)
        view.filters.filter_chosen.connect(desk.set_filter)
        view.overview.filter_chosen.connect(desk.set_filter)
        view.overview.row_chosen.connect(desk.go_to)
        view.aggregate.read_out_changed.connect(self.read_out_changed)
        view.overview.read_out_changed.connect(self.read_out_changed)
        view.filters.slice_kept.connect(self._on_slice_kept)
        view.filters.slice_chosen.connect(self._on_slice)
        view.filters.slice_dropped.connect(self._on_slice_dropped)
        view.table.row_chosen.connect(desk.go_to)
        view.table.doubleClicked.connect(self._on_opened_row)
        view.table.order_chosen.connect(self._on_order)
        view.stop.clicked.connect(desk.stop)
        view.go_on.clicked.connect(desk.predict)
        view.example.tag_wanted.connect(self.ask_tag)
        view.example.tag_dropped.connect(self._on_tag_dropped)
        view.example.note_written.connect(self._on_note)
        self.section.data_wanted.connect(self.enter)

    # The file

    @Slot()
    def choose_file(self) -> None:
        """By a dialog."""
        memory = self._house.memory
        chosen = self._house.dialogs.data_file(self._view.window(), memory.settings.data_folder)
        if chosen is not None:
            memory.change_settings(data_folder=str(Path(chosen).parent))
            self.open(chosen)

    def open(self, path: str) -> None:
        """And show it."""
        self._to_be_seen = True
        self.desk.open(DataSource(path))

    @Slot()
    def _on_sample(self) -> None:
        """With the model it was made for, unless one with classes is open."""
        model = self._house.conductor.model
        self.open(str(DELIVERIES if model is not None and model.input_kind == "record" else SAMPLE))
        if model is None or not model.answers_once:
            self.sample_wanted.emit(SAMPLE_MODEL)

    @Slot(object)
    def _on_source(self, source: DataSource) -> None:
        self._to_be_seen = False
        self.desk.open(source)

    @Slot()
    def _on_opened(self) -> None:
        memory, data = self._house.memory, self.desk.data
        self._house.conductor.cleared.emit("data")
        self._view.show_data()
        self._show_available()
        if data is None:
            return
        memory.change_settings(recent_data=with_recent(memory.settings.recent_data, data.source.path, RECENT_DATA))
        self.recent_changed.emit()
        if self._to_be_seen:
            self._to_be_seen = False
            self.enter()
            self.opened.emit()

    @Slot(object)
    def _on_refused(self, failure: Failure) -> None:
        self._to_be_seen = False
        if failure.kind != "stopped":
            self._house.conductor.message.emit(Message("data", failure.message, detail=failure.detail))
        self._view.source.show_data()

    # Predictions

    @Slot(bool)
    def _on_predictions(self, whole: bool) -> None:
        self._view.show_predictions()
        self._show_available()

    @Slot(object)
    def _on_predictions_failed(self, failure: Failure) -> None:
        changed = failure.kind == "data_changed"
        words = ("Read it again", READ_AGAIN) if changed else ("", "")
        self._house.conductor.message.emit(
            Message("data", failure.message, detail=failure.detail, action=words[1], action_text=words[0])
        )
        self._view.show_progress(failure.message)

    @Slot()
    def _on_stopped_predicting(self) -> None:
        self._view.show_progress()

    # Rows

    @Slot()
    def _on_rows(self) -> None:
        self._view.show_rows()
        self._show_available()
        self.kept_changed.emit()

    @Slot()
    def _on_current(self) -> None:
        self._view.show_row()
        self.section.refresh()

    @Slot()
    def _on_map(self) -> None:
        if self.in_sight:
            shown = self._house.conductor.map
            of_a_text = shown is not None and isinstance(shown.prediction.input, TokenizedText)
            self._view.example.show_map(shown if of_a_text else None)
            self._view.example.show_row()

    @Slot(str, bool)
    def _on_order(self, column: str, falls: bool) -> None:
        self.desk.set_filter(replace(self.desk.filter, order=((column, falls),)))

    @Slot()
    def _on_opened_row(self) -> None:
        """To all that can be said of it."""
        self._house.workspace.tabs.setCurrentWidget(self._house.workspace.attribution_view)

    @Slot()
    def _on_next_error(self) -> None:
        self.desk.step_error(1)

    @Slot()
    def _on_previous_error(self) -> None:
        self.desk.step_error(-1)

    @Slot()
    def _on_next_row(self) -> None:
        self.desk.step_row(1)

    @Slot()
    def _on_previous_row(self) -> None:
        self.desk.step_row(-1)

    @Slot(bool)
    def _on_versus(self, on: bool) -> None:
        self._house.memory.change_settings(data_versus=on)
        self.desk.versus_true = on
        if self.desk.current >= 0 and not self.desk.is_edited:
            self.desk.go_to(self.desk.current)

    # Tags, notes, slices

    def _change(self, after: DatasetWork, words: str) -> None:
        if after != self.store.work:
            self._house.history.push(WorkChange(self.store, after, words))

    def toggle_tag(self, tag: str) -> None:
        """On the current row."""
        row, work = self.desk.current, self.store.work
        if row < 0 or not tag.strip():
            return
        on = tag not in self.store.tags.get(row, ())
        self._change(work.tagged((row,), tag) if on else work.untagged((row,), tag), f"tag “{tag}” on row {row:,}")
        self.note.emit(f"Row {row:,}: “{tag}” {'set' if on else 'taken away'}")

    @Slot()
    def ask_tag(self) -> None:
        """Which one?"""
        if self.desk.current < 0:
            return
        if self._tags is not None:
            self._tags.deleteLater()
        self._tags = TagSheet(self.store, self.desk.current, self._view.window())
        self._tags.tag_chosen.connect(self._on_tag)
        self._tags.popup()

    @Slot(str)
    def _on_tag(self, tag: str) -> None:
        self.toggle_tag(" ".join(tag.split()))

    @Slot()
    def _on_tag_key(self) -> None:
        """The tag that has this number; without one, it is asked for."""
        names, action = self.store.names(), self.sender()
        number = next(n for n in range(1, KEYED_TAGS + 1) if action is self._house.actions[f"tag_{n}"])
        if number <= len(names):
            self.toggle_tag(names[number - 1])
        else:
            self.ask_tag()

    @Slot(str)
    def _on_tag_dropped(self, tag: str) -> None:
        self.toggle_tag(tag)

    @Slot(str)
    def _on_note(self, note: str) -> None:
        row = self.desk.current
        self._change(self.store.work.noted(row, note), f"note on row {row:,}")

    @Slot()
    def _on_slice_kept(self) -> None:
        if self._name is not None:
            self._name.deleteLater()
        self._name = NameSheet("Name of the slice", self.desk.filter.in_words(), self._view.window())
        self._name.name_chosen.connect(self._on_slice_named)
        self._name.popup()

    @Slot(str)
    def _on_slice_named(self, name: str) -> None:
        self._change(self.store.work.sliced(SavedSlice(name, self.desk.selection())), f"slice “{name}”")
        self.note.emit(f"Kept as slice: {name}")

    @Slot(str)
    def _on_slice(self, name: str) -> None:
        saved = next((saved for saved in self.store.work.slices if saved.name == name), None)
        if saved is not None and self.desk.data is not None:
            self.desk.set_filter(from_selection(saved.selection, self.desk.data.source.text or ""))

    @Slot(str)
    def _on_slice_dropped(self, name: str) -> None:
        self._change(self.store.work.without_slice(name), f"forget slice “{name}”")

    @Slot()
    def _on_work(self) -> None:
        self._view.show_work()
        self._show_available()

    @Slot(str)
    def _on_told(self, words: str) -> None:
        self._house.conductor.message.emit(Message("data", words, "warning"))

    # What a room does

    def kept(self) -> Kept | None:
        """See ``Room``."""
        return self._taking.kept()

    def show_model(self, model: ModelInfo) -> None:
        """See ``Room``; the desk has heard of it."""
        self._view.show_data()
        self._show_available()

    def _show_available(self) -> None:
        actions, desk = self._house.actions, self.desk
        none = None if desk.data is not None else NO_DATA
        for id in ("close_data", READ_AGAIN, "next_row", "previous_row", "next_error", "previous_error"):
            actions.set_available(id, none)
        actions.set_available("predict_rows", none or desk.why_not_predict() or ("All are predicted." if desk.whole else None))
        unsaid = "Open a model with classes first." if desk.predictions is None else None
        actions.set_available("save_data_report", none or unsaid)
        chosen = none or (None if desk.current >= 0 else "Choose a row first.")
        actions.set_available("tag_row", chosen)
        names = self.store.names()
        for number in range(1, KEYED_TAGS + 1):
            actions.set_text(f"tag_{number}", f"Tag: {names[number - 1]}" if number <= len(names) else f"Tag {number}")
            actions.set_available(f"tag_{number}", chosen)
