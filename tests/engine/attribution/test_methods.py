"""Contracts and axioms over the registry: what every method keeps at every step, and what it declares."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.module import _global_forward_hooks, _global_forward_pre_hooks

from engine.attribution.registry import METHODS, Method
from engine.attribution.score import Score
from engine.descriptions import AXIOMS
from engine.jobs import run
from engine.requests import Parameter

Function = Callable[[Tensor], Tensor]
SEQ, D_MODEL = 4, 3
OF_A_FUNCTION = {name: method for name, method in METHODS.items() if not method.looks_inside}  # the others: test_images.py
EVERY = pytest.mark.parametrize("method", OF_A_FUNCTION.values(), ids=OF_A_FUNCTION)
PAIRS = [pytest.param(m, axiom, id=f"{m.description.id}-{axiom}") for m in OF_A_FUNCTION.values() for axiom in AXIOMS]


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


INPUTS, BASELINE = drawn(1, 1, SEQ, D_MODEL), drawn(2, 1, SEQ, D_MODEL)
WEIGHTS, OTHER = drawn(3, SEQ, D_MODEL), drawn(4, SEQ, D_MODEL)


def smooth(points: Tensor) -> Tensor:
    """Every feature matters and interacts."""
    return (WEIGHTS * points).sum((-2, -1)).tanh() + (OTHER * points**2).sum((-2, -1))


def there_and_back(values: Tensor) -> Tensor:
    """x, above -9, by way of ReLUs that are open and of others that are not."""
    return (values.relu() - (-values).relu() + (values + 9).relu() - 9) / 2


def cube_of_sum(a: Tensor, b: Tensor) -> Tensor:
    return (a + b) ** 3


def the_same_written_out(a: Tensor, b: Tensor) -> Tensor:
    return a**3 + 3 * a**2 * b + 3 * a * b**2 + b**3


def attribute(
    method: Method,
    function: Function,
    inputs: Tensor = INPUTS,
    baseline: Tensor = BASELINE,
    seed: int = 0,
    **parameters: Parameter,
) -> np.ndarray:
    known = {p.name for p in method.description.parameters}
    parameters = {name: value for name, value in ({"n_steps": 64} | parameters).items() if name in known}
    return run(method.steps(Score(function), inputs, baseline, seed, method.effective(parameters))).values


# ---- axioms: the declared ones hold; each of the others is broken by an example --------------------------------------


def completeness(method: Method) -> bool:
    """To 1 %: some methods sample. A method that promises nothing is off by far more here."""
    many = {"n_samples": 2000} if method.description.complete else {}
    promised = float(smooth(INPUTS) - smooth(BASELINE))
    return bool(np.isclose(attribute(method, smooth, **many).sum(), promised, rtol=0.01))


def sensitivity(method: Method) -> bool:
    """One feature differs, and the score with it, though it is flat at both ends: 1 − relu(1 − x), from 0 to 2."""
    inputs, baseline = torch.zeros(1, 1, 1, dtype=torch.float64) + 2, torch.zeros(1, 1, 1, dtype=torch.float64)
    return bool(attribute(method, lambda p: 1 - (1 - p.sum((-2, -1))).relu(), inputs, baseline)[0, 0] != 0)


def dummy(method: Method) -> bool:
    """The first token is not used, or used in ways that cancel."""

    def blind(p: Tensor) -> Tensor:
        a, b = p[:, 0], p[:, 1]
        nothing = cube_of_sum(a, b) - the_same_written_out(a, b) + a - there_and_back(a)
        return (p[:, 1:] ** 3).sum((-2, -1)) + nothing.sum(-1)

    values = attribute(method, blind)
    return bool(np.allclose(values[0], 0, atol=1e-9) and (values[1:] != 0).any())


def linearity(method: Method) -> bool:
    def bent(p: Tensor) -> Tensor:
        return smooth(p) + (OTHER * p.relu()).sum((-2, -1))

    def cubic(p: Tensor) -> Tensor:
        return (OTHER * p**3).sum((-2, -1)) + (WEIGHTS * p.relu()).sum((-2, -1))

    both = attribute(method, lambda p: 2 * bent(p) - 3 * cubic(p))
    return bool(np.allclose(both, 2 * attribute(method, bent) - 3 * attribute(method, cubic)))


def symmetry(method: Method) -> bool:
    """The first tokens hold equal values, and the score treats them alike, though it may not compute with them alike."""
    inputs, baseline = INPUTS.clone(), BASELINE.clone()
    inputs[:, 1:3], baseline[:, 1:3] = inputs[:, :1], baseline[:, :1]

    def plainly(p: Tensor) -> Tensor:
        return ((p[:, 0] ** 3 + p[:, 1] ** 3) * WEIGHTS[0]).sum(-1).sin()

    def product(p: Tensor) -> Tensor:
        return -(p[:, 0] * p[:, 1] * there_and_back(p[:, 2])).sum(-1)

    plain, multiplied = attribute(method, plainly, inputs, baseline), attribute(method, product, inputs, baseline)
    return bool(np.allclose(plain[0], plain[1]) and np.allclose(multiplied[:3], multiplied[0]))


def implementation_invariance(method: Method) -> bool:
    """One function, computed by two networks."""

    def direct(p: Tensor) -> Tensor:
        return (WEIGHTS * p).sum((-2, -1)) ** 2 + cube_of_sum(p[:, 0], p[:, 1]).sum(-1)

    def detour(p: Tensor) -> Tensor:
        return (WEIGHTS * there_and_back(p)).sum((-2, -1)) ** 2 + the_same_written_out(p[:, 0], p[:, 1]).sum(-1)

    return bool(np.allclose(attribute(method, direct), attribute(method, detour)))


CHECKS = {f.__name__: f for f in (completeness, sensitivity, dummy, linearity, symmetry, implementation_invariance)}


def test_every_axiom_has_its_check():
    assert set(CHECKS) == set(AXIOMS)


@pytest.mark.parametrize(("method", "axiom"), PAIRS)
def test_declared_axioms_hold_and_the_others_do_not(method: Method, axiom: str):
    assert CHECKS[axiom](method) == (axiom in method.description.axioms)


# ---- contracts ------------------------------------------------------------------------------------------------------


class Network(nn.Module):
    """Small, with a module a hook could be left on."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.rnn = nn.Linear(D_MODEL, 5).double(), nn.LSTM(5, 4, batch_first=True).double()
        self.eval().requires_grad_(False)

    def forward(self, points: Tensor) -> Tensor:
        return self.rnn(self.layer(points).tanh())[0].sum((-2, -1))


