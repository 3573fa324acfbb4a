"""The recorder against the literal formulas in float64, and against torch's own kernels."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from engine.cells import QUANTITIES
from engine.jobs import run
from engine.recurrent import recorder
from engine.recurrent.recorder import KINDS, Hold, record, recording
from tests.engine.recurrent import literal
from tests.engine.recurrent.literal import random_module

MODULES: dict[str, tuple[type[nn.RNNBase], dict[str, Any]]] = {
    "lstm": (nn.LSTM, {}),
    "lstm-deep": (nn.LSTM, {"num_layers": 3}),
    "lstm-both-ways": (nn.LSTM, {"num_layers": 2, "bidirectional": True}),
    "lstm-projected": (nn.LSTM, {"num_layers": 2, "bidirectional": True, "proj_size": 3}),
    "lstm-unbiased": (nn.LSTM, {"num_layers": 2, "bias": False}),
    "lstm-time-first": (nn.LSTM, {"batch_first": False, "num_layers": 2}),
    "gru": (nn.GRU, {}),
    "gru-both-ways": (nn.GRU, {"num_layers": 2, "bidirectional": True}),
    "gru-unbiased": (nn.GRU, {"bias": False}),
    "rnn": (nn.RNN, {"num_layers": 2}),
    "rnn-relu": (nn.RNN, {"nonlinearity": "relu", "bidirectional": True}),
    "rnn-time-first": (nn.RNN, {"batch_first": False, "bias": False}),
}
BATCH, SEQ, D_INPUT, CELLS = 3, 11, 4, 5
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections")  # said once by torch's own kernel


@pytest.fixture(params=MODULES)
def module(request: pytest.FixtureRequest) -> nn.RNNBase:
    kind, options = MODULES[request.param]
    return random_module(kind, D_INPUT, CELLS, **{"batch_first": True} | options)


@pytest.fixture(params=[1, 4, 512], ids=lambda steps: f"blocks of {steps}")
def _blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_block", lambda rnn, batch, seq: min(seq, request.param))


def texts(batch: int = BATCH, seq: int = SEQ, size: int = D_INPUT, seed: int = 1) -> Tensor:
    return torch.randn(batch, seq, size, generator=torch.Generator().manual_seed(seed))


def as_read(rnn: nn.RNNBase, inputs: Tensor) -> Tensor:
    return inputs if rnn.batch_first else inputs.transpose(0, 1)


def states(rnn: nn.RNNBase, batch: int = BATCH) -> tuple[Tensor, ...]:
    places = rnn.num_layers * (2 if rnn.bidirectional else 1)
    hidden = texts(places, batch, rnn.proj_size or rnn.hidden_size, 2)
    return (hidden, texts(places, batch, rnn.hidden_size, 3)) if isinstance(rnn, nn.LSTM) else (hidden,)


def torchs(rnn: nn.RNNBase, inputs: Any, initial: tuple[Tensor, ...] | None = None) -> tuple[Any, tuple[Tensor, ...]]:
    """Torch's output and final state in the recorder's form."""
    given = initial if initial is None or isinstance(rnn, nn.LSTM) else initial[0]
    output, state = rnn(inputs, given)
    return output, state if isinstance(state, tuple) else (state,)


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("begun", [False, True], ids=["from zero", "with a state"])
def test_every_quantity_of_every_kind_is_what_the_formulas_say(module: nn.RNNBase, begun: bool):
    inputs, initial = texts(), states(module) if begun else None
    found = record(module, as_read(module, inputs), initial=initial)
    assert tuple(found.quantities) == QUANTITIES[KINDS[type(module)]]
    for row in range(BATCH):
        expected = literal.record(module, inputs[row], initial and tuple(s[:, row] for s in initial))
        for name, values in found.quantities.items():
            np.testing.assert_allclose(values[:, :, row], expected[name], atol=1e-6, rtol=0)
    output, state = torchs(module, as_read(module, inputs), initial)
    torch.testing.assert_close(found.output, as_read(module, output), atol=1e-6, rtol=0)
    for own, torchs_own in zip(found.state, state, strict=True):
        torch.testing.assert_close(own, torchs_own, atol=1e-6, rtol=0)


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("lengths", [[11, 4, 7], [1, 11, 2], [3, 3, 2]])
def test_texts_of_unequal_length_are_read_as_torch_reads_packed_ones(module: nn.RNNBase, lengths: list[int]):
    inputs, ends = texts(), torch.tensor(lengths)
    found = record(module, as_read(module, inputs), lengths=ends)
    first = module.batch_first
    packed = pack_padded_sequence(as_read(module, inputs), ends, first, enforce_sorted=False)
    output, state = torchs(module, packed)
    padded = pad_packed_sequence(output, first, total_length=SEQ)[0]
    torch.testing.assert_close(found.output, as_read(module, padded), atol=1e-6, rtol=0)
    for own, torchs_own in zip(found.state, state, strict=True):
        torch.testing.assert_close(own, torchs_own, atol=1e-6, rtol=0)
    for row, length in enumerate(lengths):
        expected = literal.record(module, inputs[row, :length])
        for name, values in found.quantities.items():
            np.testing.assert_allclose(values[:, :, row, :length], expected[name], atol=1e-6, rtol=0)
            assert values[:, :, row, length:].isnan().all()


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_two_thousand_steps_stay_beside_float64(kind: type[nn.RNNBase]):
    """At a trained model's size, in blocks with the state carried, as a long text is read."""
    rnn, inputs = random_module(kind, 32, 64, num_layers=2, batch_first=True), texts(1, 2048, 32)
    expected = literal.record(rnn, inputs[0])
    parts, state = [], None
    for block in inputs.split(600, dim=1):
        parts.append(record(rnn, block, initial=state))
        state = parts[-1].state
    for name in QUANTITIES[KINDS[kind]]:
        found = torch.cat([part.quantities[name] for part in parts], dim=3)[:, :, 0]
        np.testing.assert_allclose(found, expected[name], atol=2e-6, rtol=0)
    output = torch.cat([part.output for part in parts], dim=1)
    torch.testing.assert_close(output, rnn(inputs)[0], atol=1e-6, rtol=0)


