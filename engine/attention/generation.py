"""Writing on, a token at a time, with what attention met at every step."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, EncoderDecoderCache
from transformers.modeling_outputs import BaseModelOutput

from engine.attention.hearing import Heard, hear
from engine.attention.layers import Layer
from engine.attention.stacks import is_encoder_decoder
from engine.attention.stitching import Shared, Stitching
from engine.attention_maps import Alternative, GeneratedToken
from engine.errors import UserError
from engine.models.model import TextModel
from engine.requests import Generation, Stack
from engine.results import Notice
from engine.sampling import choose


def check_generation(generation: Generation) -> None:
    """Refuse what means nothing.

    Raises:
        UserError: it does.
    """
    if generation.tokens < 0 or generation.alternatives < 0:
        raise UserError("The number of tokens to write, and of alternatives, cannot be negative.", "generation")
    if generation.temperature is not None and not 0 < generation.temperature < float("inf"):
        raise UserError("The temperature must be above 0; leave it out for the likeliest token each time.", "generation")
    if generation.top_k is not None and generation.top_k < 1:
        raise UserError("Top-k must be at least 1.", "generation")
    if generation.top_p is not None and not 0 < generation.top_p <= 1:
        raise UserError("Top-p is a share of the probability: above 0, at most 1.", "generation")
    steps = [step for step, _ in generation.forced]
    for step in steps:
        if not 0 <= step < generation.tokens or steps.count(step) > 1:
            words = f"the steps are 0 to {generation.tokens - 1}" if generation.tokens else "nothing is to be generated"
            raise UserError(f"Step {step} cannot be forced: {words}, and each is forced once.", "generation")


def forced_ids(model: TextModel, generation: Generation) -> dict[int, int]:
    """The token each forced step writes.

    Raises:
        UserError: it is not in the vocabulary.
    """
    found = {}
    for step, text in generation.forced:
        named = text.removeprefix("index:")
        number = int(named) if named != text and named.isdecimal() and len(named) < 10 else None
        index = model.output_index(text) if number is None else number
        if number is not None and number >= model.vocabulary_size:
            raise UserError(f"The vocabulary has index:0 to index:{model.vocabulary_size - 1}, and no {text}.", "no_such_token")
        if index is None:
            raise UserError(model.no_such_output(text, model.vocabulary_size), "no_such_token")
        found[step] = index
    return found


@dataclass(slots=True, eq=False)
class Writing:
    """A generation under way: what was written, and what every layer met."""

    model: Any
    generation: Generation
    ends: frozenset[int]
    most: int  # how many tokens fit
    written: list[GeneratedToken] = field(default_factory=list)
    passes: int = 0
    ended: Notice | None = None
    stitchings: dict[Stack, list[Stitching]] = field(default_factory=dict)

    def steps(self, inputs: Mapping[str, Any]) -> Iterator[int]:
        """Write; gives how many tokens there are, after each.

        Args:
            inputs: of the first pass: the whole prompt.
        """
        network, how = self.model.network, self.generation
        forced, noise = forced_ids(self.model, how), torch.Generator().manual_seed(how.seed)
        cache, rest = _cache_of(network), self._keeping_one_row()
        here: dict[str, Any] = dict(inputs)
        writes = "decoder_input_ids" if is_encoder_decoder(network) else "input_ids"
        for step in range(how.tokens):
            output, heard = hear(network, here | rest | {"past_key_values": cache, "use_cache": True})
            self.passes += 1
            if step == 0:
                self._note(heard)
            logits = output.logits[0, -1].double().cpu()
            chosen = choose(logits[None], noise, how.temperature, how.top_k, how.top_p)
            index = forced.get(step, int(chosen[0]))
            if self._ends_with(index, step):  # after which nothing was looked for
                return
            if step:
                self._note(heard)
            self.written.append(self._told(logits, index, step in forced))
            yield step + 1
            if step + 1 >= self.most:
                words = f"The text has as many tokens as the model reads: {step + 1} of {how.tokens} were written."
                self.ended = Notice(words, "limit") if step + 1 < how.tokens else None
                return
            here = {writes: torch.tensor([[index]], device=self.model.device)}
            if is_encoder_decoder(network):
                here["encoder_outputs"] = BaseModelOutput(last_hidden_state=output.encoder_last_hidden_state)
                here["attention_mask"] = inputs.get("attention_mask")

    def layers(self) -> dict[Stack, list[Layer]]:
        """What was met so far, each layer's steps in one."""
        shared: Shared = {}
        return {stack: [stitching.layer(shared) for stitching in found] for stack, found in self.stitchings.items()}

    def _keeping_one_row(self) -> dict[str, Any]:
        return {"logits_to_keep": 1} if self.model.keeps_logits else {}

    def _note(self, heard: Heard) -> None:
        for stack, calls in heard.items():
            known = self.stitchings.get(stack)
            if known is None:
                self.stitchings[stack] = [Stitching(name, call, stack == "cross") for name, call in calls]
            else:
                for stitching, (_, call) in zip(known, calls, strict=True):
                    stitching.add(call)

    def _ends_with(self, index: int, step: int) -> bool:
        if index not in self.ends:
            return False
        after = "at once: nothing was written" if step == 0 else f"after {step} tokens"
        words = f"The model ended the text {after}."
        self.ended = Notice(words, "ended")
        return True

    def _told(self, logits: Tensor, index: int, forced: bool) -> GeneratedToken:
        if not bool(torch.isfinite(logits).all()):
            raise UserError(
                "The model answers with NaN or infinity: its weights are damaged, or too large for float32.", "not_finite"
            )
        chances = logits.softmax(-1)
        first = chances.topk(min(self.generation.alternatives, len(chances)))
        others = tuple(
            Alternative(self._word(i), i, chance) for chance, i in zip(first.values.tolist(), first.indices.tolist(), strict=True)
        )
        return GeneratedToken(self._word(index), index, float(chances[index]), others, forced)

    def _word(self, index: int) -> str:
        return self.model.output_label(index) or ""


def _cache_of(network: Any) -> Any:
    """As the library's own generation has it: layers with a sliding window forget what has left it."""
    if is_encoder_decoder(network):
        return EncoderDecoderCache(DynamicCache(config=network.config), DynamicCache(config=network.config))
    return DynamicCache(config=network.config)
