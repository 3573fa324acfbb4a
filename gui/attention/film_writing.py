"""How a text is gone on with: how many tokens, by what rule each is chosen, and by which training checkpoint."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QPoint, QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.heatmaps.numerals import figures
from engine.requests import Generation
from gui.controls.rows import add_row, form_layout, name_control, pad_spin_box
from gui.controls.segments import Segments
from gui.controls.wheel_guard import WheelGuard
from gui.theme import RESOURCES

TOKENS, MOST_TOKENS = 40, 400
TEMPERATURE, HOTTEST = 0.8, 5.0
MOST_TOP_K = 100_000
GREEDY, SAMPLE = "greedy", "sample"
_HOW = (
    (GREEDY, "Greedy", "The likeliest token each time."),
    (SAMPLE, "Sample", "Drawn by the probabilities, after temperature."),
)
_TOKENS_PIXELS, _HOW_PIXELS, _CHECKPOINT_PIXELS = 104, 96, 110


class SamplingPanel(QFrame):
    """Unfolds below its button; what is greedy has nothing to set. Setters are silent."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("filmSampling")
        self.setProperty("role", "card")
        self.how = Segments("filmHow", _HOW)
        self.temperature, self.top_p = QDoubleSpinBox(), QDoubleSpinBox()
        self.top_k, self.seed = QSpinBox(), QSpinBox()
        self._build()
        self.how.chosen.connect(self._on_how)
        for control in (self.temperature, self.top_p, self.top_k, self.seed):
            control.valueChanged.connect(self.changed)
        self.show_generation(Generation())

    def _build(self) -> None:
        name_control(self.temperature, "filmTemperature", "Temperature", "Below 1: bolder; above: more varied.")
        name_control(self.top_k, "filmTopK", "Top k", "Only among so many likeliest tokens.")
        name_control(self.top_p, "filmTopP", "Top p", "Only among the fewest tokens that hold this much of the probability.")
        name_control(self.seed, "filmSeed", "Seed", "The same seed draws the same numbers.")
        self.temperature.setRange(0.05, HOTTEST)
        self.temperature.setSingleStep(0.1)
        self.top_k.setRange(0, MOST_TOP_K)
        self.top_k.setSpecialValueText("all")
        self.top_p.setRange(0.01, 1.0)
        self.top_p.setSingleStep(0.05)
        self.seed.setRange(0, 2**31 - 1)
        form = form_layout()
        for title, control in (
            ("Temperature", self.temperature),
            ("Top k", self.top_k),
            ("Top p", self.top_p),
            ("Seed", self.seed),
        ):
            pad_spin_box(control)
            control.setKeyboardTracking(False)
            control.installEventFilter(WheelGuard(self))
            add_row(form, title, control)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addWidget(self.how, 0, Qt.AlignmentFlag.AlignLeft)
        column.addLayout(form)

    def show_generation(self, generation: Generation) -> None:
        """What is greedy leaves the numbers of before."""
        sampled = generation.temperature is not None
        self.how.choose(SAMPLE if sampled else GREEDY)
        blocked = [QSignalBlocker(control) for control in (self.temperature, self.top_k, self.top_p, self.seed)]
        self.temperature.setValue(generation.temperature or self.temperature.value() if sampled else TEMPERATURE)
        self.top_k.setValue(generation.top_k or 0)
        self.top_p.setValue(generation.top_p or 1.0)
        self.seed.setValue(generation.seed)
        del blocked
        self._enable()

    def generation(self, tokens: int, checkpoint: str | None) -> Generation:
        """What cannot change the answer is left as it usually is."""
        asked = Generation(tokens=tokens, checkpoint=checkpoint)
        if self.how.current == GREEDY:
            return asked
        return replace(
            asked,
            temperature=round(self.temperature.value(), 2),
            top_k=self.top_k.value() or None,
            top_p=round(self.top_p.value(), 2) if self.top_p.value() < 1 else None,
            seed=self.seed.value(),
        )

    def in_words(self) -> str:
        """On the button."""
        return "Greedy" if self.how.current == GREEDY else f"T {figures(self.temperature.value(), 2)}"

    def _enable(self) -> None:
        for control in (self.temperature, self.top_k, self.top_p, self.seed):
            control.setEnabled(self.how.current == SAMPLE)

    @Slot()
    def _on_how(self) -> None:
        self._enable()
        self.changed.emit()


