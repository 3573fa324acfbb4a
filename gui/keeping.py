"""Take what is on screen along: save it, copy its command line, copy its picture."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QWidget

from engine.command_line import command_for
from engine.errors import UserError
from engine.heatmaps.numerals import whole_percent
from engine.results import AttributionResult
from gui.actions import Actions
from gui.dialogs import Dialogs
from gui.folders import state_folder
from gui.memory import Memory
from gui.saving import FILTERS, picture_of, save_result
from gui.views.message_bar import Message


class Kept(Protocol):
    """What a view has on screen, ready to be taken along."""

    name: str  # of its file, without a suffix
    filters: dict[str, str]  # by suffix, the first being the usual one
    unfinished: str  # what to say when its command is copied, or nothing

    def save(self, path: Path) -> None:
        """As ``path``'s suffix says. Raises: UserError."""

    def command(self, texts: Path) -> str:
        """The line that makes it again; long texts become files in ``texts``. Raises: UserError, OSError."""

    def picture(self) -> QImage:
        """As on screen."""


class KeptMap:
    """An attribution map. ``accepted``: its model was opened although some of its weights are random."""

    def __init__(self, result: AttributionResult, accepted: bool) -> None:
        self._result, self._accepted = result, accepted
        self.name = f"{result.model.name}-{result.method.id}"
        self.filters = FILTERS
        self.unfinished = f"this map stopped at {whole_percent(result.progress)}" if result.progress < 1 else ""

    def save(self, path: Path) -> None:
        """See ``Kept``."""
        save_result(self._result, path)

    def command(self, texts: Path) -> str:
        """See ``Kept``."""
        return command_for(self._result, texts, self._accepted)

    def picture(self) -> QImage:
        """See ``Kept``."""
        return picture_of(self._result)


class Keeping(QObject):
    """Every failure is one sentence; what is on screen stays."""

    message = Signal(object)  # Message
    done = Signal(str)  # what was kept, in a few words

    def __init__(
        self, actions: Actions, memory: Memory, dialogs: Dialogs, window: QWidget, shown: Callable[[], Kept | None]
    ) -> None:
        super().__init__(window)
        self._actions, self._memory, self._dialogs, self._window = actions, memory, dialogs, window
        self._shown = shown  # what is in sight at the moment
        actions["save"].triggered.connect(self.ask_and_save)
        actions["copy_command"].triggered.connect(self.copy_command)
        actions["copy_picture"].triggered.connect(self.copy_picture)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Something else is on screen."""
        because = None if self._shown() is not None else "There is nothing to keep yet."
        for id in ("save", "copy_command", "copy_picture"):
            self._actions.set_available(id, because)

    @Slot()
    def ask_and_save(self) -> None:
        """Where to, then there."""
        kept = self._shown()
        if kept is None:
            return
        folder = Path(self._memory.settings.save_folder or Path.home())
        path = self._dialogs.save_path(self._window, folder / kept.name, kept.filters)
        if path is not None:
            self.save_as(path)

    def save_as(self, path: Path) -> None:
        """What is on screen, as ``path``'s suffix says."""
        kept = self._shown()
        if kept is None:
            return
        try:
            kept.save(path)
        except UserError as error:
            self.message.emit(Message("saving", error.message, detail=error.detail))
        else:
            self._memory.change_settings(save_folder=str(path.parent))
            self.done.emit(f"Saved {path}")

    @Slot()
    def copy_command(self) -> None:
        """To the clipboard."""
        kept = self._shown()
        if kept is None:
            return
        try:
            command = kept.command(state_folder() / "texts")
        except UserError as error:
            self.message.emit(Message("saving", error.message))
        except OSError as error:
            self.message.emit(Message("saving", f"The text of this command could not be kept as a file: {error.strerror}."))
        else:
            QGuiApplication.clipboard().setText(command)
            self.done.emit(f"Command copied; it runs to the end, {kept.unfinished}" if kept.unfinished else "Command copied")

    @Slot()
    def copy_picture(self) -> None:
        """To the clipboard."""
        kept = self._shown()
        if kept is not None:
            QGuiApplication.clipboard().setImage(kept.picture())
            self.done.emit("Picture copied")
