"""The findings on disk and in memory: written whole after every change, read as if a stranger had written them."""

import logging
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.atomic_file import write_atomically
from engine.findings import LONGEST_NOTE, AnyFinding, Reading, from_json, to_json

log = logging.getLogger(__name__)

FILE = "findings.json"
MAXIMUM_BYTES = 512 * 2**20
NOTE_PAUSE_MS = 800
NOT_SAVED, NOT_READ = "findings_not_saved", "findings_not_read"


class FindingsStore(QObject):
    """Newest first. What cannot be written stays in memory, is said once, and is tried again with the next change."""

    changed = Signal()  # findings came or went; a note alone does not
    told = Signal(str, str)  # a subject of the message bar, words
    saved = Signal()

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = folder / FILE
        self._findings: tuple[AnyFinding, ...] = ()
        self._deleted: list[tuple[int, AnyFinding]] = []
        self._gone: set[str] = set()  # deleted here: another window's copy does not bring them back
        self._encoded: dict[str, str] = {}
        self._seen: tuple[int, int] | None = None
        self._unsaved = self._failing = False
        self.read_only = ""
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(NOTE_PAUSE_MS)
        self._soon.timeout.connect(self.save)

    @property
    def findings(self) -> tuple[AnyFinding, ...]:
        """Newest first."""
        return self._findings

    @property
    def last_deleted(self) -> AnyFinding | None:
        """What ``undo_delete`` would bring back."""
        return self._deleted[-1][1] if self._deleted else None

    def load(self) -> None:
        """What was kept before; says what could not be read."""
        reading = self._read()
        if reading is not None:
            self._findings = tuple(reversed(reading.findings))
            self.changed.emit()

    def add(self, finding: AnyFinding) -> None:
        """In front."""
        self._findings = (finding, *self._findings)
        self._changed()

    def delete(self, id: str) -> None:
        """Until it is undone."""
        place = next((at for at, each in enumerate(self._findings) if each.id == id), None)
        if place is None:
            return
        self._deleted.append((place, self._findings[place]))
        self._gone.add(id)
        self._findings = self._findings[:place] + self._findings[place + 1 :]
        self._changed()

    @Slot()
    def undo_delete(self) -> None:
        """The last one comes back, to its place."""
        if not self._deleted:
            return
        place, finding = self._deleted.pop()
        self._gone.discard(finding.id)
        self._findings = (*self._findings[:place], finding, *self._findings[place:])
        self._changed()

    def set_note(self, id: str, note: str) -> None:
        """Written when the typing pauses."""
        note = note[:LONGEST_NOTE]
        self._findings = tuple(replace(each, note=note) if each.id == id else each for each in self._findings)
        self._unsaved = True
        self._soon.start()

    def end(self) -> None:
        """The window closes: what is not written yet is written now."""
        self._soon.stop()
        if self._unsaved:
            self.save()

    def _changed(self) -> None:
        self._unsaved = True
        self.save()
        self.changed.emit()

    @Slot()
    def save(self) -> None:
        """Together with what another window has added meanwhile."""
        self._soon.stop()
        if self.read_only:
            self._tell_once(self.read_only)
            return
        try:
            self._merge()
            write_atomically(self._path, to_json(reversed(self._findings), self._encoded))
            self._seen = self._stamp()
        except (OSError, RuntimeError) as error:
            log.warning("findings could not be saved: %s", type(error).__name__)
            reason = getattr(error, "strerror", None) or str(error)
            self._tell_once(f"Findings cannot be saved ({reason}). They stay while the window is open; a report would keep them.")
            return
        self._unsaved = self._failing = False
        self.saved.emit()

    def _tell_once(self, words: str) -> None:
        if not self._failing:
            self._failing = True
            self.told.emit(NOT_SAVED, words)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            known = self._path.stat()
        except OSError:
            return None
        return known.st_mtime_ns, known.st_size

    def _merge(self) -> None:
        if self._stamp() in (None, self._seen):
            return
        reading = self._read()
        known = {each.id for each in self._findings} | self._gone
        added = [each for each in reversed(reading.findings) if each.id not in known] if reading is not None else []
        if added:
            self._findings = tuple(sorted((*self._findings, *added), key=lambda each: each.pinned_at, reverse=True))
            self.changed.emit()

    def _read(self) -> Reading | None:
        """None where there is no file, or none of ours; that one is moved aside."""
        try:
            if not self._path.exists():
                return None
            if self._path.stat().st_size > MAXIMUM_BYTES:
                raise ValueError("too large")
            content = self._path.read_bytes()
            self._seen = self._stamp()
            reading = from_json(content)
        except OSError as error:
            self.read_only = f"The findings in {self._path} cannot be read ({error.strerror}); new ones are not saved over them."
            self.told.emit(NOT_READ, self.read_only)
            return None
        except ValueError as error:
            self._keep_aside(None, str(error))
            return None
        if reading.newer:
            self.read_only = f"{self._path} was written by a newer Neuroloupe: what can be read is shown, nothing is changed."
            self.told.emit(NOT_READ, self.read_only)
        elif reading.damaged:
            self._keep_aside(content, "; ".join(reading.damaged[:3]))
        return reading

    def _keep_aside(self, content: bytes | None, why: str) -> None:
        """The whole file under another name: moved, or copied where part of it goes on being used."""
        aside = next(path for n in range(1, 10_000) if not (path := self._path.with_suffix(f".damaged-{n}.json")).exists())
        log.warning("%s is damaged (%s); kept as %s", self._path.name, why, aside.name)
        try:
            if content is None:
                self._path.replace(aside)
                lost = "Findings could not be read"
            else:
                write_atomically(aside, content)
                lost = "Some findings could not be read"
        except OSError as error:
            self.read_only = f"{self._path} is damaged and cannot be moved aside ({error.strerror}); findings are not saved."
            self.told.emit(NOT_READ, self.read_only)
            return
        self.told.emit(NOT_READ, f"{lost}; the file is kept as {aside}.")
