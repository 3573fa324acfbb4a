"""Which map is on screen: stack, layer, head, and what its numbers are."""

from dataclasses import dataclass, replace

from engine.attention_maps import AttentionResult
from engine.requests import AttentionQuantity, AttentionRequest, HeadRequest, HeadsMerged, Stack, Target

OF_ALL_HEADS: tuple[AttentionQuantity, ...] = ("rollout", "relevance")  # up to the layer: no head is chosen


@dataclass(frozen=True, slots=True)
class Choice:
    """As ``HeadRequest``, without the text."""

    stack: Stack = "self"
    layer: int = 0
    head: int | HeadsMerged = 0
    quantity: AttentionQuantity = "weights"
    without_sinks: bool = False
    residual: float = 0.5

    def request(self, attention: AttentionRequest, target: Target) -> HeadRequest:
        """What cannot change the answer is left as it usually is, so that equal questions are equal."""
        usual = HeadRequest(attention)
        return HeadRequest(
            attention,
            self.stack,
            self.layer,
            usual.head if self.quantity in OF_ALL_HEADS else self.head,
            self.quantity,
            self.without_sinks,
            self.residual if self.quantity == "rollout" else usual.residual,
            target if self.quantity == "relevance" else usual.target,
        )

    @classmethod
    def of(cls, request: HeadRequest) -> "Choice":
        """What was asked."""
        return cls(request.stack, request.layer, request.head, request.quantity, request.without_sinks, request.residual)

    def within(self, result: AttentionResult) -> "Choice":
        """The same where ``result`` has it, otherwise what comes closest."""
        names = [stack.name for stack in result.stacks]
        chosen = self if self.stack in names else replace(self, stack=names[0])
        if chosen.stack == "cross" and chosen.quantity in OF_ALL_HEADS:  # they go through a stack that reads one text
            chosen = replace(chosen, quantity="weights")
        if chosen.quantity == "relevance" and "attribution" not in result.model.can:
            chosen = replace(chosen, quantity="weights")
        stack = result.stack(chosen.stack)
        head = min(chosen.head, stack.heads - 1) if isinstance(chosen.head, int) else chosen.head
        return replace(chosen, layer=min(chosen.layer, stack.layers - 1), head=head)
