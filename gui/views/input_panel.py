"""What is asked about, and Run: an editor for each kind of input, of which the open model's is shown."""

from PySide6.QtCore import QEvent, QTimer, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from engine.requests import Input, TextInput
from engine.results import InputKind, ModelInfo, PredictionResult
from gui.actions import Actions
from gui.controls.rows import caption_label, name_control
from gui.controls.text_editor import TextEditor
from gui.icons import icon
from gui.inputs.editor import InputEditor
from gui.inputs.picture import PictureEditor
from gui.inputs.record import RecordEditor
from gui.inputs.text import TextInputEditor

_AUTO: dict[InputKind, str] = {"text": "Run while typing", "image": "Run at once", "record": "Run while typing"}


class InputPanel(QWidget):
    """``edited``: by a person, whatever kind of input it is. The editors of other kinds keep what they hold."""

    edited = Signal()
    height_wanted = Signal(int)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stack = QStackedWidget(self)
        self.text, self.picture, self.record = TextInputEditor(self), PictureEditor(actions, self), RecordEditor(self)
        self._editors: dict[InputKind, InputEditor] = {each.kind: each for each in (self.text, self.picture, self.record)}
        self._hint = caption_label()
        self._hint.setObjectName("inputHint")
        self._hint.setWordWrap(False)
        self._build(actions)
        for each in self._editors.values():
            each.edited.connect(self.edited)
        self.record.run_wanted.connect(actions["run"].trigger)
        self._show_kind("text")

    def _build(self, actions: Actions) -> None:
        self._run = QPushButton("Run")
        self._run.setProperty("role", "primary")
        name_control(self._run, "runButton", "Run", "Explain the text with these settings (Ctrl+Enter).")
        self._auto = QCheckBox("Run while typing")
        name_control(self._auto, "autoRun", "Run while typing", "Run shortly after every change.")
        self._dress()
        self._bind(actions["run"], actions["auto_run"])
        head = QHBoxLayout()
        head.setSpacing(8)
        for each in self._editors.values():
            head.addWidget(each.tools)
            self._stack.addWidget(each)
        head.addWidget(self._hint, 1)
        head.addWidget(self._auto)
        head.addWidget(self._run)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._stack, 1)

    def _bind(self, run: QAction, auto: QAction) -> None:
        self._run_action, self._auto_action = run, auto
        self._run.clicked.connect(run.trigger)
        self._auto.clicked.connect(auto.trigger)
        run.changed.connect(self._on_action_changed)
        auto.changed.connect(self._on_action_changed)
        self._on_action_changed()

    @Slot()
    def _on_action_changed(self) -> None:
        self._run.setEnabled(self._run_action.isEnabled())
        self._run.setToolTip(self._run_action.toolTip())
        self._auto.setChecked(self._auto_action.isChecked())

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: new icons."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_auto"):
            self._dress()

    def _dress(self) -> None:
        self._run.setIcon(icon("play", "on_accent"))

    @property
    def current(self) -> InputEditor:
        """The editor of the open model's kind of input."""
        shown = self._stack.currentWidget()
        assert isinstance(shown, InputEditor)
        return shown

    @property
    def editor(self) -> TextEditor:
        """Where a text is typed."""
        return self.text.editor

    def show_model(self, model: ModelInfo) -> None:
        """The editor of what it reads."""
        before = self.current
        self._show_kind(model.input_kind)
        self.current.show_model(model)
        if self.current is not before or model.input_kind == "record":
            QTimer.singleShot(0, self, self._tell_height)  # once the panel has its width

    @Slot()
    def _tell_height(self) -> None:
        self.height_wanted.emit(self.current.wanted_height())

    def _show_kind(self, kind: InputKind) -> None:
        shown = self._editors.get(kind, self.text)
        for each in self._editors.values():
            each.tools.setVisible(each is shown)
            vertical = QSizePolicy.Policy.Expanding if each is shown else QSizePolicy.Policy.Ignored  # asks for no room
            each.setSizePolicy(QSizePolicy.Policy.Expanding, vertical)
        self._stack.setCurrentWidget(shown)
        self._auto.setText(_AUTO[shown.kind])
        self._auto.setAccessibleName(_AUTO[shown.kind])
        self.setFocusProxy(shown)

    def show_hint(self, words: str) -> None:
        """One short sentence beside the title, or nothing."""
        self._hint.setText(words)

    def show_prediction(self, prediction: PredictionResult) -> None:
        """How what is given was read."""
        self.current.show_prediction(prediction)

    def given(self) -> Input | None:
        """What is asked about; None: nothing is there."""
        return self.current.given()

    def input(self) -> TextInput:
        """The text as typed, whatever the model reads."""
        return self.text.input()