def traces(network: nn.Module) -> list[object]:
    """All that a method could leave behind in a model or in torch."""
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in network.modules()]
    grads = [p.grad is None and not p.requires_grad for p in network.parameters()]
    hooks += [len(_global_forward_hooks), len(_global_forward_pre_hooks), torch._C._len_torch_function_stack()]
    states = [torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.backends.cudnn.enabled, network.training]
    return [hooks, grads, states, torch.get_rng_state().sum().item()]


@EVERY
def test_the_model_is_as_it_came_at_every_yield_and_after_close(method: Method):
    network, inputs, baseline = Network(), INPUTS.clone(), BASELINE.clone()
    clean, reached = traces(network), 1
    while reached:
        steps, seen = method.steps(Score(network), inputs, baseline, 0, method.effective({})), 0
        for _ in steps:
            assert traces(network) == clean
            seen += 1
            if seen == reached:
                break
        steps.close()
        assert traces(network) == clean
        reached = reached + 1 if seen == reached else 0
    assert torch.equal(inputs, INPUTS)
    assert torch.equal(baseline, BASELINE)


@EVERY
def test_an_error_in_the_model_leaves_nothing(method: Method):
    def broken(points: Tensor) -> Tensor:
        raise ZeroDivisionError

    if "differentiable" not in method.description.needs:
        return
    clean = traces(nn.Module())
    with pytest.raises(ZeroDivisionError):
        run(method.steps(Score(broken), INPUTS, BASELINE, 0, method.effective({})))
    assert traces(nn.Module()) == clean


@EVERY
def test_same_seed_same_map_and_another_seed_another_where_it_says_so(method: Method):
    first, again = attribute(method, smooth, seed=7), attribute(method, smooth, seed=7)
    np.testing.assert_allclose(first, again, rtol=1e-9)  # batches may differ, and with them the order of sums
    assert np.allclose(first, attribute(method, smooth, seed=8), rtol=1e-6) != method.description.uses_seed


@EVERY
def test_partials_are_copies(method: Method):
    partials: list[object] = []
    run(method.steps(Score(smooth), INPUTS, BASELINE, 0, method.effective({})), lambda p: partials.append(p.result))
    arrays = [p.values for p in partials if p is not None]
    kept = [a.copy() for a in arrays]
    for array in arrays:
        array += 1
    assert all(np.array_equal(a, k + 1) for a, k in zip(arrays, kept, strict=True))


@EVERY
def test_the_baseline_matters_only_where_it_says_so(method: Method):
    first, other = (attribute(method, smooth, baseline=b, over="integrated_gradients") for b in (BASELINE, BASELINE + 1))
    same = np.array_equal(first, other)
    assert same != method.description.uses_baseline


@EVERY
def test_unsigned_methods_have_no_negative_values(method: Method):
    assert (attribute(method, smooth) < 0).any() == method.description.signed


@EVERY
def test_every_method_says_what_it_is(method: Method):
    description = method.description
    assert description.summary
    assert description.source
    assert all(p.help for p in description.parameters)
