"""Colours, fonts and measures of the window, light and dark.

Set by ``apply``; read by ``current`` while painting. A widget that keeps colours of its own takes them anew on
``QEvent.PaletteChange`` or ``StyleChange``, which every widget receives after ``apply``.
"""

import sys
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from string import Template

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPainter, QPalette, QPen
from PySide6.QtWidgets import QApplication

from engine.heatmaps import inks
from engine.heatmaps.inks import Inks

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
MEASURES = (4, 8, 16, 24)  # inside a group, between controls, between groups, page edges
RADIUS = 6
CELL_RADIUS = 3
ROW_HEIGHT = 28
UI_PIXELS, CAPTION_PIXELS, TITLE_PIXELS, HEADLINE_PIXELS, READING_PIXELS = 13, 11, 16, 22, 15
RETHEME_EVENTS = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange)
_UNCHOSEN_FAMILIES = ("", "sans serif", "sans", "dejavu sans", "bitstream vera sans", "helvetica")


@dataclass(frozen=True, slots=True, eq=False)
class Theme:
    """Every colour by its role."""

    name: str
    dark: bool
    window: QColor
    panel: QColor  # what content lies on, and the neutral colour of signed heatmaps
    raised: QColor  # menus, buttons, cards
    hover: QColor
    selection: QColor  # behind selected rows and text
    text: QColor
    muted: QColor
    disabled: QColor
    border: QColor
    focus: QColor
    accent: QColor  # one, for the action of the moment
    accent_hover: QColor
    on_accent: QColor
    raises: QColor  # the score
    lowers: QColor
    warning: QColor  # these three always with a word or a sign
    error: QColor
    good: QColor

    @property
    def inks(self) -> Inks:
        """The part that saved maps share."""
        return inks.DARK if self.dark else inks.LIGHT


def _theme(shared: Inks, **own: str) -> Theme:
    colours = {field.name: getattr(shared, field.name) for field in fields(shared)} | own
    dark = colours.pop("dark")
    return Theme(colours.pop("name"), dark, **{name: QColor(colour) for name, colour in colours.items()})


LIGHT = _theme(
    inks.LIGHT,
    hover="#ECEEF1",
    selection="#D6E2F7",
    disabled="#A0A8B0",
    focus="#3B6FD4",
    accent_hover="#2553B0",
    on_accent="#FFFFFF",
)
DARK = _theme(
    inks.DARK,
    hover="#2E333B",
    selection="#2D3F61",
    disabled="#5C6570",
    focus="#7AA2F7",
    accent_hover="#94B4F9",
    on_accent="#17191D",
)

_current = LIGHT


def current() -> Theme:
    """The theme on screen."""
    return _current


def system_theme() -> Theme:
    """What the platform asks for; light where it does not say."""
    return DARK if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else LIGHT


def apply(app: QApplication, theme: Theme) -> None:
    """Dress the whole application in ``theme``; may be called again at any time."""
    global _current
    _current = theme  # first: widgets ask for it while they receive the palette
    register_fonts()
    app.setStyle("Fusion")
    app.setPalette(palette(theme))
    app.setFont(ui_font())
    app.setStyleSheet(style_sheet(theme))


def mix(first: QColor, second: QColor, share: float) -> QColor:
    """``share`` of ``second`` over ``first``, opaque."""
    return QColor.fromRgbF(*((1 - share) * a + share * b for a, b in zip(_rgb(first), _rgb(second), strict=True)))


def _rgb(colour: QColor) -> tuple[float, float, float]:
    return colour.redF(), colour.greenF(), colour.blueF()


def palette(theme: Theme) -> QPalette:
    """The roles as Fusion knows them; the style sheet does the rest."""
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    colours = {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.panel,
        role.AlternateBase: theme.panel,
        role.Text: theme.text,
        role.PlaceholderText: theme.muted,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.BrightText: theme.error,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
        role.Highlight: theme.selection,
        role.HighlightedText: theme.text,
        role.Accent: theme.accent,
        role.Link: theme.accent,
        role.LinkVisited: theme.accent,
        role.Light: theme.raised,
        role.Midlight: theme.hover,
        role.Mid: theme.border,
        role.Dark: theme.border,
        role.Shadow: theme.border,
    }
    made = QPalette()
    for which, colour in colours.items():
        made.setColor(which, colour)
    for which in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText, role.PlaceholderText):
        made.setColor(group.Disabled, which, theme.disabled)
    return made


