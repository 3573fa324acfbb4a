"""How a picture comes to the desk: by dialog, by a drop, from the clipboard, from those before."""

import hashlib
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QWidget

from engine.atomic_file import write_atomically
from engine.errors import UserError
from engine.results import ModelInfo
from gui.actions import Actions
from gui.conductor import Conductor
from gui.dialogs import Dialogs
from gui.dropping import drop_of
from gui.folders import pictures_folder
from gui.memory import Memory
from gui.saving import png_of
from gui.views.message_bar import Message
from gui.workspace import Workspace

SUBJECT = "picture"
NO_MODEL = "Open a model that reads pictures first."
KEPT = "It waits on the desk for a model that reads pictures."


class Pictures(QObject):
    """Bound to the window. A picture that comes while a model of texts is open waits for one of pictures."""

    message = Signal(object)  # Message
    cleared = Signal(str)
    shown = Signal()  # the workspace is wanted

    def __init__(
        self,
        conductor: Conductor,
        workspace: Workspace,
        actions: Actions,
        memory: Memory,
        dialogs: Dialogs,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._conductor, self._actions, self._memory = conductor, actions, memory
        self._dialogs, self._window, self._desk = dialogs, window, conductor.pictures
        self._controls = workspace.method_panel.baseline_controls
        self._controls.picture_wanted.connect(self.ask_for_baseline)
        editor = workspace.input_panel.picture
        editor.picture_chosen.connect(self.open)
        editor.open_wanted.connect(self.ask_and_open)
        editor.paste_wanted.connect(self.paste)
        actions["open_picture"].triggered.connect(self.ask_and_open)
        actions["paste_picture"].triggered.connect(self.paste)
        conductor.model_opened.connect(self._on_model_opened)
        self._desk.refused.connect(self._on_refused)
        self._desk.ready.connect(self._on_ready)
        self._refresh()

    @Slot(str, object)
    def open(self, path: str, true: str | None = None) -> None:
        """In place of the picture before."""
        self._desk.remember()
        if self._reads_pictures():
            self._desk.swap(path, true)
            self.shown.emit()
        else:
            self._desk.wait(path)
            self.message.emit(Message(SUBJECT, f"{Path(path).name} is a picture. {KEPT}", "note"))

    @Slot()
    def ask_and_open(self) -> None:
        """Which one?"""
        path = self._dialogs.picture_file(self._window, self._memory.settings.picture_folder)
        if path is not None:
            self._memory.change_settings(picture_folder=str(Path(path).parent))
            self.open(path)

    @Slot()
    def ask_for_baseline(self) -> None:
        """Which one says nothing?"""
        path = self._dialogs.picture_file(self._window, self._controls.picture.text() or self._memory.settings.picture_folder)
        if path is not None:
            self._controls.choose_picture(path)

    @Slot()
    def paste(self) -> None:
        """A file that was copied, or the picture itself, which becomes one."""
        self.take(QGuiApplication.clipboard().mimeData())

    def take(self, data: QMimeData) -> None:
        """What was pasted or dropped."""
        drop = drop_of(data)
        if drop is not None and drop.is_picture:
            self.open(drop.path)
        elif data.hasImage():
            self._keep(QImage(data.imageData()))
        else:
            self.message.emit(Message(SUBJECT, "There is no picture on the clipboard; copy one first.", "warning"))

    def _keep(self, picture: QImage) -> None:
        try:
            content = png_of(picture)
            path = pictures_folder() / f"pasted-{hashlib.sha256(content).hexdigest()[:12]}.png"
            if not path.exists():
                write_atomically(path, content)
        except UserError as error:
            self.message.emit(Message(SUBJECT, error.message))
        except OSError as error:
            words = f"The pasted picture could not be kept as a file: {(error.strerror or 'unknown reason').lower()}."
            self.message.emit(Message(SUBJECT, words))
        else:
            self.open(str(path))

    def _reads_pictures(self) -> bool:
        model = self._conductor.model
        return model is not None and model.input_kind == "image"

    def _refresh(self) -> None:
        for id in ("open_picture", "paste_picture"):
            self._actions.set_available(id, None if self._reads_pictures() else NO_MODEL)

    @Slot(object)
    def _on_model_opened(self, model: ModelInfo) -> None:
        self._refresh()
        if model.input_kind == "image":
            self.cleared.emit(SUBJECT)

    @Slot(str, str)
    def _on_refused(self, words: str, detail: str) -> None:
        self.message.emit(Message(SUBJECT, words, detail=detail))

    @Slot()
    def _on_ready(self) -> None:
        if self._reads_pictures():
            self.cleared.emit(SUBJECT)
