"""What an image transformer's tokens stand for: one for the class and the like, then the patches of the picture, row by row."""

from typing import Any

import torch
from torch import Tensor

from engine.attention.hearing import body_of, hear
from engine.attention_maps import Patches
from engine.devices import is_out_of_memory
from engine.errors import UserError
from engine.results import ReadImage, Token, TokenizedText


def sees_patches(network: Any, pixel_values: Tensor) -> bool:
    """Whether every layer of attention that is heard looks from every patch of the picture at every other."""
    lengths = _lengths(network, pixel_values)
    height, width = pixel_values.shape[-2:]
    return len(lengths) == 1 and 0 not in lengths and _specials(network, (height, width), lengths.pop()) is not None


def looks_in_windows(network: Any, pixel_values: Tensor) -> bool:
    """Whether a picture is cut into parts that do not see one another."""
    return 0 in _lengths(network, pixel_values)


def _lengths(network: Any, pixel_values: Tensor) -> set[int]:
    """How many tokens the layers have; 0: some see several sets of them apart from one another."""
    try:
        with torch.no_grad():
            _, heard = hear(body_of(network), {"pixel_values": pixel_values})
    except Exception as error:  # a network without attention knows nothing of it, and says so in its own way
        if is_out_of_memory(error):
            raise
        return set()
    calls = [call for stack in heard.values() for _, call in stack]
    return {call.query.shape[2] if call.query.shape[0] == 1 and call.query.shape == call.key.shape else 0 for call in calls}


def tokens_of(network: Any, read: ReadImage, count: int) -> tuple[TokenizedText, Patches]:
    """Names of all ``count`` tokens, each patch by its row and column from 0, and where the patches lie.

    Raises:
        UserError: pictures of this shape are cut up in another way.
    """
    specials, size, grid = _specials(network, read.shape, count), _patch_size(network), _grid(network, read.shape)
    if specials is None or size is None or grid is None:
        words = f"The {count:,} tokens that this picture of {read.shape[1]} × {read.shape[0]} pixels becomes are not its patches."
        raise UserError(f"{words} Choose one of another shape.", "no_patches")
    rows, columns = grid
    left, top, right, bottom = read.crop
    high, wide = (bottom - top) / read.shape[0] * size[0], (right - left) / read.shape[1] * size[1]
    crop = (left, top, left + columns * wide, top + rows * high)
    names = [*specials, *(f"r{row} c{column}" for row in range(rows) for column in range(columns))]
    tokens = tuple(Token("", name, at, 0, 0, at < len(specials)) for at, name in enumerate(names))
    return TokenizedText("", tokens), Patches(read, rows, columns, len(specials), crop)


def _config(network: Any) -> Any:
    return getattr(network.config, "vision_config", network.config)


def _patch_size(network: Any) -> tuple[int, int] | None:
    """(height, width) in pixels of the model's input."""
    size = getattr(_config(network), "patch_size", None)
    if isinstance(size, int):
        return size, size
    return (int(size[0]), int(size[1])) if isinstance(size, (list, tuple)) and len(size) == 2 else None


def _grid(network: Any, shape: tuple[int, int]) -> tuple[int, int] | None:
    """(rows, columns) of patches; what is left over at the right and the bottom is not read."""
    size = _patch_size(network)
    return None if size is None or 0 in size else (shape[0] // size[0], shape[1] // size[1])


def _specials(network: Any, shape: tuple[int, int], count: int) -> tuple[str, ...] | None:
    """The tokens before the patches; None: ``count`` does not tell which they would be."""
    grid, config = _grid(network, shape), _config(network)
    if grid is None:
        return None
    registers = int(getattr(config, "num_register_tokens", 0) or 0)
    after = (*(("[DIST]",) if config.model_type == "deit" else ()), *(f"[REG{at}]" for at in range(registers)))
    spare = count - grid[0] * grid[1] - len(after)
    return {0: after, 1: ("[CLS]", *after)}.get(spare)
