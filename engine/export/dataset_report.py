"""One page about a set of examples: numbers, confusion, calibration, errors with their heatmaps, words. Self-contained."""

from collections.abc import Sequence
from html import escape

import numpy as np

from engine.dataset_results import AggregateResult, ClassWords, Numbers, PredictionsResult, Rows, SliceAggregate, WordSum
from engine.datasets.numbers import numbers_of
from engine.export.dataset_files import true_label
from engine.export.html_pieces import Figure, Step, page, said
from engine.heatmaps.colours import ramp
from engine.heatmaps.display_text import displayed
from engine.heatmaps.inks import LIGHT
from engine.heatmaps.numerals import figures, percent, signed_figures
from engine.requests import TextInput, in_words
from engine.results import AttributionResult

_MOST_CLASSES = 40  # of a confusion matrix that can be read
_MOST_SKIPPED = 50
_ROWS_OF_A_WORD = 5
Shown = frozenset[int]  # rows that have a place on the page


def report_page(
    result: PredictionsResult,
    rows: Rows,
    wrong: Rows,
    explained: Sequence[tuple[int, AttributionResult]],
    summed: AggregateResult | None,
    title: str = "",
) -> bytes:
    """The whole document.

    Args:
        rows: what it is about.
        wrong: the errors that are shown, those of ``explained`` with their heatmaps.
        summed: what explanations have in common.
    """
    numbers = numbers_of(result, rows)
    steps: set[Step] = set()
    figures_of = {row: Figure(found) for row, found in explained}
    for figure in figures_of.values():
        steps |= figure.steps
    heading = title or f"{result.model.name} on {result.data.table.name}"
    parts = [
        f"<h1>{said(heading)}</h1>",
        _facts(result, rows, numbers),
        *(f'<p class="warning">⚠ {said(notice.message)}</p>' for notice in result.warnings),
        _confusion(numbers, result.labels, steps),
        _per_class(numbers),
        _calibration(numbers),
        *([] if summed is None else (_slice(each, frozenset(wrong.tolist())) for each in summed.slices)),
        _errors(result, numbers, wrong, figures_of),
        _skipped(result),
    ]
    return page(heading, "\n".join(part for part in parts if part), steps)


def _facts(result: PredictionsResult, rows: Rows, numbers: Numbers) -> str:
    known = [
        ("Model", result.model.path),
        ("SHA-256", result.model.sha256),
        ("Data", result.data.source.path),
        ("SHA-256", result.data.sha256),
        ("Rows", f"{len(rows):,} of {result.data.rows:,}" if len(rows) < result.data.rows else f"{len(rows):,}"),
        ("Predicted", f"{numbers.n:,}"),
        ("With labels", f"{numbers.labelled:,}"),
        ("Accuracy", "" if numbers.accuracy is None else percent(numbers.accuracy)),
        ("Macro F1", "" if numbers.macro_f1 is None else figures(numbers.macro_f1)),
        *_regression(numbers),
        ("Mean loss", "" if numbers.mean_loss is None or numbers.regression else figures(numbers.mean_loss)),
        ("Calibration error", "" if numbers.calibration.error is None else figures(numbers.calibration.error)),
    ]
    listed = "".join(f"<div><dt>{said(name)}</dt><dd>{said(value)}</dd></div>" for name, value in known if value)
    return f"<section><dl>{listed}</dl></section>"


def _regression(numbers: Numbers) -> list[tuple[str, str]]:
    found = numbers.regression
    if found is None:
        return []
    return [
        ("Mean absolute error", figures(found.mae)),
        ("of the mean", figures(found.mae_of_mean)),
        ("RMSE", figures(found.rmse)),
        ("R²", "" if found.r2 is None else figures(found.r2)),
    ]


def _confusion(numbers: Numbers, labels: tuple[str, ...], steps: set[Step]) -> str:
    counts = numbers.confusion
    if counts is None or not counts.sum() or len(labels) > _MOST_CLASSES:
        return ""
    with np.errstate(invalid="ignore"):
        shares = np.nan_to_num(counts / counts.sum(1, keepdims=True))
    colours = ramp(LIGHT, signed=False).steps(shares, 1.0)
    steps |= {(False, int(step)) for step in colours.ravel()}
    head = "".join(f'<th scope="col"><bdi>{said(label)}</bdi></th>' for label in labels)
    body = "".join(
        f'<tr><th scope="row"><bdi>{said(label)}</bdi></th>'
        + "".join(f'<td class="u{colours[at, to]}">{counts[at, to]:,}</td>' for to in range(len(labels)))
        + "</tr>"
        for at, label in enumerate(labels)
    )
    note = '<p class="muted">True classes down, predicted across; coloured by the share of the row.</p>'
    return _table("Confusion", f"<tr><th></th>{head}</tr>", body, note)


def _per_class(numbers: Numbers) -> str:
    if not numbers.labelled or not numbers.classes:
        return ""
    rows = "".join(
        f'<tr><th scope="row"><bdi>{said(one.label)}</bdi></th>'
        + "".join(f"<td>{'–' if value is None else figures(value)}</td>" for value in (one.precision, one.recall, one.f1))
        + f"<td>{one.support:,}</td></tr>"
        for one in numbers.classes
    )
    return _table("Classes", _head("", "Precision", "Recall", "F1", "Support"), rows)


