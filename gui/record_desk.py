"""The record on the desk: filled in, or put in place of another; what it is known to be; what is remembered of it."""

import json

from PySide6.QtCore import QObject, Signal

from engine.requests import RecordInput
from gui.controls.method_panel import MethodPanel
from gui.inputs.record import RecordEditor
from gui.memory import Memory
from gui.settings import RECENT_TEXTS, with_recent

State = tuple[RecordInput, str | None]  # and its true label


class RecordDesk(QObject):
    """Knows whether the true label came with the record: then it goes when a field is edited."""

    swapped = Signal(object, object)  # State before, after: by an example, a pasted row, a finding
    true_changed = Signal()

    def __init__(self, editor: RecordEditor, method_panel: MethodPanel, memory: Memory, parent: QObject) -> None:
        super().__init__(parent)
        self._editor, self._method_panel, self._memory = editor, method_panel, memory
        self._true_came_along = False
        self._put: State = (RecordInput(()), None)
        self._show_recent()

    def wake(self) -> None:
        """A model that reads records is open: what was here last, where nothing is filled in and it has such fields."""
        kept = _read(self._memory.session.record)
        if kept is not None and self._editor.given() is None and {name for name, _ in kept.fields} <= set(self._editor.editors):
            self._editor.put(kept)

    def state(self) -> State:
        """What can be put back."""
        true = self._method_panel.target_controls.true_label() if self._true_came_along else None
        return self._editor.record(), true

    def swap(self, record: RecordInput, true: str | None) -> None:
        """In place of what was filled in, which is kept among the recent records."""
        before = self.state()
        self.put(record, true)
        if self.state() != before:
            self.swapped.emit(before, self.state())

    def put(self, record: RecordInput, true: str | None, *, remembers: bool = True) -> None:
        """As ``swap``, where that is no step of its own. ``remembers``: what was there before was filled in by a person."""
        if remembers:
            self.remember()
        self._editor.put(record)
        self._put = (self._editor.record(), true)
        self._method_panel.set_true(true)
        self._true_came_along = true is not None
        self.true_changed.emit()
        self.keep()

    def go_back(self, record: RecordInput) -> None:
        """To the record before its fields were edited, and its label where that was known."""
        self.swap(record, self._put[1] if self._put[0] == record else None)

    def edited(self) -> None:
        """Another record: its true label is not known."""
        if self._true_came_along:
            self._true_came_along = False
            self._method_panel.set_true(None)

    def keep(self) -> None:
        """For the next start."""
        self._memory.change_session(record=_written(self._editor.record()))

    def remember(self) -> None:
        """Among the recent records."""
        record = self._editor.given()
        if record is not None:
            recent = with_recent(self._memory.session.recent_records, _written(record), RECENT_TEXTS)
            self._memory.change_session(record=_written(record), recent_records=recent)
            self._show_recent()

    def _show_recent(self) -> None:
        read = (_read(written) for written in self._memory.session.recent_records)
        self._editor.show_recent(tuple(record for record in read if record is not None))


def _written(record: RecordInput) -> str:
    return json.dumps(dict(record.fields), ensure_ascii=False)


def _read(written: str) -> RecordInput | None:
    """None: it is none of ours."""
    try:
        known = json.loads(written)
    except (ValueError, RecursionError):
        return None
    if not isinstance(known, dict) or not all(isinstance(value, str) for value in known.values()):
        return None
    return RecordInput(tuple(known.items())) if known else None
