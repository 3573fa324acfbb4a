"""All gates and cells of an LSTM, beside torch's own kernel, which gives h alone, and the two usual ways to get at more."""

import statistics
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from bench import Row, benchmark, seconds
from engine.devices import leave_a_core_free
from engine.recurrent.recorder import record

SHAPES = ((1, 512, 256, 512), (16, 128, 256, 512), (64, 64, 512, 512), (64, 64, 1024, 1024))  # batch, seq, inputs, cells
REPEATS = 5


@benchmark
def all_gates_and_cells() -> Iterator[Row]:
    leave_a_core_free()
    ratios = []
    for shape in SHAPES:
        ours, fused, loop, steps = _times(*shape)
        ratios.append(ours / fused)
        what = "all gates and cells, {} × {}, {} → {}".format(*shape)
        peers = f"nn.LSTM {1000 * fused:.0f}, LSTMCell loop {1000 * loop:.0f}, step by step {1000 * steps:.0f}"
        yield Row(f"{what} ÷ nn.LSTM (h alone)", ours / fused, figures=f"{1000 * ours:.0f} ms; {peers}")
        if shape[0] == 1:
            yield Row(f"{what} ÷ LSTMCell loop (h, c)", ours / loop, at_most=0.8)
            yield Row(f"{what} ÷ nn.LSTM step by step (h, c)", ours / steps, at_most=0.15)
    yield Row("all gates and cells ÷ nn.LSTM, median of the shapes", statistics.median(ratios), at_most=2.2)


def _times(batch: int, seq: int, d_input: int, cells: int) -> list[float]:
    lstm = nn.LSTM(d_input, cells, batch_first=True).eval().requires_grad_(False)
    inputs = torch.randn(batch, seq, d_input)
    with torch.no_grad():
        return seconds(
            lambda: record(lstm, inputs),
            lambda: lstm(inputs),
            _cell_loop(lstm, inputs),
            _step_by_step(lstm, inputs),
            repeats=REPEATS,
        )


@benchmark
def batches_of_texts() -> Iterator[Row]:
    leave_a_core_free()
    lstm = nn.LSTM(256, 512, batch_first=True).eval().requires_grad_(False)
    one, many = torch.randn(1, 256, 256), torch.randn(64, 256, 256)
    alone, together = seconds(lambda: record(lstm, one), lambda: record(lstm, many), repeats=REPEATS)
    figures = f"{256 / alone:,.0f} and {64 * 256 / together:,.0f} a second"
    yield Row("tokens a second, 64 texts at once ÷ one", 64 * alone / together, at_least=3, figures=figures)
    everything, one_gate = seconds(
        lambda: record(lstm, many), lambda: record(lstm, many, quantities=["forget_gate"]), repeats=REPEATS
    )
    yield Row("one gate ÷ all quantities", one_gate / everything, at_most=1)


def _cell_loop(lstm: nn.LSTM, inputs: Tensor) -> Callable[[], object]:
    cell = nn.LSTMCell(lstm.input_size, lstm.hidden_size).requires_grad_(False)
    cell.load_state_dict({name.removesuffix("_l0"): weight for name, weight in lstm.state_dict().items()})

    def read() -> tuple[Tensor, Tensor]:
        hidden = cells = inputs.new_zeros(len(inputs), lstm.hidden_size)
        kept = []
        for x in inputs.unbind(1):
            hidden, cells = cell(x, (hidden, cells))
            kept.append((hidden, cells))
        hiddens, all_cells = zip(*kept, strict=True)
        return torch.stack(hiddens, 1), torch.stack(all_cells, 1)

    return read


def _step_by_step(lstm: nn.LSTM, inputs: Tensor) -> Callable[[], object]:
    def read() -> tuple[Tensor, Tensor]:
        state, kept = None, []
        for x in inputs.split(1, dim=1):
            _, state = lstm(x, state)
            kept.append(state)
        hiddens, cells = zip(*kept, strict=True)
        return torch.stack(hiddens, 1), torch.stack(cells, 1)

    return read
