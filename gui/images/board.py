"""The maps over pictures on screen: one kept for comparison, the one that was asked for, other methods beside it.

Maps of one unit and sign share one colour scale, all share one zoom; one pixel is selected in all that show its picture.
"""

import math
from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from engine.heatmaps.grained import brief_title, brief_words, differences
from engine.heatmaps.pixel_map import Cell, PixelMap, point_in_words
from engine.results import AttributionResult, ReadImage
from gui.heatmaps.image_heatmap import Zoom
from gui.heatmaps.image_painter import ImageStyle
from gui.images.row import ImageRow
from gui.views.map_board import Companion, why_apart

_NARROWEST, _LOWEST = 280, 240  # px of a map among others
_ALONE = 248  # px, the least height of a map that stands alone
_AROUND = 260  # px of what belongs to it: title, controls, scale, completeness


class ImageBoard(QWidget):
    """Setters never emit but for ``scale_changed``, which says that the shared scale is another."""

    pixel_selected = Signal(object)  # Cell of the map that was asked for, or None
    read_out_changed = Signal(str, object)  # words; the value, to be marked on the scale, or None
    scale_changed = Signal()
    remove_requested = Signal(int)  # a companion's key
    move_requested = Signal(int, int)
    unpinned = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.zoom = Zoom(self)
        self._style = ImageStyle()
        self._channel: int | None = None
        self._result: AttributionResult | None = None
        self._kept: AttributionResult | None = None
        self._companions: tuple[Companion, ...] = ()
        self._chosen: float | None = None  # where a person ended the scale
        self.main = ImageRow("mainImage", self.zoom, (), self)
        self.pinned = ImageRow("pinnedImage", self.zoom, ("remove",), self)
        self._rows: dict[int, ImageRow] = {}
        self._columns, self._room = 1, 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(16, 0, 16, 0)
        self._grid.setSpacing(8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.pinned.hide()
        for row in (self.main, self.pinned):
            self._connect(row)
        self._arrange()

    def _connect(self, row: ImageRow) -> None:
        row.hovered.connect(self._on_hovered)
        row.selected.connect(self._on_selected)
        row.remove_requested.connect(self._on_remove)
        row.move_requested.connect(self._on_move)
        row.heatmap.point_hovered.connect(self._on_point)
        row.heatmap.set_style(self._style)

    # One way in

    def show_result(self, result: AttributionResult) -> None:
        """The map that was asked for, or a sharper one."""
        if self._result is None or result.request != self._result.request:
            self._chosen = None
        self._show_read(result.prediction.input)
        self._result = result
        self.main.heatmap.show_map(PixelMap(result, self._channel_of(result)))
        self._finish()

    def show_picture(self, read: ReadImage) -> None:
        """The picture alone."""
        self._show_read(read)
        self._result = self._chosen = None
        self.main.heatmap.show_picture(read)
        self._finish()

    def _show_read(self, read: object) -> None:
        """Another picture is seen as a whole first."""
        before = self.main.read
        if isinstance(read, ReadImage) and (before is None or (before.path, before.size) != (read.path, read.size)):
            self.zoom.fit()

    def show_companions(self, companions: Sequence[Companion]) -> None:
        """In this order, after the map that was asked for."""
        self._companions = tuple(companions)
        for key in self._rows.keys() - {each.key for each in companions}:
            row = self._rows.pop(key)
            self._grid.removeWidget(row)
            row.hide()
            row.deleteLater()
        for each in companions:
            self._fill(self._rows.get(each.key) or self._new_row(each.key), each)
        self._arrange()
        self._finish()

    def set_style(self, style: ImageStyle) -> None:
        """How maps lie on their pictures."""
        self._style = style
        for row in (self.main, self.pinned, *self._rows.values()):
            row.heatmap.set_style(style)

    def set_channel(self, channel: int | None) -> None:
        """Of maps of every channel, which; None: their sum."""
        if channel != self._channel:
            self._channel = channel
            if self._result is not None:
                self.main.heatmap.show_map(PixelMap(self._result, self._channel_of(self._result)))
            self._finish()

    def set_limit(self, limit: float | None) -> None:
        """A person ends the shared scale there; None: where it ends of itself."""
        self._chosen = limit
        self._share_scale()
        self.scale_changed.emit()

    def pin(self) -> None:
        """Keep the map on screen beside those that come."""
        self._kept = self._result
        self._show_kept()

    def unpin(self) -> None:
        """Let it go."""
        self._kept = None
        self._show_kept()

    def select(self, cell: Cell | None) -> None:
        """A pixel of the map that was asked for."""
        self.main.heatmap.select(cell)
        self._show_selected(self.main)

    # What is shown

    @property
    def map(self) -> PixelMap | None:
        """The one that was asked for."""
        return self.main.map

    @property
    def selected(self) -> Cell | None:
        """The pinned pixel."""
        return self.main.heatmap.selected

    @property
    def kept(self) -> AttributionResult | None:
        return self._kept

    @property
    def limit(self) -> float:
        """The end of the shared scale."""
        return self.main.heatmap.limit

    def rows(self) -> list[ImageRow]:
        """In the order they stand, those that are shown."""
        kept = [self.pinned] if self._kept is not None else []
        return [*kept, self.main, *(self._rows[each.key] for each in self._companions)]

    def sharing(self) -> list[ImageRow]:
        """Those that lie on the common scale."""
        ours = self.map
        return [row for row in self.rows() if row.map is not None and ours is not None and row.map.scale == ours.scale]

    def set_room(self, height: int) -> None:
        """So high is what can be seen at once: what stands above and below a map takes its share."""
        self._room = height - _AROUND
        self.setMinimumHeight(self.least_height())

    def least_height(self) -> int:
        """In px, of all maps as they stand."""
        rows = math.ceil(len(self.rows()) / self._columns)
        return max(_ALONE if rows == 1 else rows * _LOWEST, self._room)

    def describe(self) -> None:
        """Tell the read-out of what is pinned."""
        self._tell(self.main, self.selected)

    def _channel_of(self, result: AttributionResult) -> int | None:
        shown = self._channel is not None and result.values.ndim == 3 and self._channel < result.values.shape[2]
        return self._channel if shown else None

    def _new_row(self, key: int) -> ImageRow:
        row = self._rows[key] = ImageRow(f"companionImage{key}", self.zoom, ("up", "down", "remove"), self)
        self._connect(row)
        return row

    def _fill(self, row: ImageRow, each: Companion) -> None:
        if each.result is not None and isinstance(each.result.prediction.input, ReadImage):
            row.heatmap.show_map(PixelMap(each.result))
            facts = filter(None, (brief_words(each.result, each.stopped), each.note))
            row.show_caption(brief_title(each.result), " · ".join(facts))
            return
        row.show_caption(each.label, each.note)
        if self.main.read is not None:
            row.heatmap.show_picture(self.main.read)

    def _show_kept(self) -> None:
        self.pinned.setVisible(self._kept is not None)
        if self._kept is not None:
            self.pinned.heatmap.show_map(PixelMap(self._kept, self._channel_of(self._kept)))
        self._arrange()
        self._finish()

    def _finish(self) -> None:
        self._show_captions()
        self._share_scale()
        self._show_selected(self.main)
        self.scale_changed.emit()

    def _show_captions(self) -> None:
        several = len(self.rows()) > 1
        if self._result is not None and several:
            self.main.show_caption(brief_title(self._result), brief_words(self._result, False))
        else:
            self.main.show_caption("")
        if self._kept is None:
            return
        other = differences(self._kept, self._result) if self._result is not None else ()
        same = "the same picture and settings" if self._result is not None else ""
        facts = [f"differs: {' · '.join(other)}" if other else same, brief_words(self._kept, True)]
        self.pinned.show_caption(f"Pinned: {brief_title(self._kept)}", " · ".join(filter(None, facts)))

    def _share_scale(self) -> None:
        shared, ours = self.sharing(), self.map
        apart = len(shared) < sum(row.map is not None for row in self.rows())
        limit = self._chosen or max((row.map.limit for row in shared if row.map is not None), default=0.0)
        for row in self.rows():
            row.keep_room_for_scale(apart)
            if row.map is None:
                row.show_own_scale(False)
                row.show_note("")
                continue
            common = row in shared
            row.heatmap.set_limit(limit if common else row.map.limit)
            row.show_own_scale(not common and ours is not None)
            row.show_note(why_apart(row.map.result, ours.result) if not common and ours is not None else "")

    def _show_selected(self, of: ImageRow) -> None:
        """The same pixel in all that show the same picture at the same size."""
        cell, shown = of.heatmap.selected, of.map
        for row in self.rows():
            if row is not of and row.map is not None and shown is not None:
                row.heatmap.select(cell if _same_picture(row.map, shown) else None)

    # Where they stand

    def _arrange(self) -> None:
        rows = self.rows()
        room = max(self.width() - 32, _NARROWEST)
        self._columns = max(1, min(len(rows), room // _NARROWEST))
        if len(rows) > self._columns:
            self._columns = math.ceil(len(rows) / math.ceil(len(rows) / self._columns))
        for row in rows:
            self._grid.removeWidget(row)
        for at, row in enumerate(rows):
            self._grid.addWidget(row, *divmod(at, self._columns))
            row.show()
        for at in range(self._grid.columnCount()):
            self._grid.setColumnStretch(at, 1 if at < self._columns else 0)
        for at in range(self._grid.rowCount()):
            self._grid.setRowStretch(at, 1 if at < math.ceil(len(rows) / self._columns) else 0)
        self.setMinimumHeight(self.least_height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Beside one another where they have room."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._arrange()

    # What the user does

    @Slot(object, object)
    def _on_hovered(self, row: ImageRow, cell: Cell | None) -> None:
        if cell is not None:
            self._tell(row, cell)
        else:
            self.describe()

    @Slot(float, float)
    def _on_point(self, x: float, y: float) -> None:
        """Beside what the model reads there are colours all the same."""
        row = next((row for row in self.rows() if row.heatmap is self.sender()), None)
        if row is None or row.read is None or x < 0:
            self.describe()
            return
        unread = " · the model does not read it" if row.map is not None else ""
        self.read_out_changed.emit(point_in_words(row.read, x, y) + unread, None)

    @Slot(object, object)
    def _on_selected(self, row: ImageRow, cell: Cell | None) -> None:
        if row is not self.main and row.map is not None and self.map is not None and _same_picture(row.map, self.map):
            self.main.heatmap.select(cell)
            row = self.main
        self._show_selected(row)
        self.pixel_selected.emit(self.selected)
        if cell is not None:
            self._tell(row, cell)
        else:
            self.describe()

    @Slot(object)
    def _on_remove(self, row: ImageRow) -> None:
        if row is self.pinned:
            self.unpin()
            self.unpinned.emit()
            self.main.heatmap.setFocus()
            return
        self.remove_requested.emit(self._key_of(row))

    @Slot(object, int)
    def _on_move(self, row: ImageRow, step: int) -> None:
        self.move_requested.emit(self._key_of(row), step)

    def _key_of(self, row: ImageRow) -> int:
        return next(key for key, each in self._rows.items() if each is row)

    def _tell(self, row: ImageRow, cell: Cell | None) -> None:
        """What is under the pointer, otherwise what is pinned."""
        value, words = None, ""
        if cell is not None and row.map is not None:
            value, words = float(row.map.values[cell]), row.map.in_words(cell)
            if len(self.rows()) > 1:
                words = f"{row.map.result.method.label}: {words}"
        self.read_out_changed.emit(words, value if row in self.sharing() else None)


def _same_picture(one: PixelMap, other: PixelMap) -> bool:
    return one.result.request.input == other.result.request.input and one.values.shape == other.values.shape
