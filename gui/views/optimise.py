"""A text made to order: what to ask for, the best text so far, its tokens, and how the score rose."""

from dataclasses import dataclass
from typing import get_args

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from engine.heatmaps.numerals import figures, percent
from engine.heatmaps.wording import progress_words
from engine.requests import OptimisationMode, OptimisationRequest
from engine.results import FoundText, TextOptimisationResult
from gui import theme
from gui.controls.rows import caption_label, name_control, pad_spin_box
from gui.controls.wheel_guard import WheelGuard
from gui.views.elided_label import ElidedLabel
from gui.views.near_tokens import NearTokens
from gui.views.optimise_curve import OptimiseCurve
from gui.views.sheet import Sheet

MODES: dict[OptimisationMode, str] = {"embeddings": "embeddings", "tokens": "real tokens"}
START_PIXELS, COMBO_PIXELS, SPIN_PIXELS = 104, 120, 68
STARTS = ("random tokens", "the text above")
MOST_TOKENS, MOST_STEPS = 512, 100_000
_EMPTY = (
    "Which text would make this target as high as it can be? Start looks for one: the text so far, "
    "the real tokens nearest to every position, and how the score rises stand here while it goes on."
)
assert set(MODES) == set(get_args(OptimisationMode))


@dataclass(frozen=True, slots=True)
class OptimiseSettings:
    """What the controls hold."""

    mode: OptimisationMode
    from_text: bool
    tokens: int
    steps: int
    seed: int


