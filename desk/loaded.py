"""The settings of one command: read when first needed, and completed with the addresses of the servers found."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # pydantic takes longer to import than `--help` may take
    from schemas.settings import Settings


class Loaded:
    """Holds the settings."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings

    @property
    def settings(self) -> Settings:
        """The settings as they are known by now.

        Raises:
            SettingsError: a value cannot stand.
        """
        if self._settings is None:
            from schemas.settings import load

            self._settings = load()
        return self._settings

    def replace(self, settings: Settings) -> Settings:
        """Puts settings in the place of those before, and returns them."""
        self._settings = settings
        return settings
