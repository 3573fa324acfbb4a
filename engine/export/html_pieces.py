"""What saved pages are made of. Everything from a text or a model is escaped, and control characters are visible."""

from collections.abc import Iterator
from html import escape

import numpy as np

from engine import VERSION
from engine.command_line import needs_a_text_file, portable_command
from engine.export.html_style import style_sheet
from engine.heatmaps.cells import Cells, cells_of
from engine.heatmaps.colours import limit_of, ramp
from engine.heatmaps.display_text import RETURN, displayed, one_line
from engine.heatmaps.fields import field_sums
from engine.heatmaps.inks import LIGHT
from engine.heatmaps.numerals import figures, percent, signed_figures
from engine.heatmaps.token_values import TokenValues
from engine.heatmaps.wording import (
    Part,
    baselines_in_words,
    circumstances,
    progress_words,
    settings_words,
    sum_parts,
    title_of,
    token_values,
)
from engine.results import AttributionResult, ClassPrediction

SHOWN_CLASSES = 5
MOST_ROWS = 3000  # of the table; the CSV holds more
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_READ_OUT = "Point at a word for its exact value, rank and share."
Step = tuple[bool, int]  # of the signed or the unsigned ramp


def page(title: str, body: str, steps: set[Step]) -> bytes:
    """A whole document; ``steps``: those of the ramps that its figures use."""
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><meta name="generator" content="Neuroloupe {VERSION}">'
        f"<title>{said(title)}</title>\n<style>\n{style_sheet(steps)}</style>"
    )
    foot = f'<p class="read-out" aria-hidden="true">{_READ_OUT}</p>'
    whole = f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n<body>\n<main>\n{body}\n</main>\n{foot}\n</body>\n</html>\n'
    return whole.encode("utf-8")


def said(text: str) -> str:
    """Somebody else's words in one line of ours."""
    return escape(one_line(text))


