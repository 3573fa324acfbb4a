"""A comparison says what each text says by itself: sums, predictions and words, taken from single explanations."""

import numpy as np
import pytest
import torch

from engine.attention.attend import captured
from engine.attention.captures import Captures
from engine.attribution.explain import explain
from engine.datasets.compare_edit import Explained, compare_edit
from engine.edits import EditResult
from engine.errors import UserError
from engine.inputs.grain import group
from engine.jobs import Partial, run
from engine.models.model import TextModel
from engine.requests import AttentionRequest, AttributionRequest, EditRequest, Target, TextInput

BEFORE, AFTER = "not once does it come close, to being exciting", "once does it come very close, to being"


def asked(model: TextModel, before: str = BEFORE, after: str = AFTER, target: Target = Target(), **how: object) -> EditResult:  # noqa: B008
    explanation = AttributionRequest(model.info.sha256, TextInput(before), target)
    return run(compare_edit(model, EditRequest(explanation, TextInput(after), **how), Captures(), Explained()))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["tiny_bert", "tiny_lstm"])
def test_changes_sum_to_the_difference_of_two_single_explanations(name: str, request: pytest.FixtureRequest):
    model = request.getfixturevalue(name)
    found = asked(model)
    index = found.before.target.index
    singles = [
        run(explain(model, AttributionRequest(model.info.sha256, TextInput(text), Target(f"index:{index}"))))
        for text in (BEFORE, AFTER)
    ]
    for side, single in zip((found.before, found.after), singles, strict=True):
        np.testing.assert_array_equal(side.values, single.values)
        assert side.prediction.classes == single.prediction.classes
    wanted = float(singles[1].values.sum() - singles[0].values.sum())
    assert sum(word.attribution_change for word in found.words) == pytest.approx(wanted, abs=1e-5)
    assert found.flips == (singles[0].prediction.predicted.index != singles[1].prediction.predicted.index)
    for single, at in zip(singles, (0, 1), strict=True):
        spans = [word.after if at else word.before for word in found.words]
        words = group(single.prediction.input, "word")
        assert [span for span in spans if span] == list(zip(words.start.tolist(), words.end.tolist(), strict=True))
        values = np.bincount(words.of_token, weights=single.values)
        own = [word.attribution[at] for word in found.words]
        np.testing.assert_allclose([value for value in own if value is not None], values, rtol=1e-6, atol=1e-9)


def test_words_that_come_and_go(tiny_lstm: TextModel):
    found = asked(tiny_lstm)
    kinds = {word.text: word.kind for word in found.words}
    assert {text for text, kind in kinds.items() if kind == "removed"} == {"not", "exciting"}
    assert {text for text, kind in kinds.items() if kind == "added"} == {"very"}
    gone = next(word for word in found.words if word.text == "not")
    assert gone.after is None
    assert gone.attribution[1] is None
    assert gone.attribution_change == -(gone.attribution[0] or 0)
    assert found.attention is None, "it has none"


@pytest.mark.parametrize("head", [0, 1, "mean", "maximum"])
@pytest.mark.parametrize("layer", [None, 0])
def test_attention_received_is_the_mean_over_queries_of_the_models_own_weights(
    tiny_bert: TextModel, head: int | str, layer: int | None
):
    found = asked(tiny_bert, layer=layer, head=head)
    assert found.attention is not None
    assert found.attention.layer == (len(own_weights(tiny_bert, BEFORE)) - 1 if layer is None else layer)
    for at, text in enumerate((BEFORE, AFTER)):
        weights = own_weights(tiny_bert, text)[found.attention.layer]
        merged = weights[head] if isinstance(head, int) else weights.mean(0) if head == "mean" else weights.max(0)
        received = merged.mean(0)
        words = group(tiny_bert.encode(TextInput(text)).input, "word")
        wanted = np.bincount(words.of_token, weights=received)
        shares = [word.attention[at] for word in found.words if (word.after if at else word.before) is not None]
        np.testing.assert_allclose(np.array(shares, float), wanted, atol=1e-6)
    if head != "maximum":
        assert sum(word.attention_change for word in found.words) == pytest.approx(0, abs=1e-6)


def own_weights(model: TextModel, text: str) -> np.ndarray:
    """(layer, head, query, key) as the captured layers give them one by one."""
    from engine.attention.layers import pattern

    capture = run(captured(model, AttentionRequest(model.info.sha256, TextInput(text)), Captures()))
    (stack,) = capture.stacks.values()
    return np.array([[pattern(layer, head).numpy() for head in range(layer.shape[0])] for layer in stack.layers])


def test_the_target_of_the_text_before_is_that_of_both(tiny_lstm: TextModel):
    found = asked(tiny_lstm, target=Target(score="probability"))
    assert found.after.target == found.before.target
    assert found.after.target.score == "probability"
    assert found.before.target.index == found.before.prediction.predicted.index


def test_a_text_against_itself_has_no_change(tiny_bert: TextModel):
    found = asked(tiny_bert, after=BEFORE)
    assert {word.kind for word in found.words} == {"same"}
    assert max(abs(word.attribution_change) for word in found.words) == 0
    assert max(abs(word.attention_change) for word in found.words) == 0
    assert not found.flips


def test_what_cannot_be_compared_is_one_sentence(tiny_bert: TextModel):
    with pytest.raises(UserError, match="no text"):
        asked(tiny_bert, after=" ")
    with pytest.raises(UserError, match="heads are 0 to"):
        asked(tiny_bert, head=99)
    with pytest.raises(UserError, match="layers are 0 to"):
        asked(tiny_bert, layer=99)


def test_nothing_is_left_in_the_model(tiny_bert: TextModel):
    request = EditRequest(AttributionRequest(tiny_bert.info.sha256, TextInput(BEFORE)), TextInput(AFTER))
    told = []
    for partial in compare_edit(tiny_bert, request, Captures(), Explained()):
        told.append(partial)
        assert torch.is_grad_enabled()
        assert not any(module._forward_hooks for module in tiny_bert.network.modules())
    assert all(isinstance(partial, Partial) and partial.result is None for partial in told)
    done = [partial.done for partial in told]
    assert done == sorted(done)


def test_a_chain_of_edits_explains_each_text_once(tiny_lstm: TextModel):
    explained, captures = Explained(), Captures()

    def compared(before: str, after: str) -> EditResult:
        explanation = AttributionRequest(tiny_lstm.info.sha256, TextInput(before), Target("index:1", versus="index:2"))
        return run(compare_edit(tiny_lstm, EditRequest(explanation, TextInput(after)), captures, explained))

    first = compared(BEFORE, AFTER)
    assert first.cost.backward == first.before.cost.backward + first.after.cost.backward > 0
    second = compared(AFTER, "once does it come")
    assert second.before is first.after
    assert second.cost.backward == second.after.cost.backward
    assert compared(BEFORE, AFTER).cost.backward == 0
    explained.forget()
    assert compared(BEFORE, AFTER).cost.backward == first.cost.backward
