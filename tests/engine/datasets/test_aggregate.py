"""Sums over rows equal what single explanations add up to, counted in a plain loop."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.attribution.explain import explain
from engine.dataset_results import AggregateResult
from engine.datasets.aggregate import aggregate
from engine.datasets.data import Datasets
from engine.errors import UserError
from engine.heatmaps.grained import at_grain
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import AggregateRequest, AttributionRequest, DataSource, NamedRows, TextInput
from engine.results import AttributionResult
from tests.engine.datasets.tables import labelled, opened, texts, write

ROWS = tuple(range(0, 30, 2))


def summed(model: TextModel, path: str, *slices: NamedRows, **how: object) -> AggregateResult:
    known = {"method": "input_x_gradient", **how}
    explanation = AttributionRequest(model.info.sha256, TextInput(""), **known)  # type: ignore[arg-type]
    return run(aggregate(Datasets(), model, AggregateRequest(DataSource(path), slices, explanation, top=1000)))


def single(model: TextModel, path: str, row: int, method: str = "input_x_gradient") -> AttributionResult:
    request = AttributionRequest(model.info.sha256, opened(path).input_of(row), method=method)
    return at_grain(run(explain(model, request)), "word")


@pytest.mark.parametrize("method", ["input_x_gradient", "saliency"])
def test_words_are_the_sums_of_single_explanations(tmp_path: Path, tiny_bert: TextModel, method: str):
    path = labelled(tmp_path, 30)
    found = summed(tiny_bert, path, NamedRows("some", ROWS), method=method).slices[0]
    by_hand: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
    rows_of: dict[str, set[int]] = defaultdict(set)
    for row in ROWS:
        one = single(tiny_bert, path, row, method)
        rows_of[one.target.label or ""].add(row)
        for token, value in zip(one.tokens, one.values.tolist(), strict=True):
            if not token.special:
                by_hand[one.target.label or "", token.text.casefold()].append((value, row))
    assert {each.label: each.rows for each in found.classes} == {label: len(rows) for label, rows in rows_of.items()}
    seen = 0
    for each in found.classes:
        assert [word.total for word in each.raises] == sorted((word.total for word in each.raises), reverse=True)
        assert [word.total for word in each.lowers] == sorted(word.total for word in each.lowers)
        for word in (*each.raises, *each.lowers):
            values = [value for value, _ in by_hand[each.label, word.word]]
            seen += 1
            assert word.count == len(values)
            assert word.total == pytest.approx(sum(values), rel=1e-4, abs=1e-6)
            assert word.mean == pytest.approx(sum(values) / len(values), rel=1e-4, abs=1e-6)
            assert (word.positive, word.negative) == (sum(v > 0 for v in values), sum(v < 0 for v in values))
            assert word.raised + word.lowered == pytest.approx(word.total, abs=1e-6)
            assert list(word.rows) == sorted({row for _, row in by_hand[each.label, word.word]})
        both = {w for (label, w), known in by_hand.items() if label == each.label and {v > 0 for v, _ in known} == {True, False}}
        assert {word.word for word in each.flips} == both
        strengths = [min(word.raised, -word.lowered) for word in each.flips]
        assert strengths == sorted(strengths, reverse=True)
    assert seen == len(by_hand)


def test_positions_by_examples_and_their_mean(tmp_path: Path, tiny_bert: TextModel):
    path = labelled(tmp_path, 30)
    found = summed(tiny_bert, path, NamedRows("some", ROWS)).slices[0]
    assert found.rows.tolist() == list(ROWS)
    longest = max(len(words) for words in found.words)
    assert found.values.shape == (len(ROWS), longest)
    by_hand = np.full((len(ROWS), longest), np.nan)
    for at, row in enumerate(ROWS):
        one = single(tiny_bert, path, row)
        kept = [(t.text, v) for t, v in zip(one.tokens, one.values.tolist(), strict=True) if not t.special]
        by_hand[at, : len(kept)] = [value for _, value in kept]
        assert found.words[at] == tuple(word for word, _ in kept)
    np.testing.assert_allclose(found.values, by_hand, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(np.nanmean(found.values, axis=0), np.nanmean(by_hand, axis=0), rtol=1e-4, atol=1e-6)


def test_fields_of_pairs(tmp_path: Path, tiny_bert: TextModel):
    lines = "".join(f"{a},{b},neutral\n" for a, b in zip(texts(10), texts(10, seed=5), strict=True))
    path = write(tmp_path, "t.csv", f"premise,hypothesis,label\n{lines}")
    found = summed(tiny_bert, path, NamedRows("all", tuple(range(10)))).slices[0]
    sums: dict[str, list[float]] = defaultdict(list)
    magnitudes: dict[str, list[float]] = defaultdict(list)
    for row in range(10):
        one = single(tiny_bert, path, row)
        for name, chosen in (
            ("text", [not t.special and t.segment == 0 for t in one.tokens]),
            ("second text", [not t.special and t.segment == 1 for t in one.tokens]),
            ("special tokens", [t.special for t in one.tokens]),
        ):
            sums[name].append(float(one.values[chosen].sum()))
            magnitudes[name].append(float(np.abs(one.values[chosen]).sum()))
    assert [each.name for each in found.fields] == ["text", "second text", "special tokens"]
    for each in found.fields:
        wanted = (np.mean(sums[each.name]), np.mean(magnitudes[each.name]), max(magnitudes[each.name]))
        assert (each.mean, each.magnitude, each.maximum) == pytest.approx(wanted, rel=1e-4, abs=1e-6)


def test_slices_side_by_side_explain_each_row_once(tmp_path: Path, tiny_bert: TextModel):
    path = labelled(tmp_path, 12)
    found = summed(tiny_bert, path, NamedRows("a", (1, 2, 3)), NamedRows("b", (3, 2, 9)), NamedRows("none", ()))
    assert found.cost.forward == 4
    assert [each.rows.tolist() for each in found.slices] == [[1, 2, 3], [3, 2, 9], []]
    alone = summed(tiny_bert, path, NamedRows("b", (3, 2, 9))).slices[0]
    np.testing.assert_array_equal(alone.values, found.slices[1].values)
    with pytest.raises(UserError, match="no rows"):
        summed(tiny_bert, path, NamedRows("none", ()))


def test_what_is_shown_on_the_way_is_a_sum_of_fewer_rows(tmp_path: Path, tiny_bert: TextModel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.datasets.explanations._SHOW_SECONDS", 0.0)
    monkeypatch.setattr("engine.datasets.aggregate._SHARE", 0.0)
    explanation = AttributionRequest(tiny_bert.info.sha256, TextInput(""), method="input_x_gradient")
    request = AggregateRequest(DataSource(labelled(tmp_path, 9)), (NamedRows("all", tuple(range(9))),), explanation)
    seen: list[AggregateResult] = []
    run(
        aggregate(Datasets(), tiny_bert, request),
        lambda p: seen.append(p.result) if isinstance(p.result, AggregateResult) else None,
    )
    assert [len(each.slices[0].rows) for each in seen] == list(range(1, 10))
    assert replace(request, top=1) != request