def style_sheet(theme: Theme) -> str:
    """The QSS of ``theme``."""
    glyphs = (RESOURCES / "glyphs").as_posix()
    colours = {field.name: getattr(theme, field.name) for field in fields(theme)}
    words = {name: value.name() for name, value in colours.items() if isinstance(value, QColor)}
    return Template(_QSS).substitute(words, glyphs=glyphs, name=theme.name)


@cache
def register_fonts() -> dict[str, str]:
    """Make the bundled fonts known to Qt, once. File stem -> family; a file that cannot be read is left out."""
    families = {}
    for path in sorted((RESOURCES / "fonts").glob("*.[ot]tf")):
        found = QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(path)))
        if found:
            families[path.stem] = found[0]
    return families


@cache
def _ui_family() -> str:
    """The system's own, or ours where the system has chosen none (a bare X server)."""
    system = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()
    chosen = sys.platform in ("win32", "darwin") or system.lower() not in _UNCHOSEN_FAMILIES
    return system if chosen else register_fonts().get("Inter-Regular", system)


def ui_font(pixels: int = UI_PIXELS, *, strong: bool = False) -> QFont:
    """The font of labels and controls."""
    return _font(_ui_family(), pixels, QFont.Weight.DemiBold if strong else QFont.Weight.Normal)


def numbers_font(pixels: int = UI_PIXELS, *, strong: bool = False) -> QFont:
    """Digits of one width, for tables and read-outs: numbers stand under one another and do not dance."""
    font = _font(register_fonts().get("Inter-Regular", _ui_family()), pixels, _weight(strong))
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def reading_font(pixels: int = READING_PIXELS) -> QFont:
    """The font of a text under a heatmap: every character as typed, so "->" stays two of them."""
    font = _font(_ui_family(), pixels, QFont.Weight.Normal)
    for feature in ("calt", "liga", "clig"):
        font.setFeature(QFont.Tag(feature), 0)
    return font


def mono_font(pixels: int = UI_PIXELS) -> QFont:
    """For commands, paths and token pieces; without ligatures."""
    fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family()
    font = _font(register_fonts().get("JetBrainsMono-Regular", fixed), pixels, QFont.Weight.Normal)
    font.setFeature(QFont.Tag("calt"), 0)
    return font


def _weight(strong: bool) -> QFont.Weight:
    return QFont.Weight.DemiBold if strong else QFont.Weight.Normal


def _font(family: str, pixels: int, weight: QFont.Weight) -> QFont:
    font = QFont(family)
    font.setPixelSize(pixels)
    font.setWeight(weight)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)  # the same advances at every scale
    return font


def paint_focus_ring(painter: QPainter, rect: QRectF, radius: float = RADIUS) -> None:
    """For widgets that paint themselves: 2 px, inside ``rect``."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(current().focus, 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius - 1, radius - 1)
    painter.restore()


_QSS = """
QMainWindow, QDialog { background: $window; }
QToolTip { background: $raised; color: $text; border: 1px solid $border; padding: 4px 6px; }
QLabel { background: transparent; }
QLabel:disabled { color: $disabled; }
QLabel[role="muted"], QLabel[role="caption"] { color: $muted; }
QLabel[role="caption"] { font-size: 11px; }
QLabel[role="title"] { font-size: 16px; font-weight: 600; }
QLabel[role="headline"] { font-size: 22px; font-weight: 600; }
QLabel[role="section"] { font-weight: 600; }
*[role="warning"] { color: $warning; }
*[role="error"] { color: $error; }
*[role="good"] { color: $good; }
*[role="mono"] { font-family: "JetBrains Mono", monospace; }
*[role="panel"] { background: $panel; }
QFrame[role="sheet"] { background: $panel; border: 1px solid $border; border-radius: 6px; }
QFrame[role="card"] { background: $raised; border: 1px solid $border; border-radius: 6px; }
QFrame[role="card"]:hover[clickable="true"] { background: $hover; }
QFrame[role="separator"] { background: $border; border: none; max-height: 1px; min-height: 1px; }
QLabel[role="tag"] { color: $muted; border: 1px solid $border; border-radius: 3px; padding: 0 4px; font-size: 11px; }

