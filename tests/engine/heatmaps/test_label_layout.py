"""Names beside points: never over another, never outside, near where there is room."""

from itertools import combinations

import numpy as np
import pytest

from engine.heatmaps.label_layout import leader, place_labels

WITHIN = (0.0, 0.0, 400.0, 200.0)


@pytest.mark.parametrize("seed", range(10))
def test_no_two_meet_and_none_is_outside(seed: int):
    draw = np.random.default_rng(seed)
    dots = draw.uniform((0, 0), (400, 200), size=(60, 2))
    points = [(float(x), float(y)) for x, y in dots[:20]]
    sizes = [(float(wide), 14.0) for wide in draw.uniform(20, 90, size=20)]
    boxes = [box for box in place_labels(points, sizes, dots, WITHIN) if box is not None]
    assert len(boxes) >= 15
    for one, other in combinations(boxes, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    assert all(box[0] >= 0 and box[1] >= 0 and box[2] <= 400 and box[3] <= 200 for box in boxes)


def test_one_alone_stands_at_the_right_of_its_point():
    ((left, top, right, bottom),) = place_labels([(100.0, 100.0)], [(40.0, 14.0)], np.array([[100.0, 100.0]]), WITHIN)
    assert (left, right, (top + bottom) / 2) == (106, 146, 100)
    assert leader((100.0, 100.0), (left, top, right, bottom)) is None


def test_other_points_are_kept_clear_of():
    dots = np.array([[100.0, 100.0], [120.0, 100.0]])
    ((_, _, right, _),) = place_labels([(100.0, 100.0)], [(40.0, 14.0)], dots, WITHIN)
    assert right < 100


def test_the_last_come_finds_no_room():
    points, size = [(10.0, 10.0)] * 3, (30.0, 20.0)
    placed = place_labels(points, [size] * 3, np.zeros((0, 2)), (0, 0, 60, 30))
    assert [box is None for box in placed] == [False, True, True]
    assert place_labels([], [], np.zeros((0, 2)), WITHIN) == []


def test_a_label_that_is_away_has_a_line():
    assert leader((0.0, 0.0), (20.0, -5.0, 60.0, 5.0)) == (20.0, 0.0)
