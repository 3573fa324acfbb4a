"""How a map lies on its picture, and how near one is."""

from dataclasses import replace

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSlider, QSpinBox, QToolButton, QWidget

from engine.heatmaps.numerals import percent
from gui import theme
from gui.controls.rows import name_control, pad_spin_box, small_combo
from gui.controls.segments import Segments
from gui.heatmaps.image_painter import ImageStyle
from gui.icons import icon
from gui.settings import Mode

MODES: tuple[tuple[Mode, str, str], ...] = (
    ("overlay", "Overlay", "The map on the picture: what is near zero is clear."),
    ("map", "Map", "The map alone."),
    ("contours", "Contours", "The picture, and lines of equal value of the map, blurred for them."),
    ("mask", "Mask", "Only the pixels with the highest values stay to be seen."),
)
SHARES = (0.001, 0.002, 0.005, *(at / 100 for at in range(1, 101)))  # of the mask; finer where few pixels are left
_STEPS = 100  # of the blend
_MOST_LINES = 9
_COLOURS = ("Red", "Green", "Blue")


class ImageControls(QWidget):
    """Setters are silent. ``modes`` stand in the map's head, the rest in a row of its own."""

    style_changed = Signal(object)  # ImageStyle, by a person
    channel_changed = Signal(object)  # a channel's number, or None: their sum
    fit_wanted = Signal()
    pixels_wanted = Signal()  # pixel for pixel
    zoom_wanted = Signal(float)  # a factor

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.style_shown = ImageStyle()
        self.modes = Segments("imageMode", [(id, words, hint) for id, words, hint in MODES], self)
        self._blend, self._top = QSlider(Qt.Orientation.Horizontal, self), QSlider(Qt.Orientation.Horizontal, self)
        self._lines, self._grey, self._channel = QSpinBox(self), QCheckBox("Grey picture", self), small_combo(self)
        self._share, self._zoomed = QLabel(self), QLabel(self)
        self._of: dict[Mode, tuple[QWidget, ...]] = {}
        self._icons: dict[QToolButton, str] = {}
        self._lay_out()
        self._connect()
        self._show()

    def _lay_out(self) -> None:
        name_control(self._blend, "imageBlend", "Blend", "From the picture alone (left) to the map alone (right).")
        name_control(self._top, "imageTop", "Share shown", "How many of the pixels with the highest values stay to be seen.")
        name_control(self._lines, "imageLines", "Lines", "Levels of the contours on each side of zero.")
        name_control(self._grey, "imageGrey", "Grey picture", "Without its colours, which the map's could be taken for.")
        name_control(self._channel, "imageChannel", "Channel", "Of the reduction none: one channel's values, or their sum.")
        self._blend.setRange(0, _STEPS)
        self._top.setRange(0, len(SHARES) - 1)
        self._lines.setRange(1, _MOST_LINES)
        self._lines.setSuffix(" levels")
        pad_spin_box(self._lines)
        for slider in (self._blend, self._top):
            slider.setFixedWidth(140)
            slider.setPageStep(10)
        self._share.setFont(theme.numbers_font())
        self._zoomed.setFont(theme.numbers_font())
        self._zoomed.setObjectName("imageZoom")
        self._zoomed.setProperty("role", "muted")
        self._zoomed.setMinimumWidth(self._zoomed.fontMetrics().horizontalAdvance("10,000 %"))
        self._zoomed.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._share.setMinimumWidth(self._share.fontMetrics().horizontalAdvance("highest 0.5 %"))
        left, right = _muted("Picture"), _muted("Map")
        self._of = {
            "overlay": (left, self._blend, right, self._grey),
            "contours": (self._lines, self._grey),
            "mask": (self._top, self._share),
            "map": (),
        }
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for each in (left, self._blend, right, self._lines, self._top, self._share, self._grey, self._channel):
            row.addWidget(each)
        row.addStretch(1)
        row.addWidget(self._zoomed)
        for name, words, hint, image, wanted in (
            ("imageOut", "Zoom out", "Further away (−).", "magnifying-glass-minus", self._on_out),
            ("imageIn", "Zoom in", "Nearer (+); so does the wheel.", "magnifying-glass-plus", self._on_in),
            ("imageFit", "Fit", "All of the picture (0).", "", self.fit_wanted),
            ("imagePixels", "1:1", "A pixel of the picture is one of the screen (1).", "", self.pixels_wanted),
        ):
            row.addWidget(self._button(name, words, hint, image, wanted))
        self._channel.hide()
        self._dress()

    def _button(self, name: str, words: str, hint: str, image: str, wanted: object) -> QToolButton:
        button = QToolButton(self)
        button.setProperty("role", "flat")
        button.setIconSize(QSize(16, 16))
        name_control(button, name, words, hint)
        if image:
            self._icons[button] = image
        else:
            button.setText(words)
        button.clicked.connect(wanted)
        return button

    def _connect(self) -> None:
        self.modes.chosen.connect(self._on_mode)
        self._blend.valueChanged.connect(self._on_changed)
        self._top.valueChanged.connect(self._on_changed)
        self._lines.valueChanged.connect(self._on_changed)
        self._grey.toggled.connect(self._on_changed)
        self._channel.currentIndexChanged.connect(self._on_channel)

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: new icons."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_icons"):
            self._dress()

    def _dress(self) -> None:
        for button, name in self._icons.items():
            button.setIcon(icon(name))

    # What is shown

    def set_style(self, style: ImageStyle) -> None:
        """As remembered, or chosen elsewhere."""
        self.style_shown = style
        self._show()

    def show_zoom(self, screen_pixels: float) -> None:
        """How many pixels of the screen one of the picture takes."""
        self._zoomed.setText(f"{round(100 * screen_pixels):,} %" if screen_pixels > 0 else "")

    def show_channels(self, channels: int) -> None:
        """So many of each pixel; 0: there is one number a pixel."""
        self._channel.setVisible(channels > 0)
        if self._channel.count() == channels + 1 or not channels:
            return
        self._channel.blockSignals(True)
        self._channel.clear()
        self._channel.addItem("All channels", None)
        for at in range(channels):
            self._channel.addItem(_COLOURS[at] if channels == len(_COLOURS) else f"Channel {at}", at)
        self._channel.blockSignals(False)

    def _show(self) -> None:
        style = self.style_shown
        for control in (self._blend, self._top, self._lines, self._grey):
            control.blockSignals(True)
        self.modes.choose(style.mode)
        self._blend.setValue(round(style.blend * _STEPS))
        self._top.setValue(min(range(len(SHARES)), key=lambda at: abs(SHARES[at] - style.top)))
        self._lines.setValue(style.lines)
        self._grey.setChecked(style.grey)
        for control in (self._blend, self._top, self._lines, self._grey):
            control.blockSignals(False)
        self._share.setText(f"highest {percent(style.top)}")
        shown = self._of[style.mode]
        for each in {one for those in self._of.values() for one in those}:
            each.setVisible(each in shown)

    # What the user does

    @Slot(str)
    def choose_mode(self, mode: Mode) -> None:
        """By a person."""
        self._change(mode=mode)

    @Slot(str)
    def _on_mode(self, mode: Mode) -> None:
        self._change(mode=mode)

    @Slot()
    def _on_changed(self) -> None:
        self._change(
            blend=self._blend.value() / _STEPS,
            top=SHARES[self._top.value()],
            lines=self._lines.value(),
            grey=self._grey.isChecked(),
        )

    def _change(self, **changes: object) -> None:
        self.style_shown = replace(self.style_shown, **changes)  # type: ignore[arg-type]  # its own fields
        self._show()
        self.style_changed.emit(self.style_shown)

    @Slot()
    def _on_channel(self) -> None:
        self.channel_changed.emit(self._channel.currentData())

    @Slot()
    def _on_in(self) -> None:
        self.zoom_wanted.emit(1.5)

    @Slot()
    def _on_out(self) -> None:
        self.zoom_wanted.emit(1 / 1.5)


def _muted(words: str) -> QLabel:
    label = QLabel(words)
    label.setProperty("role", "muted")
    return label
