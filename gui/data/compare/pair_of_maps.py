"""Two maps on one scale: above one another, or side by side."""

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from engine.heatmaps.numerals import signed_figures
from engine.heatmaps.token_names import quoted
from engine.heatmaps.wording import token_values
from engine.results import AttributionResult, TokenizedText
from gui.controls.rows import name_control
from gui.heatmaps.colour_bar import ColourBar
from gui.heatmaps.text_heatmap import TextHeatmap
from gui.theme import numbers_font
from gui.views.elided_label import ElidedLabel
from gui.views.prediction import PredictionView

BAR_PIXELS = 240
LEAST_PIXELS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One of two. ``title``: what it is; ``said``: what was predicted; ``map``: None while there is none, for ``note``."""

    title: str
    said: str = ""
    map: AttributionResult | None = None
    text: TokenizedText | None = None  # shown bare
    note: str = ""
    true: str | None = None  # the true label, where it is known
    why: str = ""  # what is explained, where that is not the same on both sides


class PairOfMaps(QWidget):
    """Setters are silent. ``bars``: with every class's probability below each map."""

    read_out_changed = Signal(str)
    target_chosen = Signal(str)  # by a click on a bar
    versus_chosen = Signal(str)

    def __init__(self, prefix: str, orientation: Qt.Orientation, parent: QWidget | None = None, *, bars: bool = False) -> None:
        super().__init__(parent)
        self.first, self.second = _Half(f"{prefix}First", self, bars), _Half(f"{prefix}Second", self, bars)
        self.bar, self.caption = ColourBar(), ElidedLabel()
        self.caption.setProperty("role", "caption")
        name_control(self.caption, f"{prefix}Caption", "How they compare", "")
        self.bar.setFixedWidth(BAR_PIXELS)
        across = orientation is Qt.Orientation.Horizontal
        halves = QBoxLayout(QBoxLayout.Direction.LeftToRight if across else QBoxLayout.Direction.TopToBottom)
        halves.setSpacing(16 if across else 4)
        halves.addWidget(self.first, 1)
        halves.addWidget(self.second, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 0, 0, 0)
        foot.setSpacing(8)
        foot.addWidget(self.caption, 1)
        foot.addWidget(self.bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(4)
        column.addLayout(halves, 1)
        column.addLayout(foot)
        for half in (self.first, self.second):
            half.read_out_changed.connect(self.read_out_changed)
            half.target_chosen.connect(self.target_chosen)
            half.versus_chosen.connect(self.versus_chosen)

    def show_pair(self, first: Side, second: Side, caption: str = "") -> None:
        """On one scale where both are in one unit; else each on its own, and said so."""
        maps = [each.map for each in (first, second) if each.map is not None]
        alike = len({(each.unit, each.signed) for each in maps}) == 1
        self.first.show_side(first)
        self.second.show_side(second)
        if alike:
            halves = [half for half in (self.first, self.second) if half.has_map]
            limit = max((half.heatmap.own_limit for half in halves), default=0.0)
            for half in halves:
                half.heatmap.set_limit(limit)
            self.bar.show_scale(limit, signed=maps[0].signed, unit=maps[0].unit)
        self.bar.setVisible(alike)
        words = "" if alike or not maps else "Two units: each on its own scale."
        self.caption.setText(" · ".join(filter(None, (caption, words))))


class _Half(QWidget):
    read_out_changed = Signal(str)
    target_chosen = Signal(str)
    versus_chosen = Signal(str)

    def __init__(self, name: str, parent: QWidget, bars: bool) -> None:
        super().__init__(parent)
        self._side = Side("")
        self._bars = PredictionView() if bars else None
        self._title, self._said, self._why, self.heatmap = QLabel(), ElidedLabel(), ElidedLabel(), TextHeatmap()
        self._why.setProperty("role", "caption")
        self._title.setFont(numbers_font(strong=True))
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._said.setFont(numbers_font())
        name_control(self._said, f"{name}Said", "What was predicted", "")
        self.heatmap.setObjectName(f"{name}Heatmap")
        self.heatmap.set_fewest_lines(1)
        self.heatmap.setMinimumHeight(LEAST_PIXELS)
        self.heatmap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 0, 0)
        head.setSpacing(8)
        head.addWidget(self._title)
        head.addWidget(self._said, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        why = QHBoxLayout()
        why.setContentsMargins(16, 0, 0, 0)
        why.addWidget(self._why)
        column.addLayout(why)
        column.addWidget(self.heatmap, 1)
        if self._bars is not None:
            self._bars.setObjectName(f"{name}Bars")
            around = QHBoxLayout()
            around.setContentsMargins(16, 8, 0, 0)
            around.addWidget(self._bars)
            column.addLayout(around)
            self._bars.read_out_changed.connect(self.read_out_changed)
            self._bars.target_chosen.connect(self.target_chosen)
            self._bars.versus_chosen.connect(self.versus_chosen)
        self.heatmap.token_hovered.connect(self._on_hovered)

    @property
    def has_map(self) -> bool:
        """Whether there are values."""
        return self._side.map is not None

    @property
    def side(self) -> Side:
        """What is shown."""
        return self._side

    def show_side(self, side: Side) -> None:
        self._side = side
        self._title.setText(side.title)
        self._said.setText(" · ".join(filter(None, (side.said, side.note))))
        self._why.setText(side.why)
        self._why.setVisible(bool(side.why))
        self.heatmap.setAccessibleName(f"Text heatmap: {side.title}")
        if side.map is not None:
            self.heatmap.show_map(side.map.prediction.text, token_values(side.map), side.map.signed)
        else:
            self.heatmap.show_text(side.text or TokenizedText("", ()))
        self._show_bars(side)

    def _show_bars(self, side: Side) -> None:
        if self._bars is None:
            return
        self._bars.setVisible(side.map is not None)
        if side.map is not None:
            self._bars.show_result(side.map.prediction, side.map.model.problem_type)
            self._bars.set_true(side.true)
            self._bars.set_target(*(*side.map.target.outputs, None, None)[:2])

    @Slot(int)
    def _on_hovered(self, token: int) -> None:
        shown = self._side.map
        if shown is None or token < 0:
            self.read_out_changed.emit("")
            return
        value = signed_figures(float(token_values(shown)[token]))
        self.read_out_changed.emit(f"{self._side.title} · {quoted(shown.tokens[token])} · {value} {shown.unit}")
