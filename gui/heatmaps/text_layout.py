"""Where every token of a text stands, for texts of any length.

Units are measured once, lines found by bisection, and only the lines that are looked at are shaped.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QGlyphRun, QTextLayout, QTextLine, QTextOption

from engine.heatmaps.cells import Cells
from engine.heatmaps.display_text import (
    BLANKS,
    JOINED,
    RETURN,
    character_starts,
    code_points,
    displayed,
    is_right_to_left,
    to_code_points,
    to_units,
    units,
)
from engine.results import TokenizedText
from gui import theme

LEADING = 1.6  # of the font's size, from line to line
TAG_PADDING, TAG_GAP = 5, 6
CELL_MARGIN = 2  # above and below a cell
CUT_LABEL = "cut: not read by the model"
PAIR_LABELS = ("First text", "Second text")
_LINES_KEPT = 400
_WORDS_KEPT = 300_000
_REACH = 3.0  # px around a cell that still count as the cell


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of one text with its special tokens, or a ``label`` on a line of its own."""

    segment: int
    start: int = 0
    end: int = 0
    cut: bool = False
    leading: tuple[int, ...] = ()  # cells drawn as tags
    trailing: tuple[int, ...] = ()
    label: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Part of a line that is drawn alike: of one cell, or of none (−1). ``rects`` run from the line's left edge."""

    cell: int
    start: int
    end: int
    rects: tuple[QRectF, ...]
    runs: tuple[QGlyphRun, ...]


@dataclass(frozen=True, slots=True)
class Tag:
    """A special token on a line."""

    cell: int
    text: str
    rect: QRectF


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A shaped line. ``start`` and ``end`` are code points of the segment's text; glyphs are drawn at ``origin``."""

    segment: int
    start: int
    end: int
    cut: bool
    label: str | None
    tags: tuple[Tag, ...]
    pieces: tuple[Piece, ...]
    boxes: tuple[tuple[int, QRectF], ...]  # (cell, what is coloured), from the line's top left
    words: tuple[QRectF, ...]  # outlines of the words made of several cells
    origin: QPointF
    shape: "Shape | None"
    right_to_left: bool = False

    def spots(self) -> Iterable[tuple[int, QRectF]]:
        """Every rectangle that belongs to a cell."""
        for tag in self.tags:
            yield tag.cell, tag.rect
        for piece in self.pieces:
            if piece.cell >= 0:
                for rect in piece.rects:
                    yield piece.cell, rect

    def cell_at(self, x: float, reach: float = _REACH) -> int:
        """The cell under ``x`` or within ``reach`` of it, −1 if there is none."""
        best, cell = reach, -1
        for candidate, rect in self.spots():
            distance = max(rect.left() - x, x - rect.right(), 0.0)
            if distance < best:
                best, cell = distance, candidate
        return cell

    def position_at(self, x: float) -> int:
        """The code point between which and the one before it ``x`` falls."""
        return self.start if self.shape is None else self.start + self.shape.position_at(x - self.origin.x())

    def rects_between(self, start: int, end: int) -> tuple[QRectF, ...]:
        """What the code points [start, end) cover of this line."""
        first, last = max(start, self.start) - self.start, min(end, self.end) - self.start
        if self.shape is None or last <= first:
            return ()
        return self.shape.rects(self.shape.runs(first, last), self.origin.x())


