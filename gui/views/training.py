"""Over training: the map at every checkpoint, and one of them as a text with what the model said of it then."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from engine.heatmaps.wording import progress_words, token_values
from engine.over_training import OverTrainingResult, in_words
from engine.requests import Parameter
from gui.heatmaps.text_heatmap import TextHeatmap
from gui.views.elided_label import ElidedLabel
from gui.views.prediction import PredictionView
from gui.views.sheet import Sheet
from gui.views.training_curve import TrainingCurve
from gui.views.training_matrix import TrainingMatrix, cell_in_words, said_in_words

EMPTY = "How the answer came about, checkpoint by checkpoint, will be here.\nType a text."
WAITING = "Reading the checkpoints…"
_FEWEST_LINES = 2


class TrainingView(QFrame):
    """One way in: ``show_result``. A checkpoint and a token are chosen; every part shows both."""

    token_selected = Signal(int)  # −1: none
    target_chosen = Signal(str)
    versus_chosen = Signal(str)
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("trainingView")
        self.setAccessibleName("Over training")
        self.setProperty("role", "sheet")
        self._result: OverTrainingResult | None = None
        self._checkpoint, self._token = -1, -1
        self._wanted: dict[str, Parameter] = {}
        self._title, self._tag, self._sentence = ElidedLabel(parent=self), QLabel(self), QLabel(self)
        self._at, self._warnings, self._empty = ElidedLabel(parent=self), QLabel(self), QLabel(EMPTY, self)
        self.matrix, self.curve = TrainingMatrix(self), TrainingCurve(self)
        self.text, self.bars = TextHeatmap(self), PredictionView(self)
        self._pages = QStackedWidget(self)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self._title.setProperty("role", "title")
        self._tag.setProperty("role", "tag")
        self._tag.setObjectName("trainingTag")
        self._at.setProperty("role", "section")
        self._at.setObjectName("trainingCheckpoint")
        self._sentence.setObjectName("trainingSentence")
        self._warnings.setProperty("role", "warning")
        self._warnings.setObjectName("trainingWarnings")
        for label in (self._sentence, self._warnings, self._empty):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setProperty("role", "muted")
        self._empty.setObjectName("trainingMessage")
        self.text.setObjectName("trainingText")
        self.text.setAccessibleName("Text heatmap at the checkpoint")
        self.text.set_fewest_lines(_FEWEST_LINES)
        self.bars.setObjectName("trainingPrediction")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title, 1)
        head.addWidget(self._tag, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(self.matrix.own_scale)
        head.addWidget(self.matrix.bar)
        over = QVBoxLayout()
        over.setSpacing(4)
        over.addWidget(self._at)
        over.addWidget(self.curve, 1)
        said = QVBoxLayout()
        said.addWidget(self.bars)
        said.addStretch(1)
        beside = QHBoxLayout()
        beside.setSpacing(16)
        beside.addLayout(over, 6)
        beside.addLayout(said, 5)
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(6)
        for part in (head, self._sentence, self.matrix, beside):
            column.addLayout(_inset(part), 10 if part is self.matrix else 0)
        column.addWidget(self.text)
        column.addLayout(_inset(self._warnings))
        column.addStretch(1)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(Sheet(page))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.addWidget(self._pages)
        self.setFocusProxy(self.curve.slider)

    def _connect(self) -> None:
        self.matrix.checkpoint_chosen.connect(self._on_checkpoint)
        self.matrix.token_chosen.connect(self._on_token)
        self.matrix.scale_changed.connect(self._draw_text)
        self.matrix.read_out_changed.connect(self.read_out_changed)
        self.curve.checkpoint_chosen.connect(self._on_checkpoint)
        self.curve.read_out_changed.connect(self.read_out_changed)
        self.text.token_selected.connect(self._on_token)
        self.text.token_hovered.connect(self._on_hovered)
        self.bars.target_chosen.connect(self.target_chosen)
        self.bars.versus_chosen.connect(self.versus_chosen)
        self.bars.read_out_changed.connect(self.read_out_changed)

    # One way in

    def show_result(self, result: OverTrainingResult) -> None:
        """Growing or whole. The checkpoint that was looked at stays, by its name; the last one goes on being the last."""
        before = self._result
        kept = self.checkpoint if before is not None and self._checkpoint < len(before.names) - 1 else None
        same_text = before is not None and before.prediction.input == result.prediction.text
        self._result = result
        self._token = self._token if same_text else -1
        wanted = self._wanted.get("checkpoint", kept)
        self._checkpoint = result.names.index(wanted) if wanted in result.names else len(result.names) - 1
        self._restore_others(len(result.tokens))
        if result.progress >= 1:
            self._wanted = {}
        self._title.setText(f"{_target_of(result)} over training")
        self.show_tag(progress_words(result.progress, False))
        self._sentence.setText(in_words(result) if result.progress >= 1 else "")
        self.setAccessibleDescription(self._sentence.text())
        self._warnings.setText("\n".join(f"⚠ {notice.message}" for notice in result.warnings))
        self._warnings.setVisible(bool(result.warnings))
        self.matrix.show_result(result)
        self.curve.show_result(result)
        self._draw()
        self._pages.setCurrentIndex(1)

    def show_stopped(self) -> None:
        """What was found stays."""
        if self._result is not None and self._result.progress < 1:
            self.show_tag(progress_words(self._result.progress, True))

    def show_tag(self, words: str) -> None:
        """How far it is; empty: all of it."""
        self._tag.setText(words)
        self._tag.setVisible(bool(words))

    def show_words(self, words: str) -> None:
        """In place of the picture: why there is none."""
        self._result = None
        self._checkpoint = self._token = -1
        self._empty.setText(words)
        self._pages.setCurrentIndex(0)
        self.read_out_changed.emit("")

    def select_token(self, token: int) -> None:
        """−1: none; emits nothing."""
        if self._result is not None and token < len(self._result.tokens):
            self._token = token
            self.matrix.select(self._checkpoint, token)
            self.text.select_token(token)

    def show_true(self, label: str | None) -> None:
        """Mark the true class."""
        self.bars.set_true(label)

    @property
    def result(self) -> OverTrainingResult | None:
        """On screen."""
        return self._result

    @property
    def checkpoint(self) -> str | None:
        """The name of the one that is looked at."""
        return None if self._result is None else self._result.names[self._checkpoint]

    @property
    def token(self) -> int:
        """The one that is marked; −1: none."""
        return self._token

    def in_words(self) -> tuple[str, str]:
        """What it shows, and what is to be read from it."""
        return self._title.text(), f"{self._at.text()} · {self._sentence.text()}".removesuffix(" · ")

    def state(self) -> tuple[tuple[str, Parameter], ...]:
        """What is chosen."""
        return (
            ("checkpoint", self.checkpoint),
            ("token", self._token),
            ("own_scale", self.matrix.own_scale.isChecked()),
        )

    def restore(self, state: dict[str, Parameter]) -> None:
        """As ``state`` told it, once the answer is there; what is not known is left."""
        self._wanted = state

    def _restore_others(self, tokens: int) -> None:
        token, own_scale = self._wanted.get("token"), self._wanted.get("own_scale")
        if type(token) is int and -1 <= token < tokens:
            self._token = token
        if isinstance(own_scale, bool):
            quiet = self.matrix.own_scale.blockSignals(True)
            self.matrix.own_scale.setChecked(own_scale)
            self.matrix.own_scale.blockSignals(quiet)

    # Drawing

    def _draw(self) -> None:
        result = self._result
        if result is None:
            return
        found = result.maps[self._checkpoint]
        self._at.setText(f"At {result.names[self._checkpoint]}: {said_in_words(result, self._checkpoint)}")
        self.bars.show_result(found.prediction, result.model.problem_type)
        self.bars.set_hint(f"at {result.names[self._checkpoint]}")
        self.bars.set_target(*(*found.target.outputs, None, None)[:2])
        self.curve.select(self._checkpoint)
        self._draw_text()

    @Slot()
    def _draw_text(self) -> None:
        result = self._result
        if result is None:
            return
        found = result.maps[self._checkpoint]
        self.text.show_map(result.prediction.text, token_values(found), result.signed, self.matrix.limit)
        self.text.select_token(self._token)
        self.matrix.select(self._checkpoint, self._token)

    @Slot(int)
    def _on_checkpoint(self, checkpoint: int) -> None:
        if self._result is None:
            return
        self._checkpoint = min(checkpoint, len(self._result.maps) - 1)
        self._wanted.pop("checkpoint", None)
        self._draw()

    @Slot(int)
    def _on_token(self, token: int) -> None:
        self.select_token(token)
        self.token_selected.emit(token)

    @Slot(int)
    def _on_hovered(self, token: int) -> None:
        shown = self._token if token < 0 else token
        if self._result is None or shown < 0:
            self.matrix.show_value(None)
            self.read_out_changed.emit("")
            return
        self.matrix.show_value(float(self._result.values[self._checkpoint, shown]))
        self.read_out_changed.emit(cell_in_words(self._result, self._checkpoint, shown))


def _inset(part: QWidget | QHBoxLayout) -> QHBoxLayout:
    """In line with the text, whose margin is the heatmap's own."""
    row = QHBoxLayout()
    row.setContentsMargins(16, 0, 16, 0)
    if isinstance(part, QWidget):
        row.addWidget(part)
    else:
        row.addLayout(part)
    return row


def _target_of(result: OverTrainingResult) -> str:
    target = result.target
    if target.label is None:
        return "The value"
    outputs = [label for label in (target.label, target.versus) if label is not None]
    return " versus ".join(outputs if result.model.labels or target.layer else [f"“{label.strip()}”" for label in outputs])
