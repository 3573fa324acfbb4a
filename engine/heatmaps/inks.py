"""The colours by their role, light and dark: what the window is dressed in and a saved map is printed with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Inks:
    """Each ``#RRGGBB``."""

    name: str
    dark: bool
    window: str
    panel: str  # what content lies on, and the neutral colour of signed heatmaps
    raised: str
    text: str
    muted: str
    border: str
    accent: str
    raises: str  # the score
    lowers: str
    warning: str  # these three always with a word or a sign
    error: str
    good: str


LIGHT = Inks(
    name="light",
    dark=False,
    window="#F4F5F7",
    panel="#FFFFFF",
    raised="#FFFFFF",
    text="#1C2024",
    muted="#5B6570",
    border="#D9DDE2",
    accent="#2F62C9",
    raises="#C4500A",
    lowers="#2166AC",
    warning="#9A6700",
    error="#B3261E",
    good="#1A7F37",
)
DARK = Inks(
    name="dark",
    dark=True,
    window="#17191D",
    panel="#1E2126",
    raised="#262A31",
    text="#E6E8EB",
    muted="#9AA4AF",
    border="#343A43",
    accent="#7AA2F7",
    raises="#F28E3C",
    lowers="#5AA2E0",
    warning="#E3B341",
    error="#FF7B72",
    good="#56D364",
)
