"""AUC, histograms, the null by circular shifts, thresholds: against the definitions, written out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.jobs import run
from engine.recurrent.fine import f1_of, fine_units
from engine.recurrent.hypotheses import Hypothesis
from engine.recurrent.labels import Labelled, Split
from engine.recurrent.levels import SCALES
from engine.recurrent.statistics import (
    Dealt,
    Rotated,
    auc_of,
    auc_resolution,
    chosen_in_blocks,
    count_levels,
    histograms,
    null_of,
)
from tests.engine.recurrent.made_store import made_reading, made_store

LENGTHS = (130, 77, 1, 260, 40)


def literal_auc(values: np.ndarray, positive: np.ndarray) -> float:
    """Every pair of a positive and a negative position."""
    up, down = values[positive][:, None], values[~positive][None]
    return float(((up > down) + 0.5 * (up == down)).mean())


def labels_for(positive: np.ndarray, grades: np.ndarray | None = None) -> Labelled:
    return Labelled(Hypothesis("made", grades is not None, lambda *_: None), positive, grades, (True,) * len(LENGTHS), b"")


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.3, (5, sum(LENGTHS))).clip(-1, 1)


@pytest.fixture
def positive() -> np.ndarray:
    return np.random.default_rng(1).random(sum(LENGTHS)) < 0.3


def by_file(values: np.ndarray) -> list[np.ndarray]:
    return np.split(values, np.cumsum(LENGTHS)[:-1], axis=1)


@pytest.mark.parametrize("n", [1, 7, 65_536, 65_537])
def test_levels_are_counted(n: int):
    levels = np.random.default_rng(n).integers(0, 256, (3, n), dtype=np.uint8)
    np.testing.assert_array_equal(count_levels(levels), [np.bincount(row, minlength=256) for row in levels])


def test_auc_of_histograms_is_that_of_the_levels(tmp_path: Path, values: np.ndarray, positive: np.ndarray):
    store = made_store(tmp_path, by_file(values))
    split = Split.of(store.reading, 0.4, [True] * len(LENGTHS))
    for testing in (False, True):
        total = run(histograms(store, chosen_in_blocks(store, split, testing)))
        hits = run(histograms(store, chosen_in_blocks(store, split, testing, positive)))
        own = split.take(positive, testing)
        exact = [literal_auc(split.take(row, testing), own) for row in values]
        levels = [literal_auc(split.take(SCALES["signed"].levels(row.astype(np.float32)) >> 8, testing), own) for row in values]
        found = auc_of(hits, total)
        np.testing.assert_allclose(found, levels, atol=1e-12)
        assert (np.abs(found - exact) <= auc_resolution(hits, total) + 1e-12).all()


def test_the_first_part_of_every_file_ranks_and_the_last_tests():
    split = Split.of(made_reading(LENGTHS), 0.25, [True, False, True, True, True])
    everything = np.arange(sum(LENGTHS))
    ranking, testing = (split.take(everything, part) for part in (False, True))
    assert not set(ranking) & set(testing)
    asked = set(range(130)) | set(range(207, sum(LENGTHS)))
    assert set(ranking) | set(testing) == asked
    assert list(ranking[:98]) == list(range(98))
    assert list(testing[:32]) == list(range(98, 130))


def test_no_positives_have_no_auc():
    assert np.isnan(auc_of(np.zeros(256, np.int64), np.ones(256, np.int64)))


def test_a_unit_that_never_moves_tells_nothing(tmp_path: Path, positive: np.ndarray):
    store = made_store(tmp_path, by_file(np.zeros((1, sum(LENGTHS)))))
    split = Split.of(store.reading, 0.5, [True] * len(LENGTHS))
    total = run(histograms(store, chosen_in_blocks(store, split, False)))
    null = run(null_of(store, Rotated(split, positive, 50, 0), total))
    assert null.p_value[0] == null.p_family[0] == 1.0
    np.testing.assert_allclose(null.best, 0.5)


def test_circular_shifts_are_rotations_within_each_file(tmp_path: Path, values: np.ndarray, positive: np.ndarray):
    """Against rotating the labels of every file and scoring each unit from all pairs of the ranking part."""
    store = made_store(tmp_path, by_file(values))
    split = Split.of(store.reading, 0.5, [True] * len(LENGTHS))
    total = run(histograms(store, chosen_in_blocks(store, split, False)))
    null = run(null_of(store, Rotated(split, positive, 20, seed=3), total))
    generator = np.random.default_rng(3)
    offsets = {number: generator.integers(0, LENGTHS[number], 20) for number, _ in split.slices(False)}
    levels = SCALES["signed"].levels(values.astype(np.float32)) >> 8
    own = [split.take(row, False) for row in levels]
    distance = np.empty((21, len(values)))
    for shift in range(21):
        rolled = [
            np.roll(labels[0], offsets[number][shift - 1] if shift and number in offsets else 0)
            for number, labels in enumerate(by_file(positive[None]))
        ]
        marked = split.take(np.concatenate(rolled), False)
        distance[shift] = [abs(literal_auc(row, marked) - 0.5) for row in own]
    np.testing.assert_allclose(null.best, 0.5 + distance[1:].max(1), atol=1e-6)
    np.testing.assert_allclose(null.p_value, (1 + (distance[1:] >= distance[0] - 1e-7).sum(0)) / 21)
    best = distance[1:].max(1)[:, None]
    np.testing.assert_allclose(null.p_family, (1 + (best >= distance[0] - 1e-7).sum(0)) / 21)


def test_dealt_labels_go_to_whole_rows(tmp_path: Path, values: np.ndarray):
    """Against dealing the labels of the rows that rank and scoring each unit from all pairs."""
    lengths = np.random.default_rng(2).integers(1, 40, 30)
    files = np.split(values[:, : lengths.sum()], np.cumsum(lengths)[:-1], axis=1)
    lengths = np.array([file.shape[1] for file in files if file.shape[1]])
    store = made_store(tmp_path, [file for file in files if file.shape[1]])
    ranks = tuple(int(n) if number % 2 else 0 for number, n in enumerate(lengths))
    split = Split(store.reading, ranks, tuple(int(n) - rank for n, rank in zip(lengths, ranks, strict=True)))
    rows = np.random.default_rng(4).random(len(lengths)) < 0.4
    total = run(histograms(store, chosen_in_blocks(store, split, False)))
    for number, file in enumerate(store.reading.files):  # as rows of one table
        object.__setattr__(file, "file", replace(file.file, path="/t", row=number))
    null = run(null_of(store, Dealt(split, np.repeat(rows, lengths), 20, seed=3), total))
    ranking = np.flatnonzero(ranks)
    dealt = np.random.default_rng(3).permuted(np.broadcast_to(rows[ranking], (20, len(ranking))), axis=1)
    levels = SCALES["signed"].levels(values[:, : lengths.sum()].astype(np.float32)) >> 8
    distance = np.empty((21, len(values)))
    for shift, own in enumerate([rows[ranking], *dealt]):
        marked = np.repeat(own, lengths[ranking])
        distance[shift] = [abs(literal_auc(split.take(row, False), marked) - 0.5) for row in levels]
    np.testing.assert_allclose(null.best, 0.5 + distance[1:].max(1), atol=1e-6)
    np.testing.assert_allclose(null.p_value, (1 + (distance[1:] >= distance[0] - 1e-7).sum(0)) / 21)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_best_threshold_is_the_best_of_all(tmp_path: Path, values: np.ndarray, positive: np.ndarray, sign: int):
    values = values + 0.4 * sign * positive
    store = made_store(tmp_path, by_file(values.clip(-1, 1)))
    split = Split.of(store.reading, 0.5, [True] * len(LENGTHS))
    fine = run(fine_units(store, [2], split, labels_for(positive)))[0]
    level, f1 = fine.threshold(sign)
    row, own = (split.take(each, False) for each in (SCALES["signed"].levels(values[2].clip(-1, 1).astype(np.float32)), positive))

    def literal(at: int) -> float:
        called = row >= at if sign > 0 else row < at
        return 2 * (called & own).sum() / (called.sum() + own.sum())

    assert f1 == pytest.approx(literal(level))
    assert f1 == pytest.approx(max(literal(int(at)) for at in {*row, *(row + 1)}))
    tested_row = split.take(SCALES["signed"].levels(values[2].clip(-1, 1).astype(np.float32)), True)
    tested = split.take(positive, True)
    called = tested_row >= level if sign > 0 else tested_row < level
    assert fine.f1(True, level, sign) == pytest.approx(2 * (called & tested).sum() / (called.sum() + tested.sum()))


def test_a_threshold_lies_in_the_middle_of_the_gap():
    positive, negative = np.zeros(65_536, np.int64), np.zeros(65_536, np.int64)
    positive[50_000], negative[10_000] = 5, 5
    found = f1_of(positive, negative, 1)
    assert found[10_001:50_001].min() == 1.0


def test_full_resolution_is_exact_to_sixteen_bits(tmp_path: Path, positive: np.ndarray):
    """Cells that hardly move are one level to the upper bytes alone."""
    values = np.random.default_rng(5).normal(0, 1e-3, (2, sum(LENGTHS))) + 1e-3 * positive
    store = made_store(tmp_path, by_file(values))
    split = Split.of(store.reading, 0.5, [True] * len(LENGTHS))
    fine = run(fine_units(store, [0, 1], split, labels_for(positive)))
    for unit, row in zip(fine, values, strict=True):
        for testing in (False, True):
            assert unit.auc(testing) == pytest.approx(
                literal_auc(split.take(row, testing), split.take(positive, testing)), abs=0.02
            )
    total = run(histograms(store, chosen_in_blocks(store, split, False)))
    assert (total > 0).sum(1).max() <= 3


def test_correlations_are_numpys(tmp_path: Path, values: np.ndarray, positive: np.ndarray):
    grades = (np.random.default_rng(7).integers(0, 4, sum(LENGTHS)) + 2.0 * (values[0] > 0)).astype(np.float32)
    store = made_store(tmp_path, by_file(values))
    split = Split.of(store.reading, 0.5, [True] * len(LENGTHS))
    levels = SCALES["signed"].values(np.arange(65_536))
    for labelled, target in ((labels_for(positive), positive), (labels_for(positive, grades), grades)):
        unit = run(fine_units(store, [0], split, labelled))[0]
        own, wanted = split.take(values[0], False), split.take(target, False).astype(float)
        pearson, spearman = unit.correlations(levels)
        assert pearson == pytest.approx(np.corrcoef(own, wanted)[0, 1], abs=1e-4)
        assert spearman == pytest.approx(np.corrcoef(midranks(own), midranks(wanted))[0, 1], abs=1e-3)


def midranks(values: np.ndarray) -> np.ndarray:
    return np.array([(values < value).sum() + 0.5 * (values == value).sum() for value in values])


@pytest.mark.parametrize("name", list(SCALES))
def test_scales_keep_the_order_and_come_back(name: str):
    spread = {"signed": (-1, 1), "unit": (0, 1), "soft": (-30, 30)}[name]
    values = np.linspace(*spread, 5_001).astype(np.float32)
    levels = SCALES[name].levels(values)
    assert (np.diff(levels.astype(int)) >= 0).all()
    back = SCALES[name].values(levels)
    step = (1 + np.abs(values)) ** 2 / 65_535 if name == "soft" else 1 / 65_535
    assert (np.abs(back - values) <= step * 1.02).all()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_null_is_calibrated_for_slow_units(tmp_path: Path):
    """Slow units against long runs of labels that have nothing to do with them: p-values are uniform, families right."""
    trials, shifts, lengths = 60, 99, (3_000,) * 8
    alone: list[float] = []
    family: list[float] = []
    for trial in range(trials):
        random = np.random.default_rng(trial)
        files = [autoregressive(random, np.repeat([10, 100, 1000], 4), length) for length in lengths]
        labels = np.concatenate([autoregressive(random, np.array([100]), length)[0] > 0.05 for length in lengths])
        store = made_store(tmp_path / str(trial), files, lanes=8, chunk=1500, block=12_000)
        split = Split.of(store.reading, 0.5, [True] * len(lengths))
        total = run(histograms(store, chosen_in_blocks(store, split, False)))
        null = run(null_of(store, Rotated(split, labels, shifts, trial), total))
        alone += list(null.p_value)
        family.append(float(null.p_family.min()))
    by_speed = np.array(alone).reshape(trials, 3, 4)
    for speed in range(3):
        p = by_speed[:, speed].ravel()
        for level in (0.05, 0.2, 0.5):
            error = np.sqrt(level * (1 - level) / trials)  # units of one trial share labels: as if there were one
            assert abs((p <= level).mean() - level) < 3 * error, (speed, level, (p <= level).mean())
    assert np.mean(np.array(family) <= 0.05) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / trials)


def autoregressive(random: np.random.Generator, time_constants: np.ndarray, length: int) -> np.ndarray:
    """(units, length) in −1 … 1, from the stationary distribution."""
    decay = np.exp(-1 / time_constants)
    value = random.normal(size=len(decay))
    found = np.empty((len(decay), length))
    noise = random.normal(size=(length, len(decay))) * np.sqrt(1 - decay**2)
    for step in range(length):
        value = decay * value + noise[step]
        found[:, step] = value
    return np.tanh(found)
