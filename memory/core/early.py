"""Changes that come before their message: a platform that delivers again may tell of an edit or a deletion first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from memory.types import Inbound, Place, Recent

KEPT = 1000
"""Messages whose change is remembered, newest ones; one that is delivered late comes within minutes."""

Key = tuple[str, str, str, str]


class EarlyChanges:
    """What became of messages that were not known when they were changed: a newer version, or nothing at all."""

    def __init__(self) -> None:
        self._versions = Recent[Key, Inbound | None](KEPT)

    def amend(self, inbound: Inbound) -> None:
        """Remember the version of a message that has not come in."""
        self._keep(_key(inbound.place, inbound.message_id), inbound)

    def erase(self, place: Place, message_ids: Sequence[str]) -> None:
        """Remember that messages are deleted."""
        for message_id in message_ids:
            self._keep(_key(place, message_id), None)

    def apply(self, inbound: Inbound) -> Inbound | None:
        """The message as it stands now; nothing when it was deleted meanwhile."""
        key = _key(inbound.place, inbound.message_id)
        if key not in self._versions:
            return inbound
        version = self._versions[key]
        return None if version is None else replace(version, addressed=inbound.addressed or version.addressed)

    def _keep(self, key: Key, version: Inbound | None) -> None:
        if key in self._versions and self._versions[key] is None:
            return  # what is deleted stays so
        self._versions[key] = version


def _key(place: Place, message_id: str) -> Key:
    return place.platform, place.space, place.channel, message_id
