"""Take the map along: save it, copy its command line, copy its picture."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from engine.command_line import command_for
from engine.errors import UserError
from engine.results import AttributionResult
from gui.actions import Actions
from gui.conductor import Conductor
from gui.dialogs import Dialogs
from gui.folders import state_folder
from gui.memory import Memory
from gui.saving import picture_of, save_result
from gui.views.message_bar import Message


class Keeping(QObject):
    """Every failure is one sentence; what is on screen stays."""

    message = Signal(object)  # Message
    done = Signal(str)  # what was kept, in a few words

    def __init__(self, conductor: Conductor, actions: Actions, memory: Memory, dialogs: Dialogs, window: QWidget) -> None:
        super().__init__(window)
        self._conductor, self._memory, self._dialogs, self._window = conductor, memory, dialogs, window
        actions["save"].triggered.connect(self.ask_and_save)
        actions["copy_command"].triggered.connect(self.copy_command)
        actions["copy_picture"].triggered.connect(self.copy_picture)

    @Slot()
    def ask_and_save(self) -> None:
        """Where to, then there."""
        result = self._conductor.map
        if result is None:
            return
        folder = Path(self._memory.settings.save_folder or Path.home())
        path = self._dialogs.save_path(self._window, folder / f"{result.model.name}-{result.method.id}")
        if path is not None:
            self.save_as(path)

    def save_as(self, path: Path) -> None:
        """The map on screen, as ``path``'s suffix says."""
        result = self._conductor.map
        if result is None:
            return
        try:
            save_result(result, path)
        except UserError as error:
            self.message.emit(Message("saving", error.message, detail=error.detail))
        else:
            self._memory.change_settings(save_folder=str(path.parent))
            self.done.emit(f"Saved {path}")

    @Slot()
    def copy_command(self) -> None:
        """To the clipboard."""
        result = self._conductor.map
        if result is None:
            return
        try:
            command = command_for(result, state_folder() / "texts", self._conductor.accepted_reinitialised)
        except UserError as error:
            self.message.emit(Message("saving", error.message))
        except OSError as error:
            self.message.emit(Message("saving", f"The text of this command could not be kept as a file: {error.strerror}."))
        else:
            QGuiApplication.clipboard().setText(command)
            self.done.emit(_copied(result))

    @Slot()
    def copy_picture(self) -> None:
        """To the clipboard."""
        if self._conductor.map is not None:
            QGuiApplication.clipboard().setImage(picture_of(self._conductor.map))
            self.done.emit("Picture copied")


def _copied(result: AttributionResult) -> str:
    if result.progress < 1:
        return f"Command copied; it runs to the end, this map stopped at {result.progress:.0%}"
    return "Command copied"
