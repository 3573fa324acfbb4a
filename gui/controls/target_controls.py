"""Which scalar of the model is explained: target, versus, the true label, the unit, the position."""

from dataclasses import replace
from typing import get_args

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QPushButton, QSpinBox, QVBoxLayout, QWidget

from engine.heatmaps.token_names import visible
from engine.requests import ScoreUnit, Target
from engine.results import ClassPrediction, ModelInfo, PredictionResult
from gui.choices import PREDICTED, TRUE, choices_for
from gui.controls.rows import add_row, caption_label, form_layout, name_control, pad_spin_box, small_combo
from gui.controls.unit_controls import LAST, UnitControls
from gui.controls.wheel_guard import WheelGuard

UNITS: tuple[ScoreUnit, ...] = get_args(ScoreUnit)
INSIDE = "unit"  # the item that stands for whatever the unit controls say


class TargetControls(QWidget):
    """Remembers what was wished for, also while a model without that class is open."""

    changed = Signal()
    true_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels: tuple[str, ...] = ()
        self._spelling: tuple[str, ...] = ()
        self._predicted: ClassPrediction | None = None
        self._regression, self._uses_target = False, True
        self._build()
        self._connect()
        self._fill()

    def _build(self) -> None:
        guard = WheelGuard(self)
        self._target, self._versus, self._true, self._score = (small_combo(self) for _ in range(4))
        self._unit = UnitControls(self)
        self._position = QSpinBox(self)
        self._position.setRange(LAST, 10_000_000)
        self._position.setSpecialValueText("after the last")
        self._position.setKeyboardTracking(False)
        pad_spin_box(self._position)
        self._suggestion = QPushButton("Explain predicted versus true", self)
        self._suggestion.setProperty("role", "link")
        self._note = caption_label()
        self._note.setObjectName("targetNote")
        self._note.hide()
        for unit in UNITS:
            self._score.addItem(unit.replace("_", " "), unit)
        for control, words in (
            (self._target, ("targetBox", "Target", "The output whose score is explained.")),
            (self._versus, ("versusBox", "Versus", "A second output: what is explained is the difference of the two scores.")),
            (self._true, ("trueBox", "True label", "What the text really is, where you know it.")),
            (self._score, ("scoreBox", "Score", "The unit of the score, and so of every number in the map.")),
            (self._position, ("positionBox", "Position", "Language models: the token after which the next one is asked.")),
            (
                self._suggestion,
                ("suggestTrue", "Predicted versus true", "The difference of two scores: a shift common to all cancels."),
            ),
        ):
            name_control(control, *words)
            control.installEventFilter(guard)
        form = form_layout()
        add_row(form, "Target", self._target)
        form.addRow(self._unit)
        form.addRow("", self._note)
        for title, control in (("Versus", self._versus), ("True label", self._true), ("Score", self._score)):
            add_row(form, title, control)
        self._position_label = add_row(form, "Position", self._position)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(form)
        column.addWidget(self._suggestion, 0, Qt.AlignmentFlag.AlignRight)
        keeps_its_place = self._suggestion.sizePolicy()
        keeps_its_place.setRetainSizeWhenHidden(True)
        self._suggestion.setSizePolicy(keeps_its_place)
        self._suggestion.hide()

    def _connect(self) -> None:
        self._target.currentIndexChanged.connect(self._on_target_changed)
        self._unit.changed.connect(self._on_changed)
        self._versus.currentIndexChanged.connect(self._on_changed)
        self._score.currentIndexChanged.connect(self._on_changed)
        self._true.currentIndexChanged.connect(self._on_true_changed)
        self._target.editTextChanged.connect(self._on_changed)
        self._versus.editTextChanged.connect(self._on_changed)
        self._position.valueChanged.connect(self._on_changed)
        self._suggestion.clicked.connect(self.explain_predicted_versus_true)

    def show_model(self, model: ModelInfo) -> None:
        """Offer the outputs of ``model``; what was chosen stays where it is one of them."""
        before = self.target()
        speaks = model.task in ("causal_lm", "masked_lm", "seq2seq_lm")
        if speaks and self._labels:  # the classes of the model before are no tokens of this one
            inside = before.choice if before.choice.startswith("unit:") else PREDICTED
            before = replace(before, choice=inside, versus=None)
        self._labels, self._predicted = model.labels, None
        self._spelling = choices_for(model.labels)
        self._set_editable(speaks)
        for shown in (self._position, self._position_label):
            shown.setVisible(speaks)
        self._regression = model.problem_type == "regression"
        self._unit.show_layers(model.layers)
        self._fill()
        self.set_target(before)
        self._true.setEnabled(bool(self._labels))
        self._enable()

    def show_uses_target(self, uses: bool) -> None:
        """Grey the rows for methods whose answer is the same for every target."""
        self._uses_target = uses
        self._enable()

    def show_note(self, words: str) -> None:
        """What the view in sight has to do with the target; empty: nothing to say."""
        self._note.setText(words)
        self._note.setVisible(bool(words))

    def _enable(self) -> None:
        """A unit's activation is explained as it is, and a regressed value has no probability."""
        inside, speaks = self._is_unit, self._target.isEditable()
        self._target.setEnabled(self._uses_target and (bool(self._labels) or speaks or self._unit.any))
        self._unit.setVisible(inside)
        self._unit.setEnabled(self._uses_target)
        self._versus.setEnabled(self._uses_target and not inside and (len(self._labels) > 1 or speaks))
        self._score.setEnabled(not inside and not self._regression)

    @property
    def _is_unit(self) -> bool:
        return bool(self._target.currentData() == INSIDE and not self._typed(self._target))

    def show_prediction(self, result: PredictionResult) -> None:
        """Name the predicted class in the box."""
        self._predicted = result.predicted
        self._target.setItemText(0, self._predicted_words())
        _show_beginning(self._target)
        self._suggest()

    def target(self) -> Target:
        """What is on screen."""
        position = self._position.value() if not self._position.isHidden() and self._position.value() != LAST else None
        true = self._true.currentData()
        choice = self._choice(self._target) or PREDICTED
        if choice == TRUE and true is None:
            choice = PREDICTED
        if self._is_unit:
            return Target(self._unit.choice(), true)
        return Target(
            choice, true, self._choice(self._versus), "logit" if self._regression else self._score.currentData(), position
        )

    def target_of(self, true: str | None, versus: str | None) -> Target:
        """What ``target`` is once another text is on the desk, by its true label; see ``MethodPanel.explain_versus``."""
        now, spelled = self.target(), self.spelling(true)
        choice = PREDICTED if now.choice == TRUE and spelled is None else now.choice
        against = versus if choice == PREDICTED and now.versus in (None, TRUE, now.true) else now.versus
        return replace(now, choice=choice, true=spelled, versus=None if against == TRUE and spelled is None else against)

    def set_target(self, wanted: Target) -> None:
        """Silently; what this model does not have falls back to ``predicted`` and none."""
        self._silence(True)
        self._select(self._true, wanted.true)
        self._offer_true()
        self._select(self._target, wanted.choice)
        self._select(self._versus, wanted.versus)
        self._select(self._score, wanted.score)
        self._position.setValue(LAST if wanted.position is None else wanted.position)
        self._silence(False)
        self._enable()
        self._suggest()

    def true_label(self) -> str | None:
        """The label itself, as the model names it."""
        true = self._true.currentData()
        return None if true is None else self._labels[self._spelling.index(true)]

    def spelling(self, label: str | None) -> str | None:
        """How a label is spelled in a target; None where this model has none of that name."""
        if label is None or label not in self._labels or label in self._spelling:
            return label if label in self._spelling else None
        return self._spelling[self._labels.index(label)]

    @Slot()
    def explain_predicted_versus_true(self) -> None:
        """The question to ask of a wrong answer."""
        self._silence(True)
        self._select(self._target, PREDICTED)
        self._select(self._versus, TRUE)
        self._silence(False)
        self._on_changed()

    def swap(self) -> None:
        """A versus B becomes B versus A."""
        target = self.target()
        if target.versus is None:
            return
        choice = target.choice
        if choice == PREDICTED and self._predicted is not None:
            choice = self._spelling_of(self._predicted)
        self._silence(True)
        self._select(self._target, target.versus)
        self._select(self._versus, choice)
        self._silence(False)
        self._on_changed()

    @property
    def is_wrong(self) -> bool:
        """Whether the true label is known and the model says another."""
        true = self._true.currentData()
        return true is not None and self._predicted is not None and true != self._spelling_of(self._predicted)

    @Slot()
    def _on_target_changed(self) -> None:
        self._enable()
        self._on_changed()

    @Slot()
    def _on_changed(self) -> None:
        self._suggest()
        self.changed.emit()

    @Slot()
    def _on_true_changed(self) -> None:
        target = self.target()
        self._silence(True)
        self._offer_true()
        self._select(self._target, target.choice)
        self._select(self._versus, target.versus)
        self._silence(False)
        self._suggest()
        self.true_changed.emit(self._true.currentData() or "")
        self.changed.emit()

    def _fill(self) -> None:
        self._silence(True)
        for box in (self._target, self._versus, self._true):
            box.clear()
        self._target.addItem(self._predicted_words(), PREDICTED)
        self._versus.addItem("none", None)
        self._true.addItem("not known", None)
        for box in (self._target, self._versus, self._true):
            for label, spelling in zip(self._labels, self._spelling, strict=True):
                box.addItem(visible(label) or "(no name)", spelling)
        if self._unit.any:
            self._target.addItem("a unit inside…", INSIDE)
        self._silence(False)

    def _offer_true(self) -> None:
        """``true`` is a choice of target and versus only while it is known."""
        for box in (self._target, self._versus):
            at = box.findData(TRUE)
            if self._true.currentData() is None:
                if at >= 0:
                    box.removeItem(at)
            else:
                words = f"true ({self._true.currentText()})"
                if at >= 0:
                    box.setItemText(at, words)
                else:
                    box.insertItem(1, words, TRUE)

    def _suggest(self) -> None:
        target = self.target()
        asked = target.choice == PREDICTED and target.versus in (TRUE, target.true)
        self._suggestion.setVisible(self.is_wrong and not asked and self._target.isEnabled())

    def _predicted_words(self) -> str:
        if self._predicted is None or self._predicted.label is None:
            return "predicted"
        return f"predicted ({visible(self._predicted.label)})"

    def _spelling_of(self, predicted: ClassPrediction) -> str:
        return self._spelling[predicted.index] if predicted.index < len(self._spelling) else f"index:{predicted.index}"

    def _set_editable(self, speaks: bool) -> None:
        for box in (self._target, self._versus):
            box.setEditable(speaks)
            line = box.lineEdit()
            if speaks and line is not None:
                line.setPlaceholderText("a token's text")

    def _choice(self, box: QComboBox) -> str | None:
        """An item's meaning; in a language model's box what was typed, if it is no item."""
        if self._typed(box):
            return box.currentText() or None
        data = box.currentData()
        return None if data is None else str(data)

    @staticmethod
    def _typed(box: QComboBox) -> bool:
        return box.isEditable() and box.currentText() != box.itemText(box.currentIndex())

    def _select(self, box: QComboBox, wanted: str | None) -> None:
        if wanted is not None and box is self._target and self._unit.knows(wanted):
            self._unit.set_choice(wanted)
            wanted = INSIDE
        at = box.findData(self._known(wanted)) if wanted is not None else 0
        if at < 0 and box.isEditable() and wanted:
            box.setEditText(wanted)
        else:
            box.setCurrentIndex(max(0, at))
        _show_beginning(box)

    def _known(self, wanted: str) -> str:
        """``wanted`` as the boxes spell it: other ways to name an output are ``index:N`` and the bare label."""
        if wanted.removeprefix("index:").isdecimal() and wanted.startswith("index:"):
            index = int(wanted.removeprefix("index:"))
            return self._spelling[index] if index < len(self._spelling) else wanted
        return self.spelling(wanted) or wanted

    def _silence(self, quiet: bool) -> None:
        for control in (self._target, self._versus, self._true, self._score, self._position):
            control.blockSignals(quiet)


def _show_beginning(box: QComboBox) -> None:
    """What does not fit is cut at its end."""
    line = box.lineEdit()
    if line is not None and not line.hasFocus():
        line.setCursorPosition(0)