class Figure:
    """One explanation; ``steps`` are the colours it uses."""

    def __init__(self, result: AttributionResult) -> None:
        self._result = result
        self._signed = result.signed
        self._cells = cells_of(result.prediction.text)
        self._sums = self._cells.sums(token_values(result))
        self._limit = limit_of(self._sums)
        self._step_of = ramp(LIGHT, signed=self._signed).steps(self._sums, self._limit)
        self._neutral = ramp(LIGHT, signed=self._signed).neutral
        self._values = TokenValues(result.tokens, token_values(result), result.unit)
        self.steps: set[Step] = {(self._signed, int(step)) for step in self._step_of if step >= 0}

    def body(self, heading: str, under: str = "", folded: bool = False) -> str:
        """Everything, under a heading of that level; ``under`` follows it. ``folded``: the settings open on a click."""
        result = self._result
        parts = [
            f"<{heading}>{said(title_of(result))}</{heading}>{under}",
            f'<p class="muted">{said(settings_words(result))}</p>',
            _predictions(result),
            self.map(),
            self._scale(),
            self._sum(),
            *(f'<p class="warning">⚠ {said(warning.message)}</p>' for warning in result.warnings),
            self._fields(),
            self._table(),
            f"<details><summary>How it was made</summary>{_settings(result)}</details>" if folded else _settings(result),
        ]
        return "\n".join(parts)

    def map(self) -> str:
        """The text on its colours."""
        document = self._result.prediction.text
        texts = [(document.text, document.cut), (document.pair, document.cut_pair)]
        parts = [self._text(number, text, cut) for number, (text, cut) in enumerate(texts) if text is not None]
        if len(parts) > 1:
            parts.insert(1, '<p class="label">Second text</p>')
        return f'<div class="map">{"".join(parts)}</div>'

    def _text(self, segment: int, text: str, cut: tuple[int, int] | None) -> str:
        here = np.flatnonzero(self._cells.segment == segment)
        tags = [int(cell) for cell in here if self._cells.special[cell]]
        words = [int(cell) for cell in here if not self._cells.special[cell]]
        first = words[0] if words else (tags[-1] + 1 if tags else 0)
        before = "".join(self._tag(cell) for cell in tags if cell < first)
        after = "".join(self._tag(cell) for cell in tags if cell >= first)
        inside = "".join(self._running(displayed(text), words, cut or (len(text), len(text))))
        return f'<p class="reading" dir="auto">{before}{inside}{after}</p>'

    def _running(self, shown: str, cells: list[int], cut: tuple[int, int]) -> Iterator[str]:
        """The text, each cell in its own element, pieces of one word in a common one."""
        at, all_cells = 0, self._cells
        for word in _words(cells, all_cells):
            pieces = []
            for cell in word:
                start, end = int(all_cells.start[cell]), int(all_cells.end[cell])
                yield from _bare(shown, at, start, cut)
                pieces.append(self._cell(cell, shown[start:end]))
                at = end
            yield pieces[0] if len(pieces) == 1 else f'<span class="w">{"".join(pieces)}</span>'
        yield from _bare(shown, at, len(shown), cut)

    def _cell(self, cell: int, shown: str) -> str:
        return f'<span class="c {self._class(cell)}" data-v="{self._read_out(cell)}">{escape(_with_returns(shown))}</span>'

    def _tag(self, cell: int) -> str:
        piece = self._result.tokens[int(self._cells.first_token[cell])].piece
        return f'<bdi class="c tag {self._class(cell)}" data-v="{self._read_out(cell)}">{said(piece)}</bdi>'

    def _class(self, cell: int) -> str:
        step = int(self._step_of[cell])
        return "nan" if step < 0 else f"{'s' if self._signed else 'u'}{step}"

    def _read_out(self, cell: int) -> str:
        together = self._cells.tokens_of(cell)
        words = "  +  ".join(self._values.in_words(int(token)) for token in together)
        if len(together) > 1:
            words += f"  =  {signed_figures(float(self._sums[cell]))}, drawn as one"
        return said(words)

    def _scale(self) -> str:
        if self._limit <= 0:
            return '<p class="muted">All values are zero.</p>'
        low = signed_figures(-self._limit) if self._signed else "0"
        high = signed_figures(self._limit) if self._signed else figures(self._limit)
        zero = "<span>0</span>" if self._signed else ""
        ends = f'<div class="ends"><span>{low}</span>{zero}<span>{high} {said(self._result.unit)}</span></div>'
        meaning = "lowers the score — raises the score" if self._signed else "matters little — matters much"
        kind = "signed" if self._signed else "unsigned"
        return f'<div class="scale" role="img" aria-label="Colour scale: {meaning}"><div class="ramp {kind}"></div>{ends}</div>'

    def _sum(self) -> str:
        tag = progress_words(self._result.progress, stopped=True)
        first = ([(tag, "warning")] if tag else []) + sum_parts(self._result)
        return f'<p class="sum">{_parts(first)}<br>{_parts(circumstances(self._result))}</p>'

    def _fields(self) -> str:
        """Of a record: what its characters come to."""
        sums = field_sums(self._result)
        if not sums:
            return ""
        rows = "".join(
            f'<tr><th scope="row"><bdi>{said(each.field.name)}</bdi></th><td><bdi>{said(each.field.value)}</bdi></td>'
            f"<td>{signed_figures(each.total)}</td><td>{signed_figures(each.mean)}</td><td>{signed_figures(each.peak)}</td></tr>"
            for each in sums
        )
        names = ("Field", "Value", f"Sum ({self._result.unit})", "Mean", "Largest")
        head = "".join(f'<th scope="col">{said(name)}</th>' for name in names)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        return f'<div class="part"><h4>By field</h4><div class="wide">{table}</div></div>'

    def _table(self) -> str:
        tokens = self._result.tokens
        rows = []
        for at, (token, value) in enumerate(zip(tokens[:MOST_ROWS], token_values(self._result), strict=False)):
            numbers = (token.start, token.end, value, self._values.rank[at], percent(float(self._values.share[at])))
            known = f"<td>{at}</td><td><bdi>{said(token.text)}</bdi></td><td><bdi>{said(token.piece)}</bdi></td>"
            rows.append(f"<tr>{known}{''.join(f'<td>{escape(str(number))}</td>' for number in numbers)}</tr>")
        left = len(tokens) - MOST_ROWS
        more = f'<p class="muted">… and {left} more; the CSV file holds every one.</p>' if left > 0 else ""
        names = ("Position", "Token", "Piece", "Start", "End", f"Value ({self._result.unit})", "Rank", "Share of Σ|values|")
        head = "".join(f'<th scope="col">{said(name)}</th>' for name in names)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>{more}"
        return f'<details class="values"><summary>Every value</summary><div class="wide">{table}</div></details>'


