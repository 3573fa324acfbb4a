"""A tab ready to be taken along: its picture, its numbers as files, the command that makes it again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from engine.atomic_file import save
from engine.errors import UserError
from gui import theme
from gui.saving import png_of

PICTURE_SCALE = 2.0
_PICTURE = ".png"


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file of this suffix holds, in words, and its content."""

    words: str
    content: Callable[[], bytes]


class KeptView:
    """See ``Kept``. ``kinds``: by suffix, besides the picture; ``line``: the command, given a folder for long texts."""

    def __init__(
        self,
        name: str,
        kinds: Mapping[str, FileKind],
        line: Callable[[Path], str],
        picture: Callable[[], QImage],
        unfinished: str = "",
    ) -> None:
        self.name, self.unfinished, self.command, self.picture = name, unfinished, line, picture
        self._kinds = {_PICTURE: FileKind("Picture", lambda: png_of(picture())), **kinds}
        self.filters = {suffix: f"{kind.words} (*{suffix})" for suffix, kind in self._kinds.items()}

    def save(self, path: Path) -> None:
        """See ``Kept``."""
        kind = self._kinds.get(path.suffix.lower())
        if kind is None:
            known = ", ".join(self._kinds)
            raise UserError(f"This cannot be saved as “{path.suffix or path.name}”; end the name in one of {known}.", "suffix")
        save(path, kind.content())


def picture_of(view: QWidget) -> QImage:
    """As on screen, at twice its resolution."""
    image = QImage(view.size() * PICTURE_SCALE, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(PICTURE_SCALE)
    image.fill(theme.current().window)
    view.render(image)
    return image
