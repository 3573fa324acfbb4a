"""Why the model said that: the text or picture as a heatmap, its scale, whether it adds up, and the path it came from."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from engine.heatmaps.contours import SMOOTHED
from engine.heatmaps.numerals import figures, percent
from engine.heatmaps.token_values import TokenValues
from engine.heatmaps.wording import title_of, token_values
from engine.inputs.grain import fitting_grain, grains_of
from engine.requests import Grain
from engine.results import AttributionResult, InputKind, Notice, PredictionResult, ReadImage, TokenizedText
from gui import theme
from gui.actions import Actions
from gui.controls.rows import name_control
from gui.heatmaps.colours import limit_of
from gui.heatmaps.image_painter import ImageStyle
from gui.heatmaps.level_bar import LevelBar
from gui.heatmaps.text_heatmap import MEASURE, TextHeatmap
from gui.images.board import ImageBoard
from gui.images.controls import ImageControls
from gui.records.field_panel import FieldPanel
from gui.views.completeness_strip import CompletenessStrip
from gui.views.dimensions import DimensionView
from gui.views.find_bar import FindBar
from gui.views.map_board import Companion, MapBoard
from gui.views.map_head import MapHead
from gui.views.path_curve import PathCurveView
from gui.views.sheet import Sheet, framed, inset
from gui.views.value_table import ValueTable

_EMPTY: dict[InputKind, str] = {
    "text": "The text will stand here, each word on its colour: orange raises the score, blue lowers it.",
    "image": "The picture will stand here, each pixel under its colour: orange raises the score, blue lowers it.",
    "record": "The record will stand here, each character on its colour: orange raises the score, blue lowers it.",
}
_TABLE_OF_A_PICTURE = "What the pixels of each part of the picture add up to, to sort and to copy (Ctrl+T)."
_WAITING = "Nothing computed yet"
_BAR_WIDTH = 420
_TABLE_HEIGHT = 300
_PATH_WIDTH = MEASURE + 32
_FOLDED = {False: "▸", True: "▾"}
SAID_BY_THE_STRIP = ("confident_baseline", "not_converged", "stopped")


class AttributionView(QWidget):
    """A new map of the same text changes colours and numbers; no place changes."""

    token_hovered = Signal(int)
    token_selected = Signal(int)
    remedy_chosen = Signal(str)
    read_out_changed = Signal(str)  # for the status bar; empty: nothing under the pointer and nothing pinned
    grain_changed = Signal(str)
    path_toggled = Signal(bool)
    dimensions_toggled = Signal(bool)
    image_style_changed = Signal(object)  # ImageStyle, by a person
    method_added = Signal(str)
    method_removed = Signal(int)
    method_moved = Signal(int, int)

    def __init__(self, actions: Actions | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("attributionView")
        self.setAccessibleName("Attribution")
        self._grain: Grain = "token"
        self._result: AttributionResult | None = None
        self._shown: PredictionResult | None = None
        self._kind: InputKind = "text"
        self._companions: tuple[Companion, ...] = ()
        self.head, self.board, self.find_bar = MapHead(actions, self), MapBoard(self), FindBar(self)
        self.images, self.image_controls = ImageBoard(self), ImageControls(self)
        self.head.add_choices(self.image_controls.modes)
        self.fields = FieldPanel(self)
        self._table, self.dimensions = ValueTable(self), DimensionView(self)
        self._bar = LevelBar(self)
        self._strip = CompletenessStrip(self)
        self._path = PathCurveView(self)
        self._warnings, self._empty, self._scale_note = self._label("warning"), self._label("muted"), self._label("muted")
        self.as_path, self.as_table, self.as_dimensions = (
            self._fold("Path curve", "showPath", "The score on its way from the baseline to the input (Ctrl+Shift+D)."),
            self._fold("Table", "showAsTable", "Every value in a table, to sort and to copy (Ctrl+T)."),
            self._fold("Dimensions", "showDimensions", "Token × dimension: what the sum hides (Ctrl+D)."),
        )
        self._opened: QWidget = self._path
        self._reveal = QTimer(self)
        self._reveal.setSingleShot(True)
        self._reveal.setInterval(0)
        self._reveal.timeout.connect(self._on_reveal)
        self._connect()
        self._lay_out()
        self.set_path_shown(True)
        self.clear()

    # One way in

    def show_result(self, result: AttributionResult) -> None:
        """A map, finished or still sharpening."""
        self._result, self._shown = result, result.prediction
        self._show_kind(result.prediction)
        if self.shows_picture:
            self.images.show_result(result)
            self.image_controls.show_channels(result.values.shape[2] if result.values.ndim == 3 else 0)
        else:
            self.board.show_result(result)
            self._offer_grains()
        self.fields.show_result(None if self.shows_picture else result)
        self._show_listed()
        self.head.title.setText(title_of(result))
        self.head.show_has_map(True)
        if result.progress >= 1:  # on the way, what was known before still stands
            self._show_warnings(result.warnings)
        self._strip.show_result(result)
        self._path.show_result(result)
        self._pages.setCurrentIndex(1)
        self._describe()

    def show_prediction(self, prediction: PredictionResult) -> None:
        """The text that is about to be explained; a map of the very same text stays."""
        if self._result is not None and self._shown is not None and _same_input(prediction, self._shown):
            return
        self._forget()
        self._shown = prediction
        self._show_kind(prediction)
        if isinstance(prediction.input, ReadImage):
            self.images.show_picture(prediction.input)
        else:
            self.board.show_text(prediction.text)
            self._offer_grains()
            self.find_bar.show_texts(self.board.heatmap.searched)
        self.head.title.setText(_WAITING)
        self._pages.setCurrentIndex(1)

    def show_stopped(self) -> None:
        """The partial map that is shown stays, and says so."""
        self._strip.show_stopped()
        if self._result is not None:
            self._show_warnings(self._result.warnings)
        if self._result is not None and self._result.path is None:
            self._path.show_stopped()

    def clear(self, because: str | None = None, kind: InputKind = "text") -> None:
        """Nothing to show: say what will be here, or why nothing can."""
        self._forget()
        self._empty.setText(because or _EMPTY[kind])
        self._shown = None
        self._pages.setCurrentIndex(0)

    def select_token(self, token: int) -> None:
        """Pin a token (−1: none); emits nothing."""
        self.board.select_token(token)
        self._select_elsewhere(token)

    def set_grain(self, grain: Grain) -> None:
        """Tokens, words or sentences; emits nothing."""
        if grain == self._grain:
            return
        self._grain = grain
        self.head.show_grain(self.grain)
        self.board.set_grain(grain)
        self._show_listed()
        self.find_bar.show_texts(self.board.heatmap.searched)
        self.board.describe()

    def set_path_shown(self, shown: bool) -> None:
        """As remembered; emits nothing."""
        quiet = self.as_path.blockSignals(True)
        self.as_path.setChecked(shown)
        self.as_path.blockSignals(quiet)
        self._unfold(self.as_path, self._path, shown)

    def heatmap(self) -> TextHeatmap:
        """Of a text."""
        return self.board.heatmap

    def focus_map(self) -> None:
        """The keyboard goes there."""
        (self.images.main.heatmap if self.shows_picture else self.board.heatmap).setFocus()

    def show_companions(self, companions: Sequence[Companion]) -> None:
        """Other methods' maps of the same question, in this order."""
        self._companions = tuple(companions)
        ours, other = (self.images, self.board) if self.shows_picture else (self.board, self.images)
        other.show_companions(())
        ours.show_companions(self._companions)

    @property
    def shows_picture(self) -> bool:
        """Whether what is explained is one."""
        return self._kind == "image"

    @property
    def kept(self) -> AttributionResult | None:
        """The map that is pinned for comparison."""
        return self.images.kept if self.shows_picture else self.board.kept

    def set_image_style(self, style: ImageStyle) -> None:
        """As remembered; emits nothing."""
        self.image_controls.set_style(style)
        self.images.set_style(style)
        self._show_scale_note()

    def _show_kind(self, prediction: PredictionResult) -> None:
        """The board of what was read, and what can be done with it."""
        before, self._kind = self._kind, "image" if isinstance(prediction.input, ReadImage) else "text"
        if self._kind == before:
            return
        picture = self.shows_picture
        self.head.show_grains(not picture)
        for each, there in ((self.board, not picture), (self.images, picture), (self.image_controls, picture)):
            each.setVisible(there)
        self.as_dimensions.setVisible(not picture)
        self.as_table.setToolTip(_TABLE_OF_A_PICTURE if picture else self.as_table.accessibleDescription())
        if picture:
            self.find_bar.hide()
            self.dimensions.hide()
        else:
            self.dimensions.setVisible(self.as_dimensions.isChecked())
        self.show_companions(self._companions)

    def _describe(self) -> None:
        if self.shows_picture:
            self.images.describe()
            self.image_controls.show_zoom(self.images.main.heatmap.screen_pixels())
        else:
            self.find_bar.show_texts(self.board.heatmap.searched)
            self.board.describe()

    @property
    def grain(self) -> Grain:
        """That of what is shown; what was chosen waits where it says nothing of it."""
        document = self._document
        return self._grain if document is None else fitting_grain(document, self._grain)

    @property
    def _document(self) -> TokenizedText | None:
        read = self._shown.input if self._shown is not None else None
        return read if isinstance(read, TokenizedText) else None

    def _offer_grains(self) -> None:
        document = self._document
        if document is not None:
            self.head.offer_grains(grains_of(document))
            self.head.show_grain(self.grain)

    def _forget(self) -> None:
        self._result = None
        self.head.show_has_map(False)
        self._bar.show_scale(0.0, signed=True, unit="", idle=True)
        self._bar.set_largest(0.0)
        self._scale_note.clear()
        self.fields.show_result(None)
        self._strip.clear()
        self._path.clear()
        self._warnings.hide()
        self.dimensions.clear()
        self._table.show_values(TokenValues((), np.zeros(0), ""))
        self.read_out_changed.emit("")

    def _show_listed(self) -> None:
        if self.shows_picture:
            pixels = self.images.map
            if pixels is not None and self._table.isVisibleTo(self):
                self._table.show_values(pixels.listed(), "grid")
                self._table.select(-1 if self.images.selected is None else pixels.grid_cell_of(self.images.selected))
            return
        shown = self.board.map
        if shown is not None and self._table.isVisibleTo(self):
            self._table.show_values(shown.listed, self.grain)
            self._table.select(shown.grouped.unit_of(self.board.selected_token))

    def _show_warnings(self, warnings: tuple[Notice, ...]) -> None:
        """Those that the strip does not say already."""
        others = [warning for warning in warnings if warning.kind not in SAID_BY_THE_STRIP]
        self._warnings.setText("\n".join(f"⚠ {warning.message}" for warning in others))
        self._warnings.setVisible(bool(others))

    # Making

    def _label(self, role: str) -> QLabel:
        label = QLabel(self)
        label.setProperty("role", role)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label

    def _fold(self, words: str, name: str, hint: str) -> QToolButton:
        button = QToolButton(self)
        name_control(button, name, words, hint)
        button.setText(f"{_FOLDED[False]} {words}")
        button.setCheckable(True)
        button.setProperty("role", "fold")
        return button

    def _connect(self) -> None:
        board, head = self.board, self.head
        board.token_hovered.connect(self.token_hovered)
        board.token_selected.connect(self._on_selected)
        self.fields.token_selected.connect(self._on_token_chosen)
        self.fields.read_out_changed.connect(self.read_out_changed)
        board.read_out_changed.connect(self._on_read_out)
        board.scale_changed.connect(self._on_scale_changed)
        board.remove_requested.connect(self.method_removed)
        board.move_requested.connect(self.method_moved)
        images, controls = self.images, self.image_controls
        images.pixel_selected.connect(self._on_pixel_selected)
        images.read_out_changed.connect(self._on_read_out)
        images.scale_changed.connect(self._on_scale_changed)
        images.remove_requested.connect(self.method_removed)
        images.move_requested.connect(self.method_moved)
        images.zoom.changed.connect(self._on_zoomed)
        controls.style_changed.connect(self._on_style)
        controls.channel_changed.connect(images.set_channel)
        controls.fit_wanted.connect(images.zoom.fit)
        controls.pixels_wanted.connect(images.main.heatmap.show_pixel_for_pixel)
        controls.zoom_wanted.connect(images.main.heatmap.zoom_by)
        self._bar.limit_chosen.connect(images.set_limit)
        head.grain_chosen.connect(self.choose_grain)
        head.method_chosen.connect(self.method_added)
        head.pin_chosen.connect(self.pin)
        self.find_bar.found.connect(self._on_found)
        self.find_bar.closed.connect(board.heatmap.setFocus)
        self._table.chosen.connect(self._on_unit_selected)
        self.dimensions.token_selected.connect(self._on_token_chosen)
        self.dimensions.read_out_changed.connect(self.read_out_changed)
        self._strip.remedy_chosen.connect(self.remedy_chosen)
        self._path.read_out_changed.connect(self.read_out_changed)
        self.as_path.toggled.connect(self._on_path_toggled)
        self.as_table.toggled.connect(self._on_table_toggled)
        self.as_dimensions.toggled.connect(self._on_dimensions_toggled)

    def _lay_out(self) -> None:
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 12, 0, 12)
        column.setSpacing(8)
        column.addLayout(inset(self.head))
        column.addLayout(inset(self.find_bar))
        column.addLayout(inset(self.image_controls))
        column.addWidget(self.board)
        column.addWidget(self.images, 1)
        column.addWidget(self.fields)
        scale = inset(self._bar)
        scale.addWidget(self._scale_note, 60, Qt.AlignmentFlag.AlignTop)
        scale.addStretch(1)
        column.addLayout(scale)
        column.addLayout(inset(self._strip))
        column.addLayout(inset(self._warnings))  # below: their coming moves nothing one looks at
        folds = inset(self.as_path, stretch=True)
        for place, fold in enumerate((self.as_table, self.as_dimensions), start=1):
            folds.insertWidget(place, fold)
        folds.setSpacing(16)
        column.addLayout(folds)
        column.addLayout(inset(self._table))
        column.addLayout(inset(self.dimensions))
        column.addLayout(inset(self._path, stretch=True))
        column.addStretch()
        self._bar.setMaximumWidth(_BAR_WIDTH)
        self._path.setMaximumWidth(_PATH_WIDTH)
        self._table.setFixedHeight(_TABLE_HEIGHT)
        for hidden in (self._table, self.dimensions, self._warnings, self.images, self.image_controls):
            hidden.hide()
        self._pages = QStackedWidget(self)
        self._pages.addWidget(framed(self._empty))
        self._sheet = Sheet(page)
        self._sheet.setObjectName("attributionSheet")
        self._pages.addWidget(framed(self._sheet))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)

    # What the user does

    @Slot(str)
    def choose_grain(self, grain: Grain) -> None:
        """By a person."""
        self.set_grain(grain)
        self.grain_changed.emit(grain)

    @Slot()
    def pin(self) -> None:
        """Keep the map on screen beside those that come."""
        if self.shows_picture:
            self.images.pin()
        else:
            self.board.pin()
        self._opened = self.head
        self._reveal.start()

    def unpin(self) -> None:
        """Let the pinned map go."""
        if self.shows_picture:
            self.images.unpin()
        else:
            self.board.unpin()

    @Slot()
    def open_find_bar(self) -> None:
        """Open the bar, with the keyboard in it."""
        if self._shown is not None and not self.shows_picture:
            self.find_bar.show_texts(self.board.heatmap.searched)
            self.find_bar.open_bar()
            self._opened = self.find_bar
            self._reveal.start()

    @Slot(int)
    def _on_selected(self, token: int) -> None:
        self._select_elsewhere(token)
        self.token_selected.emit(token)

    @Slot(int)
    def _on_unit_selected(self, unit: int) -> None:
        pixels, shown = self.images.map, self.board.map
        if self.shows_picture:
            if pixels is not None and unit >= 0:
                self.images.select(pixels.centre_of_grid_cell(unit))
                self.images.describe()
        elif shown is not None:
            self._on_token_chosen(shown.grouped.token_of(unit))

    @Slot(int)
    def _on_token_chosen(self, token: int) -> None:
        self.board.select_token(token)
        self._select_elsewhere(token)
        self.token_selected.emit(token)
        self.board.describe()

    def _select_elsewhere(self, token: int) -> None:
        shown = self.board.map
        self._table.select(-1 if shown is None else shown.grouped.unit_of(token))
        self.dimensions.select_token(token)
        self.fields.map.select_token(token)

    @Slot(str, object)
    def _on_read_out(self, words: str, value: float | None) -> None:
        self._bar.show_value(value)
        self.read_out_changed.emit(words)

    @Slot(object)
    def _on_pixel_selected(self, cell: tuple[int, int] | None) -> None:
        pixels = self.images.map
        if pixels is not None and self._table.isVisibleTo(self):
            self._table.select(-1 if cell is None else pixels.grid_cell_of(cell))

    @Slot()
    def _on_zoomed(self) -> None:
        self.image_controls.show_zoom(self.images.main.heatmap.screen_pixels())

    @Slot(object)
    def _on_style(self, style: ImageStyle) -> None:
        self.images.set_style(style)
        self._show_scale_note()
        self.image_style_changed.emit(style)

    def _show_image_scale(self) -> None:
        shown, limit = self.images.map, self.images.limit
        if shown is None:
            return
        beyond = (bool((shown.values < -limit).any()), bool((shown.values > limit).any()))
        self._bar.show_scale(limit, signed=shown.result.signed, unit=shown.result.unit, clipped=beyond)
        self._bar.set_largest(max(row.map.largest for row in self.images.sharing() if row.map is not None))
        self._show_scale_note()

    def _show_scale_note(self) -> None:
        """What the scale and the picture above leave unsaid."""
        shown, said = self.images.map, []
        if shown is None or not self.shows_picture:
            return
        if len(self.images.sharing()) > 1:
            said.append(f"One scale for {len(self.images.sharing())} maps.")
        beyond = int((shown.magnitudes > self.images.limit).sum())
        if beyond:
            pixels = "1 pixel lies" if beyond == 1 else f"{beyond:,} pixels lie"
            said.append(f"{pixels} beyond it; drag it for more or less colour.")
        if self.images.main.heatmap.style_shown.mode == "contours":
            levels = ", ".join(figures(each, 2) for each in self.images.main.heatmap.contour_levels() if each > 0)
            sign = "±" if shown.result.signed else ""
            said.append(f"Lines at {sign}{levels}, of the map blurred by {percent(1 / SMOOTHED)} of its side.")
        self._scale_note.setText(" ".join(said))

    @Slot()
    def _on_scale_changed(self) -> None:
        if self.shows_picture:
            self._show_image_scale()
            return
        self._bar.set_largest(0.0)  # of a text it ends where its largest value is
        shown, heatmap = self.board.map, self.board.heatmap
        values, limit = heatmap.cell_values, heatmap.limit
        if shown is None or values is None:
            return
        self.fields.map.set_limit(self._character_limit())
        beyond = (bool((values < -limit).any()), bool((values > limit).any()))
        self._bar.show_scale(limit, signed=shown.result.signed, unit=shown.result.unit, clipped=beyond)
        sharing = self.board.sharing()
        self._scale_note.setText(f"One scale for {sharing} maps" if sharing > 1 else "")

    def _character_limit(self) -> float:
        """Of the characters of a record, on the scale of the map above where that shows them."""
        if self.grain == "token" or self._result is None:
            return self.board.heatmap.limit
        return limit_of(token_values(self._result))

    @Slot(bool)
    def _on_table_toggled(self, on: bool) -> None:
        self._unfold(self.as_table, self._table, on)
        self._show_listed()

    @Slot(bool)
    def _on_dimensions_toggled(self, on: bool) -> None:
        self._unfold(self.as_dimensions, self.dimensions, on)
        self.dimensions_toggled.emit(on)

    @Slot(bool)
    def _on_path_toggled(self, on: bool) -> None:
        self._unfold(self.as_path, self._path, on)
        self.path_toggled.emit(on)

    def _unfold(self, fold: QToolButton, pane: QWidget, on: bool) -> None:
        fold.setText(f"{_FOLDED[on]} {fold.accessibleName()}")
        pane.setVisible(on)
        if self.isVisible():
            self._opened = pane if on else self.head
            self._reveal.start()

    @Slot()
    def _on_reveal(self) -> None:
        """What was opened comes into sight, once it has its place."""
        self._sheet.ensureWidgetVisible(self._opened, 0, 12)

    @Slot(object, int)
    def _on_found(self, hits: list[tuple[int, int, int]], current: int) -> None:
        for row in self.board.rows():
            ours = row.heatmap.searched == self.board.heatmap.searched
            row.heatmap.show_hits(hits if ours else (), current if ours else -1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A picture has the room there is."""
        super().resizeEvent(event)
        self.images.set_room(event.size().height())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS:
            self.update()


def _same_input(one: PredictionResult, other: PredictionResult) -> bool:
    """Read alike."""
    if isinstance(one.input, ReadImage) and isinstance(other.input, ReadImage):
        same_shape = (one.input.size, one.input.shape) == (other.input.size, other.input.shape)
        return one.request.input == other.request.input and same_shape
    return one.input == other.input
