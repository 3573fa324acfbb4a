"""Labels as the data write them, matched to those of the model."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.dataset_results import NONE, Dataset, How, LabelMatch
from engine.datasets.table import is_yes
from engine.results import ModelInfo, Notice

if TYPE_CHECKING:
    import polars

_SYNONYMS = (
    {"positive", "pos", "+", "good", "favourable", "favorable"},
    {"negative", "neg", "-", "bad", "unfavourable", "unfavorable"},
    {"neutral", "neu", "mixed"},
    {"yes", "y", "true", "t"},
    {"no", "n", "false", "f"},
    {"entailment", "entails", "entailed"},
    {"contradiction", "contradicts", "contradictory"},
    {"science and technology", "sci/tech", "scitech", "science/technology", "technology", "tech"},
    {"sports", "sport"},
    {"business", "economy"},
    {"world", "international"},
    {"spam", "junk"},
    {"ham", "not spam", "no spam"},
    {"toxic", "offensive"},
    {"non toxic", "not toxic", "not offensive"},
)
_SYNONYM_OF = {name: number for number, names in enumerate(_SYNONYMS) for name in names}
_SEPARATORS = re.compile(r"[;|,]")
_SHOWN = 8


def match(written: Sequence[tuple[str, int]], labels: Sequence[str], given: Mapping[str, str]) -> tuple[LabelMatch, ...]:
    """Each label of the data held against the model's ``labels``: as it is, but for case, by another word for it, by its number.

    Numbers count from 0; where there is no 0 but as high a number as there are labels, from 1.

    Args:
        written: with counts.
        given: what the user said, which comes first.
    """
    places = {label: at for at, label in reversed(list(enumerate(labels)))}
    folded = {_folded(label): at for label, at in reversed(list(places.items()))}
    meant = {_SYNONYM_OF[name]: at for name, at in folded.items() if name in _SYNONYM_OF}
    numbers = [_whole(name) for name, _ in written]
    numbered = bool(labels) and None not in numbers
    from_one = numbered and 0 not in numbers and len(labels) in numbers

    def one(name: str) -> tuple[int, How]:
        if name in given:
            return places.get(given[name], NONE), "given"
        if name in places:
            return places[name], "same"
        if _folded(name) in folded:
            return folded[_folded(name)], "case"
        if _SYNONYM_OF.get(_folded(name)) in meant:
            return meant[_SYNONYM_OF[_folded(name)]], "synonym"
        number = _whole(name) if numbered else None
        if number is not None and 0 <= number - from_one < len(labels):
            return number - from_one, "index"
        return NONE, "none"

    return tuple(LabelMatch(name, count, *one(name)) for name, count in written)


def about_matches(matches: Sequence[LabelMatch], labels: Sequence[str], given: Mapping[str, str]) -> list[Notice]:
    """What a person should look at."""
    said = []
    unknown = [each for each in matches if each.index == NONE and given.get(each.written) != ""]
    if unknown:
        shown = ", ".join(f"“{each.written}” ({each.count:,})" for each in unknown[:_SHOWN])
        shown += ", …" if len(unknown) > _SHOWN else ""
        known = ", ".join(labels[:_SHOWN]) + (", …" if len(labels) > _SHOWN else "")
        said.append(Notice(f"Some labels are none of the model's: {shown}; the model has {known}. Say which is meant.", "labels"))
    guessed = [each for each in matches if each.how in ("synonym", "index")]
    if guessed:
        shown = ", ".join(f"“{each.written}” as {labels[each.index]}" for each in guessed[:_SHOWN])
        said.append(
            Notice(f"Labels were read by what they seem to mean: {shown}{', …' if len(guessed) > _SHOWN else ''}.", "labels")
        )
    return said


def _folded(label: str) -> str:
    return " ".join(label.replace("_", " ").replace("-", " ").casefold().split()) or label.strip()


def _whole(name: str) -> int | None:
    try:
        number = float(name)
    except ValueError:
        return None
    return int(number) if math.isfinite(number) and number == int(number) else None


def split(cell: str) -> list[str]:
    """The labels of a cell of a multi-label data set: a JSON list, or parted by a semicolon, a bar or a comma."""
    if cell.startswith("["):
        try:
            read = json.loads(cell)
        except (ValueError, RecursionError):
            read = None
        if isinstance(read, list):
            return [str(each) for each in read]
    return [part.strip() for part in _SEPARATORS.split(cell) if part.strip()]


def true_classes(data: Dataset, model: ModelInfo) -> tuple[NDArray[np.int32], tuple[LabelMatch, ...], list[Notice]]:
    """(rows,) of a model of one label: −1 where it is not known."""
    given = dict(data.source.names)
    columns = data.source.labels or ()
    if len(columns) != 1:
        return np.full(data.rows, NONE, np.int32), (), _no_labels(data)
    cells = data.table.series(columns[0]).str.strip_chars()
    if not data.labels and bool((cells != "").any()):
        words = f"The column “{columns[0]}” has {cells.n_unique():,} different values, so it holds no classes; name another."
        return np.full(data.rows, NONE, np.int32), (), [Notice(words, "no_classes")]
    matches = match(data.labels, model.labels, given)
    index = {each.written: each.index for each in matches}
    found = _indices(cells, index)
    said = about_matches(matches, model.labels, given)
    empty = int((cells == "").sum())
    if empty:
        said.append(Notice(f"Rows without a label: {empty:,} of {data.rows:,}.", "no_label"))
    return found, matches, said


def _indices(cells: "polars.Series", index: Mapping[str, int]) -> NDArray[np.int32]:
    """(rows,) what each cell means; −1: nothing."""
    import polars

    if not index:
        return np.full(len(cells), NONE, np.int32)
    meant = cells.replace_strict(list(index), list(index.values()), default=NONE, return_dtype=polars.Int32)
    return np.array(meant.to_numpy(), np.int32)


def true_sets(
    data: Dataset, model: ModelInfo
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], tuple[LabelMatch, ...], list[Notice]]:
    """Of a multi-label model: (rows, labels) which hold, and (rows,) whether that is known."""
    given, columns = dict(data.source.names), data.source.labels or ()
    holds, known = np.zeros((data.rows, len(model.labels)), np.bool_), np.zeros(data.rows, np.bool_)
    if not columns:
        return holds, known, (), _no_labels(data)
    if len(columns) > 1:
        counted = tuple((name, sum(map(is_yes, data.table.cells(name)))) for name in columns)
        matches = match(counted, model.labels, given)
        for each in matches:
            cells = data.table.cells(each.written)
            known |= np.fromiter((bool(cell.strip()) for cell in cells), np.bool_, data.rows)
            if each.index != NONE:
                holds[:, each.index] |= np.fromiter(map(is_yes, cells), np.bool_, data.rows)
        return holds, known, matches, about_matches(matches, model.labels, given)
    parts = [split(cell.strip()) for cell in data.table.cells(columns[0])]
    counts: dict[str, int] = {}
    for part in parts:
        for name in part:
            counts[name] = counts.get(name, 0) + 1
    matches = match(sorted(counts.items(), key=lambda item: (-item[1], item[0])), model.labels, given)
    index = {each.written: each.index for each in matches}
    for row, (cell, part) in enumerate(zip(data.table.cells(columns[0]), parts, strict=True)):
        known[row] = bool(cell.strip())
        for name in part:
            if index[name] != NONE:
                holds[row, index[name]] = True
    return holds, known, matches, about_matches(matches, model.labels, given)


def true_numbers(data: Dataset) -> tuple[NDArray[np.float64], list[Notice]]:
    """(rows,) of a regression; NaN where none is known."""
    columns = data.source.labels or ()
    if len(columns) != 1:
        return np.full(data.rows, np.nan), _no_labels(data)
    numbers = data.table.numbers(columns[0])
    unknown = int(np.isnan(numbers).sum())
    return numbers, [
        Notice(f"Rows without a number in “{columns[0]}”: {unknown:,} of {data.rows:,}.", "no_label")
    ] if unknown else []


def _no_labels(data: Dataset) -> list[Notice]:
    if len(data.source.labels or ()) > 1:
        return [Notice("The model knows one label for each text, and several columns of labels were named.", "labels")]
    return [Notice("No column holds labels, so nothing is known to be right or wrong; name one.", "no_labels")]
