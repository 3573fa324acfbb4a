"""The actions on the map: grain, table, dimensions, path, find, pin. What was chosen is remembered."""

from PySide6.QtCore import QObject, Slot

from engine.inputs.grain import GRAINS
from engine.requests import Grain
from gui.actions import Actions
from gui.conductor import Conductor
from gui.heatmaps.image_painter import ImageStyle
from gui.images.controls import MODES
from gui.memory import Memory
from gui.settings import Settings
from gui.views.attribution import AttributionView

_NO_MAP = "There is no map yet."
_NOT_OF_A_PICTURE, _OF_A_PICTURE = "A picture has none.", "What is explained is no picture."


class MapActions(QObject):
    """Binds them to the attribution view, in both directions."""

    def __init__(self, view: AttributionView, conductor: Conductor, actions: Actions, memory: Memory) -> None:
        super().__init__(view)
        self._view, self._conductor, self._actions, self._memory = view, conductor, actions, memory
        view.set_grain(memory.settings.grain)
        view.set_path_shown(memory.settings.path_curve)
        view.set_image_style(style_of(memory.settings))
        actions[f"image_{memory.settings.image_mode}"].setChecked(True)
        actions[f"grain_{memory.settings.grain}"].setChecked(True)
        actions["path_curve"].setChecked(memory.settings.path_curve)
        self._connect()
        self._refresh()

    def _connect(self) -> None:
        actions, view = self._actions, self._view
        for grain in GRAINS:
            actions[f"grain_{grain}"].triggered.connect(self._on_grain_action)
        view.grain_changed.connect(self._on_grain_changed)
        actions["table"].toggled.connect(view.as_table.setChecked)
        view.as_table.toggled.connect(actions["table"].setChecked)
        actions["dimensions"].toggled.connect(view.as_dimensions.setChecked)
        view.as_dimensions.toggled.connect(actions["dimensions"].setChecked)
        actions["path_curve"].triggered.connect(self._on_path_action)
        view.path_toggled.connect(self._on_path_toggled)
        actions["add_method"].triggered.connect(view.head.open_menu)
        actions["pin_map"].triggered.connect(self._on_pin)
        actions["unpin_map"].triggered.connect(self._on_unpin)
        view.head.pin_chosen.connect(self._refresh)
        view.board.unpinned.connect(self._refresh)
        view.images.unpinned.connect(self._refresh)
        view.image_style_changed.connect(self._on_style)
        for mode, _, _ in MODES:
            actions[f"image_{mode}"].triggered.connect(self._on_mode_action)
        actions["image_fit"].triggered.connect(view.images.zoom.fit)
        actions["image_pixels"].triggered.connect(view.images.main.heatmap.show_pixel_for_pixel)
        actions["find"].triggered.connect(self._on_find)
        actions["find_next"].triggered.connect(self._on_find_next)
        actions["find_previous"].triggered.connect(self._on_find_previous)
        self._conductor.map_changed.connect(self._refresh)

    @Slot()
    def _on_grain_action(self) -> None:
        chosen: Grain = next(grain for grain in GRAINS if self._actions[f"grain_{grain}"].isChecked())
        self._view.choose_grain(chosen)

    @Slot(str)
    def _on_grain_changed(self, grain: str) -> None:
        self._actions[f"grain_{grain}"].setChecked(True)
        self._memory.change_settings(grain=grain)

    @Slot()
    def _on_mode_action(self) -> None:
        chosen = next(mode for mode, _, _ in MODES if self._actions[f"image_{mode}"].isChecked())
        self._view.image_controls.choose_mode(chosen)

    @Slot(object)
    def _on_style(self, style: ImageStyle) -> None:
        self._actions[f"image_{style.mode}"].setChecked(True)
        self._memory.change_settings(
            image_mode=style.mode, image_blend=style.blend, image_top=style.top, image_lines=style.lines, image_grey=style.grey
        )

    @Slot(bool)
    def _on_path_action(self, shown: bool) -> None:
        self._view.set_path_shown(shown)
        self._memory.change_settings(path_curve=shown)

    @Slot(bool)
    def _on_path_toggled(self, shown: bool) -> None:
        self._actions["path_curve"].setChecked(shown)
        self._memory.change_settings(path_curve=shown)

    @Slot()
    def _on_find(self) -> None:
        """Another tab in sight finds in its own text."""
        if self._view.isVisible():
            self._view.open_find_bar()

    @Slot()
    def _on_find_next(self) -> None:
        if self._view.isVisible():
            self._view.find_bar.go_on()

    @Slot()
    def _on_find_previous(self) -> None:
        if self._view.isVisible():
            self._view.find_bar.go_back()

    @Slot()
    def _on_pin(self) -> None:
        self._view.pin()
        self._refresh()

    @Slot()
    def _on_unpin(self) -> None:
        self._view.unpin()
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        no_map = None if self._conductor.map is not None else _NO_MAP
        picture = self._view.shows_picture
        for id in ("add_method", "pin_map"):
            self._actions.set_available(id, no_map)
        for id in ("find", "find_next", "find_previous"):
            self._actions.set_available(id, _NOT_OF_A_PICTURE if picture else no_map)
        for id in ("dimensions", *(f"grain_{grain}" for grain in GRAINS)):
            self._actions.set_available(id, _NOT_OF_A_PICTURE if picture else None)
        for id in (*(f"image_{mode}" for mode, _, _ in MODES), "image_fit", "image_pixels"):
            self._actions.set_available(id, None if picture else _OF_A_PICTURE)
        self._actions.set_available("unpin_map", None if self._view.kept is not None else "Nothing is pinned.")


def style_of(settings: Settings) -> ImageStyle:
    """How maps lay on pictures when one last looked."""
    return ImageStyle(settings.image_mode, settings.image_blend, settings.image_top, settings.image_lines, settings.image_grey)
