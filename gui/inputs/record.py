"""A record: an editor for each field, its name and limit above it; a row of a table can be pasted into all of them."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QFrame, QMenu, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from engine.errors import UserError
from engine.heatmaps.record_words import change_in_words, edits_in_words
from engine.records import RecordField, record_of_row
from engine.requests import RecordInput
from engine.results import InputKind, ModelInfo, PredictionResult
from engine.samples import Example
from gui import theme
from gui.controls.rows import name_control
from gui.icons import icon
from gui.inputs.editor import InputEditor
from gui.inputs.field_flow import FieldFlow
from gui.inputs.record_field import FieldEditor
from gui.views.elided_label import ElidedLabel

MENU_CHARACTERS = 70
CHANGE_PIXELS = 200
HEAD_PIXELS, MOST_PIXELS = 46, 170


class RecordEditor(InputEditor):
    """``put`` is silent. What is typed can be undone in its field; a whole record that was put in place of another by undo."""

    kind: InputKind = "record"
    title = "Record"
    nothing = "Fill in a field: an empty record cannot be explained."

    example_chosen = Signal(object, object)  # RecordInput, its true label or None
    record_pasted = Signal(object)  # RecordInput, in place of what was there
    refused = Signal(str)  # why what was pasted is no row
    back_wanted = Signal(object)  # RecordInput, as it was before its fields were edited
    run_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inputRecord")
        self.setAccessibleName("Record")
        self._fields: tuple[RecordField, ...] = ()
        self._examples: tuple[Example, ...] = ()
        self._recent: tuple[RecordInput, ...] = ()
        self.editors: dict[str, FieldEditor] = {}
        self._offer, self._paste = QToolButton(), QToolButton()
        self._menu = QMenu(self)
        self._page, self._around = QWidget(), QScrollArea(self)
        self._flow = FieldFlow(self._page)
        self._change, self._back = ElidedLabel(), QPushButton("Put back")
        self._reference = RecordInput(())
        self._before: PredictionResult | None = None  # what was said of it
        self._quiet = False
        self._build()

    def _build(self) -> None:
        self._menu.setToolTipsVisible(True)
        self._offer.setText("Examples")
        self._offer.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._offer.setMenu(self._menu)
        self._paste.setText("Paste a row")
        for button in (self._offer, self._paste):
            button.setProperty("role", "flat")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(16, 16))
            self._tools.addWidget(button)
        name_control(self._offer, "recordExamplesButton", "Examples", "Records to try, and those you ran last.")
        words = "A line of a table, from the clipboard: its cells go into the fields. Ctrl+V in any field does the same."
        name_control(self._paste, "pasteRowButton", "Paste a row", words)
        self._change.setFont(theme.numbers_font())
        self._back.setProperty("role", "link")
        name_control(self._change, "recordChange", "What the edits change", "")
        name_control(self._back, "recordBack", "Put back", "The record as it was before its fields were edited.")
        self._change.setMinimumWidth(CHANGE_PIXELS)
        self._tools.addWidget(self._change, 1)
        self._tools.addWidget(self._back)
        self._change.hide()
        self._back.hide()
        self._around.setObjectName("recordFields")
        self._around.setWidget(self._page)
        self._around.setWidgetResizable(True)
        self._around.setFrameShape(QFrame.Shape.NoFrame)
        self._around.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._around.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._around.viewport().setAutoFillBackground(False)
        self._page.setAutoFillBackground(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._around)
        self._dress()
        self._menu.aboutToShow.connect(self._fill_menu)
        self._menu.triggered.connect(self._on_example)
        self._paste.clicked.connect(self.paste_row)
        self._back.clicked.connect(self._on_back)

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: new icons."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_flow"):
            self._dress()

    def _dress(self) -> None:
        self._offer.setIcon(icon("list-bullets"))
        self._paste.setIcon(icon("clipboard-text"))

    # One way in

    def show_model(self, model: ModelInfo) -> None:
        """See ``InputEditor``. What was in fields of the same names stays there."""
        self._start_anew(self.record())
        if model.fields == self._fields:
            return
        before = {name: editor.value() for name, editor in self.editors.items()}
        self._flow.clear()
        self._fields = model.fields
        self.editors = {field.name: FieldEditor(at, field, model.fields, self._page) for at, field in enumerate(model.fields)}
        previous: QWidget | None = None
        for name, editor in self.editors.items():
            editor.set_value(before.get(name, ""))
            editor.edited.connect(self._on_edited)
            editor.row_pasted.connect(self._on_row)
            editor.run_wanted.connect(self.run_wanted)
            self._flow.addWidget(editor)
            editor.show()
            if previous is not None:
                self.setTabOrder(previous, editor.control)
            previous = editor.control
        if self.editors:
            self.setFocusProxy(next(iter(self.editors.values())).control)

    def given(self) -> RecordInput | None:
        """See ``InputEditor``."""
        record = self.record()
        return record if record.fields else None

    def wanted_height(self) -> int:
        """See ``InputEditor``: at most three lines of fields, then they scroll."""
        return HEAD_PIXELS + min(self._flow.heightForWidth(self._around.viewport().width()), MOST_PIXELS)

    def record(self) -> RecordInput:
        """What is filled in, also where that is nothing."""
        values = ((name, editor.value().strip()) for name, editor in self.editors.items())
        return RecordInput(tuple((name, value) for name, value in values if value))

    def put(self, given: RecordInput) -> None:
        """In place of what is there; fields that the model does not have are left out."""
        values = dict(given.fields)
        self._quiet = True
        for name, editor in self.editors.items():
            editor.set_value(values.get(name, "").strip())
        self._quiet = False
        self._start_anew(self.record())

    def show_prediction(self, prediction: PredictionResult) -> None:
        """See ``InputEditor``: beside what was said before the fields were edited."""
        asked = prediction.request.input
        if not isinstance(asked, RecordInput):
            return
        if self._before is None or asked == self._reference:
            self._reference, self._before = asked, prediction
        self._show_change(asked, prediction)

    def _show_change(self, asked: RecordInput, now: PredictionResult) -> None:
        edits = edits_in_words(self._reference, asked)
        there = bool(edits) and self._before is not None
        self._change.setVisible(there)
        self._back.setVisible(there)
        if self._before is not None and there:
            self._change.setText(f"{change_in_words(self._before, now)}: {edits}")

    def _start_anew(self, record: RecordInput) -> None:
        """What edits are told against."""
        self._reference, self._before = record, None
        self._change.hide()
        self._back.hide()

    def show_examples(self, examples: tuple[Example, ...]) -> None:
        """Of the open sample; none for other models."""
        self._examples = tuple(each for each in examples if each.record is not None)

    def show_recent(self, records: tuple[RecordInput, ...]) -> None:
        """Those that ran last."""
        self._recent = records

    # What the user does

    @Slot()
    def paste_row(self) -> None:
        """From the clipboard."""
        self._on_row(QGuiApplication.clipboard().text())

    @Slot(str)
    def _on_row(self, text: str) -> None:
        try:
            record = record_of_row(text, self._fields)
        except UserError as error:
            self.refused.emit(error.message)
            return
        self.record_pasted.emit(record)

    @Slot()
    def _on_back(self) -> None:
        self.back_wanted.emit(self._reference)

    @Slot()
    def _on_edited(self) -> None:
        if not self._quiet:
            self.edited.emit()

    @Slot()
    def _fill_menu(self) -> None:
        self._menu.clear()
        for example in self._examples:
            assert example.record is not None
            self._add(example.record, example.true, example.note)
        known = {field.name for field in self._fields}
        recent = [record for record in self._recent if {name for name, _ in record.fields} <= known]
        if recent:
            self._menu.addSection("Recent")
        for record in recent:
            self._add(record, None, "")
        if self._menu.isEmpty():
            self._menu.addAction("Records you run are listed here.").setEnabled(False)

    def _add(self, record: RecordInput, true: str | None, note: str) -> None:
        line = "  ".join(value for _, value in record.fields)
        shown = line if len(line) <= MENU_CHARACTERS else line[: MENU_CHARACTERS - 1] + "…"
        action = self._menu.addAction(shown.replace("&", "&&") + (f"\t{true}" if true else ""))
        action.setToolTip(note)
        action.setData((record, true))

    @Slot(QAction)
    def _on_example(self, action: QAction) -> None:
        record, true = action.data()
        self.example_chosen.emit(record, true)