QPushButton, QToolButton { background: $raised; color: $text; border: 1px solid $border; border-radius: 6px; padding: 5px 12px; }
QToolButton { padding: 5px 8px; }
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed, QToolButton:checked { background: $selection; }
QPushButton:focus, QToolButton:focus { border: 2px solid $focus; padding: 4px 11px; }
QToolButton:focus { padding: 4px 7px; } QToolButton[menu="true"], QToolButton[menu="true"]:focus { padding-right: 24px; }
QPushButton:disabled, QToolButton:disabled { color: $disabled; background: $window; }
QPushButton[role="primary"] { background: $accent; color: $on_accent; border-color: $accent; font-weight: 600; }
QPushButton[role="primary"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[role="primary"]:focus { border: 2px solid $text; padding: 4px 11px; }
QPushButton[role="primary"]:disabled { background: $hover; color: $disabled; border-color: $border; }
QPushButton[role="flat"], QToolButton[role="flat"] { background: transparent; border: 1px solid transparent; }
QPushButton[role="flat"]:hover, QToolButton[role="flat"]:hover { background: $hover; }
QPushButton[role="flat"]:focus, QToolButton[role="flat"]:focus { border: 2px solid $focus; }
QToolButton[role="flat"]:checked { background: $selection; }
QToolButton[role="flat"]:disabled, QPushButton[role="flat"]:disabled { background: transparent; }
QToolButton[segment] { border-radius: 0; padding: 4px 10px; background: $raised; }
QToolButton[segment="first"] { border-top-left-radius: 6px; border-bottom-left-radius: 6px; }
QToolButton[segment="middle"] { border-left: none; border-right: none; } QToolButton[segment="only"] { border-radius: 6px; }
QToolButton[segment="last"] { border-top-right-radius: 6px; border-bottom-right-radius: 6px; }
QToolButton[segment]:hover { background: $hover; } QToolButton[segment][tight="true"] { padding: 4px 6px; }
QToolButton[segment]:checked { background: $selection; } QToolButton[segment][tight="true"]:focus { padding: 3px 5px; }
QToolButton[segment]:focus { border: 2px solid $focus; padding: 3px 9px; }
QToolButton[role="fold"] { background: transparent; border: 1px solid transparent; padding: 4px 8px 4px 0; margin-left: -4px; }
QToolButton[role="fold"]:hover { color: $accent; }
QToolButton[role="fold"]:focus { border: 2px solid $focus; padding: 3px 7px 3px -5px; margin-left: 0; }
QPushButton[role="link"] { background: transparent; border: 1px solid transparent; color: $accent; padding: 1px 4px; }
QPushButton[role="link"]:hover { text-decoration: underline; }
QPushButton[role="link"]:focus { border: 2px solid $focus; padding: 0 3px; }
QPushButton::menu-indicator, QToolButton::menu-indicator { image: url($glyphs/chevron-down.svg); width: 12px; height: 12px;
  subcontrol-origin: padding; subcontrol-position: center right; right: 6px; }

QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox, QComboBox { background: $panel; color: $text; border: 1px solid $border;
  border-radius: 6px; padding: 4px 8px; selection-background-color: $selection; selection-color: $text; }
QLineEdit:hover, QAbstractSpinBox:hover, QComboBox:hover { border-color: $disabled; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QAbstractSpinBox:focus, QComboBox:focus, QComboBox:on {
  border: 2px solid $focus; padding: 3px 7px; }
QLineEdit:disabled, QPlainTextEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled {
  color: $disabled; background: $window; }
*[invalid="true"] { border: 2px solid $error; padding: 3px 7px; }
QComboBox { padding-right: 4px; combobox-popup: 0; }
QComboBox:focus, QComboBox:on { padding-right: 3px; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url($glyphs/chevron-down.svg); width: 14px; height: 14px; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $border; padding: 4px; outline: none;
  selection-background-color: $selection; selection-color: $text; }
QComboBox QAbstractItemView:focus { border: 1px solid $border; }
QComboBox QAbstractItemView::item { min-height: 26px; padding: 0 4px; border-radius: 3px; }
QComboBox QLineEdit, QComboBox QLineEdit:focus { border: none; padding: 0; background: transparent; }
QAbstractSpinBox { padding: 4px 22px 4px 0; }
QAbstractSpinBox:focus { padding: 3px 21px 3px 0; }
QAbstractSpinBox QLineEdit { border: none; padding: 0 8px; background: transparent; }
QAbstractSpinBox QLineEdit:focus { border: none; padding: 0 7px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: none; background: transparent; width: 20px; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: $hover; border-radius: 3px; }
QAbstractSpinBox::up-arrow { image: url($glyphs/chevron-up.svg); width: 12px; height: 12px; }
QAbstractSpinBox::down-arrow { image: url($glyphs/chevron-down.svg); width: 12px; height: 12px; }

QCheckBox, QRadioButton { spacing: 8px; border: 2px solid transparent; border-radius: 6px; padding: 2px;
  background: transparent; }
QCheckBox:focus, QRadioButton:focus { border-color: $focus; }
QCheckBox:disabled, QRadioButton:disabled { color: $disabled; }
QCheckBox::indicator, QRadioButton::indicator { width: 14px; height: 14px; border: 1px solid $muted; border-radius: 3px;
  background: $panel; }
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: $accent; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url($glyphs/check-$name.svg); }
QCheckBox::indicator:indeterminate { background: $accent; border-color: $accent; image: url($glyphs/dash-$name.svg); }
QRadioButton::indicator:checked { border: 5px solid $accent; width: 6px; height: 6px; }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border-color: $disabled; }

