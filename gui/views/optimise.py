"""A text made to order: what to ask for, the best text so far, its tokens, and how the score rose."""

from dataclasses import dataclass
from typing import get_args

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QPushButton, QSpinBox, QStackedLayout, QVBoxLayout, QWidget

from engine.heatmaps.numerals import figures, percent
from engine.heatmaps.wording import progress_words
from engine.requests import OptimisationMode, OptimisationRequest
from engine.results import FoundText, TextOptimisationResult
from gui import theme
from gui.controls.rows import caption_label, name_control, pad_spin_box
from gui.controls.wheel_guard import WheelGuard
from gui.views.near_tokens import NearTokens
from gui.views.optimise_curve import OptimiseCurve
from gui.views.sheet import Sheet

MODES: dict[OptimisationMode, str] = {"embeddings": "climb in embeddings", "tokens": "swap real tokens"}
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
        super().__init__(self.page, parent)
        self._result: TextOptimisationResult | None = None
        self._towards, self._tag, self._best_title = QLabel(), QLabel(), QLabel()
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
        self._towards.setText(f"Towards {words}")

    def show_running(self, running: bool) -> None:
        """Start or Stop."""
        self._start.setVisible(not running)
        self._stop.setVisible(running)

    def show_result(self, result: TextOptimisationResult) -> None:
        """Growing or whole."""
        self._result = result
        best = result.best
        self._tag.setText(progress_words(result.progress, False))
        self._best_title.setText("Best text" if result.progress >= 1 else "Best text so far")
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
            self._best_title.setText("Best text")

    def show_message(self, words: str) -> None:
        """Why there is nothing."""
        self._result = None
        self._message.setText(words)
        self._stack.setCurrentIndex(0)

    def clear(self) -> None:
        """Before anything was looked for."""
        self.show_message(_EMPTY)

    def picture(self) -> QImage:
        """What was found, as on screen."""
        return self._found.grab().toImage()

    def _build(self) -> None:
        column = QVBoxLayout(self.page)
        column.setContentsMargins(0, 12, 0, 8)
        column.setSpacing(12)
        column.addLayout(self._head())
        column.addLayout(self._controls())
        empty = QWidget()
        above = QVBoxLayout(empty)
        above.setContentsMargins(0, 8, 0, 0)
        above.addWidget(self._message)
        above.addStretch()
        self._message.setProperty("role", "muted")
        self._message.setWordWrap(True)
        self._message.setObjectName("optimiseMessage")
        self._stack.addWidget(empty)
        self._fill_found()
        self._stack.addWidget(self._found)
        column.addLayout(self._stack, 1)

    def _head(self) -> QHBoxLayout:
        self._towards.setProperty("role", "section")
        self._towards.setObjectName("optimiseTowards")
        self._towards.setTextFormat(Qt.TextFormat.PlainText)
        self._start.setProperty("role", "primary")
        name_control(self._start, "optimiseStart", "Start", "Look for the text that makes the target highest.")
        name_control(self._stop, "optimiseStop", "Stop", "Keep what was found so far (Esc).")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._towards, 1)
        row.addWidget(self._start)
        row.addWidget(self._stop)
        return row

    def _controls(self) -> QHBoxLayout:
        known, guard = OptimisationRequest(""), WheelGuard(self.page)
        for mode, words in MODES.items():
            self._mode.addItem(words, mode)
        self._from.addItems(STARTS)
        for box, (low, high), value in (
            (self._tokens, (1, MOST_TOKENS), known.tokens),
            (self._steps, (1, MOST_STEPS), known.steps),
            (self._seed, (0, 2**31 - 1), known.seed),
        ):
            box.setRange(low, high)
            box.setValue(value)
            pad_spin_box(box)
            box.setMinimumWidth(72)
        row = QHBoxLayout()
        row.setSpacing(8)
        for title, control, name, help in (
            ("Search", self._mode, "optimiseMode", "Climb in the space of embeddings, or swap one real token at a time."),
            ("Start from", self._from, "optimiseFrom", "Random tokens, or every token of the text above."),
            ("Free tokens", self._tokens, "optimiseTokens", "How many tokens the text has, where it starts at random."),
            ("Steps", self._steps, "optimiseSteps", "Each costs one forward and one backward pass, a swap some more."),
            ("Seed", self._seed, "optimiseSeed", "Of the random tokens."),
        ):
            name_control(control, name, title, help)
            control.installEventFilter(guard)
            cell = QVBoxLayout()
            cell.setSpacing(4)
            caption = caption_label(title)
            caption.setBuddy(control)
            cell.addWidget(caption)
            cell.addWidget(control)
            row.addLayout(cell, 3 if isinstance(control, QComboBox) else 2)
        return row

    def _fill_found(self) -> None:
        self._found.setProperty("role", "panel")
        column = QVBoxLayout(self._found)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self._card())
        near = QVBoxLayout()
        near.setSpacing(4)
        near.addWidget(caption_label("Nearest tokens of every free position, with the cosine of the angle to them"))
        near.addWidget(self._near)
        column.addLayout(near)
        column.addWidget(self._curve)
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
        head.addWidget(self._tag)
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
