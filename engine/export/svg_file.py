"""A map as a vector picture for a paper: text stays text, drawn without Qt, valid XML whatever the text holds."""

import base64
from collections.abc import Iterator
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import regex

from engine.export.svg_layout import TAG_MARGIN, Piece, Placed, Span, lines_of, pieces_of, wrapped
from engine.export.svg_metrics import is_known, width
from engine.heatmaps.cells import cells_of
from engine.heatmaps.colours import limit_of, mix, ramp
from engine.heatmaps.display_text import RETURN, displayed, one_line
from engine.heatmaps.inks import LIGHT, Inks
from engine.heatmaps.numerals import figures, signed_figures
from engine.heatmaps.overlay import overlay, picture_in, pixel_limit, pixel_values, png
from engine.heatmaps.token_values import TokenValues
from engine.heatmaps.wording import completeness_words, settings_words, title_of, token_values
from engine.results import AttributionResult, ReadImage

_WIDTH, _MARGIN = 720, 24
_TEXT, _TITLE, _SMALL, _TAG = 15.0, 16.0, 13.0, 11.0
_LINE, _CELL = 26, 20
_BAR_WIDTH, _BAR_HEIGHT = 360, 10
_STOPS = 24
_BETWEEN, _TALLEST = 16, 900.0
_BOLD = 1.06  # wider than regular
_CHARACTER = regex.compile(r"\X")
_FAMILY = "Inter, system-ui, 'Segoe UI', 'Helvetica Neue', Arial, 'Noto Sans', sans-serif"


def to_svg(result: AttributionResult, inks: Inks = LIGHT) -> bytes:
    """720 px wide; the cells name their values in ``<title>``."""
    kind = _ImageDrawing if isinstance(result.prediction.input, ReadImage) else _Drawing
    return kind(result, inks).whole().encode("utf-8")


