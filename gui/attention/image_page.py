"""The picture under what one of its patches attends to, or what attends to it."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QSlider, QToolButton, QVBoxLayout, QWidget

from engine.attention_maps import HeadMap, Patches
from engine.heatmaps.numerals import figures
from engine.heatmaps.patch_map import PatchMap
from engine.heatmaps.pixel_map import Cell
from engine.heatmaps.token_names import name_of
from gui.attention.choice import OF_ALL_HEADS
from gui.attention.patch_picture import PatchPicture
from gui.attention.words import axis_unit
from gui.controls.rows import name_control
from gui.controls.segments import Segments
from gui.controls.wheel_guard import WheelGuard
from gui.heatmaps.colour_bar import ColourBar
from gui.heatmaps.image_painter import ImageStyle
from gui.heatmaps.pyramid import Pyramid
from gui.views.elided_label import ElidedLabel

TO, FROM = "to", "by"
_WAYS = (
    (TO, "Attends to", "The row of the chosen patch: where it looks."),
    (FROM, "Attended by", "The column of the chosen patch: who looks at it."),
)
_BAR_WIDTH = 320
_STEPS = 100  # of the blend
_AROUND_PX = 24  # the words of a button


class ImagePage(QWidget):
    """A click or arrow keys choose a patch; while none is chosen, the one under the pointer is. Setters are silent."""

    token_selected = Signal(int)  # −1: none
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture, self._ways, self.way = PatchPicture(self), Segments("patch", _WAYS, self), TO
        self._map: HeadMap | None = None
        self._pyramid: Pyramid | None = None
        self._patches: Patches | None = None
        self._token = -1
        self.special, self.specials = QToolButton(self), QComboBox(self)  # one of the two is shown
        self._title, self._bar = ElidedLabel(parent=self), ColourBar(self)
        self._blend, self._grey = QSlider(Qt.Orientation.Horizontal, self), QCheckBox("Grey picture", self)
        self._lay_out()
        self.picture.pixel_selected.connect(self._on_selected)
        self.picture.pixel_hovered.connect(self._on_hovered)
        self._ways.chosen.connect(self._on_way)
        self.special.clicked.connect(self._on_special)
        self.specials.activated.connect(self._on_specials)
        self._blend.valueChanged.connect(self._on_style)
        self._grey.toggled.connect(self._on_style)

    def _lay_out(self) -> None:
        style = ImageStyle()
        name_control(self._blend, "patchBlend", "Blend", "From the picture alone (left) to the map alone (right).")
        name_control(self._grey, "patchGrey", "Grey picture", "Without its colours, which the map's could be taken for.")
        self._blend.setRange(0, _STEPS)
        self._blend.setValue(round(style.blend * _STEPS))
        self._blend.setMinimumWidth(56)
        self._blend.setMaximumWidth(140)
        self._grey.setChecked(style.grey)
        self._title.setProperty("role", "muted")
        self._bar.setMaximumWidth(_BAR_WIDTH)
        name_control(self.specials, "patchTokens", "Other tokens", "What a token attends to that is no part of the picture.")
        self.specials.setPlaceholderText("other tokens")
        self.specials.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.specials.installEventFilter(WheelGuard(self))
        self.special.setAccessibleName("Other token")  # until it is known which
        self.special.setCheckable(True)
        self.special.setProperty("segment", "only")
        self.special.setProperty("tight", True)
        for each in (self.special, self.specials):
            each.hide()
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 16, 0)
        head.setSpacing(12)
        head.addWidget(self._ways)
        head.addWidget(self.special)
        head.addWidget(self.specials)
        head.addWidget(self._title, 1)
        label = QLabel("Blend", self)
        label.setProperty("role", "muted")
        label.setBuddy(self._blend)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 0, 16, 0)
        foot.setSpacing(8)
        foot.addWidget(self._bar, 100)
        foot.addStretch(1)
        foot.addWidget(label)
        foot.addWidget(self._blend, 40)
        foot.addWidget(self._grey)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.picture, 1)
        column.addLayout(foot)
        self.setFocusProxy(self.picture)

    def show_map(self, shown: HeadMap, pyramid: Pyramid, patches: Patches) -> None:
        """``pyramid`` was built from it. What is chosen stays."""
        self._map, self._pyramid = shown, pyramid
        if patches is not self._patches:
            self._patches = patches
            self._offer_specials()
        self._colour()

    def show_token(self, token: int) -> None:
        """Choose one; −1: none."""
        self._token = token
        if self._map is not None:
            self._colour()

    def set_way(self, way: str) -> None:
        """Where it looks, or who looks at it."""
        self.way = way
        self._ways.choose(way)
        if self._map is not None:
            self._colour()

    def clear(self) -> None:
        """Nothing to show."""
        self._map = self._pyramid = self._patches = None
        self.picture.clear()

    @property
    def map(self) -> HeadMap | None:
        """What the picture is coloured by."""
        return self._map

    @property
    def shown(self) -> PatchMap | None:
        """As it lies on the picture."""
        found = self.picture.map
        return found if isinstance(found, PatchMap) else None

    def in_words(self) -> str:
        """The read-out: of the patch under the pointer, else of the strongest."""
        shown, cell = self.shown, self.picture.hovered
        if shown is None:
            return ""
        pointed_at = cell is not None and self._asking == self._token  # else it is the one that asks
        return shown.in_words(cell if pointed_at and cell is not None else shown.strongest())

    @property
    def _asking(self) -> int:
        """The token whose row or column is drawn."""
        cell = self.picture.hovered
        return self._token if self._token >= 0 or cell is None or self._patches is None else self._patches.token_of(cell)

    def _colour(self) -> None:
        shown, pyramid, patches = self._map, self._pyramid, self._patches
        assert shown is not None
        assert pyramid is not None
        assert patches is not None
        drawn = PatchMap(shown, patches, self._asking, self.way == FROM, pyramid.column_sums / len(shown.pattern))
        limit = drawn.limit_of_weights(shown.request.quantity in OF_ALL_HEADS)
        self.picture.show_map(drawn)
        self.picture.set_limit(limit**0.5)
        self.picture.select(patches.cell_of(self._token))
        self._show_specials(drawn)
        clipped = (False, bool((drawn.weights > limit).any()))
        self._bar.show_scale(limit, signed=False, unit=axis_unit(shown), clipped=clipped, root=True)
        self._title.setText(drawn.title())

    def _offer_specials(self) -> None:
        """The tokens that lie nowhere in the picture: a button for the only one, or a list of several."""
        assert self._map is not None
        assert self._patches is not None
        names = [name_of(token) for token in self._map.queries[: self._patches.first]]
        self.special.setVisible(len(names) == 1)
        self.specials.setVisible(len(names) > 1)
        self.specials.clear()
        self.specials.addItems(names)
        widest = max((self.fontMetrics().horizontalAdvance(f"{name} 1.23×10⁻⁴") for name in names), default=0)
        self.special.setMinimumWidth(widest + _AROUND_PX)
        self.specials.setMinimumWidth(widest + 2 * _AROUND_PX)
        if len(names) == 1:
            name_control(self.special, "patchToken", names[0], f"What {names[0]} attends to, which is no part of the picture.")

    def _show_specials(self, drawn: PatchMap) -> None:
        """With their weights, which would be seen nowhere else."""
        assert self._patches is not None
        for at in range(self._patches.first):
            words = f"{name_of(drawn.map.queries[at])} {figures(float(drawn.of_tokens[at]))}"
            self.special.setText(words)
            self.specials.setItemText(at, words)
        self.special.setChecked(self._token == 0)
        self.specials.setCurrentIndex(self._token if self._token < self._patches.first else -1)

    @Slot()
    def _on_special(self) -> None:
        self._choose(-1 if self._token == 0 else 0)

    @Slot(int)
    def _on_specials(self, at: int) -> None:
        self._choose(-1 if at == self._token else at)

    @Slot(object)
    def _on_selected(self, cell: Cell | None) -> None:
        if self._patches is not None:
            self._choose(-1 if cell is None else self._patches.token_of(cell))

    def _choose(self, token: int) -> None:
        self._token = token
        self._colour()
        self.token_selected.emit(token)
        self.read_out_changed.emit(self.in_words())

    @Slot(object)
    def _on_hovered(self, cell: Cell | None) -> None:
        if self._map is None:
            return
        if self._token < 0:
            self._colour()
        shown = self.shown
        told = shown is not None and cell is not None and self._token >= 0
        self._bar.show_value(float(shown.weights[cell]) if shown is not None and cell is not None and told else None)
        self.read_out_changed.emit(self.in_words())

    @Slot(str)
    def _on_way(self, way: str) -> None:
        self.set_way(way)
        self.read_out_changed.emit(self.in_words())

    @Slot()
    def _on_style(self) -> None:
        style = replace(self.picture.style_shown, blend=self._blend.value() / _STEPS, grey=self._grey.isChecked())
        self.picture.set_style(style)
