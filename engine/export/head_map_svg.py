"""One map of query by key as a vector picture, drawn without Qt; a large one is an image of its largest values."""

import base64
import struct
import zlib
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

import numpy as np

from engine.attention_maps import AttentionResult, HeadMap
from engine.export.svg_metrics import width as text_width
from engine.heatmaps.colours import limit_of, ramp
from engine.heatmaps.display_text import one_line
from engine.heatmaps.inks import LIGHT, Inks
from engine.heatmaps.numerals import figures
from engine.results import FloatArray, Token

_MARGIN, _TITLE, _SMALL, _LABEL = 24, 16, 13, 11
_CELL = 14
_SIDE = 640  # of a map without names
_MOST_NAMED = 64  # tokens a side, beyond which nobody reads their names
_MOST_CELLS = 1024  # of an image, a side
_LONGEST_NAME = 14
_BAR = 200
_STOPS = 24
_BOLD = 1.15  # wider than regular, and than our font where a reader has another
_FAMILY = "Inter, system-ui, 'Segoe UI', 'Helvetica Neue', Arial, 'Noto Sans', sans-serif"
_QUANTITIES = {
    "weights": "attention weights",
    "value_norm": "norm of the value moved",
    "rollout": "rollout",
    "relevance": "gradient-weighted relevance",
}


def head_map_to_svg(result: AttentionResult, shown: HeadMap, inks: Inks = LIGHT) -> bytes:
    """Queries from top to bottom, keys from left to right. Cells name their values in ``<title>`` where tokens are named."""
    return map_to_svg(result, shown, title_of(result, shown), _words(shown), inks)


def map_to_svg(result: AttentionResult, shown: HeadMap, title: str, words: str, inks: Inks = LIGHT) -> bytes:
    """Of ``shown`` what is named and valued alone: ``title`` and ``words`` say what it is."""
    named = max(shown.pattern.shape) <= _MOST_NAMED
    rows, columns = shown.pattern.shape
    left = _MARGIN + (_room(shown.queries) if named else 0)
    top = _MARGIN + 52 + (_room(shown.keys) if named else 0)
    cell = _CELL if named else _SIDE / max(rows, columns)
    wide, high = columns * cell, rows * cell
    drawn = _named(shown, left, top, inks) if named else _image(shown, left, top, wide, high, inks)
    headings = max(text_width(title, _TITLE) * _BOLD, text_width(words, _SMALL))
    width = round(max(left + wide, _MARGIN + headings) + _MARGIN)
    height = round(top + high + 60 + _MARGIN)
    parts = [
        _text(_MARGIN, _MARGIN + _TITLE, title, _TITLE, inks.text, ' font-weight="600"'),
        _text(_MARGIN, _MARGIN + _TITLE + 20, words, _SMALL, inks.muted),
        *drawn,
        f'<rect x="{left}" y="{top}" width="{wide:g}" height="{high:g}" fill="none" stroke="{inks.border}"/>',
        *_scale(shown, _MARGIN, top + high + 24, inks),
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="{_FAMILY}">\n<title>{_said(title)}</title>\n'
        f"<desc>{_said(result.model.path)} sha256 {result.model.sha256}</desc>\n"
        f'<rect width="{width}" height="{height}" fill="{inks.panel}"/>\n' + "\n".join(parts) + "\n</svg>\n"
    ).encode()


def title_of(result: AttentionResult, shown: HeadMap) -> str:
    request = shown.request
    head = f"head {request.head}" if isinstance(request.head, int) else f"{request.head} of all heads"
    where = f"layer {request.layer}, {head}" if request.quantity in ("weights", "value_norm") else f"up to layer {request.layer}"
    stack = "" if request.stack == "self" else f" · {request.stack}"
    return f"{result.model.name}{stack} · {where} · {_QUANTITIES[request.quantity]}"