class _Drawing:
    """Written from top to bottom."""

    def __init__(self, result: AttributionResult, inks: Inks) -> None:
        self._result, self._inks = result, inks
        self._ramp = ramp(inks, signed=result.signed)
        self._outline = mix(inks.panel, inks.muted, 0.45)
        self._parts: list[str] = []
        self._y = float(_MARGIN)
        self._measure()

    def _measure(self) -> None:
        result = self._result
        self._cells = cells_of(result.prediction.text)
        self._sums = self._cells.sums(token_values(result))
        self._limit = limit_of(self._sums)
        self._steps = self._ramp.steps(self._sums, self._limit)
        self._values = TokenValues(result.tokens, token_values(result), result.unit)

    def whole(self) -> str:
        result, inks = self._result, self._inks
        hatch = f'<path d="M0 6L6 0" stroke="{mix(inks.panel, inks.muted, 0.6)}"/>'
        pattern = f'<pattern id="missing" width="6" height="6" patternUnits="userSpaceOnUse">{hatch}</pattern>'
        self._parts.append(f"<defs>{pattern}</defs>")
        self._words(title_of(result), _TITLE, inks.text, bold=True)
        self._words(settings_words(result), _SMALL, inks.muted)
        self._y += 10
        self._map()
        self._y += 10
        self._scale()
        self._words(completeness_words(result), _SMALL, inks.text)
        for warning in result.warnings:
            self._words(f"⚠ {warning.message}", _SMALL, inks.warning)
        height = round(self._y + _MARGIN - 4)
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" '
            f'font-family={quoteattr(_FAMILY)} font-variant-ligatures="no-contextual">\n'
            f"<title>{_said(title_of(result))}</title>\n<desc>{_said(result.model.path)} sha256 {result.model.sha256}</desc>\n"
            f'<rect width="{_WIDTH}" height="{height}" fill="{inks.panel}"/>\n' + "\n".join(self._parts) + "\n</svg>\n"
        )

    def _words(self, words: str, size: float, colour: str, *, bold: bool = False) -> None:
        """A paragraph, wrapped."""
        weight = ' font-weight="600"' if bold else ""
        room = (_WIDTH - 2 * _MARGIN) / (_BOLD if bold else 1.0)
        for line in wrapped(one_line(words), size, room):
            wide = width(line, size) * (_BOLD if bold else 1.0)
            at = f'x="{_MARGIN}" y="{self._y + size:g}" font-size="{size:g}"{weight}{_fitted(wide)}'
            self._parts.append(f'<text {at} fill="{colour}">{escape(line)}</text>')
            self._y += size * 1.45
        self._y += 2

    def _map(self) -> None:
        document = self._result.prediction.text
        for number, text in enumerate((document.text, document.pair)):
            if text is None:
                continue
            if number:
                self._words("Second text", _TAG, self._inks.muted)
            for line in lines_of(self._units(displayed(text), number), _TEXT, _WIDTH - 2 * _MARGIN, _TAG):
                self._parts += self._line(line)
                self._y += _LINE

    def _units(self, shown: str, segment: int) -> list[list[Piece]]:
        """The tags before, the text, the tags behind."""
        cells = self._cells
        here = [int(cell) for cell in np.flatnonzero(cells.segment == segment)]
        words = [cell for cell in here if not cells.special[cell]]
        spans = [Span(int(cells.start[cell]), int(cells.end[cell]), cell) for cell in words]
        first = words[0] if words else len(cells)
        before = [self._tag(cell) for cell in here if cells.special[cell] and cell < first]
        after = [self._tag(cell) for cell in here if cells.special[cell] and cell > first]
        return [*before, *pieces_of(shown, spans, cells.word.tolist()), *after]

    def _tag(self, cell: int) -> list[Piece]:
        piece = self._result.tokens[int(self._cells.first_token[cell])].piece
        return [Piece(one_line(piece), cell, tag=True)]

    def _line(self, line: list[Placed]) -> Iterator[str]:
        """Pieces of one word share an outline; those of a right-to-left one are one text, so that their letters join."""
        for (word, joined), group in groupby(line, key=lambda p: (p.piece.word, p.right_to_left and p.piece.word >= 0)):
            placed = list(group)
            yield from (box for each in placed if (box := self._box(each)))
            if word >= 0 and len({each.piece.cell for each in placed}) > 1:
                yield self._word(placed)
            if joined and len(placed) > 1:
                yield self._joined(placed)
            else:
                yield from (text for each in placed if (text := self._text(each)))

    def _word(self, placed: list[Placed]) -> str:
        left, wide = _MARGIN + placed[0].x, sum(each.width for each in placed)
        return (
            f'<rect x="{left - 1:.2f}" y="{self._y + (_LINE - _CELL) / 2 - 0.5:g}" width="{wide + 2:.2f}" '
            f'height="{_CELL + 1}" rx="3" fill="none" stroke="{self._outline}"/>'
        )

    def _box(self, placed: Placed) -> str:
        piece = placed.piece
        if piece.cell < 0 or not piece.text.strip("\n"):
            return ""
        step = int(self._steps[piece.cell])
        fill = "none" if step == self._ramp.neutral else "url(#missing)" if step < 0 else self._ramp.colours[step]
        outline = f' stroke="{self._outline}"' if piece.tag else ""
        x, y = _MARGIN + placed.x, self._y + (_LINE - _CELL) / 2
        left, wide, top, high = x - 0.5, placed.width + 1, y, _CELL
        if piece.tag:
            left, wide, top, high = x + TAG_MARGIN, placed.width - 2 * TAG_MARGIN, y + 1.5, _CELL - 3
        return (
            f'<g><title>{_said(self._read_out(piece.cell))}</title><rect x="{left:.2f}" y="{top:g}" '
            f'width="{max(wide, 1):.2f}" height="{high:g}" rx="3" fill="{fill}"{outline}/></g>'
        )

    def _text(self, placed: Placed) -> str:
        piece = placed.piece
        shown = _drawn(piece)
        if not shown.strip():
            return ""
        size = _TAG if piece.tag else _TEXT
        if piece.tag or len(_CHARACTER.findall(shown)) == 1:  # in the middle, whatever the font's own width
            middle = self._at(_MARGIN + placed.x + placed.width / 2, size)
            return f'<text {middle} text-anchor="middle" {self._fill(piece)}>{escape(shown)}</text>'
        fitted = _fitted(width(shown, size)) if is_known(shown) else ""
        return f"<text {self._at(_MARGIN + placed.x, size)}{fitted} {self._fill(piece)}>{escape(shown)}</text>"

    def _joined(self, placed: list[Placed]) -> str:
        spans = "".join(f"<tspan {self._fill(each.piece)}>{escape(_drawn(each.piece))}</tspan>" for each in placed[::-1])
        fitted = _fitted(sum(each.width for each in placed))
        return f"<text {self._at(_MARGIN + placed[0].x, _TEXT)}{fitted}>{spans}</text>"

    def _at(self, x: float, size: float) -> str:
        y = self._y + _LINE / 2 + size * 0.35
        return f'x="{x:.2f}" y="{y:.2f}" font-size="{size:g}" xml:space="preserve"'

    def _fill(self, piece: Piece) -> str:
        step = int(self._steps[piece.cell]) if piece.cell >= 0 else -1
        plain = self._inks.muted if piece.tag else self._inks.text
        return f'fill="{plain if step < 0 or step == self._ramp.neutral else self._ramp.texts[step]}"'

    def _read_out(self, cell: int) -> str:
        return "  +  ".join(self._values.in_words(int(token)) for token in self._cells.tokens_of(cell))

    def _scale(self) -> None:
        signed, inks, y = self._result.signed, self._inks, self._y
        if self._limit <= 0:
            self._words("All values are zero.", _SMALL, inks.muted)
            return
        colours = self._ramp.colours
        stops = "".join(
            f'<stop offset="{at / _STOPS:.4f}" stop-color="{colours[round(at / _STOPS * (len(colours) - 1))]}"/>'
            for at in range(_STOPS + 1)
        )
        self._parts.append(
            f'<defs><linearGradient id="scale">{stops}</linearGradient></defs>'
            f'<rect x="{_MARGIN}" y="{y:g}" width="{_BAR_WIDTH}" height="{_BAR_HEIGHT}" rx="2" fill="url(#scale)" '
            f'stroke="{inks.border}"/>'
        )
        low = signed_figures(-self._limit) if signed else "0"
        high = f"{signed_figures(self._limit) if signed else figures(self._limit)} {one_line(self._result.unit)}"
        middle = [("middle", _MARGIN + _BAR_WIDTH / 2, "0")] if signed else []
        for anchor, x, words in (("start", _MARGIN, low), *middle, ("end", _MARGIN + _BAR_WIDTH, high)):
            self._parts.append(
                f'<text x="{x:g}" y="{y + 24:g}" font-size="{_TAG:g}" text-anchor="{anchor}" fill="{inks.muted}">'
                f"{escape(words)}</text>"
            )
        self._y += 40