def _words(cells: list[int], known: Cells) -> Iterator[list[int]]:
    """Runs of cells with one number."""
    run: list[int] = []
    for cell in cells:
        if run and known.word[cell] != known.word[run[-1]]:
            yield run
            run = []
        run.append(cell)
    if run:
        yield run


def _bare(shown: str, start: int, end: int, cut: tuple[int, int]) -> Iterator[str]:
    """Text between cells; what did not reach the model looks like it."""
    edge = min(max(cut[0], start), end)
    yield escape(shown[start:edge])
    if edge < end:
        yield f'<span class="cut" title="Not read: longer than the model’s limit">{escape(shown[edge:end])}</span>'


def _with_returns(shown: str) -> str:
    """A break that a token holds is drawn."""
    return shown.replace("\n", f"{RETURN}\n")


def _parts(parts: list[Part]) -> str:
    return " · ".join(f'<span class="{role}">{said(words)}</span>' for words, role in parts)


def _predictions(result: AttributionResult) -> str:
    wanted = result.target.outputs
    classes = result.prediction.classes
    shown = [one for at, one in enumerate(classes) if at < SHOWN_CLASSES or one.index in wanted]
    left = len(classes) - len(shown)
    more = f'<p class="muted">and {left} more</p>' if left else ""
    return f'<table class="prediction"><tbody>{"".join(_prediction(one, result) for one in shown)}</tbody></table>{more}'


def _prediction(one: ClassPrediction, result: AttributionResult) -> str:
    name = one.label if one.label is not None else f"output {one.index}"
    role = dict(zip(result.target.outputs, ("target", "versus"), strict=False)).get(one.index, "")
    mark = "▸" if one.index == result.prediction.predicted.index and one.label is not None else ""
    bar = f'<i style="width:{100 * one.probability:.1f}%"></i>' if one.probability is not None else ""
    probability = figures(one.probability) if one.probability is not None else ""
    return (
        f'<tr><td>{mark}</td><th scope="row"><bdi>{said(name)}</bdi></th><td class="bar">{bar}</td><td>{probability}</td>'
        f'<td class="muted">{figures(one.logit)}</td><td class="muted">{role}</td></tr>'
    )


def _settings(result: AttributionResult) -> str:
    request, target = result.request, result.target
    rows = [
        ("Model", result.model.path),
        ("SHA-256", result.model.sha256),
        ("Task", result.model.task.replace("_", " ")),
        ("Method", result.method.label),
        ("Target", target.label if target.label is not None else f"output {target.index}"),
        ("Versus", "" if target.versus_index is None else target.versus or f"output {target.versus_index}"),
        ("Position", "" if target.position is None else str(target.position)),
        ("Score", result.unit),
        ("Baseline", baselines_in_words(result) if result.method.uses_baseline else ""),
        ("Reduction", result.reduction),
        *((name.replace("_", " ").capitalize(), str(value)) for name, value in result.parameters if value is not None),
        ("Seed", str(request.seed) if result.method.uses_seed else ""),
        ("Source", result.method.source),
    ]
    listed = "".join(f"<div><dt>{said(name)}</dt><dd>{said(value)}</dd></div>" for name, value in rows if value)
    file = "save its text as text.txt, which no command line can hold, and run" if needs_a_text_file(result) else "run"
    command = escape(displayed(portable_command(result)))
    return (
        f"<section><dl>{listed}</dl><p>Made with Neuroloupe {VERSION}. To make it again, {file}:</p>"
        f"<pre><code>{command}</code></pre></section>"
    )
