"""Does the model use it? How the cell is held, what that changes over held-out text, and in one example."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.cells import AblationEffect, AblationResult, Cell
from engine.detective import EffectResult, Place, UnitScore
from engine.heatmaps.display_text import one_line
from engine.heatmaps.numerals import signed_figures
from engine.heatmaps.wording import progress_words
from engine.jobs import Partial
from engine.requests import How
from engine.usage_verdict import named
from gui import theme
from gui.controls.rows import caption_label, name_control, pad_spin_box, small_combo
from gui.controls.wheel_guard import WheelGuard
from gui.detective.both_ways import BothWays
from gui.detective.effect_plot import EffectPlot
from gui.detective.places import KINDS
from gui.views.elided_label import ElidedLabel
from gui.views.sheet import Sheet

EMPTY = (
    "What a cell encodes can be read off it; what the model uses is what changes when the cell is held still. Ablate holds it "
    "while held-out text is read, and other cells of like variance beside it."
)
WAYS: tuple[tuple[str, How], ...] = (("at zero", "zero"), ("at its mean", "mean"), ("at a value", "value"))
_ROWS = ("at matches", "elsewhere", "difference")
_COLUMNS = ("", "positions", "loss", "change")


class AblationPage(Sheet):
    """Setters are silent. The numbers are in nats, of the loss of the next token."""

    asked = Signal()
    stop_chosen = Signal()
    choice_changed = Signal()  # another way to hold, or other cells
    place_changed = Signal()  # another example

    def __init__(self, parent: QWidget | None = None) -> None:
        self.page = QWidget()
        super().__init__(self.page, parent)
        self.setObjectName("ablationPage")
        self.setAccessibleName("Ablation")
        self.ways, self.sets, self.value = small_combo(), small_combo(), QDoubleSpinBox()
        self.ablate, self.stop = QPushButton("Ablate"), QPushButton("Stop")
        self.message, self.short, self.verdict, self.tag = QLabel(EMPTY), QLabel(), QLabel(), QLabel()
        self.plot, self.both_ways = EffectPlot(), BothWays()
        self.numbers = {(row, column): QLabel() for row in _ROWS for column in _COLUMNS[1:]}
        self.before, self.after = QToolButton(), QToolButton()
        self.example, self.context = ElidedLabel(), ElidedLabel(mode=Qt.TextElideMode.ElideLeft)
        self._unit: UnitScore | None = None
        self._others: tuple[Cell, ...] = ()
        self._places: tuple[Place, ...] = ()
        self._at = 0
        self._found, self._stack, self._in_context = QWidget(), QStackedLayout(), QWidget()
        self._build()
        self._connect()
        self.show_running(False)
        self.show_words(EMPTY)

    # What it holds

    @property
    def how(self) -> How:
        """The way to hold."""
        how: How = self.ways.currentData()
        return how

    @property
    def cells(self) -> tuple[Cell, ...]:
        """To be held at once."""
        if self._unit is None:
            return ()
        return (self._unit.cell, *self._others) if self.sets.currentData() else (self._unit.cell,)

    @property
    def together(self) -> tuple[Cell, ...]:
        """Of the unit and all that encode the same; none where it is alone."""
        return (self._unit.cell, *self._others) if self._unit is not None and self._others else ()

    @property
    def place(self) -> Place | None:
        """The example at hand."""
        return self._places[self._at] if self._places else None

    def show_unit(self, unit: UnitScore, others: tuple[Cell, ...]) -> None:
        """``others``: other cells that are interpretable for the same hypothesis."""
        places = unit.evidence.places if unit.evidence is not None else ()
        if self._unit is None or (self._unit.cell, self._unit.quantity) != (unit.cell, unit.quantity) or places != self._places:
            self._places, self._at = places, 0
        self._unit, self._others = unit, others
        self._fill_sets()
        self._show_place()

    def _fill_sets(self) -> None:
        assert self._unit is not None
        blocked, chosen = self.sets.blockSignals(True), self.sets.currentIndex()
        self.sets.clear()
        self.sets.addItem(str(self._unit.cell), False)
        if self._others:
            self.sets.addItem(f"all {1 + len(self._others)} that encode it", True)
        self.sets.setCurrentIndex(min(max(0, chosen), self.sets.count() - 1))
        self.sets.setEnabled(bool(self._others))
        self.sets.blockSignals(blocked)

    def show_available(self, because: str) -> None:
        """``because``: why it cannot be asked, or nothing."""
        self.ablate.setEnabled(not because)
        self.ablate.setToolTip(because or _HINT)
        if because and self._stack.currentIndex() == 0:
            self.message.setText(because)

    def show_words(self, words: str, *, wrong: bool = False) -> None:
        """In place of a result."""
        self.message.setText(words)
        self.message.setProperty("role", "error" if wrong else "muted")
        self.message.style().polish(self.message)
        self._stack.setCurrentIndex(0)

    def show_running(self, running: bool) -> None:
        """Ablate or Stop."""
        hidden, shown = (self.ablate, self.stop) if running else (self.stop, self.ablate)
        focused = hidden.hasFocus()
        shown.show()
        if focused:
            shown.setFocus()
        hidden.hide()
        if not running:
            self.tag.hide()

    def show_stopped(self) -> None:
        """What there is stays."""
        if self._stack.currentIndex() == 0:
            self.show_words("Stopped before there was anything to compare.")
        else:
            self.tag.setText("stopped")
            self.tag.show()

    def show_progress(self, partial: Partial) -> None:
        """While there is nothing to look at, and beside what there is."""
        fraction = partial.fraction
        share = "" if fraction is None else progress_words(fraction, False)
        if self._stack.currentIndex() == 0:
            self.message.setText(" · ".join(words for words in (partial.doing, share) if words) or "Starting…")
        self.tag.setText(share)
        self.tag.setVisible(bool(share))

    def show_effect(self, result: EffectResult, short: str, verdict: str, whole: bool) -> None:
        """``short``: the verdict in a few words; ``whole``: all of it was read."""
        effect = result.effect
        self.short.setText(short if whole else f"So far: {short}")
        self.verdict.setText(verdict)
        self.plot.show_effect(effect, named(result.request.cells))
        self._show_numbers(effect)
        self._stack.setCurrentIndex(1)

    def _show_numbers(self, effect: AblationEffect) -> None:
        rows = (
            (f"{effect.matches:,}", f"{effect.loss_at_matches:.3f}", signed_figures(effect.change_at_matches)),
            (f"{effect.others:,}", f"{effect.loss_at_others:.3f}", signed_figures(effect.change_at_others)),
            (f"{effect.files} file{'s' if effect.files != 1 else ''}", "", signed_figures(effect.effect)),
        )
        for name, row in zip(_ROWS, rows, strict=True):
            for column, words in zip(_COLUMNS[1:], row, strict=True):
                self.numbers[name, column].setText(words)

    def show_example(self, result: AblationResult | None, words: str = "") -> None:
        """None: not asked, or why it cannot be (``words``)."""
        self.both_ways.show_result(result)
        if words:
            self.context.setText(words)

    def _show_place(self) -> None:
        place, count = self.place, len(self._places)
        self._in_context.setVisible(place is not None)
        if place is None:
            return
        self.example.setText(f"Example {self._at + 1} of {count} · {KINDS[place.kind]} · {place.file}, read by itself")
        self.context.setText(one_line(place.before + place.text))
        self.before.setEnabled(self._at > 0)
        self.after.setEnabled(self._at < count - 1)

    # How it is put together

    def _build(self) -> None:
        column = QVBoxLayout(self.page)
        column.setContentsMargins(0, 4, 8, 0)
        column.setSpacing(8)
        column.addLayout(self._choices())
        for label, name, role in ((self.message, "ablationMessage", "muted"), (self.verdict, "ablationVerdict", "")):
            label.setObjectName(name)
            label.setProperty("role", role)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._fill_found()
        column.addLayout(self._stack, 1)  # first: it shows what is added to it, and a widget without a parent is a window
        self._stack.addWidget(self.message)
        self._stack.addWidget(self._found)

    def _choices(self) -> QHBoxLayout:
        for words, how in WAYS:
            self.ways.addItem(words, how)
        name_control(self.sets, "ablationCells", "Hold", "The cell alone, or with all that are interpretable too.")
        name_control(self.ways, "ablationHow", "How", "Where its state is held at every step: c of an LSTM, h of a GRU or RNN.")
        name_control(self.value, "ablationValue", "Value", "What the cell's state is held at.")
        self.value.setRange(-1000, 1000)
        self.value.setSingleStep(0.5)
        pad_spin_box(self.value)
        self.value.setMinimumWidth(72)
        self.value.hide()
        name_control(self.ablate, "detectAblate", "Ablate", _HINT)
        self.ablate.setProperty("role", "primary")
        name_control(self.stop, "ablationStop", "Stop", "Keep what there is (Esc).")
        row = QHBoxLayout()
        row.setSpacing(8)
        guard = WheelGuard(self)
        for box, least in ((self.sets, 96), (self.ways, 96), (self.value, 72)):
            box.setMinimumWidth(least)
            box.installEventFilter(guard)
        row.addWidget(self.sets, 1)
        row.addWidget(self.ways, 1)
        row.addWidget(self.value)
        row.addWidget(self.ablate)
        row.addWidget(self.stop)
        return row

    def _fill_found(self) -> None:
        column = QVBoxLayout(self._found)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.tag.setObjectName("ablationTag")
        self.tag.setProperty("role", "tag")
        head = QHBoxLayout()
        self.short.setObjectName("ablationShort")
        self.short.setProperty("role", "section")
        self.short.setWordWrap(True)
        head.addWidget(self.short, 1)
        head.addWidget(self.tag, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        column.addWidget(self.verdict)
        column.addWidget(self.plot)
        column.addLayout(self._table())
        column.addWidget(self._example())
        column.addStretch()

    def _table(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        for at, title in enumerate(_COLUMNS):
            caption = caption_label(title)
            caption.setWordWrap(False)
            grid.addWidget(caption, 0, at, Qt.AlignmentFlag.AlignRight if at else Qt.AlignmentFlag.AlignLeft)
        for row, name in enumerate(_ROWS, start=1):
            label = QLabel(name)
            grid.addWidget(label, row, 0)
            for at, column in enumerate(_COLUMNS[1:], start=1):
                number = self.numbers[name, column]
                number.setFont(theme.numbers_font(strong=name == "difference" and column == "change"))
                number.setAccessibleName(f"{name}, {column}")
                grid.addWidget(number, row, at, Qt.AlignmentFlag.AlignRight)
        grid.setColumnStretch(0, 1)
        return grid

    def _example(self) -> QWidget:
        column = QVBoxLayout(self._in_context)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(4)
        self.example.setObjectName("ablationExample")
        self.example.setProperty("role", "caption")
        row.addWidget(self.example, 1)
        for button, arrow, name, hint in (
            (self.before, Qt.ArrowType.LeftArrow, "ablationBefore", "The example before"),
            (self.after, Qt.ArrowType.RightArrow, "ablationAfter", "The next example"),
        ):
            name_control(button, name, hint, hint)
            button.setArrowType(arrow)
            button.setProperty("role", "flat")
            row.addWidget(button)
        column.addLayout(row)
        self.context.setObjectName("ablationContext")
        self.context.setFont(theme.mono_font(12))
        column.addWidget(self.context)
        column.addWidget(self.both_ways)
        return self._in_context

    def _connect(self) -> None:
        self.ablate.clicked.connect(self.asked)
        self.stop.clicked.connect(self.stop_chosen)
        self.ways.currentIndexChanged.connect(self._on_way)
        self.sets.currentIndexChanged.connect(self._on_choice)
        self.value.valueChanged.connect(self._on_choice)
        self.before.clicked.connect(self._on_before)
        self.after.clicked.connect(self._on_after)

    @Slot(int)
    def _on_way(self, _index: int) -> None:
        self.value.setVisible(self.how == "value")
        self.choice_changed.emit()

    @Slot()
    def _on_choice(self) -> None:
        self.choice_changed.emit()

    @Slot()
    def _on_before(self) -> None:
        self._step(-1)

    @Slot()
    def _on_after(self) -> None:
        self._step(1)

    def _step(self, by: int) -> None:
        self._at = min(max(0, self._at + by), max(0, len(self._places) - 1))
        self._show_place()
        self.place_changed.emit()


_HINT = "Hold the cell while held-out text is read: does the model miss it where the hypothesis holds?"