def _calibration(numbers: Numbers) -> str:
    found = numbers.calibration
    if found.error is None:
        return ""
    bins = [at for at in range(len(found.counts)) if found.counts[at]]
    rows = "".join(
        f"<tr><td>{found.edges[at]:.1f} – {found.edges[at + 1]:.1f}</td><td>{found.counts[at]:,}</td>"
        f"<td>{percent(float(found.confidence[at]))}</td><td>{percent(float(found.accuracy[at]))}</td></tr>"
        for at in bins
    )
    note = f'<p class="muted">Expected calibration error {figures(found.error)}.</p>'
    return _table("Calibration", _head("Probability", "Rows", "Mean probability", "Accuracy"), rows, note)


def _slice(summed: SliceAggregate, shown: Shown) -> str:
    title = f"{'Fields' if summed.spans else 'Words'} of {summed.name} ({len(summed.rows):,} rows explained)"
    return f"<article><h2>{said(title)}</h2>{''.join(_class(each, shown) for each in summed.classes)}</article>"


def _class(words: ClassWords, shown: Shown) -> str:
    sides = (("raise", words.raises), ("lower", words.lowers), ("do both to", words.flips))
    tables = "".join(_words(f"{side} {words.label}", listed, shown, side == "raise") for side, listed in sides if listed)
    heading = f'{said(words.label)} <span class="muted">{words.rows:,} rows</span>'
    return f'<h3 class="part">{heading}</h3><div class="wide">{tables}</div>'


def _words(title: str, words: Sequence[WordSum], shown: Shown, unfolded: bool) -> str:
    rows = "".join(
        f'<tr><th scope="row"><bdi>{said(word.word)}</bdi></th><td>{word.count:,}</td><td>{signed_figures(word.mean)}</td>'
        f"<td>{signed_figures(word.total)}</td><td>{_links(word.rows, shown)}</td></tr>"
        for word in words
    )
    head = _head("Word", "Count", "Mean", "Sum", "Rows")
    table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
    return f"<details{' open' if unfolded else ''}><summary>Words that {said(title)}</summary>{table}</details>"


def _links(rows: Sequence[int], shown: Shown) -> str:
    """To the errors that are on the page, which come first; the others by their numbers."""
    order = sorted(rows, key=lambda row: row not in shown)[:_ROWS_OF_A_WORD]
    words = (f'<a href="#row-{row}">{row}</a>' if row in shown else str(row) for row in order)
    return " ".join(words) + (" …" if len(rows) > _ROWS_OF_A_WORD else "")


def _errors(result: PredictionsResult, numbers: Numbers, wrong: Rows, figures_of: dict[int, Figure]) -> str:
    if not len(wrong):
        return ""
    total = numbers.labelled if numbers.accuracy is None else round(numbers.labelled * (1 - numbers.accuracy))
    note = f'<p class="muted">The {len(wrong):,} of the highest loss, of {total:,}.</p>' if len(wrong) < total else ""
    articles = "\n".join(_error(result, row, figures_of.get(row)) for row in wrong.tolist())
    return f'<div class="part"><h2>Errors</h2>{note}</div>{articles}'


def _error(result: PredictionsResult, row: int, figure: Figure | None) -> str:
    predicted = result.label(int(result.predicted[row])) or figures(float(result.logits[row, 0]))
    sure = "" if np.isnan(result.probability[row]) else f" {percent(float(result.probability[row]))}"
    title = f"Row {row}: {true_label(result, row)}, predicted {predicted}{sure}, loss {figures(float(result.loss[row]))}"
    under = f'<p class="muted" id="row-{row}">{said(title)}</p>'
    if figure is None:
        given = result.data.input_of(row)
        texts = (in_words(given), given.pair if isinstance(given, TextInput) else None)
        shown = "".join(f"<blockquote>{escape(displayed(part))}</blockquote>" for part in texts if part is not None)
        return f"<article>{under}{shown}</article>"
    return f"<article>{figure.body('h3', under, folded=True)}</article>"


def _skipped(result: PredictionsResult) -> str:
    listed = [(str(each.row), each.reason) for each in result.skipped] + [("", each.reason) for each in result.data.left_out]
    if not listed:
        return ""
    rows = "".join(f"<tr><td>{row}</td><td>{said(reason)}</td></tr>" for row, reason in listed[:_MOST_SKIPPED])
    left = len(listed) - _MOST_SKIPPED
    more = f'<p class="muted">… and {left:,} more.</p>' if left > 0 else ""
    return _table("Rows without a prediction", _head("Row", "Why"), rows, more)


def _head(*names: str) -> str:
    return "<tr>" + "".join(f'<th scope="col">{said(name)}</th>' for name in names) + "</tr>"


def _table(title: str, head: str, body: str, note: str = "") -> str:
    table = f'<div class="wide"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>'
    return f'<div class="part"><h2>{said(title)}</h2>{note}{table}</div>'
