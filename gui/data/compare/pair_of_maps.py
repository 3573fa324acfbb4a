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

BAR_PIXELS = 240
LEAST_PIXELS = 52


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One of two. ``title``: what it is; ``said``: what was predicted; ``map``: None while there is none, for ``note``."""

    title: str
    said: str = ""
    map: AttributionResult | None = None
    text: TokenizedText | None = None  # shown bare
    note: str = ""


class PairOfMaps(QWidget):
    """Setters are silent."""

    read_out_changed = Signal(str)

    def __init__(self, prefix: str, orientation: Qt.Orientation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.first, self.second = _Half(f"{prefix}First", self), _Half(f"{prefix}Second", self)
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

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._side = Side("")
        self._title, self._said, self.heatmap = QLabel(), ElidedLabel(), TextHeatmap()
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
        column.addWidget(self.heatmap, 1)
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
        self.heatmap.setAccessibleName(f"Text heatmap: {side.title}")
        if side.map is not None:
            self.heatmap.show_map(side.map.prediction.input, token_values(side.map), side.map.signed)
        else:
            self.heatmap.show_text(side.text or TokenizedText("", ()))

    @Slot(int)
    def _on_hovered(self, token: int) -> None:
        shown = self._side.map
        if shown is None or token < 0:
            self.read_out_changed.emit("")
            return
        value = signed_figures(float(token_values(shown)[token]))
        self.read_out_changed.emit(f"{self._side.title} · {quoted(shown.tokens[token])} · {value} {shown.unit}")
