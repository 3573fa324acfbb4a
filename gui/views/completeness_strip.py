"""Do the attributions add up? A sentence of arithmetic, and what to do when it does not."""

from html import escape

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.results import AttributionResult, BaselineInfo, Completeness, Cost
from gui import theme
from gui.heatmaps.numerals import aligned, figures, percent, seconds, whole_percent

CONFIDENT = 0.5  # of the way from chance to certainty, as the engine warns of it
REMEDIES = {"more_steps": "More steps", "use_logit": "Explain the logit", "other_baseline": "Other baseline"}
_PROMISE = (
    "Completeness: the attributions of all tokens add up to f(input) − f(baseline). "
    "What is missing is given as a share of Σ|values|, the sum of the magnitudes."
)
Part = tuple[str, str]  # words that stay together, and their role: text, muted, good, warning or error


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
        tag = f"{self._tag.text()} · " if self._tag.text() else ""
        return f"{tag}{_plain(sum_parts(self._result))} · {_plain(circumstances(self._result))}".replace("\u00a0", " ")

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
        self._circumstances.setMinimumHeight(30)  # a button's: nothing moves when one is needed
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


def progress_words(progress: float, stopped: bool) -> str:
    """The tag of an unfinished map; empty for a finished one."""
    if progress >= 1:
        return ""
    return f"stopped at {whole_percent(progress)}" if stopped else whole_percent(progress)


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


def sum_parts(result: AttributionResult) -> list[Part]:
    """The first line: the sum, or that none is promised."""
    if result.completeness is not None:
        return _arithmetic(result.completeness, partial=result.progress < 1)
    if result.method.complete:
        return [("Whether the attributions add up is known once all steps are done", "muted")]
    return [(f"{result.method.label} makes no promise about the sum", "text")]


def _arithmetic(sums: Completeness, *, partial: bool) -> list[Part]:
    outcome = sums.f_input - sums.f_baseline
    f_input, f_baseline, difference, total = aligned([sums.f_input, sums.f_baseline, outcome, sums.sum], outcome)
    parts = [
        (f"f(input) {f_input} − f(baseline) {f_baseline} = {difference}", "text"),
        (f"attributions sum to {total}", "text"),
    ]
    off = f"off by {percent(sums.relative_delta)} of Σ|values|"
    if partial:
        return [*parts, (off, "muted")]
    return [*parts, (f"{off} ✓", "good") if sums.converged else (f"{off} ✗ not converged", "error")]


def circumstances(result: AttributionResult) -> list[Part]:
    """The second line: what the model says of the baseline, and what the map cost."""
    baselines = _baselines(result) if result.method.uses_baseline else []
    return [*baselines, *_cost(result.cost)]


def _baselines(result: AttributionResult) -> list[Part]:
    chance = 1 / max(len(result.model.labels), 2)
    confident = chance + CONFIDENT * (1 - chance)
    return [_baseline(baseline, confident) for baseline in result.baselines]


def _baseline(baseline: BaselineInfo, confident: float) -> Part:
    if not baseline.prediction:
        return f"baseline {baseline.id}", "muted"
    top = baseline.prediction[0]
    if top.probability is None or top.label is None:
        return f"on the {baseline.id} baseline the model says {figures(top.logit)}", "muted"
    words = f"on the {baseline.id} baseline: {top.label} {figures(top.probability)}"
    if top.probability < confident:
        return words, "muted"
    return f"{words} ⚠ confident", "warning"


def _cost(cost: Cost) -> list[Part]:
    passes = cost.forward + cost.backward
    counted = f"{cost.forward} forward + {cost.backward} backward passes" if cost.backward else f"{passes} passes"
    return [("1 pass" if passes == 1 else counted, "muted"), (seconds(cost.seconds), "muted"), (cost.device, "muted")]


def _plain(parts: list[Part]) -> str:
    return " · ".join(words for words, _ in parts)


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
