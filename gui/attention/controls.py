"""Which map: stack, layer, head, quantity, and whether sinks count."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QSizePolicy, QWidget

from engine.attention_maps import AttentionResult
from engine.heatmaps.numerals import percent
from gui.attention.choice import OF_ALL_HEADS, Choice
from gui.attention.words import MERGED, QUANTITIES, SHORT, STACKS, has_target
from gui.controls.rows import name_control, pad_spin_box
from gui.controls.wheel_guard import WheelGuard

_SINKS = "Special tokens, the first token and padding get nothing, and the rest of each row sums to 1."
_RESIDUAL = "The share of each layer that goes past attention."


class HeadControls(QWidget):
    """Setters are silent."""

    changed = Signal(object)  # Choice

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choice, self._has_target, self._weights_alone = Choice(), False, False
        self.stack, self.layer, self.head, self.quantity = (QComboBox(self) for _ in range(4))
        self.residual, self.sinks = QDoubleSpinBox(self), QCheckBox("Without sinks", self)
        self._labels = {box: QLabel(words, self) for box, words in ((self.layer, "Layer"), (self.head, "Head"))}
        self._build()
        for box in (self.stack, self.layer, self.head, self.quantity):
            box.activated.connect(self._on_changed)
        self.residual.valueChanged.connect(self._on_changed)
        self.sinks.toggled.connect(self._on_changed)

    def _build(self) -> None:
        for control, names in (
            (self.stack, ("attentionStack", "Stack", "Which attention of the encoder-decoder.")),
            (self.layer, ("attentionLayer", "Layer", "Counted from 0.")),
            (self.head, ("attentionHead", "Head", "Counted from 0; or all heads of the layer merged.")),
            (self.quantity, ("attentionQuantity", "Quantity", "What a number of the map is.")),
            (self.residual, ("rolloutResidual", "Residual", _RESIDUAL)),
            (self.sinks, ("withoutSinks", "Without sinks", _SINKS)),
        ):
            name_control(control, *names)
            control.installEventFilter(WheelGuard(self))
        for box in (self.stack, self.layer, self.head, self.quantity):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        for quantity, (label, words) in QUANTITIES.items():
            self.quantity.addItem(label, quantity)
            self.quantity.setItemData(self.quantity.count() - 1, words, Qt.ItemDataRole.ToolTipRole)
        self.residual.setRange(0.0, 1.0)
        self.residual.setSingleStep(0.1)
        self.residual.setKeyboardTracking(False)
        self.residual.setPrefix("residual ")
        pad_spin_box(self.residual)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.stack)
        for box, title in self._labels.items():
            title.setBuddy(box)
            title.setProperty("role", "muted")
            row.addWidget(title)
            row.addWidget(box)
        row.addWidget(self.quantity)
        row.addWidget(self.residual)
        row.addSpacing(4)
        row.addWidget(self.sinks)
        row.addStretch(1)
        for sometimes in (self.stack, self.residual):
            sometimes.hide()

    def show_result(self, result: AttentionResult, choice: Choice) -> None:
        """Offer what it has."""
        self._has_target = has_target(result.model)
        self.stack.setVisible(len(result.stacks) > 1)
        _fill(self.stack, [(STACKS[each.name][0], each.name) for each in result.stacks])
        stack = result.stack(choice.stack)
        _fill(self.layer, [(str(at), at) for at in range(stack.layers)])
        merged = [(SHORT[name], name) for name in MERGED]
        _fill(self.head, [*((str(at), at) for at in range(stack.heads)), *merged])
        self.show_choice(choice)

    def show_choice(self, choice: Choice) -> None:
        """As chosen elsewhere."""
        self._choice = choice
        for box, value in ((self.stack, choice.stack), (self.layer, choice.layer), (self.head, choice.head)):
            box.setCurrentIndex(box.findData(value))
        self.quantity.setCurrentIndex(self.quantity.findData(choice.quantity))
        for at, quantity in enumerate(QUANTITIES):
            through = choice.stack != "cross" or quantity not in OF_ALL_HEADS
            self._offer(at, through and (quantity != "relevance" or self._has_target))
        self.quantity.setToolTip(QUANTITIES[choice.quantity][1])
        for control in (self.residual, self.sinks):
            control.blockSignals(True)
        self.residual.setValue(choice.residual)
        self.residual.setToolTip(f"{_RESIDUAL} Now {percent(choice.residual)}.")
        self.sinks.setChecked(choice.without_sinks)
        for control in (self.residual, self.sinks):
            control.blockSignals(False)
        rolled = choice.quantity == "rollout" and not self._weights_alone
        of_one = choice.quantity not in OF_ALL_HEADS or self._weights_alone
        shown: dict[QWidget, bool] = {self.residual: rolled, self.head: of_one, self._labels[self.head]: of_one}
        shown[self.quantity] = not self._weights_alone
        for each in sorted(shown, key=shown.__getitem__):  # first what goes: at no time is the row wider than it must be
            each.setVisible(shown[each])

    def show_weights_alone(self, alone: bool) -> None:
        """A page that knows no other quantity offers none."""
        self._weights_alone = alone
        self.show_choice(self._choice)

    def _offer(self, at: int, on: bool) -> None:
        items = self.quantity.model()
        if isinstance(items, QStandardItemModel):
            items.item(at).setEnabled(on)

    @Slot()
    def _on_changed(self) -> None:
        chosen = replace(
            self._choice,
            stack=self.stack.currentData(),
            layer=self.layer.currentData(),
            head=self.head.currentData(),
            quantity=self.quantity.currentData(),
            without_sinks=self.sinks.isChecked(),
            residual=self.residual.value(),
        )
        if chosen != self._choice:
            self.changed.emit(chosen)


def _fill(box: QComboBox, items: list[tuple[str, object]]) -> None:
    """Only where they are others."""
    if [box.itemData(at) for at in range(box.count())] != [data for _, data in items]:
        box.clear()
        for words, data in items:
            box.addItem(words, data)