class Shape:
    """One line of text as Qt shaped it, counted in code points."""

    def __init__(self, text: str, font: QFont, right_to_left: bool) -> None:
        self._layout = QTextLayout(text, font)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.NoWrap)
        option.setTextDirection(Qt.LayoutDirection.RightToLeft if right_to_left else Qt.LayoutDirection.LeftToRight)
        self._layout.setTextOption(option)
        self._layout.setCacheEnabled(True)
        self._layout.beginLayout()
        self._line: QTextLine = self._layout.createLine()
        self._line.setLineWidth(1e6)
        self._layout.endLayout()
        wide = not text.isascii() and max(text) > "\uffff"
        self._units = to_units(text) if wide else None
        self._points = to_code_points(text) if wide else None

    @property
    def ascent(self) -> float:
        return self._line.ascent()

    def runs(self, start: int, end: int) -> tuple[QGlyphRun, ...]:
        """The glyphs of the code points [start, end)."""
        if self._units is not None:
            start, end = int(self._units[start]), int(self._units[end])
        return tuple(self._line.glyphRuns(start, end - start))

    def rects(self, runs: Iterable[QGlyphRun], dx: float) -> tuple[QRectF, ...]:
        """What ``runs`` cover, shifted by ``dx``; touching ones joined. Tops and heights are meaningless."""
        if isinstance(runs, tuple) and len(runs) == 1:  # nearly always
            box = runs[0].boundingRect()
            return (QRectF(box.left() + dx, 0, max(box.width(), 2.0), 0),)
        spans = sorted((box.left() + dx, box.right() + dx) for box in (run.boundingRect() for run in runs))
        joined: list[tuple[float, float]] = []
        for left, right in spans:
            if joined and left <= joined[-1][1] + 0.5:
                joined[-1] = (joined[-1][0], max(right, joined[-1][1]))
            else:
                joined.append((left, right))
        return tuple(QRectF(left, 0, max(right - left, 2.0), 0) for left, right in joined)

    def position_at(self, x: float) -> int:
        unit = int(self._line.xToCursor(x))
        return unit if self._points is None else int(self._points[unit])


@dataclass(slots=True, eq=False)
class _Units:
    """The units of one block: its leading tags, its words, its trailing tags."""

    block: Block
    ink: NDArray[np.float64]  # without the spaces at the end
    full: NDArray[np.float64]
    chars: NDArray[np.intp]  # (units + 1,) code points of the segment
    breaks: list[int]  # units that end a line
    words: tuple[int, int]  # the first, and the one after the last, that is text


@dataclass(slots=True, eq=False)
class _Wrapped:
    units: _Units
    first_line: int
    firsts: list[int]  # (lines + 1,) the first unit of each line
    chars: NDArray[np.intp]  # (lines,) the first code point of each line


