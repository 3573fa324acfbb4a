"""How many rows are explained: as it is set on the right, each for its own prediction."""

from dataclasses import replace

from engine.requests import AttributionRequest, TextInput
from gui.choices import TRUE, Choices


def explanation_of_rows(choices: Choices, input: TextInput, model_sha256: str) -> AttributionRequest:
    """Against the true class only where one error is looked at."""
    target = choices.target
    plain = replace(target, true=None, versus=None if target.versus == TRUE else target.versus)
    return replace(choices, target=plain).request(input, model_sha256)
