"""One writing of the text as the film shows it, and which side of it is on screen."""

from dataclasses import dataclass
from typing import Literal

from engine.attention_film import Film, FilmQuantity, FilmScale, film_of
from engine.attention_maps import AttentionResult, HeadMap

TRUNK, BRANCH = 0, 1  # lanes
Coordinates = Literal["window", "text"]
Picture = Literal["trunk", "branch", "difference"]


class Take:
    """A writing, whole or still growing; of a transformer its rows come with the map of a head."""

    def __init__(self, result: AttentionResult, shown: HeadMap | None = None, whole: bool = True) -> None:
        self.result, self.map, self.whole = result, shown, whole
        self.film: Film | None = film_of(result, shown)

    @property
    def steps(self) -> int:
        """How many there are."""
        return len(self.result.generated)


@dataclass(frozen=True, slots=True)
class FilmLook:
    """How it is looked at; ``scale`` None: what shows most of it."""

    quantity: FilmQuantity = "weights"
    coordinates: Coordinates = "window"
    scale: FilmScale | None = None
    picture: Picture = "trunk"

    def scale_for(self, film: Film, signed: bool) -> FilmScale:
        """A recurrent model's attention is short-sighted: decades show what is far back. Signed values have none."""
        if signed:
            return "linear" if self.scale == "linear" else "root"
        return self.scale or ("log" if film.history is not None else "root")