class TextLayout:
    """A text laid out at a width. Lines have one height, so a line's place is its number times ``line_height``."""

    _ink: dict[str, dict[str, float]] = {}  # of every word met, by font
    _full: dict[str, dict[str, float]] = {}

    def __init__(self, document: TokenizedText, cells: Cells, pixels: int = theme.READING_PIXELS) -> None:
        self.cells = cells
        self.line_height = round(pixels * LEADING)
        self.font = theme.mono_font(pixels) if document.fields else theme.reading_font(pixels)
        self.tag_font = theme.ui_font(round(pixels * 11 / 15))
        self._metrics, self._tag_metrics = QFontMetricsF(self.font), QFontMetricsF(self.tag_font)
        self.baseline = (self.line_height - self._metrics.height()) / 2 + self._metrics.ascent()
        self.texts = (document.text, document.pair or "")
        self._shown = tuple(displayed(text) for text in self.texts)
        self._document = document
        self._blocks = [self._measure(block) for block in _blocks(document, cells)]
        self._wrapped: list[_Wrapped] = []
        self._lines: dict[int, Line] = {}
        self.width = 0.0
        self.line_count = 0

    @property
    def height(self) -> int:
        return self.line_count * self.line_height

    @cached_property
    def _text_cells(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """First and last + 1 of the cells that are text, per segment: they stand in one row."""
        ranges = []
        for segment in (0, 1):
            found = np.flatnonzero((self.cells.segment == segment) & ~self.cells.special)
            ranges.append((int(found[0]), int(found[-1]) + 1) if len(found) else (0, 0))
        return ranges[0], ranges[1]

    def wrap(self, width: float) -> None:
        """Break the lines anew; cheap when the width has not changed."""
        if width == self.width and self._wrapped:
            return
        self.width, self._wrapped, self._lines, count = width, [], {}, 0
        for measured in self._blocks:
            fitting = self._fitted(measured, width)
            firsts = _broken(fitting, width)
            chars = fitting.chars[np.array(firsts[:-1], dtype=np.intp)]
            self._wrapped.append(_Wrapped(fitting, count, firsts, chars))
            count += len(firsts) - 1
        self.line_count = count

    def line(self, number: int) -> Line:
        """Line ``number``, shaped."""
        found = self._lines.get(number)
        if found is None:
            if len(self._lines) >= _LINES_KEPT:
                self._lines.pop(next(iter(self._lines)))
            found = self._lines[number] = self._shaped(number)
        return found

    def line_of(self, cell: int) -> int:
        """The line on which ``cell`` begins."""
        if self.cells.special[cell]:
            for wrapped in self._wrapped:
                row = _unit_of_tag(wrapped.units, cell)
                if row is not None:
                    return wrapped.first_line + bisect_right(wrapped.firsts, row) - 1
        return self.line_at(int(self.cells.segment[cell]), int(self.cells.start[cell]))

    def line_at(self, segment: int, position: int) -> int:
        """The line that holds a code point; the nearest before it where none does."""
        best = 0
        for wrapped in self._wrapped:
            block = wrapped.units.block
            if block.segment == segment and block.label is None and block.start <= position:
                row = int(np.searchsorted(wrapped.chars, position, "right")) - 1
                best = wrapped.first_line + self._text_row(wrapped, row)
        return best

    @staticmethod
    def _text_row(wrapped: _Wrapped, row: int) -> int:
        """A row of trailing tags alone holds no text: step back from it."""
        while row > 0 and wrapped.firsts[row] >= wrapped.units.words[1]:
            row -= 1
        return max(row, 0)

    def _measure(self, block: Block) -> _Units:
        shown = self._shown[block.segment][block.start : block.end]
        words = units(shown)
        widths = [self._tag_width(cell) for cell in block.leading], [self._tag_width(cell) for cell in block.trailing]
        ink, full = self._word_widths(words)
        first, last = len(block.leading), len(block.leading) + len(words)
        lengths = np.zeros(last + len(block.trailing), dtype=np.intp)
        lengths[first:last] = np.fromiter(map(len, words), np.intp, len(words))
        chars = block.start + np.concatenate([[0], np.cumsum(lengths)])
        feeds = block.start + np.flatnonzero(code_points(shown) == ord("\n"))
        return _Units(
            block=block,
            ink=np.concatenate([widths[0], ink, widths[1]]),
            full=np.concatenate([[w + TAG_GAP for w in widths[0]], full, [w + TAG_GAP for w in widths[1]]]),
            chars=chars,
            breaks=(np.searchsorted(chars, feeds, "right") - 1).tolist(),
            words=(first, last),
        )

    def _word_widths(self, words: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        ink, full = self._ink.setdefault(self.font.key(), {}), self._full.setdefault(self.font.key(), {})
        if len(ink) > _WORDS_KEPT:
            ink.clear()
        measure = self._metrics.horizontalAdvance
        for word in set(words).difference(ink):
            body = word.rstrip(BLANKS)
            ink[word] = measure(body)
            full[word] = ink[word] if body == word else measure(word.rstrip("\n"))
        count = len(words)
        return np.fromiter(map(ink.__getitem__, words), float, count), np.fromiter(map(full.__getitem__, words), float, count)

    def _tag_text(self, cell: int) -> str:
        return displayed(self._document.tokens[int(self.cells.first_token[cell])].piece).replace("\n", RETURN) or "special"

    def _tag_width(self, cell: int) -> float:
        return self._tag_metrics.horizontalAdvance(self._tag_text(cell)) + 2 * TAG_PADDING

    def _fitted(self, measured: _Units, width: float) -> _Units:
        """With the units that are wider than a line cut into characters."""
        wide = {int(unit) for unit in np.flatnonzero(measured.ink > width)}
        wide = {unit for unit in wide if measured.words[0] <= unit < measured.words[1]}
        if not wide:
            return measured
        ink, full, chars, breaks, ends = [], [], [], [], set(measured.breaks)
        for unit in range(len(measured.ink)):
            first, last = int(measured.chars[unit]), int(measured.chars[unit + 1])
            if unit in wide:
                edges = self._characters(measured.block.segment, first, last)
                inks, fulls = self._word_widths([self._shown[measured.block.segment][a:b] for a, b in edges])
                ink += inks.tolist()
                full += fulls.tolist()
                chars += [a for a, _ in edges]
            else:
                ink.append(measured.ink[unit])
                full.append(measured.full[unit])
                chars.append(first)
            if unit in ends:
                breaks.append(len(ink) - 1)
        grown = len(ink) - len(measured.ink)
        words = (measured.words[0], measured.words[1] + grown)
        return _Units(measured.block, np.array(ink), np.array(full), np.array([*chars, measured.chars[-1]]), breaks, words)

    def _characters(self, segment: int, first: int, last: int) -> list[tuple[int, int]]:
        edges = character_starts(self._shown[segment][first:last])
        points = np.arange(first, last + 1) if edges is None else first + edges
        return list(zip(points[:-1].tolist(), points[1:].tolist(), strict=True))

    def _shaped(self, number: int) -> Line:
        wrapped = self._wrapped[bisect_right(self._wrapped, number, key=_first_line) - 1]
        block, row = wrapped.units.block, number - wrapped.first_line
        if block.label is not None:
            return Line(block.segment, block.start, block.start, block.cut, block.label, (), (), (), (), QPointF(), None)
        first, last = wrapped.firsts[row], wrapped.firsts[row + 1]
        start, end = int(wrapped.units.chars[first]), int(wrapped.units.chars[last])
        shown = self._shown[block.segment]
        backwards = is_right_to_left(_paragraph(shown, start, end))
        shape = Shape(self._drawn(block.segment, start, end), self.font, backwards) if end > start else None
        tags, x = self._tags(wrapped.units, first, last, shape, end - start, backwards)
        pieces = () if shape is None else self._pieces(block.segment, start, end, shape, x)
        top = 0.0 if shape is None else self.baseline - shape.ascent
        boxes, words = self._boxes(pieces)
        return Line(block.segment, start, end, block.cut, None, tags, pieces, boxes, words, QPointF(x, top), shape, backwards)

    def _boxes(self, pieces: Sequence[Piece]) -> tuple[tuple[tuple[int, QRectF], ...], tuple[QRectF, ...]]:
        """Cells hug their characters, 2 px apart: inside a word they give way, at its ends they lean out."""
        boxes, words, height, word_of = [], [], self.line_height - 2 * CELL_MARGIN, self.cells.word
        for _, members in groupby([piece for piece in pieces if piece.cell >= 0], lambda piece: word_of[piece.cell]):
            spans = [(rect.left(), rect.right(), piece.cell) for piece in members for rect in piece.rects]
            if len(spans) == 1:
                left, right, cell = spans[0]
                boxes.append((cell, QRectF(left - 1, CELL_MARGIN, right - left + 2, height)))
                continue
            spans.sort()
            for place, (left, right, cell) in enumerate(spans):
                left += -1 if place == 0 else 1
                right += 1 if place == len(spans) - 1 else -1
                boxes.append((cell, QRectF(left, CELL_MARGIN, max(right - left, 1.0), height)))
            if spans:
                words.append(QRectF(spans[0][0] - 1, CELL_MARGIN, spans[-1][1] - spans[0][0] + 2, height))
        return tuple(boxes), tuple(words)

    def _drawn(self, segment: int, start: int, end: int) -> str:
        """The characters of a line; its break shows only where it is a token of its own."""
        shown = self._shown[segment][start:end]
        if "\n" not in shown:
            return shown
        first, last = self._text_cells[segment]
        cell = first + bisect_right(self.cells.end[first:last], end - 1)
        held = cell < last and int(self.cells.start[cell]) < end
        return shown.replace("\n", RETURN if held else JOINED)

    def _tags(
        self, fitted: _Units, first: int, last: int, shape: Shape | None, length: int, backwards: bool
    ) -> tuple[tuple[Tag, ...], float]:
        """The tags of the units [first, last), and where their text begins."""
        block, (text_first, text_last) = fitted.block, fitted.words
        x, text_x, placed = 0.0, 0.0, []
        span = max((box.right() for box in shape.rects(shape.runs(0, length), 0)), default=0.0) if shape else 0.0
        for unit in range(first, min(last, text_first)):
            placed.append((block.leading[unit], x, float(fitted.ink[unit])))
            x += float(fitted.full[unit])
        text_x, x = x, x + span + (TAG_GAP if span else 0)
        for unit in range(max(first, text_last), last):
            placed.append((block.trailing[unit - text_last], x, float(fitted.ink[unit])))
            x += float(fitted.full[unit])
        if backwards:
            text_x = self.width - text_x - span
            placed = [(cell, self.width - left - wide, wide) for cell, left, wide in placed]
        return tuple(Tag(cell, self._tag_text(cell), QRectF(left, 0, wide, 0)) for cell, left, wide in placed), text_x

    def _pieces(self, segment: int, start: int, end: int, shape: Shape, x: float) -> tuple[Piece, ...]:
        first, last = self._text_cells[segment]
        starts, ends, shown = self.cells.start[first:last], self.cells.end[first:last], self._shown[segment]
        pieces, reached = [], start
        here = slice(bisect_right(ends, start), bisect_left(starts, end))
        for cell, (begin, finish) in enumerate(zip(starts[here].tolist(), ends[here].tolist(), strict=True), first + here.start):
            left, right = max(begin, start), min(finish, end)
            if left > reached and not shown[reached:left].isspace():
                pieces.append(_piece(-1, reached, left, start, shape, x))
            pieces.append(_piece(cell, left, right, start, shape, x))
            reached = right
        if reached < end and not shown[reached:end].isspace():
            pieces.append(_piece(-1, reached, end, start, shape, x))
        return tuple(pieces)


def _first_line(wrapped: _Wrapped) -> int:
    return wrapped.first_line


def _piece(cell: int, first: int, last: int, line_start: int, shape: Shape, x: float) -> Piece:
    runs = shape.runs(first - line_start, last - line_start)
    return Piece(cell, first, last, shape.rects(runs, x), runs)


def _unit_of_tag(fitted: _Units, cell: int) -> int | None:
    if cell in fitted.block.leading:
        return fitted.block.leading.index(cell)
    if cell in fitted.block.trailing:
        return fitted.words[1] + fitted.block.trailing.index(cell)
    return None


def _paragraph(shown: str, start: int, end: int) -> str:
    """The paragraph around a line: its first letter sets the direction of all its lines."""
    begin = shown.rfind("\n", 0, start) + 1
    return shown[begin : min(end, begin + 1000)]


def _broken(fitted: _Units, width: float) -> list[int]:
    """The first unit of every line, and one past the last: at least one line."""
    begins = np.concatenate([[0.0], np.cumsum(fitted.full)])
    starts, ends = begins.tolist(), (begins[:-1] + fitted.ink).tolist()
    firsts, first, count, breaks = [0], 0, len(fitted.ink), [*fitted.breaks, len(fitted.ink)]
    at_break = 0
    while first < count:
        fits = max(bisect_right(ends, starts[first] + width + 0.01, lo=first), first + 1)
        while breaks[at_break] < first:
            at_break += 1
        first = min(fits, breaks[at_break] + 1)
        firsts.append(min(first, count))
    return firsts if len(firsts) > 1 else [0, count]


def _blocks(document: TokenizedText, cells: Cells) -> list[Block]:
    texts = [(0, document.text, document.cut)]
    if document.pair is not None:
        texts.append((1, document.pair, document.cut_pair))
    blocks = []
    for segment, text, cut in texts:
        if len(texts) > 1:
            blocks.append(Block(segment, label=PAIR_LABELS[segment]))
        blocks += _stretches(segment, text, cut, *_tag_cells(cells, segment))
    return blocks


def _tag_cells(cells: Cells, segment: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    here = np.flatnonzero(cells.segment == segment)
    words = np.flatnonzero(~cells.special[here])
    first = int(words[0]) if len(words) else len(here)
    last = int(words[-1]) + 1 if len(words) else len(here)
    return tuple(here[:first].tolist()), tuple(here[last:].tolist())


def _stretches(
    segment: int, text: str, cut: tuple[int, int] | None, leading: tuple[int, ...], trailing: tuple[int, ...]
) -> list[Block]:
    if cut is None:
        return [Block(segment, 0, len(text), leading=leading, trailing=trailing)]
    mark, lost = Block(segment, cut[0], label=CUT_LABEL, cut=True), Block(segment, *cut, cut=True)
    if cut[1] >= len(text):
        return [Block(segment, 0, cut[0], leading=leading, trailing=trailing), mark, lost]
    return [Block(segment, 0, cut[0], leading=leading), mark, lost, Block(segment, cut[1], len(text), trailing=trailing)]
