"""The lines, and how much of the mass they stand for."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QSlider, QVBoxLayout, QWidget

from engine.attention_maps import HeadMap
from engine.attention_reading import entry_in_words, rank_in_row
from engine.heatmaps.numerals import figures
from engine.heatmaps.token_names import quoted
from gui.attention.lines import AttentionLines
from gui.controls.rows import name_control
from gui.heatmaps.pyramid import Pyramid
from gui.views.elided_label import ElidedLabel

_USUAL = 90


class LinesPage(QWidget):
    """Setters are silent."""

    token_selected = Signal(int)
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines, self.share = AttentionLines(self), QSlider(Qt.Orientation.Horizontal, self)
        self._map: HeadMap | None = None
        self._token = -1
        self._said = ElidedLabel(parent=self)
        self._said.setProperty("role", "caption")
        name_control(self.share, "massShown", "Share of the mass", "The fewest lines that hold so much of each row are drawn.")
        self.share.setRange(5, 100)
        self.share.setValue(_USUAL)
        self.share.setFixedWidth(160)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 0, 16, 0)
        foot.setSpacing(8)
        foot.addWidget(self.share)
        foot.addWidget(self._said, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.lines, 1)
        column.addLayout(foot)
        self.setFocusProxy(self.lines)
        self.share.valueChanged.connect(self._on_share)
        self.lines.token_selected.connect(self._on_selected)
        self.lines.pointed.connect(self._on_pointed)
        self.lines.left_out_changed.connect(self._say)
        self._on_share()

    def show_map(self, shown: HeadMap, pyramid: Pyramid) -> None:
        """Pin and place stay."""
        self._map = shown
        self.lines.show_map(shown, pyramid.limit)

    def show_token(self, token: int) -> None:
        """Pin a query; −1: none."""
        self._token = token
        self.lines.select_token(token)

    def clear(self) -> None:
        """Nothing to show."""
        self._map = None
        self.lines.clear()

    def in_words(self, query: int, key: int) -> str:
        """The read-out: the strongest key of a query, or the strongest query of a key."""
        if self._map is None:
            return ""
        if query < 0 and key < 0:
            query = self._token
        if 0 <= query < len(self._map.queries):
            return entry_in_words(self._map, query, int(self._map.pattern[query].argmax()))
        if 0 <= key < len(self._map.keys):
            column = self._map.pattern[:, key]
            most = int(column.argmax())
            words = f"{quoted(self._map.keys[key])} receives {figures(float(column.sum()), 4)} in all"
            rank = rank_in_row(self._map.pattern[most], key)
            return f"{words} · most from {quoted(self._map.queries[most])}: {figures(float(column[most]), 4)}, rank {rank} there"
        return ""

    @Slot()
    def _on_share(self) -> None:
        self.lines.set_share(self.share.value() / 100)
        self._say()

    @Slot()
    def _say(self) -> None:
        left_out = self.lines.left_out
        but = f"; the {left_out:,} thinnest in sight are left out" if left_out else ""
        self._said.setText(f"The fewest lines that hold {self.share.value()} % of each row{but}")

    @Slot(int)
    def _on_selected(self, token: int) -> None:
        self._token = token
        self.token_selected.emit(token)

    @Slot(int, int)
    def _on_pointed(self, query: int, key: int) -> None:
        self.read_out_changed.emit(self.in_words(query, key))