class _ImageDrawing(_Drawing):
    """The picture, and beside it the map on the picture."""

    def _measure(self) -> None:
        self._limit = pixel_limit(pixel_values(self._result))

    def _map(self) -> None:
        read = picture_in(self._result)
        width = (_WIDTH - 2 * _MARGIN - _BETWEEN) / 2
        height = width * read.size[1] / read.size[0]
        if height > _TALLEST:
            width, height = width * _TALLEST / height, _TALLEST
        for at, pixels in enumerate((read.pixels, overlay(self._result, self._inks))):
            content = base64.b64encode(png(pixels)).decode("ascii")
            x = _MARGIN + at * (width + _BETWEEN)
            self._parts.append(
                f'<image x="{x:.2f}" y="{self._y:g}" width="{width:.2f}" height="{height:.2f}" preserveAspectRatio="none" '
                f'style="image-rendering:pixelated" href="data:image/png;base64,{content}"/>'
            )
        self._y += height + 6


def _fitted(wide: float) -> str:
    """Another font than ours is squeezed or stretched to the width it was given."""
    return f' textLength="{wide:.2f}" lengthAdjust="spacingAndGlyphs"' if wide > 0 else ""


def _drawn(piece: Piece) -> str:
    """A break that a token holds is drawn."""
    return piece.text.replace("\n", RETURN) if piece.cell >= 0 else piece.text.rstrip("\n")


def _said(text: str) -> str:
    return escape(one_line(text))
