"""Do the attributions add up? A sentence of arithmetic, and what to do when it does not."""

from html import escape

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.heatmaps.wording import Part, circumstances, completeness_words, progress_words, sum_parts
from engine.results import AttributionResult
from gui import theme

REMEDIES = {"more_steps": "More steps", "use_logit": "Explain the logit", "other_baseline": "Other baseline"}
_BUTTON_HEIGHT = 30
_PROMISE = (
    "Completeness: the attributions of all tokens or pixels add up to f(input) − f(baseline). "
    "What is missing is given as a share of Σ|values|, the sum of the magnitudes. "
    "Conservation (LRP): they add up to f(input) itself, as far as no bias or position has a share."
)


class CompletenessStrip(QWidget):
    """Two lines that can be selected and copied, and remedies beside them when the sum is off."""

    remedy_chosen = Signal(str)  # a key of REMEDIES

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("completenessStrip")
        self._result: AttributionResult | None = None
        self._stopped = False
        self._sum, self._circumstances = self._line("completenessSum"), self._line("completenessCost")
        self._sum.setToolTip(_PROMISE)
        self._tag = QLabel(self)
        self._tag.setProperty("role", "tag")
        self._buttons = {name: self._button(name, label) for name, label in REMEDIES.items()}
        self._lay_out()
        self.clear()

    def show_result(self, result: AttributionResult) -> None:
        """A partial one too: it says so."""
        self._result, self._stopped = result, False
        self._fill()

    def show_stopped(self) -> None:
        """What is shown will not be finished."""
        self._stopped = self._result is not None and self._result.progress < 1
        self._fill()

    def clear(self) -> None:
        """Nothing computed; the height stays."""
        self._result, self._stopped = None, False
        self._fill()

    def text(self) -> str:
        """All that it says, without colours."""
        if self._result is None:
            return ""
        return completeness_words(self._result, self._stopped)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS and hasattr(self, "_buttons"):
            self._fill()

    def _line(self, name: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setFont(theme.numbers_font())
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.RichText)
        label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        label.setMinimumWidth(200)
        return label

    def _button(self, name: str, label: str) -> QPushButton:
        button = QPushButton(label, self)
        button.setObjectName(f"remedy_{name}")
        button.setProperty("remedy", name)
        button.clicked.connect(self._on_remedy)
        return button

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second):
            row.setSpacing(8)
        first.addWidget(self._sum, 1)
        first.addWidget(self._tag, 0, Qt.AlignmentFlag.AlignTop)
        second.addWidget(self._circumstances, 1)
        for button in self._buttons.values():
            second.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(first)
        column.addLayout(second)
        self._sum.setMinimumHeight(20)
        for button in self._buttons.values():
            button.setFixedHeight(_BUTTON_HEIGHT)
        self._circumstances.setMinimumHeight(_BUTTON_HEIGHT)  # nothing moves when a button is needed
        self._circumstances.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)

    @Slot()
    def _on_remedy(self) -> None:
        self.remedy_chosen.emit(str(self.sender().property("remedy")))

    def _fill(self) -> None:
        result = self._result
        self._sum.setText(_rich(sum_parts(result)) if result else "")
        self._circumstances.setText(_rich(circumstances(result)) if result else "")
        self._tag.setText(progress_words(result.progress, self._stopped) if result else "")
        self._tag.setVisible(bool(self._tag.text()))
        offered = remedies(result) if result else ()
        for name, button in self._buttons.items():
            button.setVisible(name in offered)
        self.setAccessibleName("Completeness")
        self.setAccessibleDescription(self.text())


def remedies(result: AttributionResult) -> tuple[str, ...]:
    """What may help against a sum that is off: keys of REMEDIES."""
    if result.completeness is None or result.completeness.converged or result.progress < 1:
        return ()
    helps = {
        "more_steps": any(name == "n_steps" for name, _ in result.parameters),
        "use_logit": result.target.score != "logit",
        "other_baseline": result.method.uses_baseline,
    }
    return tuple(name for name, does in helps.items() if does)


def _rich(parts: list[Part]) -> str:
    """Lines break at the dots, and within a part only where it alone is longer than a line."""
    colours = theme.current()
    written = []
    for words, role in parts:
        colour: QColor = getattr(colours, role)
        kept = escape(words).replace(" ", "&nbsp;") if len(words) < 48 else escape(words)
        written.append(f'<span style="color:{colour.name()}">{kept}</span>')
    dot = f' <span style="color:{colours.muted.name()}">·</span> '
    return dot.join(written)