def _words(shown: HeadMap) -> str:
    request, words = shown.request, ["queries from top to bottom, keys from left to right"]
    if shown.target is not None:
        words.append(f"target {shown.target.label or shown.target.index}")
    if request.quantity == "rollout":
        words.append(f"residual share {figures(request.residual)}")
    return " · ".join([*words, *(["without sinks"] if request.without_sinks else [])])


def _named(shown: HeadMap, left: float, top: float, inks: Inks) -> Iterator[str]:
    """One rectangle for each value, and the tokens' names."""
    colours = ramp(inks, signed=False)
    steps = colours.steps(shown.pattern, limit_of(shown.pattern))
    queries, keys = ([_name(token) for token in tokens] for tokens in (shown.queries, shown.keys))
    for at, name in enumerate(queries):
        y = top + at * _CELL + _CELL * 0.75
        yield _text(left - 6, y, name, _LABEL, inks.text, ' text-anchor="end"')
    for at, name in enumerate(keys):
        x = left + at * _CELL + _CELL * 0.75
        yield _text(x, top - 6, name, _LABEL, inks.text, f' transform="rotate(-90 {x:g} {top - 6:g})"')
    for query, key in np.argwhere(steps != colours.neutral):
        value, step = shown.pattern[query, key], int(steps[query, key])
        said = f"{queries[query]} → {keys[key]}: {figures(float(value), 4)}"
        yield (
            f'<rect x="{left + key * _CELL:g}" y="{top + query * _CELL:g}" width="{_CELL}" height="{_CELL}" '
            f'fill="{colours.colours[step] if step >= 0 else inks.muted}"><title>{_said(said)}</title></rect>'
        )


def _image(shown: HeadMap, left: float, top: float, wide: float, high: float, inks: Inks) -> list[str]:
    values = _largest(shown.pattern, _MOST_CELLS)
    colours = ramp(inks, signed=False)
    palette = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in (*colours.colours, inks.muted)], dtype=np.uint8)
    content = base64.b64encode(_png(palette[colours.steps(values, limit_of(values))])).decode("ascii")
    return [
        f'<image x="{left:g}" y="{top:g}" width="{wide:g}" height="{high:g}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{content}"/>'
    ]


def _largest(values: FloatArray, cells: int) -> FloatArray:
    """At most ``cells`` a side, each the largest of what it stands for, so that single bright ones survive."""
    for axis in (0, 1):
        length = values.shape[axis]
        if length > cells:
            values = np.maximum.reduceat(values, np.arange(cells) * length // cells, axis=axis)
    return values


def _png(pixels: np.ndarray) -> bytes:
    """(row, column, 3) uint8."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, _ = pixels.shape
    lines = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def _scale(shown: HeadMap, x: float, y: float, inks: Inks) -> Sequence[str]:
    limit = limit_of(shown.pattern)
    if limit <= 0:
        return [_text(x, y + 12, "All values are zero.", _SMALL, inks.muted)]
    colours = ramp(inks, signed=False).colours
    stops = "".join(
        f'<stop offset="{at / _STOPS:.4f}" stop-color="{colours[round(at / _STOPS * (len(colours) - 1))]}"/>'
        for at in range(_STOPS + 1)
    )
    return [
        f'<defs><linearGradient id="scale">{stops}</linearGradient></defs>'
        f'<rect x="{x:g}" y="{y:g}" width="{_BAR}" height="10" rx="2" fill="url(#scale)" stroke="{inks.border}"/>',
        _text(x, y + 24, "0", _LABEL, inks.muted),
        _text(x + _BAR, y + 24, f"{figures(limit)} {shown.unit}", _LABEL, inks.muted, ' text-anchor="end"'),
    ]


def _text(x: float, y: float, words: str, size: float, colour: str, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{colour}"{more}>{_said(words)}</text>'


def _room(tokens: Sequence[Token]) -> int:
    """For their names beside the map."""
    return 14 + round(max(text_width(_name(token), _LABEL) * _BOLD for token in tokens))


def _name(token: Token) -> str:
    name = one_line(token.text.strip()) or one_line(token.piece)
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _said(text: str) -> str:
    return escape(one_line(text))
