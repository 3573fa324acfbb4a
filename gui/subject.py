"""What every view is about: the open model, the text or picture on the desk, and the target chosen."""

from dataclasses import dataclass

from engine.requests import Input, Target
from engine.results import ModelInfo


@dataclass(frozen=True, slots=True)
class Subject:
    """Frozen when Run is pressed, or shortly after the last change."""

    model: ModelInfo
    input: Input
    target: Target
