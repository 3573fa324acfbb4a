"""The window: a bar above, pages in the middle, a line below; it only puts the pieces together."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFrame, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from engine.errors import UserError
from engine.heatmaps.grained import at_grain
from engine.jobs import Partial
from engine.results import ModelInfo, TokenizedText
from engine.samples import Sample
from gui.actions import ActionDescription, Actions
from gui.beside import Beside
from gui.cells.marks import MarksStore
from gui.conductor import ACCEPT, Conductor
from gui.dialogs import Dialogs, NativeDialogs
from gui.dropping import drop_of, read_text
from gui.engine_thread import EngineThread
from gui.findings import Findings
from gui.geometry import SMALLEST, placed
from gui.history import History
from gui.importing import Importing
from gui.keeping import Keeping, Kept, KeptMap
from gui.map_actions import MapActions
from gui.memory import Memory
from gui.path_check import PathCheck
from gui.pictures import Pictures
from gui.rooms import House, Room
from gui.side_jobs import SideJobs
from gui.trusting import Trusting
from gui.view_actions import ViewActions
from gui.views.bottom_bar import BottomBar
from gui.views.drop_overlay import DropOverlay
from gui.views.message_bar import Message, MessageBar
from gui.views.top_bar import TopBar
from gui.views.welcome import WelcomePage
from gui.workspace import Workspace

if TYPE_CHECKING:
    from gui.data.room import DataRoom

TITLE = "Neuroloupe"
ENGINE_JOB = 0  # tickets begin at 1
CLOSING_JOB = 2**31 - 1


class MainWindow(QMainWindow):
    """Owns everything on screen; the engine thread is handed in and shut down when the window closes."""

    closed = Signal()

    def __init__(
        self, engine: EngineThread, memory: Memory, samples: tuple[Sample, ...] = (), dialogs: Dialogs | None = None
    ) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowTitle(TITLE)
        self.setAcceptDrops(True)
        self._engine, self._memory, self._samples = engine, memory, samples
        self.dialogs: Dialogs = dialogs or NativeDialogs()
        self._closing = False
        self.actions_registry = Actions(self)
        self._add_sample_actions()
        self.top_bar, self.bottom_bar, self.message_bar = TopBar(self.actions_registry), BottomBar(), MessageBar()
        self.welcome, self.workspace = WelcomePage(self.actions_registry), Workspace(self.actions_registry)
        self.conductor = Conductor(engine, self.workspace, self.actions_registry, memory)
        self.jobs = SideJobs(engine, self)
        self.conductor.model_opened.connect(self.jobs.forget_all)
        self.beside = Beside(self.jobs, self.conductor, self.workspace)
        self.history = History(self.conductor, self.workspace.method_panel, self.actions_registry)
        self.map_actions = MapActions(self.workspace.attribution_view, self.conductor, self.actions_registry, memory)
        self.view_actions = ViewActions(self, self.workspace, self.actions_registry, memory)
        self._house = House(
            *(self.jobs, self.conductor, self.workspace, self.actions_registry, memory, self.history),
            *(self.dialogs, MarksStore(memory.state_folder, self)),
        )
        self.rooms: tuple[Room, ...] = ()
        self._rooms_to_come: Iterator[Room] | None = None
        self._first_path: str | None = None
        self.data_room: DataRoom | None = None
        self.findings = Findings(self._house, memory, self.dialogs, self)
        self.keeping = Keeping(self.actions_registry, memory, self.dialogs, self, self._kept)
        self.pictures = Pictures(self.conductor, self.workspace, self.actions_registry, memory, self.dialogs, self)
        self.importing = Importing(self.jobs, self.dialogs, self, self.workspace.input_panel.editor.text)
        self.trusting = Trusting(self.jobs, memory, self)
        self._paths, self._data_paths = PathCheck(self), PathCheck(self)
        self._build()
        self._connect()
        self._connect_engine()
        self.conductor.show_samples(samples)
        self.welcome.show_samples(samples)
        self._show_recent()

    def _build(self) -> None:
        self._pages = QStackedWidget()
        self._pages.addWidget(self.welcome)
        self._pages.addWidget(self.workspace)
        self._pages.addWidget(self.findings.view)
        messages = QFrame()
        inside = QVBoxLayout(messages)
        inside.setContentsMargins(16, 8, 16, 8)
        inside.addWidget(self.message_bar)
        self._messages = messages
        messages.hide()
        self.message_bar.installEventFilter(self)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for each in (self.top_bar, _line(), messages):
            column.addWidget(each)
        column.addWidget(self._pages, 1)
        for each in (_line(), self.bottom_bar):
            column.addWidget(each)
        self.setCentralWidget(centre)
        self._overlay = DropOverlay(centre)
        self.setMinimumSize(*SMALLEST)
        screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        self.setGeometry(placed(self._memory.settings.geometry, screens))

    def _connect(self) -> None:
        actions, conductor = self.actions_registry, self.conductor
        actions["open_model"].triggered.connect(self._on_open_model)
        actions["open_checkpoint"].triggered.connect(self._on_open_checkpoint)
        actions["go_to_path"].triggered.connect(self._on_go_to_path)
        actions["forget_recent"].triggered.connect(self._on_forget_recent)
        actions["forget_recent_data"].triggered.connect(self._on_forget_recent_data)
        self.workspace.method_panel.baseline_controls.file_wanted.connect(self._on_texts_wanted)
        self.top_bar.path_entered.connect(conductor.open_model)
        self.top_bar.recent_chosen.connect(conductor.open_model)
        self.welcome.recent_chosen.connect(conductor.open_model)
        self.welcome.sample_chosen.connect(conductor.open_sample)
        for chosen in (self.top_bar.recent_data_chosen, self.welcome.recent_data_chosen):
            chosen.connect(self.open_data)
        self.view_actions.home_chosen.connect(self.show_welcome)
        self.view_actions.text_chosen.connect(self.show_workspace)
        self.message_bar.action_chosen.connect(self._on_message_action)
        for stop in (conductor.cancel, self.jobs.cancel):
            self.bottom_bar.job_bar.cancel_requested.connect(stop)
            actions["cancel"].triggered.connect(stop)
        self.beside.note.connect(self.bottom_bar.show_note)
        self.bottom_bar.job_bar.cancel_requested.connect(self.bottom_bar.job_bar.show_stopping)
        actions["cancel"].triggered.connect(self.bottom_bar.job_bar.show_stopping)
        self.workspace.attribution_view.read_out_changed.connect(self._on_read_out)
        self.workspace.prediction_view.read_out_changed.connect(self.bottom_bar.show_value)
        conductor.bare_weights.connect(self.importing.begin)
        self.importing.kept.connect(self._on_imported)
        conductor.untrusted_code.connect(self.trusting.begin)
        self.trusting.trusted.connect(conductor.open_trusted)
        for told in (conductor, self.keeping, self.findings, self.importing, self.trusting, self.pictures):
            told.message.connect(self._on_message)
        for well in (conductor.cleared, self.findings.cleared, self.pictures.cleared):
            well.connect(self._on_cleared)
        self.pictures.shown.connect(self.show_workspace)
        actions["findings"].triggered.connect(self.show_findings)
        self.findings.map_shown.connect(self.show_workspace)
        self.findings.done.connect(self.bottom_bar.show_note)
        conductor.model_opened.connect(self._on_model_opened)
        conductor.refused.connect(self.top_bar.show_refused)
        for over in (conductor.bare_weights, conductor.untrusted_code, conductor.opening.given_up):
            over.connect(self.top_bar.restore_path)
        self.message_bar.dismissed.connect(self._on_dismissed)
        conductor.map_changed.connect(self.keeping.refresh)
        self.workspace.tabs.currentChanged.connect(self.keeping.refresh)
        self.workspace.tabs.currentChanged.connect(self._on_tab)
        self.keeping.done.connect(self.bottom_bar.show_note)
        self._memory.not_saved.connect(self._on_not_saved)
        self._paths.checked.connect(self._on_paths_checked)
        self._data_paths.checked.connect(self._on_data_paths_checked)

    @Slot()
    def _make_room(self) -> None:
        """The next one, a turn each: together they take half of a start. Then what waited for them."""
        if self._closing:
            return
        if self._rooms_to_come is None:
            from gui.room_list import rooms_of

            self._rooms_to_come = rooms_of(self._house)
        room = next(self._rooms_to_come, None)
        if room is not None:
            self.rooms += (room,)
            QTimer.singleShot(0, self, self._make_room)
            return
        self._furnish()
        self._engine.start()
        self.conductor.start()
        self.findings.start()
        if self._first_path:
            self.conductor.open_model(self._first_path)

    def _furnish(self) -> None:
        from gui.data.room import DataRoom

        self.findings.furnish(self.rooms)
        for room in self.rooms:
            room.note.connect(self.bottom_bar.show_note)
            room.read_out_changed.connect(self._on_read_out)
            room.kept_changed.connect(self.keeping.refresh)
            if isinstance(room, DataRoom):
                self.data_room = room
                room.opened.connect(self.show_workspace)
                room.recent_changed.connect(self._show_recent)
                room.sample_wanted.connect(self.conductor.open_sample)

    def _kept(self) -> Kept | None:
        """What the tab in sight has to take along."""
        room = next((room for room in self.rooms if room.in_sight), None)
        if room is not None:
            return room.kept()
        shown, grain = self.conductor.map, self.workspace.attribution_view.grain
        if shown is None:
            return None
        shown = at_grain(shown, grain) if isinstance(shown.prediction.input, TokenizedText) else shown
        return KeptMap(shown, self.conductor.accepted_reinitialised)

    def _connect_engine(self) -> None:
        job_bar = self.bottom_bar.job_bar
        self.conductor.opening.asked.connect(job_bar.begin)
        self.conductor.explanation.asked.connect(job_bar.begin)
        self.jobs.asked.connect(job_bar.begin)
        self.jobs.running_changed.connect(self.conductor.set_beside_runs)
        self._engine.partial.connect(self._on_partial)
        self._engine.finished.connect(self._on_job_ended)
        self._engine.failed.connect(self._on_job_ended)
        self._engine.cancelled.connect(self._on_job_ended)
        self._engine.ready.connect(self._on_engine_settled)
        self._engine.unavailable.connect(self._on_engine_settled)
        self._engine.stopped.connect(self._on_engine_stopped)

    def start(self, path: str | None = None) -> None:
        """Make the rooms and start the engine, once the window is on screen; then open ``path``."""
        self.bottom_bar.job_bar.begin(ENGINE_JOB, "Starting the engine…", cancellable=False)
        self._first_path = path
        self._make_room()

    @Slot()
    def show_welcome(self) -> None:
        """Samples, recent models, a place to drop one."""
        self._show_recent()
        self._pages.setCurrentWidget(self.welcome)

    @Slot()
    def show_workspace(self) -> None:
        """Model, text, map, method."""
        self._pages.setCurrentWidget(self.workspace)

    @Slot()
    def show_findings(self) -> None:
        """The maps that were pinned; the same again goes back to the map."""
        if self._pages.currentWidget() is self.findings.view:
            self.show_workspace()
            return
        self._pages.setCurrentWidget(self.findings.view)
        self.findings.view.focus_first()

    def report(self, text: str, detail: str) -> None:
        """A bug of ours; the window goes on."""
        self._on_message(Message("bug", text, detail=detail))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A picture is pasted wherever nothing else takes it."""
        if (
            event.matches(QKeySequence.StandardKey.Paste)
            and self.workspace.input_panel.current is self.workspace.input_panel.picture
        ):
            self.pictures.paste()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Say what a drop would do."""
        drop = drop_of(event.mimeData())
        if drop is not None or event.mimeData().hasImage():
            event.acceptProposedAction()
            self._overlay.show_words(drop.words if drop is not None else "Explain this picture")

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Not here, then."""
        self._overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """Do it."""
        self._overlay.hide()
        drop = drop_of(event.mimeData())
        if drop is None and not event.mimeData().hasImage():
            return
        event.acceptProposedAction()
        if drop is None or drop.is_picture:
            self.pictures.take(event.mimeData())
        elif drop.is_text:
            self._read(drop.path)
        elif drop.is_data:
            self.open_data(drop.path)
        else:
            self.conductor.open_model(drop.path)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Cancel, wait visibly for the running step, then go."""
        self._remember()
        self.conductor.end()
        self.findings.end()
        self.bottom_bar.end()
        if not self._engine.running:
            self._closing = True
            self._paths.finish()
            self._data_paths.finish()
            self.conductor.pictures.finish()
            event.accept()
            self.closed.emit()
            return
        event.ignore()
        if not self._closing:
            self._closing = True
            self._pages.setEnabled(False)
            self.top_bar.setEnabled(False)
            self.bottom_bar.job_bar.begin(CLOSING_JOB, "Ending the running step…", cancellable=False)
            self._engine.shut_down()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The margin around the message goes with it."""
        if watched is self.message_bar and event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self._messages.setVisible(event.type() is QEvent.Type.ShowToParent)
        return False

    def _remember(self) -> None:
        rect, text = self.normalGeometry(), self.workspace.input_panel
        self._memory.change_settings(geometry=(rect.x(), rect.y(), rect.width(), rect.height()), maximised=self.isMaximized())
        self._memory.change_session(text=text.editor.text(), pair=text.text.pair())
        if text.current is text.record:
            self.conductor.records.keep()
        self._memory.save()

    def _read(self, path: str) -> None:
        try:
            text = read_text(path)
        except UserError as error:
            self._on_message(Message("reading", error.message, detail=error.detail))
        else:
            self.conductor.put_text(text)
            self.show_workspace()

    def _add_sample_actions(self) -> None:
        for sample in self._samples:
            description = ActionDescription(f"sample:{sample.name}", sample.title, "Samples", "flask", (), sample.description)
            action = self.actions_registry.add(description)
            action.setData(sample.name)
            action.triggered.connect(self._on_sample)

    def _show_recent(self) -> None:
        recent = self._memory.settings.recent_models
        self._on_paths_checked(tuple((path, True) for path in recent))
        self.actions_registry.set_available("forget_recent", None if recent else "There are none.")
        self._paths.check(recent)
        data = self._memory.settings.recent_data
        self._on_data_paths_checked(tuple((path, True) for path in data))
        self.actions_registry.set_available("forget_recent_data", None if data else "There are none.")
        self._data_paths.check(data)

    @Slot(object)
    def _on_paths_checked(self, paths: tuple[tuple[str, bool], ...]) -> None:
        self.welcome.show_recent(paths)
        self.top_bar.show_recent(paths)

    @Slot(object)
    def _on_data_paths_checked(self, paths: tuple[tuple[str, bool], ...]) -> None:
        self.welcome.show_recent_data(paths)
        self.top_bar.show_recent_data(paths)

    @Slot(str)
    def open_data(self, path: str) -> None:
        """A file of examples, once the rooms are there."""
        if self.data_room is not None:
            self.data_room.open(path)

    @Slot()
    def _on_sample(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.conductor.open_sample(str(sender.data()))  # type: ignore[attr-defined]  # always a QAction

    @Slot()
    def _on_open_model(self) -> None:
        path = self.dialogs.model_folder(self, self._memory.settings.folder)
        if path is not None:
            self._memory.change_settings(folder=path)
            self.conductor.open_model(path)

    @Slot()
    def _on_texts_wanted(self) -> None:
        controls = self.workspace.method_panel.baseline_controls
        path = self.dialogs.texts_file(self, controls.path.text() or self._memory.settings.folder)
        if path is not None:
            controls.choose_file(path)

    @Slot()
    def _on_open_checkpoint(self) -> None:
        path = self.dialogs.checkpoint_file(self, self._memory.settings.folder)
        if path is not None:
            self._memory.change_settings(folder=str(Path(path).parent))
            self.conductor.open_model(path)

    @Slot(str, str)
    def _on_imported(self, folder: str, text: str) -> None:
        if not self.workspace.input_panel.editor.text().strip():
            self.conductor.put_text(text)
        self.conductor.open_model(folder)

    @Slot()
    def _on_go_to_path(self) -> None:
        self.top_bar.path.setFocus()
        self.top_bar.path.selectAll()

    @Slot()
    def _on_forget_recent(self) -> None:
        self._memory.change_settings(recent_models=())
        self._show_recent()

    @Slot()
    def _on_forget_recent_data(self) -> None:
        self._memory.change_settings(recent_data=())
        self._show_recent()

    @Slot(object)
    def _on_model_opened(self, model: ModelInfo) -> None:
        self.setWindowTitle(f"{model.name} — {TITLE}")
        self.top_bar.show_path(model.path)
        self.top_bar.show_device(model.device.upper())
        self._show_recent()
        self.show_workspace()
        self.workspace.input_panel.current.setFocus()

    @Slot(str)
    def _on_message_action(self, action: str) -> None:
        if action == ACCEPT:
            self.conductor.accept_reinitialised()
        else:
            self.actions_registry[action].trigger()

    @Slot(object)
    def _on_message(self, message: Message) -> None:
        self.message_bar.show_message(message)

    @Slot(str)
    def _on_cleared(self, subject: str) -> None:
        self.message_bar.clear(subject)

    @Slot(str)
    def _on_read_out(self, words: str) -> None:
        """What goes on out of sight is not under the pointer."""
        sender = self.sender()
        if self.workspace.tabs.currentWidget() is (sender.view if isinstance(sender, Room) else sender):
            self.bottom_bar.show_value(words)

    @Slot(str)
    def _on_dismissed(self, subject: str) -> None:
        if subject == "opening":
            self.top_bar.restore_path()

    @Slot()
    def _on_tab(self) -> None:
        """What was under the pointer is out of sight."""
        self.bottom_bar.show_value("")

    @Slot(str)
    def _on_not_saved(self, words: str) -> None:
        self._on_message(Message("memory", words, "warning"))

    @Slot(int, object)
    def _on_partial(self, ticket: int, partial: Partial) -> None:
        self.bottom_bar.job_bar.show_partial(ticket, partial)

    @Slot(int)
    def _on_job_ended(self, ticket: int) -> None:
        self.bottom_bar.job_bar.end(ticket)

    @Slot()
    def _on_engine_settled(self) -> None:
        self.bottom_bar.job_bar.end(ENGINE_JOB)

    @Slot()
    def _on_engine_stopped(self) -> None:
        self._engine.wait()
        if self._closing:
            QTimer.singleShot(0, self, self.close)


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("role", "separator")
    return line