QTabWidget::pane { border: none; border-top: 1px solid $border; }
QTabBar { background: transparent; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $muted; padding: 7px 4px 6px 4px; margin: 0 8px 0 4px; border: none;
  border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:focus { border: 2px solid $focus; border-radius: 3px; padding: 5px 2px 6px 2px; }
QTabBar::tab:disabled { color: $disabled; }

QAbstractItemView { background: $panel; border: 1px solid $border; border-radius: 6px; outline: none; gridline-color: transparent;
  selection-background-color: $selection; selection-color: $text; }
QAbstractItemView:focus { border: 2px solid $focus; }
QTreeView::item, QListView::item, QTableView::item { height: 28px; padding: 0 4px; border: none; }
QTreeView::item:hover, QListView::item:hover, QTableView::item:hover { background: $hover; }
QTreeView::item:selected, QListView::item:selected, QTableView::item:selected { background: $selection; color: $text; }
QTreeView::branch { background: transparent; }
QTreeView::branch:has-children:closed { image: url($glyphs/chevron-right.svg); }
QTreeView::branch:has-children:open { image: url($glyphs/chevron-down.svg); }
QHeaderView { background: $panel; border: none; }
QHeaderView::section { background: $panel; color: $muted; border: none; border-bottom: 1px solid $border; padding: 4px 8px;
  min-height: 20px; font-weight: 400; }
QHeaderView::down-arrow { image: url($glyphs/chevron-down.svg); width: 10px; height: 8px; subcontrol-position: top center; }
QHeaderView::up-arrow { image: url($glyphs/chevron-up.svg); width: 10px; height: 8px; subcontrol-position: top center; }
QTableCornerButton::section { background: $panel; border: none; }

*[role="canvas"] { border: 2px solid transparent; border-radius: 6px; background: $panel; }
*[role="canvas"]:focus { border-color: $focus; }
QScrollArea { border: none; background: transparent; }
QScrollArea:focus { border: 2px solid $focus; border-radius: 6px; }
QScrollBar { background: transparent; border: none; margin: 0; }
QScrollBar:vertical { width: 12px; }
QScrollBar:horizontal { height: 12px; }
QScrollBar::handle { background: $disabled; border: 3px solid transparent; border-radius: 6px; background-clip: padding; }
QScrollBar::handle:vertical { min-height: 32px; margin: 2px 3px; border: none; border-radius: 3px; }
QScrollBar::handle:horizontal { min-width: 32px; margin: 3px 2px; border: none; border-radius: 3px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QSplitter::handle { background: $border; }
QSplitter::handle:horizontal { width: 1px; margin: 0 3px; }
QSplitter::handle:vertical { height: 1px; margin: 3px 0; }
QSplitter::handle:hover { background: $accent; }
QGroupBox { border: none; margin-top: 24px; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; left: 0; padding: 0 0 4px 0; }
QMenuBar { background: $window; }
QMenuBar::item { padding: 4px 8px; border-radius: 3px; background: transparent; }
QMenuBar::item:selected { background: $hover; }
QMenu { background: $raised; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 12px; border-radius: 3px; }
QMenu::item:selected { background: $selection; }
QMenu::item:disabled { color: $disabled; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }
QToolBar { background: $window; border: none; border-bottom: 1px solid $border; spacing: 8px; padding: 6px 8px; }
QStatusBar { background: $window; border-top: 1px solid $border; color: $muted; padding-left: 8px; }
QStatusBar::item { border: none; }
QDockWidget::title { padding: 8px; background: $window; }
QProgressBar { background: $hover; border: none; border-radius: 3px; max-height: 6px; text-align: center; color: transparent; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: $border; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal { width: 14px; height: 14px; margin: -5px 0; border-radius: 7px; background: $accent; }
QSlider:focus { border: 2px solid $focus; border-radius: 6px; }
"""
