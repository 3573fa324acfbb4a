"""Gradient flow: how much of the score's gradient reaches each layer, token and step, and a sentence that reads the picture."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from engine.flow import GradientFlowResult, State, layers_in_words, steps_in_words
from engine.heatmaps.numerals import seconds
from engine.requests import Parameter
from gui.controls.rows import name_control
from gui.views.elided_label import ElidedLabel
from gui.views.flow_layers import LayerPicture
from gui.views.flow_steps import StepPicture
from gui.views.sheet import Sheet

EMPTY = "How much of the gradient reaches each layer and each token will be here.\nOpen a model and type a text."
WAITING = "Computing the gradient at every layer…"
_LAYERS, _STEPS = range(2)


class GradientFlowView(QFrame):
    """One way in: ``show_result``; words in place of the picture where there is none."""

    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("flowView")
        self.setAccessibleName("Gradient flow")
        self.setProperty("role", "sheet")
        self._result: GradientFlowResult | None = None
        self._title, self._sentence, self._warnings = ElidedLabel(parent=self), QLabel(self), QLabel(self)
        self._empty = QLabel(EMPTY, self)
        self.layers, self.steps = LayerPicture(self), StepPicture(self)
        self._views = self._switch((("Layers", "Every layer at every token."), ("Steps", "Every step of the recurrent layers.")))
        self._states = self._switch((("Hidden", "Hidden states."), ("Cell", "Cell states: the way past the gates.")))
        self.logarithmic = QToolButton(self)
        self._pictures, self._pages = QStackedWidget(self), QStackedWidget(self)
        self._lay_out()
        for picture in (self.layers, self.steps):
            picture.read_out_changed.connect(self.read_out_changed)
        for group in (self._views, self._states):
            group.idClicked.connect(self._on_switched)
        self.logarithmic.toggled.connect(self._on_switched)

    def _switch(self, parts: tuple[tuple[str, str], tuple[str, str]]) -> QButtonGroup:
        group = QButtonGroup(self)
        for place, (words, hint) in enumerate(parts):
            button = QToolButton(self)
            button.setText(words)
            button.setCheckable(True)
            button.setChecked(place == 0)
            button.setProperty("segment", ("first", "last")[place])
            name_control(button, f"flow{words.capitalize()}", words, hint)
            group.addButton(button, place)
        return group

    def _lay_out(self) -> None:
        self._title.setProperty("role", "title")
        self._sentence.setTextFormat(Qt.TextFormat.PlainText)
        self._warnings.setProperty("role", "warning")
        for label in (self._sentence, self._warnings, self._empty):
            label.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setProperty("role", "muted")
        self.logarithmic.setText("Log scale")
        self.logarithmic.setCheckable(True)
        self.logarithmic.setChecked(True)
        self.logarithmic.setProperty("role", "flat")
        name_control(self.logarithmic, "flowLog", "Log scale", "Equal steps are equal factors; off: from zero, in proportion.")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title, 1)
        head.addWidget(self.logarithmic)
        for group in (self._states, self._views):
            row = QHBoxLayout()
            row.setSpacing(0)
            for button in group.buttons():
                row.addWidget(button)
            head.addLayout(row)
        self._pictures.addWidget(self.layers)
        self._pictures.addWidget(self.steps)
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._sentence)
        column.addWidget(self._pictures, 1)
        column.addWidget(self._warnings)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(Sheet(page))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.addWidget(self._pages)

    # One way in

    def show_result(self, result: GradientFlowResult) -> None:
        """What was found, at the switches as they are."""
        self._result = result
        self._warnings.setText("\n".join(f"⚠ {notice.message}" for notice in result.warnings))
        self._warnings.setVisible(bool(result.warnings))
        recurrent = bool(result.recurrent)
        for button in self._views.buttons():
            button.setVisible(recurrent)
        if not recurrent:
            self._views.button(_LAYERS).setChecked(True)
        if not any(flow.cell_state is not None for flow in result.recurrent):
            self._states.button(0).setChecked(True)
        self._draw()
        self._pages.setCurrentIndex(1)

    def show_words(self, words: str) -> None:
        """In place of the picture: why there is none."""
        self._result = None
        self._empty.setText(words)
        self._pages.setCurrentIndex(0)
        self.read_out_changed.emit("")

    @property
    def result(self) -> GradientFlowResult | None:
        """On screen."""
        return self._result

    @property
    def shows_steps(self) -> bool:
        """Steps rather than layers."""
        return self._views.checkedId() == _STEPS

    def in_words(self) -> tuple[str, str]:
        """What the picture shows, and what is to be read from it."""
        return self._title.text(), self._sentence.text()

    def switches(self) -> tuple[tuple[str, Parameter], ...]:
        """As they stand."""
        return (
            ("steps", self.shows_steps),
            ("cell_state", self._states.checkedId() == 1),
            ("logarithmic", self.logarithmic.isChecked()),
        )

    def set_switches(self, wanted: dict[str, Parameter]) -> None:
        """As ``switches`` tells them; what is missing stays."""
        self._views.button(_STEPS if wanted.get("steps", self.shows_steps) is True else _LAYERS).setChecked(True)
        self._states.button(int(wanted.get("cell_state") is True)).setChecked(True)
        self.logarithmic.setChecked(wanted.get("logarithmic", self.logarithmic.isChecked()) is True)
        self._draw()

    def _draw(self) -> None:
        result = self._result
        if result is None:
            return
        by_step, logarithmic = self.shows_steps, self.logarithmic.isChecked()
        cells = any(flow.cell_state is not None for flow in result.recurrent)
        for button in self._states.buttons():
            button.setVisible(by_step and cells)
        state: State = "cell_state" if self._states.checkedId() == 1 else "hidden_state"
        if by_step:
            self.steps.show_result(result, state, logarithmic)
        else:
            self.layers.show_result(result, logarithmic)
        self._title.setText(f"Gradient of {_target_of(result)}, {'step by step' if by_step else 'layer by layer'}")
        self._sentence.setText(steps_in_words(result, state) if by_step else layers_in_words(result))
        self._sentence.setToolTip(f"One pass forwards and back, {seconds(result.cost.seconds)} on {result.cost.device.upper()}.")
        self.setAccessibleDescription(self._sentence.text())
        self._pictures.setCurrentIndex(_STEPS if by_step else _LAYERS)

    @Slot()
    def _on_switched(self) -> None:
        self._draw()


def _target_of(result: GradientFlowResult) -> str:
    target = result.target
    name = target.label if target.label is not None else f"output {target.index}"
    if target.versus_index is not None:
        name += f" versus {target.versus if target.versus is not None else f'output {target.versus_index}'}"
    return name
