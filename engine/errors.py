"""What the user did, or the file held, that cannot work: always one plain sentence that says what and what to do."""


class UserError(Exception):
    """Something the user can mend. The message is shown as it is; ``detail`` unfolds under it.

    Args:
        message: one plain sentence: what happened, and what to do.
        kind: a stable word for scripts and tests, such as ``"no_such_path"``.
        detail: what a developer would want to know; may be long, may be empty.
    """

    def __init__(self, message: str, kind: str = "input", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.detail = detail

    def __str__(self) -> str:
        return self.message


class LoadError(UserError):
    """A file or folder that cannot be opened as a model or as data."""
