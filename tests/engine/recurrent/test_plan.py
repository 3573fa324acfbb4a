"""Who reads what when: everything once, each file from its beginning and in one lane."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.recurrent.plan import Plan


@given(st.lists(st.integers(1, 300), min_size=1, max_size=12), st.integers(1, 5), st.integers(1, 40), st.integers(1, 500))
def test_every_token_is_read_once_and_in_order(lengths: list[int], lanes: int, chunk: int, block: int):
    plan = Plan(lengths, lanes, chunk, block)
    read: dict[int, list[int]] = {}
    lane_of: dict[int, int] = {}
    for number in range(plan.chunks):
        pieces = plan.pieces(number)
        assert len({piece.lane for piece in pieces}) == len(pieces)
        for piece in pieces:
            read.setdefault(piece.file, []).extend(range(piece.start, piece.start + piece.length))
            assert lane_of.setdefault(piece.file, piece.lane) == piece.lane
    assert {file: list(range(length)) for file, length in enumerate(lengths)} == read


@given(st.lists(st.integers(1, 300), min_size=1, max_size=12), st.integers(1, 5), st.integers(1, 40), st.integers(1, 500))
def test_runs_say_where_everything_lies(lengths: list[int], lanes: int, chunk: int, block: int):
    plan = Plan(lengths, lanes, chunk, block)
    firsts = np.concatenate(([0], np.cumsum(lengths)))
    seen: list[int] = []
    for own in plan.blocks:
        runs = plan.runs(own)
        assert [run.offset for run in runs] == list(np.cumsum([0, *(run.length for run in runs)])[:-1])
        assert sum(run.length for run in runs) == own.positions
        seen += [int(firsts[run.file]) + run.start + at for run in runs for at in range(run.length)]
    assert sorted(seen) == list(range(sum(lengths)))
    assert plan.blocks[-1].end == plan.chunks