def test_only_what_is_asked_for_is_kept(module: nn.RNNBase):
    inputs, everything = as_read(module, texts()), record(module, as_read(module, texts()))
    for name, values in everything.quantities.items():
        found = record(module, inputs, quantities=[name])
        assert list(found.quantities) == [name]
        assert found.quantities[name].untyped_storage().nbytes() == 4 * values.numel()
        assert found.quantities[name].equal(values)
        assert found.output.equal(everything.output)
    assert record(module, inputs, quantities=()).quantities == {}


def test_a_quantity_that_a_layer_does_not_have():
    with pytest.raises(ValueError, match="reset_gate, update_gate, candidate, not cell_state"):
        record(random_module(nn.GRU, 4, 5), texts(), quantities=["cell_state"])


def test_inputs_states_and_modules_stay_as_they_were_and_what_is_recorded_is_not_shared(module: nn.RNNBase):
    inputs, initial = as_read(module, texts()), states(module)
    before = [t.clone() for t in (inputs, *initial, *module.parameters())]
    first = record(module, inputs, initial=initial)
    kept = [t.clone() for t in (first.output, *first.quantities.values(), *first.state)]
    record(module, -inputs, initial=first.state)
    assert all(a.equal(b) for a, b in zip(before, (inputs, *initial, *module.parameters()), strict=True))
    assert all(a.equal(b) for a, b in zip(kept, (first.output, *first.quantities.values(), *first.state), strict=True))


def test_gradients_are_left_on_between_steps_and_the_work_is_counted_to_its_end(module: nn.RNNBase):
    places = module.num_layers * (2 if module.bidirectional else 1)
    steps, seen = recording(module, as_read(module, texts())), []
    for partial in steps:
        assert torch.is_grad_enabled()
        assert partial.total == places * SEQ
        seen.append(partial.done)
    assert seen == [SEQ * (place + 1) for place in range(places)]


def held_literally(rnn: nn.RNNBase, x: Tensor, cells: list[int], values: list[float]) -> np.ndarray:
    """The hidden states of a module of one layer and direction, its cells put back after each step."""
    state = [np.zeros(rnn.proj_size or rnn.hidden_size), np.zeros(rnn.hidden_size)]
    found = []
    for x_t in x.double().numpy():
        step = {name: values[0] for name, values in literal.read(rnn, x_t[None], 0, 0, state).items()}
        state = [step["hidden_state"], step.get("cell_state", state[1])]
        state[1 if isinstance(rnn, nn.LSTM) else 0][cells] = values
        if isinstance(rnn, nn.LSTM):
            hidden = step["output_gate"] * np.tanh(state[1])
            state[0] = literal.weights(rnn, 0, 0)["weight_hr"] @ hidden if rnn.proj_size else hidden
        found.append(state[0])
    return np.stack(found)


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize(("kind", "options"), [(nn.LSTM, {}), (nn.LSTM, {"proj_size": 3}), (nn.GRU, {}), (nn.RNN, {})])
def test_held_cells_stay_where_they_are_held_and_the_rest_follows(kind: type[nn.RNNBase], options: dict[str, int]):
    rnn, inputs = random_module(kind, D_INPUT, CELLS, batch_first=True, **options), texts(1).expand(3, -1, -1)
    mask = torch.zeros(1, 1, 3, CELLS, dtype=torch.bool)
    mask[0, 0, 1, [0, 3]] = True
    mask[0, 0, 2, 4] = True
    found = record(rnn, inputs, hold=Hold(mask, torch.tensor([0.5, 9.0, 9.0, -0.25, 0.0])))
    state = found.quantities["cell_state" if kind is nn.LSTM else "hidden_state"][0, 0]
    assert state[1, :, 0].eq(0.5).all()
    assert state[1, :, 3].eq(-0.25).all()
    assert state[2, :, 4].eq(0.0).all()
    torch.testing.assert_close(found.output[0], rnn(inputs)[0][0], atol=1e-6, rtol=0)
    for row, cells, values in ((1, [0, 3], [0.5, -0.25]), (2, [4], [0.0])):
        np.testing.assert_allclose(found.output[row], held_literally(rnn, inputs[0], cells, values), atol=1e-6, rtol=0)


def test_a_hold_is_of_its_layer_and_direction_alone():
    rnn, inputs = random_module(nn.LSTM, D_INPUT, CELLS, 2, bidirectional=True, batch_first=True), texts()
    mask = torch.zeros(2, 2, 1, CELLS, dtype=torch.bool)
    mask[1, 1, 0, 2] = True
    plain, held = record(rnn, inputs), record(rnn, inputs, hold=Hold(mask, torch.zeros(())))
    assert held.quantities["cell_state"][1, 1, :, :, 2].eq(0).all()
    for name, values in held.quantities.items():
        assert values[0].equal(plain.quantities[name][0])
        assert values[1, 0].equal(plain.quantities[name][1, 0])


def test_it_computes_in_the_module_s_own_precision():
    rnn, inputs = random_module(nn.LSTM, D_INPUT, CELLS, batch_first=True).double(), texts().double()
    found = run(recording(rnn, inputs))
    assert found.output.dtype == torch.float64
    np.testing.assert_allclose(found.quantities["cell_state"][:, :, 1], literal.record(rnn, inputs[1])["cell_state"], atol=1e-14)
