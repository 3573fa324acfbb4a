"""The text on the desk: typed, or put in place of another; what it is known to be; what is remembered of it."""

from PySide6.QtCore import QObject, Signal

from gui.controls.method_panel import MethodPanel
from gui.inputs.text import TextInputEditor
from gui.memory import Memory
from gui.settings import RECENT_TEXTS, with_recent

State = tuple[str, str, str | None]  # text, second text, true label


class TextDesk(QObject):
    """Knows whether the true label came with the text: then it goes when the text is edited."""

    swapped = Signal(object, object)  # State before, after: by an example, a drop, a finding
    true_changed = Signal()

    def __init__(self, panel: TextInputEditor, method_panel: MethodPanel, memory: Memory, parent: QObject) -> None:
        super().__init__(parent)
        self._panel, self._method_panel, self._memory = panel, method_panel, memory
        self._true_came_along = False

    def restore(self) -> None:
        """As it was left."""
        session = self._memory.session
        self._panel.set_text(session.text)
        self._panel.set_pair(session.pair)
        self._panel.show_recent(session.recent_texts)

    def state(self) -> State:
        """What can be put back."""
        true = self._method_panel.target_controls.true_label() if self._true_came_along else None
        return self._panel.editor.text(), self._panel.pair(), true

    def swap(self, text: str, true: str | None, pair: str | None = None) -> None:
        """In place of what was typed, which is kept among the recent texts. ``pair`` None: as it is."""
        before = self.state()
        self.put(text, true, pair)
        self.swapped.emit(before, self.state())

    def put(self, text: str, true: str | None, pair: str | None = None, *, remembers: bool = True) -> None:
        """As ``swap``, where that is no step of its own. ``remembers``: the text before was typed."""
        if remembers:
            self.remember()
        if pair is not None:
            self._panel.set_pair(pair)
        self._panel.set_text(text)
        self._method_panel.set_true(true)
        self._true_came_along = true is not None
        self.true_changed.emit()
        self._memory.change_session(text=text)

    def edited(self) -> None:
        """Another text: its true label is not known."""
        if self._true_came_along:
            self._true_came_along = False
            self._method_panel.set_true(None)

    def keep(self) -> None:
        """For the next start."""
        self._memory.change_session(text=self._panel.editor.text(), pair=self._panel.pair())

    def remember(self) -> None:
        """Among the recent texts."""
        text = self._panel.editor.text()
        if text.strip():
            recent = with_recent(self._memory.session.recent_texts, text, RECENT_TEXTS)
            self._memory.change_session(text=text, recent_texts=recent)
            self._panel.show_recent(recent)