class OptimiseView(Sheet):
    """Setters are silent."""

    start_chosen = Signal()
    stop_chosen = Signal()
    text_chosen = Signal(object)  # TextInput: to the desk
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        self.page = QWidget()
        super().__init__(self.page, parent, bordered=True)
        self._result: TextOptimisationResult | None = None
        self._towards, self._tag, self._best_title = ElidedLabel(), QLabel(), QLabel()
        self._start, self._stop = QPushButton("Start"), QPushButton("Stop")
        self._mode, self._from = QComboBox(), QComboBox()
        self._tokens, self._steps, self._seed = QSpinBox(), QSpinBox(), QSpinBox()
        self._text, self._numbers, self._notes = QLabel(), QLabel(), QLabel()
        self._put = QPushButton("Put this text on the desk")
        self._near, self._curve = NearTokens(), OptimiseCurve()
        self._message = QLabel(_EMPTY)
        self._stack, self._found = QStackedLayout(), QWidget()
        self._build()
        self.setObjectName("optimiseView")
        self.setAccessibleName("Optimise")
        self.setFocusProxy(self._start)
        self._start.clicked.connect(self.start_chosen)
        self._stop.clicked.connect(self.stop_chosen)
        self._put.clicked.connect(self._on_put)
        self._from.currentIndexChanged.connect(self._on_from)
        for part in (self._near, self._curve):
            part.read_out_changed.connect(self.read_out_changed)
        self.show_running(False)

    def settings(self) -> OptimiseSettings:
        """What is on screen."""
        from_text = self._from.currentIndex() == STARTS.index("the text above")
        return OptimiseSettings(
            self._mode.currentData(), from_text, self._tokens.value(), self._steps.value(), self._seed.value()
        )

    def show_towards(self, words: str) -> None:
        """What a search would go for."""
        self._towards.setText(f"towards {words}")

    def show_running(self, running: bool) -> None:
        """Start or Stop, the focus on what takes the other's place."""
        focused = self._start.hasFocus() or self._stop.hasFocus()
        shown, hidden = (self._stop, self._start) if running else (self._start, self._stop)
        shown.show()
        if focused:
            shown.setFocus()
        hidden.hide()

    def show_result(self, result: TextOptimisationResult) -> None:
        """Growing or whole."""
        self._result = result
        best = result.best
        self._tag.setText(progress_words(result.progress, False))
        self._best_title.setText(_title(result, ended=result.progress >= 1))
        self._text.setText(best.input.text if best.input.pair is None else f"{best.input.text}\n{best.input.pair}")
        self._numbers.setText(" · ".join(_numbers(result)))
        self._notes.setText("\n".join(notice.message for notice in result.warnings if notice.kind != "stopped"))
        self._notes.setVisible(bool(self._notes.text()))
        self._tag.setVisible(bool(self._tag.text()))
        self._near.show_result(result)
        self._curve.show_result(result)
        self._stack.setCurrentIndex(1)

    def show_stopped(self) -> None:
        """What was found stays."""
        if self._result is not None and self._result.progress < 1:
            self._tag.setText(progress_words(self._result.progress, True))
            self._best_title.setText(_title(self._result, ended=True))

    def show_message(self, words: str) -> None:
        """Why there is nothing."""
        self._result = None
        self._message.setText(words)
        self._stack.setCurrentIndex(0)

    def clear(self) -> None:
        """Before anything was looked for."""
        self.show_message(_EMPTY)

    def in_words(self) -> tuple[str, str]:
        """What was looked for, and what was found."""
        found = "" if self._result is None else f"“{self._result.best.input.text}” · {' · '.join(_numbers(self._result))}"
        return self._best_title.text(), found

    def picture(self) -> QImage:
        """What was found, as on screen."""
        return self._found.grab().toImage()

    def _build(self) -> None:
        column = QVBoxLayout(self.page)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(12)
        column.addLayout(self._controls())
        empty = QWidget()
        above = QVBoxLayout(empty)
        above.setContentsMargins(0, 8, 0, 0)
        above.addWidget(self._message)
        above.addStretch()
        self._message.setProperty("role", "muted")
        self._message.setWordWrap(True)
        self._message.setObjectName("optimiseMessage")
        column.addLayout(self._stack, 1)  # first: it shows what is added to it, and a widget without a parent is a window
        self._stack.addWidget(empty)
        self._fill_found()
        self._stack.addWidget(self._found)

    def _controls(self) -> QGridLayout:
        """Captions above, controls below, Start last with what it goes for above it."""
        self._fill_controls()
        guard = WheelGuard(self.page)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        for at, (title, control, name, help) in enumerate(
            (
                ("Search among", self._mode, "optimiseMode", "Climb among embeddings, or swap one real token at a time."),
                ("Start from", self._from, "optimiseFrom", "Random tokens, or every token of the text above."),
                ("Free tokens", self._tokens, "optimiseTokens", "How many tokens the text has, where it starts at random."),
                ("Steps", self._steps, "optimiseSteps", "Each costs one forward and one backward pass, a swap some more."),
                ("Seed", self._seed, "optimiseSeed", "Of the random tokens."),
            )
        ):
            name_control(control, name, title, help)
            control.installEventFilter(guard)
            caption = caption_label(title)
            caption.setBuddy(control)
            grid.addWidget(caption, 0, at)
            grid.addWidget(control, 1, at)
            grid.setColumnStretch(at, 3 if isinstance(control, QComboBox) else 2)
        self._add_start(grid, grid.columnCount())
        return grid

    def _add_start(self, grid: QGridLayout, at: int) -> None:
        self._towards.setProperty("role", "caption")
        self._towards.setObjectName("optimiseTowards")
        self._start.setProperty("role", "primary")
        name_control(self._start, "optimiseStart", "Start", "Look for the text that makes the target highest.")
        name_control(self._stop, "optimiseStop", "Stop", "Keep what was found so far (Esc).")
        grid.addWidget(self._towards, 0, at)
        for button in (self._start, self._stop):
            grid.addWidget(button, 1, at)
        grid.setColumnMinimumWidth(at, START_PIXELS)

    def _fill_controls(self) -> None:
        known = OptimisationRequest("")
        for mode, words in MODES.items():
            self._mode.addItem(words, mode)
        self._from.addItems(STARTS)
        for combo in (self._mode, self._from):
            combo.setMinimumWidth(COMBO_PIXELS)
        for box, (low, high), value in (
            (self._tokens, (1, MOST_TOKENS), known.tokens),
            (self._steps, (1, MOST_STEPS), known.steps),
            (self._seed, (0, 2**31 - 1), known.seed),
        ):
            box.setRange(low, high)
            box.setValue(value)
            pad_spin_box(box)
            box.setMinimumWidth(SPIN_PIXELS)

    def _fill_found(self) -> None:
        self._found.setProperty("role", "panel")
        column = QVBoxLayout(self._found)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._card())
        column.addWidget(self._curve, 1)
        near = QVBoxLayout()
        near.setSpacing(4)
        near.addWidget(caption_label("The real tokens nearest to every free position, and the cosine of the angle to the first"))
        near.addWidget(self._near)
        column.addLayout(near)
        column.addStretch()

    def _card(self) -> QFrame:
        card = QFrame()
        card.setProperty("role", "card")
        self._best_title.setProperty("role", "section")
        self._tag.setProperty("role", "tag")
        self._tag.setObjectName("optimiseTag")
        name_control(self._put, "optimisePut", "Put this text on the desk", "In place of the text above; undo brings it back.")
        name_control(self._text, "optimiseText", "Best text", "")
        name_control(self._numbers, "optimiseNumbers", "Its score", "")
        self._text.setFont(theme.reading_font())
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._numbers.setFont(theme.numbers_font())
        self._numbers.setProperty("role", "muted")
        self._notes.setProperty("role", "warning")
        self._notes.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self._text, self._numbers, self._notes):
            label.setWordWrap(True)
            label.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._best_title)
        head.addWidget(self._tag, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addStretch()
        head.addWidget(self._put)
        column = QVBoxLayout(card)
        column.setContentsMargins(12, 8, 8, 8)
        column.setSpacing(4)
        column.addLayout(head)
        for label in (self._text, self._numbers, self._notes):
            column.addWidget(label)
        return card

    @Slot()
    def _on_put(self) -> None:
        if self._result is not None:
            self.text_chosen.emit(self._result.best.input)

    @Slot(int)
    def _on_from(self, _index: int) -> None:
        self._tokens.setEnabled(not self.settings().from_text)


def _title(result: TextOptimisationResult, *, ended: bool) -> str:
    """What it is the best text of."""
    target = result.target
    versus = "" if target.versus is None else f" versus {target.versus}"
    name = target.label if target.label is not None else "the value"
    return f"Best text{'' if ended else ' so far'} towards {name}{versus} ({result.unit})"


def _numbers(result: TextOptimisationResult) -> list[str]:
    """Its score, where it came from, and what the model makes of it."""
    best = result.best
    parts = [f"{result.unit} {figures(best.score)}", f"start {figures(result.start.score)}", *_said(best)]
    if not best.reads_back and best.typed_score is not None:
        parts.append(f"typed {figures(best.typed_score)}")
    return parts


def _said(found: FoundText) -> list[str]:
    first = found.prediction[0]
    if first.probability is None:
        return [f"predicted {figures(first.logit)}"]
    return [f"predicted: {first.label} {percent(first.probability)}"]
