"""Pin, list, reopen, report: what can be done with findings, bound to the window."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from engine.atomic_file import save
from engine.errors import UserError
from engine.export.report import to_report
from engine.findings import Finding, pinned, pinned_view
from gui.dialogs import Dialogs
from gui.findings_store import NOT_READ, NOT_SAVED, FindingsStore
from gui.memory import Memory
from gui.reopening import Reopening
from gui.rooms import House, Room
from gui.views.findings import FindingsView
from gui.views.message_bar import Message


class Findings(QObject):
    """Every failure is one sentence; what is on screen stays."""

    message = Signal(object)  # Message
    cleared = Signal(str)
    done = Signal(str)  # in a few words
    map_shown = Signal()  # the workspace is wanted

    def __init__(self, house: House, memory: Memory, dialogs: Dialogs, window: QWidget) -> None:
        super().__init__(window)
        conductor, workspace, actions = house.conductor, house.workspace, house.actions
        self._conductor, self._actions, self._memory = conductor, actions, memory
        self._rooms: tuple[Room, ...] = ()
        self._dialogs, self._window = dialogs, window
        self.view = FindingsView(actions)
        self.store = FindingsStore(memory.state_folder, self)
        self.reopening = Reopening(conductor, workspace)
        self._tabs = workspace.tabs
        self._connect()
        self._refresh()

    def _connect(self) -> None:
        store, view = self.store, self.view
        store.changed.connect(self._refresh)
        store.told.connect(self._on_told)
        store.saved.connect(self._on_saved)
        view.open_chosen.connect(self.open)
        view.delete_chosen.connect(store.delete)
        view.note_changed.connect(store.set_note)
        view.undo_chosen.connect(store.undo_delete)
        view.back_chosen.connect(self.map_shown)
        self.reopening.shown.connect(self.map_shown)
        self.reopening.message.connect(self.message)
        self.reopening.cleared.connect(self.cleared)
        self._conductor.map_changed.connect(self._refresh_actions)
        self._tabs.currentChanged.connect(self._refresh_actions)
        self._actions["pin_finding"].triggered.connect(self.pin)
        self._actions["save_report"].triggered.connect(self.ask_and_save_report)

    def furnish(self, rooms: tuple[Room, ...]) -> None:
        """Whose views can be pinned and come back."""
        self._rooms = rooms
        self.reopening.furnish()
        for room in rooms:
            room.kept_changed.connect(self._refresh_actions)

    def start(self) -> None:
        """Read what was kept; said after the window is there."""
        self.store.load()

    def end(self) -> None:
        """The window closes."""
        self.store.end()

    @Slot()
    def pin(self) -> None:
        """What is in sight; a map as far as it got."""
        room, result = self._room_in_sight(), self._conductor.map
        seen = None if room is None else room.seen()
        if seen is None and (room is not None or result is None):
            return
        if self.store.read_only:
            self.message.emit(Message(NOT_READ, self.store.read_only, "warning"))
            return
        if seen is not None:
            self.store.add(pinned_view(seen))
        elif result is not None:
            self.store.add(pinned(result))
        self.view.scroll_to_top()
        keys = self._actions.keys("findings")
        self.done.emit(f"Pinned to findings, {len(self.store.findings)} in all ({keys})")

    @Slot(str)
    def open(self, id: str) -> None:
        """As it was."""
        finding = next((each for each in self.store.findings if each.id == id), None)
        if isinstance(finding, Finding):
            self.reopening.reopen(finding.result)
        elif finding is not None:
            room = next((room for room in self._rooms if room.key == finding.seen.view), None)
            if room is not None:
                self.reopening.reopen_view(finding.seen, room)

    def _room_in_sight(self) -> Room | None:
        return next((room for room in self._rooms if room.in_sight and not room.pins_map), None)

    @Slot()
    def ask_and_save_report(self) -> None:
        """Where to, then there."""
        folder = Path(self._memory.settings.save_folder or Path.home())
        path = self._dialogs.report_path(self._window, folder / "findings")
        if path is not None:
            self.save_report(path)

    def save_report(self, path: Path) -> None:
        """Oldest first, as they were found."""
        try:
            save(path, to_report(self.store.findings[::-1]))
        except UserError as error:
            self.message.emit(Message("saving", error.message, detail=error.detail))
        else:
            self._memory.change_settings(save_folder=str(path.parent))
            self.done.emit(f"Saved {path}")

    @Slot()
    def _refresh(self) -> None:
        self.view.show_findings(self.store.findings, bool(self.store.read_only))
        self.view.show_deleted(self.store.last_deleted)
        self._refresh_actions()

    @Slot()
    def _refresh_actions(self) -> None:
        room = self._room_in_sight()
        there = self._conductor.map is not None if room is None else room.caption() is not None
        self._actions.set_available("pin_finding", None if there else "There is nothing to pin yet.")
        self._actions.set_available("save_report", None if self.store.findings else "Nothing has been pinned yet.")

    @Slot(str, str)
    def _on_told(self, subject: str, words: str) -> None:
        self.message.emit(Message(subject, words, "warning"))

    @Slot()
    def _on_saved(self) -> None:
        self.cleared.emit(NOT_SAVED)
