"""Draws a picture and a map over it at any zoom: on screen, in a file, on a card."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QTransform

from engine.heatmaps.colours import STEPS
from engine.heatmaps.contours import contour, smoothed
from engine.heatmaps.pixel_map import MISSING, ZERO, Codes, PictureMap, halved
from engine.results import ReadImage
from gui.heatmaps.colours import colour_map
from gui.inputs.thumbnail import image_of
from gui.settings import Mode
from gui.theme import Theme

PIXELS_SEEN = 3.0  # from so many screen pixels to a pixel on, the picture is not smoothed: its pixels are seen as they are
_DIM = 0.62
_PALE = 0.3  # of the panel's colour over a grey picture, so that the map stands out
_LONGEST = 65536
_TILE = 256  # pixels of a map
Colouring = Callable[[Codes, slice, slice], NDArray[np.uint32]]  # some rows and columns of a map, as Qt keeps ARGB


@dataclass(frozen=True, slots=True)
class ImageStyle:
    """How a map lies on its picture.

    Args:
        blend: of the overlay: 0 is the picture alone, 1 the map; in the middle zero is clear and the largest values opaque.
        top: of the mask: the share of the pixels that stays visible.
        lines: of the contours: so many levels on each side of zero.
        grey: the picture without its colours, which the map's could be taken for.
    """

    mode: Mode = "overlay"
    blend: float = 0.5
    top: float = 0.1
    lines: int = 3
    grey: bool = True


class PicturePyramid:
    """A picture and its halves: drawn from the one that fits the distance."""

    def __init__(self, read: ReadImage) -> None:
        self.size = read.size
        self._levels: dict[bool, list[QImage]] = {False: [image_of(read.pixels)]}

    def draw(self, painter: QPainter, place: QRectF, grey: bool) -> None:
        """All of it on ``place``; the painter clips."""
        whole = self._of(grey)[0]
        ratio = painter.device().devicePixelRatioF()
        scale = place.width() * ratio / whole.width()
        image = self._level(grey, scale)
        smooth = scale < PIXELS_SEEN and image.width() != round(place.width() * ratio)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        _draw(painter, _snapped(painter, place), image)

    def _of(self, grey: bool) -> list[QImage]:
        if grey not in self._levels:
            first = self._levels[False][0].convertToFormat(QImage.Format.Format_Grayscale8)
            self._levels[grey] = [first.convertToFormat(QImage.Format.Format_RGB32)]
        return self._levels[grey]

    def _level(self, grey: bool, scale: float) -> QImage:
        levels, at = self._of(grey), 0
        while scale <= 0.5 and min(levels[at].width(), levels[at].height()) > 1:
            scale, at = scale * 2, at + 1
            if at == len(levels):
                half = levels[-1].size() / 2
                levels.append(levels[-1].scaled(half, mode=Qt.TransformationMode.SmoothTransformation))
        return levels[at]


class MapPyramid:
    """The codes of a map and of its halves, and the levels of a mask."""

    def __init__(self, shown: PictureMap) -> None:
        self.map = shown
        self._levels: list[Codes] = []

    def level(self, cells_per_pixel: float) -> Codes:
        """The finest of which a cell is at least a pixel."""
        if not self._levels:
            self._levels.append(self.map.codes)
        at = 0
        while cells_per_pixel > 1.0 and max(self._levels[at].shape) > 1:
            cells_per_pixel, at = cells_per_pixel / 2, at + 1
            if at == len(self._levels):
                self._levels.append(halved(self._levels[-1]))
        return self._levels[at]

    @cached_property
    def lines(self) -> tuple[NDArray[np.floating], float]:
        """What contours are drawn of."""
        return smoothed(self.map.values)


class ImagePainter:
    """Pictures and maps are made ready once; a new limit or style costs a table of colours."""

    def __init__(self) -> None:
        self._picture: PicturePyramid | None = None
        self._read: ReadImage | None = None
        self._map: MapPyramid | None = None
        self.limit = 0.0
        self.style = ImageStyle()
        self._made: tuple[object, ...] = ()
        self._tiles: dict[tuple[int, int], tuple[QImage, NDArray[np.uint32]]] = {}  # an image keeps no hold of its pixels
        self._colour: Colouring = lambda codes, rows, columns: np.zeros((0, 0), np.uint32)
        self._contours: tuple[tuple[object, ...], list[tuple[QPainterPath, bool, float]]] = ((), [])

    @property
    def read(self) -> ReadImage | None:
        """The picture."""
        return self._read

    @property
    def map(self) -> PictureMap | None:
        """What lies on it."""
        return None if self._map is None else self._map.map

    def show_picture(self, read: ReadImage) -> None:
        """The picture alone."""
        self._map = None
        if self._read is None or read.pixels is not self._read.pixels:
            self._picture = PicturePyramid(read)
        self._read = read

    def show_map(self, shown: PictureMap) -> None:
        """A map over its picture."""
        self.show_picture(shown.read)
        self._map = MapPyramid(shown)
        self._made, self._contours = (), ((), [])

    def clear(self) -> None:
        """Nothing."""
        self._picture = self._read = self._map = None

    def paint(self, painter: QPainter, place: QRectF, look: Theme) -> None:
        """The whole picture on ``place``, whatever part of it the painter lets through."""
        if self._picture is None or self._read is None:
            return
        mode = self.style.mode if self._map is not None else None
        crop = self.crop_on(place)
        grey = self.style.grey and mode in ("overlay", "contours")
        self._picture.draw(painter, place, grey)
        self._dim(painter, place, crop, look)
        if self._map is None:
            return
        veil = max(2 * self.style.blend - 1 if mode == "overlay" else 0.0, _PALE if grey else 0.0)
        if veil > 0:
            painter.fillRect(_snapped(painter, crop), _clear(look.panel, veil))
        if mode == "contours":
            self._paint_contours(painter, crop, look)
            return
        self._paint_map(painter, crop, look)

    def crop_on(self, place: QRectF) -> QRectF:
        """Where what the model reads lies, when the picture lies on ``place``."""
        assert self._read is not None
        width, height = self._read.size
        left, top, right, bottom = self._read.crop
        across, down = place.width() / width, place.height() / height
        return QRectF(
            QPointF(place.left() + left * across, place.top() + top * down),
            QPointF(place.left() + right * across, place.top() + bottom * down),
        )

    def _dim(self, painter: QPainter, place: QRectF, crop: QRectF, look: Theme) -> None:
        """What the model does not read."""
        if crop.contains(place):
            return
        outside, inside = QPainterPath(), QPainterPath()
        outside.addRect(place)
        inside.addRect(crop.intersected(place))
        painter.fillPath(outside.subtracted(inside), _clear(look.panel, _DIM))
        painter.setPen(QPen(look.muted, 1, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(crop)

    def _paint_map(self, painter: QPainter, crop: QRectF, look: Theme) -> None:
        """Tile by tile: those in sight are coloured when they are first seen, so that a new scale costs no more than one sees."""
        assert self._map is not None
        ratio = painter.device().devicePixelRatioF()
        codes = self._map.level(self._map.map.place.columns / max(crop.width() * ratio, 1.0))
        made = (codes.shape, self.limit, self.style.mode, self.style.top, look.name, self._blend)
        if made != self._made:
            self._tiles, self._made = {}, made
            self._colour = self._mask(codes, look) if self.style.mode == "mask" else self._colouring(look)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        seen = painter.clipBoundingRect() if painter.hasClipping() else crop
        rows, columns = (_edges(size) for size in codes.shape)
        whole = _snapped(painter, crop)
        down = _on_screen(rows, codes.shape[0], whole.top(), whole.height(), ratio)
        across = _on_screen(columns, codes.shape[1], whole.left(), whole.width(), ratio)
        for row in range(len(rows) - 1):
            for column in range(len(columns) - 1):
                place = QRectF(QPointF(across[column], down[row]), QPointF(across[column + 1], down[row + 1]))
                if place.intersects(seen):
                    tile = self._tile(codes, slice(*rows[row : row + 2]), slice(*columns[column : column + 2]))
                    _draw(painter, place, tile)

    def _tile(self, codes: Codes, rows: slice, columns: slice) -> QImage:
        key = (rows.start, columns.start)
        if key not in self._tiles:
            pixels = np.ascontiguousarray(self._colour(codes, rows, columns))
            height, width = pixels.shape
            image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
            self._tiles[key] = (image, pixels)
        return self._tiles[key][0]

    def _colouring(self, look: Theme) -> Colouring:
        """By the table of the scale; what is not a number is hatched, never to be taken for "no effect"."""
        assert self._map is not None
        table, gaps = self._table(look), self._map.map.has_missing
        inks = np.array([look.muted.rgba(), look.panel.rgba()], dtype=np.uint32)

        def colour(codes: Codes, rows: slice, columns: slice) -> NDArray[np.uint32]:
            part = codes[rows, columns]
            pixels: NDArray[np.uint32] = table.take(part)
            if gaps:
                down, across = np.nonzero(part == MISSING)
                pixels[down, across] = inks[(down + across + rows.start + columns.start) // 2 % 2]
            return pixels

        return colour

    @property
    def _blend(self) -> float:
        return self.style.blend if self.style.mode == "overlay" else 1.0

    def _table(self, look: Theme) -> NDArray[np.uint32]:
        """(65536,) the colour of each code: opaque in the map alone; in the overlay as clear as its value is small."""
        assert self._map is not None
        shown = self._map.map
        steps, signed = np.arange(_LONGEST, dtype=np.float64) - ZERO, shown.signed
        share = steps / (_LONGEST - 1 - ZERO) * (shown.largest / self.limit if self.limit > 0 else 0.0)
        share = np.clip(share, -1.0 if signed else 0.0, 1.0)
        colours = _rgb_of(look, signed)
        last = len(colours) - 1
        chosen = colours[np.rint((share + 1) / 2 * last if signed else share * last).astype(np.intp)]
        if self.style.mode == "overlay" and self._blend < 1:
            panel = np.array([look.panel.red(), look.panel.green(), look.panel.blue()], dtype=np.float64)
            alpha = np.abs(share) * min(1.0, 2 * self._blend)
            lifted = chosen - (1 - np.abs(share))[:, None] * panel  # over the panel it is the colour of the scale
            rgb = np.clip(lifted, 0, 255 * np.abs(share)[:, None]) * min(1.0, 2 * self._blend)
        else:
            alpha, rgb = np.ones(_LONGEST), chosen
        return _packed(alpha, rgb)

    def _mask(self, codes: Codes, look: Theme) -> Colouring:
        """The panel's colour over all but the highest values."""
        assert self._map is not None
        kept = self._map.map.top(self.style.top)
        while kept.shape != codes.shape:
            kept = _any_halved(kept)
        veil = np.array([look.panel.rgba(), 0], dtype=np.uint32)

        def colour(_codes: Codes, rows: slice, columns: slice) -> NDArray[np.uint32]:
            return veil[kept[rows, columns].astype(np.intp)]

        return colour

    # Contours

    def levels(self) -> list[float]:
        """Of the contours, from the lowest to the highest: in equal steps to the largest of what they are drawn of."""
        largest = 0.0 if self._map is None else float(np.abs(self._map.lines[0]).max(initial=0.0))
        if self._map is None or largest <= 0:
            return []
        above = [largest * (at + 1) / (self.style.lines + 1) for at in range(self.style.lines)]
        return [-each for each in reversed(above)] + above if self._map.map.signed else above

    def _paint_contours(self, painter: QPainter, crop: QRectF, look: Theme) -> None:
        assert self._map is not None
        made = (self.style.lines,)
        if self._contours[0] != made:
            values, step = self._map.lines
            levels = self.levels()
            highest = max(levels, default=1.0)
            paths = [(_path(contour(values, each, step)), each < 0, abs(each) / highest) for each in levels]
            self._contours = (made, paths)
        place = self._map.map.place
        to_screen = QTransform.fromTranslate(crop.left(), crop.top()).scale(
            crop.width() / place.columns, crop.height() / place.rows
        )
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setTransform(to_screen, True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        signed = self._map.map.signed
        colours = colour_map(look, signed=signed).colours
        for halo in (True, False):
            for path, below, strength in self._contours[1]:
                end = colours[0] if below else colours[-1 if signed else round((0.35 + 0.65 * strength) * (len(colours) - 1))]
                width = 1.0 + 1.25 * strength
                pen = QPen(_clear(look.panel, 0.75), width + 2) if halo else QPen(end, width)
                pen.setCosmetic(True)
                pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
                painter.setPen(pen)
                painter.drawPath(path)
        painter.restore()


def _path(segments: NDArray[np.float64]) -> QPainterPath:
    path = QPainterPath()
    for x0, y0, x1, y1 in segments.tolist():
        path.moveTo(x0, y0)
        path.lineTo(x1, y1)
    return path


def _any_halved(kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rows, columns = kept.shape
    padded = np.pad(kept, ((0, rows % 2), (0, columns % 2)))
    return padded[0::2, 0::2] | padded[1::2, 0::2] | padded[0::2, 1::2] | padded[1::2, 1::2]


def _draw(painter: QPainter, place: QRectF, image: QImage) -> None:
    """What is seen of ``image`` on ``place``: Qt steps through a picture in 65536ths of its pixels, too coarse for all of it when
    it is magnified much.
    """
    seen = painter.clipBoundingRect().intersected(place) if painter.hasClipping() else place
    if seen.isEmpty():
        return
    across, down = place.width() / image.width(), place.height() / image.height()
    left, top = (max(0, floor(at)) for at in ((seen.left() - place.left()) / across, (seen.top() - place.top()) / down))
    right = min(image.width(), ceil((seen.right() - place.left()) / across))
    bottom = min(image.height(), ceil((seen.bottom() - place.top()) / down))
    part = QRectF(place.left() + left * across, place.top() + top * down, (right - left) * across, (bottom - top) * down)
    painter.drawImage(part, image, QRectF(left, top, right - left, bottom - top))


def _edges(size: int) -> list[int]:
    """Of the tiles."""
    return [*range(0, size, _TILE), size]


def _on_screen(edges: list[int], size: int, start: float, length: float, ratio: float) -> list[float]:
    """On whole pixels of the screen, as the start is: tiles neither overlap nor leave a gap."""
    return [start + round(edge / size * length * ratio) / ratio for edge in edges]


def _snapped(painter: QPainter, place: QRectF) -> QRectF:
    """Its edges on whole pixels of the screen, so that what is to cover something covers all of it."""
    to_device = painter.deviceTransform()
    back, invertible = to_device.inverted()
    if not invertible:
        return place
    corners = (to_device.map(place.topLeft()), to_device.map(place.bottomRight()))
    first, last = (back.map(QPointF(round(each.x()), round(each.y()))) for each in corners)
    return QRectF(first, last)


def _rgb_of(look: Theme, signed: bool) -> NDArray[np.float64]:
    colours = colour_map(look, signed=signed).colours
    assert len(colours) == 2 * STEPS + 1
    return np.array([(each.red(), each.green(), each.blue()) for each in colours], dtype=np.float64)


def _packed(alpha: NDArray[np.float64], rgb: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Premultiplied, as Qt keeps ARGB: (n,) 0 … 1 and (n, 3) 0 … 255."""
    a = np.rint(alpha * 255).astype(np.uint32)
    r, g, b = (np.minimum(np.rint(np.clip(rgb[:, at], 0, 255)).astype(np.uint32), a) for at in range(3))
    packed: NDArray[np.uint32] = (a << np.uint32(24)) | (r << np.uint32(16)) | (g << np.uint32(8)) | b
    return packed


def _clear(colour: QColor, alpha: float) -> QColor:
    found = QColor(colour)
    found.setAlphaF(min(max(alpha, 0.0), 1.0))
    return found
