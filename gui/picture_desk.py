"""The picture on the desk: which file it is, what it is known to be; what is remembered of pictures."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal, Slot

from engine.errors import UserError
from engine.requests import ImageInput
from gui.controls.method_panel import MethodPanel
from gui.inputs.picture import PictureEditor
from gui.memory import Memory
from gui.settings import RECENT_PICTURES, with_recent

State = tuple[str, str | None]  # path, true label; an empty path: no picture
Looked = tuple[ImageInput, tuple[int, int], NDArray[np.uint8]]  # what it is, width and height, what a person sees


class PictureDesk(QObject):
    """A file is looked at in a thread of its own, and only then asked about: one that has changed is another question."""

    swapped = Signal(object, object)  # State before, after
    ready = Signal()  # it can be asked about
    refused = Signal(str, str)  # why not, as a sentence; details
    true_changed = Signal()

    def __init__(self, editor: PictureEditor, method_panel: MethodPanel, memory: Memory, parent: QObject) -> None:
        super().__init__(parent)
        self._editor, self._method_panel, self._memory = editor, method_panel, memory
        self._path = memory.session.picture
        self._true_came_along = False
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._pool.setExpiryTimeout(0)
        self._asked = 0
        editor.show_recent(memory.session.recent_pictures)

    def state(self) -> State:
        """What can be put back."""
        return self._path, self._method_panel.target_controls.true_label() if self._true_came_along else None

    def swap(self, path: str, true: str | None = None) -> None:
        """In place of the picture before; ``ready`` follows, or ``refused``."""
        before = self.state()
        self.put(path, true)
        if (path, true) != before:
            self.swapped.emit(before, (path, true))

    def put(self, path: str, true: str | None = None) -> None:
        """As ``swap``, where that is no step of its own."""
        self._path = path
        self._method_panel.set_true(true)
        self._true_came_along = true is not None
        self.true_changed.emit()
        self._memory.change_session(picture=path)
        self._asked += 1
        if not path:
            self._editor.show_nothing()
            self.ready.emit()
            return
        self._editor.show_path(path)
        self._read()

    def wait(self, path: str) -> None:
        """For a model that reads pictures; what is explained meanwhile keeps its label."""
        self._path, self._true_came_along = path, False
        self._memory.change_session(picture=path)
        self._editor.show_path(path)
        self._asked += 1
        self._read()

    def show(self, given: ImageInput, true: str | None) -> None:
        """A picture of a map from before, without asking."""
        self._path, self._asked = given.path, self._asked + 1
        self._method_panel.set_true(true)
        self._true_came_along = true is not None
        self._editor.show_given(given)

    def wake(self) -> None:
        """A model that reads pictures is open: the one that was here last, if there is any."""
        if self._path and self._editor.given() is None:
            self._editor.show_path(self._path)
            self._read()

    def read_again(self) -> None:
        """The file may have changed. Nothing is shown meanwhile but what there is."""
        if self._path:
            self._read()

    def remember(self) -> None:
        """Among the recent pictures."""
        if self._path:
            recent = with_recent(self._memory.session.recent_pictures, self._path, RECENT_PICTURES)
            self._memory.change_session(recent_pictures=recent)
            self._editor.show_recent(recent)

    def finish(self, milliseconds: int = 2000) -> None:
        """Before the window goes."""
        self._pool.clear()
        self._pool.waitForDone(milliseconds)

    def _read(self) -> None:
        self._asked += 1
        looking = _Looking(self._asked, self._path)
        looking.answer.found.connect(self._on_read)
        self._pool.start(looking)

    @Slot(int, object)
    def _on_read(self, number: int, found: Looked | UserError) -> None:
        if number != self._asked:
            return
        if isinstance(found, UserError):
            self._editor.show_nothing()
            self.refused.emit(found.message, found.detail)
            return
        self._editor.show_picture(*found)
        self.ready.emit()


class _Answer(QObject):
    found = Signal(int, object)  # number; what was found, or why nothing


class _Looking(QRunnable):
    def __init__(self, number: int, path: str) -> None:
        super().__init__()
        self._number, self._path = number, path
        self.answer = _Answer()

    def run(self) -> None:
        from engine.inputs.image import image_input, read_image  # Pillow, which a window of texts does not need

        found: Looked | UserError
        try:
            given = image_input(self._path)
            picture = read_image(given)
            found = given, picture.size, picture.shown()
        except UserError as error:
            found = error
        self.answer.found.emit(self._number, found)
