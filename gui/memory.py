"""Settings and session while the window is open: changed in memory at once, written soon after, and at the end."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from gui.settings import load_session, load_settings, save_session, save_settings

log = logging.getLogger(__name__)

SAVE_AFTER_MS = 1500


class Memory(QObject):
    """What is remembered. A disk that refuses is told once, and nothing in the window is lost by it."""

    not_saved = Signal(str)

    def __init__(self, config: Path, state: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._config, self._state = config, state
        self.settings = load_settings(config)
        self.session = load_session(state)
        self._saved = (self.settings, self.session)
        self._told = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SAVE_AFTER_MS)
        self._soon.timeout.connect(self.save)

    @property
    def state_folder(self) -> Path:
        """Where whatever else is remembered belongs."""
        return self._state

    def change_settings(self, **changes: Any) -> None:
        """Fields of Settings."""
        self.settings = replace(self.settings, **changes)
        self._soon.start()

    def change_session(self, **changes: Any) -> None:
        """Fields of Session."""
        self.session = replace(self.session, **changes)
        self._soon.start()

    @Slot()
    def save(self) -> None:
        """Write what has changed, now."""
        self._soon.stop()
        settings, session = self._saved
        try:
            if self.settings != settings:
                save_settings(self._config, self.settings)
            if self.session != session:
                save_session(self._state, self.session)
        except (OSError, ValueError) as error:
            log.warning("settings or session could not be saved: %s", type(error).__name__)
            if not self._told:
                self._told = True
                reason = error.strerror if isinstance(error, OSError) else str(error)
                self.not_saved.emit(f"Settings and text cannot be remembered for the next start: {reason}.")
        else:
            self._saved = (self.settings, self.session)