class WritingControls(QWidget):
    """Setters are silent."""

    changed = Signal()
    write_chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tokens, self.how, self.write = QSpinBox(self), QToolButton(self), QPushButton("Write", self)
        self.checkpoint, self._named = QSlider(Qt.Orientation.Horizontal, self), QLabel(self)
        self.sampling = SamplingPanel(self)
        self._checkpoints: tuple[str, ...] = ()
        self._current: str | None = None  # None: the last
        self._build()
        self.tokens.valueChanged.connect(self.changed)
        self.how.clicked.connect(self._on_how)
        self.sampling.changed.connect(self._on_sampling)
        self.checkpoint.valueChanged.connect(self._on_checkpoint)
        self.write.clicked.connect(self.write_chosen)
        self._say()

    def _build(self) -> None:
        name_control(self.tokens, "filmTokens", "Tokens to write", "How many tokens are written after the text.")
        name_control(self.how, "filmHow", "How tokens are chosen", "Greedy, or drawn: temperature, top k, top p, seed.")
        name_control(self.checkpoint, "filmCheckpoint", "Training checkpoint", "The same text, written by an earlier model.")
        name_control(self.write, "filmWrite", "Write", "Write the text on with these settings.")
        self._named.setObjectName("filmCheckpointName")
        self.tokens.setRange(1, MOST_TOKENS)
        self.tokens.setValue(TOKENS)
        self.tokens.setSuffix(" tokens")
        self.tokens.setKeyboardTracking(False)
        self.tokens.installEventFilter(WheelGuard(self))
        pad_spin_box(self.tokens)
        self.tokens.setMinimumWidth(0)
        self.tokens.setFixedWidth(_TOKENS_PIXELS)
        self.how.setMinimumWidth(_HOW_PIXELS)
        self.how.setIcon(QIcon(str(RESOURCES / "glyphs" / "chevron-down.svg")))
        self.how.setIconSize(QSize(12, 12))
        self.how.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.how.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow stands behind the words
        self.checkpoint.setFixedWidth(_CHECKPOINT_PIXELS)
        self.checkpoint.setPageStep(1)
        self.checkpoint.installEventFilter(WheelGuard(self))
        self.write.setProperty("role", "primary")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addStretch(1)
        for control in (self.checkpoint, self._named, self.tokens, self.how, self.write):
            row.addWidget(control)
        for sometimes in (self.checkpoint, self._named, self.write):
            sometimes.hide()

    @property
    def generation(self) -> Generation:
        """As it is set; nothing is forced."""
        return self.sampling.generation(self.tokens.value(), self._current)

    def show_generation(self, generation: Generation) -> None:
        """As it was asked elsewhere."""
        blocked = QSignalBlocker(self.tokens)
        self.tokens.setValue(generation.tokens or TOKENS)
        del blocked
        self.sampling.show_generation(generation)
        self._current = generation.checkpoint
        self._show_checkpoint()

    def show_checkpoints(self, names: Sequence[str]) -> None:
        """The first first; empty: there is no choice."""
        self._checkpoints = tuple(names)
        if self._current not in self._checkpoints[:-1]:
            self._current = None
        self._show_checkpoint()
        for control in (self.checkpoint, self._named):
            control.setVisible(len(names) > 1)

    def _show_checkpoint(self) -> None:
        blocked = QSignalBlocker(self.checkpoint)
        last = max(len(self._checkpoints) - 1, 0)
        self.checkpoint.setRange(0, last)
        self.checkpoint.setValue(self._checkpoints.index(self._current) if self._current in self._checkpoints else last)
        del blocked
        self._say()

    def show_due(self, due: bool) -> None:
        """Whether what is set is not yet what is shown, and nothing is on its way."""
        self.write.setVisible(due)

    def _say(self) -> None:
        at = self.checkpoint.value()
        self._named.setText(self._checkpoints[at] if at < len(self._checkpoints) else "")
        longest = max(self._checkpoints, key=len, default="")
        self._named.setMinimumWidth(self._named.fontMetrics().horizontalAdvance(longest))
        self.how.setText(self.sampling.in_words())

    @Slot()
    def _on_how(self) -> None:
        panel = self.sampling
        panel.adjustSize()
        panel.move(self.how.mapToGlobal(QPoint(self.how.width() - panel.width(), self.how.height() + 4)))
        panel.show()
        panel.how.setFocus()

    @Slot()
    def _on_sampling(self) -> None:
        self._say()
        self.changed.emit()

    @Slot()
    def _on_checkpoint(self) -> None:
        at = self.checkpoint.value()
        self._current = self._checkpoints[at] if at < len(self._checkpoints) - 1 else None
        self._say()
        self.changed.emit()
