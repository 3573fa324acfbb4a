"""Lines of a text with its cells, for SVG: broken where lines may be broken, right-to-left runs in their order."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from engine.export.svg_metrics import width
from engine.heatmaps.display_text import is_right_to_left, units

TAG_MARGIN = 4.0  # on either side
_CHARACTER = regex.compile(r"\X")


@dataclass(frozen=True, slots=True)
class Span:
    """Code points [start, end) of the shown text that belong to ``cell``."""

    start: int
    end: int
    cell: int


@dataclass(frozen=True, slots=True)
class Piece:
    """What is drawn as one: a part of a cell, or bare text (``cell`` −1). ``tag``: a special token."""

    text: str
    cell: int
    word: int = -1
    tag: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A piece in its line; ``right_to_left`` when its letters run so."""

    piece: Piece
    x: float
    width: float
    right_to_left: bool


def pieces_of(shown: str, spans: Sequence[Span], words: Sequence[int]) -> list[list[Piece]]:
    """Units that no line break may part, each cut into pieces at the edges of cells."""
    waiting, found, at = iter(spans), [], 0
    span = next(waiting, None)
    for unit in units(shown):
        pieces, end = [], at + len(unit)
        while at < end:
            while span is not None and span.end <= at:
                span = next(waiting, None)
            cell = span.cell if span is not None and span.start <= at else -1
            edge = end if span is None else span.end if cell >= 0 else span.start
            stop = min(end, edge)
            pieces.append(Piece(shown[at:stop], cell, words[cell] if cell >= 0 else -1))
            at = stop
        found.append(pieces)
    return found


def lines_of(found: Sequence[list[Piece]], size: float, measure: float, tag_size: float) -> Iterator[list[Placed]]:
    """Paragraph by paragraph; the first letter with a direction gives each its own."""
    for paragraph in _paragraphs(found):
        base = is_right_to_left("".join(piece.text for unit in paragraph for piece in unit if not piece.tag))
        for line in _broken(paragraph, size, measure, tag_size):
            yield _placed(line, size, tag_size, measure, base)


def _paragraphs(found: Sequence[list[Piece]]) -> Iterator[list[list[Piece]]]:
    paragraph: list[list[Piece]] = []
    for unit in found:
        paragraph.append(unit)
        if unit and unit[-1].text.endswith("\n"):
            yield paragraph
            paragraph = []
    if paragraph:
        yield paragraph


def _broken(paragraph: list[list[Piece]], size: float, measure: float, tag_size: float) -> Iterator[list[Piece]]:
    """Greedy: a unit that does not fit goes to the next line; one wider than a line is cut."""
    line: list[Piece] = []
    used = 0.0
    for unit in paragraph:
        for part in _cut(unit, size, measure, tag_size):
            wide = sum(_width(piece, size, tag_size) for piece in part)
            ink = wide - width(_trailing(part), size)
            if line and used + ink > measure:
                yield line
                line, used = [], 0.0
            line = line + part
            used += wide
    if line:
        yield line


def wrapped(text: str, size: float, measure: float) -> Iterator[str]:
    """A label broken into lines."""
    line = ""
    for unit in units(text):
        if line and width((line + unit).rstrip(), size) > measure:
            yield line.rstrip()
            line = ""
        line += unit
    yield line.rstrip()


def _width(piece: Piece, size: float, tag_size: float) -> float:
    return width(piece.text, tag_size) + tag_size + 2 * TAG_MARGIN if piece.tag else width(piece.text.rstrip("\n"), size)


def _trailing(part: list[Piece]) -> str:
    last = part[-1].text
    return last[len(last.rstrip()) :].rstrip("\n")


def _cut(unit: list[Piece], size: float, measure: float, tag_size: float) -> Iterator[list[Piece]]:
    if sum(_width(piece, size, tag_size) for piece in unit) <= measure or any(piece.tag for piece in unit):
        yield unit
        return
    for piece in unit:
        taken: list[str] = []
        used = 0.0
        for character in _CHARACTER.findall(piece.text):
            wide = width(character, size)
            if taken and used + wide > measure / 2:
                yield [Piece("".join(taken), piece.cell, piece.word)]
                taken, used = [], 0.0
            taken.append(character)
            used += wide
        yield [Piece("".join(taken), piece.cell, piece.word)]


def _placed(line: list[Piece], size: float, tag_size: float, measure: float, base: bool) -> list[Placed]:
    """In the order in which they are seen; a right-to-left line ends at the right edge."""
    levels = _levels([_direction(piece) for piece in line], base)
    widths = [_width(piece, size, tag_size) for piece in line]
    x = measure - sum(widths) if base else 0.0
    placed = []
    for at in _seen(levels, base):
        placed.append(Placed(line[at], x, widths[at], levels[at]))
        x += widths[at]
    return placed


def _direction(piece: Piece) -> bool | None:
    """Right to left, left to right, or as its neighbours."""
    if piece.tag:
        return None
    kinds = (unicodedata.bidirectional(character) for character in piece.text)
    strong = next((kind for kind in kinds if kind in ("L", "R", "AL", "EN", "AN")), None)
    return None if strong is None else strong in ("R", "AL")


def _levels(directions: list[bool | None], base: bool) -> list[bool]:
    """What has no direction takes that of both neighbours where they agree, otherwise the line's."""
    before, after = list(directions), list(directions)
    for at in range(1, len(directions)):
        before[at] = before[at - 1] if before[at] is None else before[at]
    for at in range(len(directions) - 2, -1, -1):
        after[at] = after[at + 1] if after[at] is None else after[at]
    return [b if b is not None and b == a else base for b, a in zip(before, after, strict=True)]


def _seen(levels: list[bool], base: bool) -> list[int]:
    order = list(range(len(levels)))
    if base:
        order.reverse()
    result: list[int] = []
    run: list[int] = []
    for at in [*order, -1]:  # runs against the line's direction are turned once more
        if at >= 0 and levels[at] != base:
            run.append(at)
            continue
        result += reversed(run)
        run = []
        if at >= 0:
            result.append(at)
    return result
