"""One layer's heads, or its heads merged into one map."""

from collections.abc import Callable

import torch
from torch import Tensor

from engine.attention.capture import Capture, CapturedStack
from engine.attention.layers import Layer, pattern
from engine.errors import UserError
from engine.jobs import Partial, Steps
from engine.requests import HeadsMerged, Stack

MapOfHead = Callable[[int], Tensor]


def stack_named(capture: Capture, name: Stack) -> CapturedStack:
    """The stack ``name``.

    Raises:
        UserError: the model has none.
    """
    if name not in capture.stacks:
        raise UserError(f"This model has no {name} attention; it has {' and '.join(capture.stacks)}.", "no_such_stack")
    return capture.stacks[name]


def layer_numbered(stack: CapturedStack, number: int) -> Layer:
    """Layer ``number``.

    Raises:
        UserError: there is none.
    """
    if not 0 <= number < len(stack.layers):
        raise UserError(f"The layers are 0 to {len(stack.layers) - 1}; there is no layer {number}.", "no_such_layer")
    return stack.layers[number]


def check_head(layer: Layer, head: int) -> None:
    """Refuse a head that is not there.

    Raises:
        UserError: it is not.
    """
    if not 0 <= head < layer.shape[0]:
        raise UserError(f"The heads are 0 to {layer.shape[0] - 1}; there is no head {head}.", "no_such_head")


def merged(layer: Layer, how: HeadsMerged, of_head: MapOfHead | None = None) -> Steps[Tensor]:
    """(query, key): the mean or the largest over all heads; one head's map is alive beside it.

    Args:
        of_head: makes the map of a head; None: its weights.
    """
    heads = layer.shape[0]
    found: Tensor | None = None
    for head in range(heads):
        own = pattern(layer, head) if of_head is None else of_head(head)
        if found is None:
            found = own
        else:
            found = torch.maximum(found, own, out=found) if how == "maximum" else found.add_(own)
        del own
        yield Partial(head + 1, heads)
    assert found is not None, "a layer has heads"
    return found.div_(heads) if how == "mean" else found
