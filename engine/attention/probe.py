"""Does a network hand out its attention?"""

from collections.abc import Callable, Mapping
from typing import Any

import torch

from engine.attention.hearing import body_of, hear
from engine.attention.hooked import watching
from engine.devices import is_out_of_memory


def gives_attention(network: Any, short: Callable[[], Mapping[str, Any]]) -> bool:
    """Whether any layer is heard or seen while ``network`` reads what ``short`` gives."""
    body = body_of(network)
    try:
        inputs = short()
        if hear(body, inputs)[1]:
            return True
        found: list[str] = []
        with torch.no_grad(), watching(body, lambda name, _maps, _own: found.append(name)):
            body(**inputs)
        return bool(found)
    except Exception as error:  # a network without attention knows nothing of its weights, and says so in its own way
        if is_out_of_memory(error):
            raise
        return False
