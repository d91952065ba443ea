"""Changes out of order: a platform that delivers again may tell of an edit or a deletion before their message.

It may also tell of an edit once more after a later one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from memory.types import Inbound, Place, Recent

KEPT = 1000
"""Messages whose change is remembered, newest ones; one that is delivered late comes within minutes."""

Key = tuple[str, str, str, str]


class EarlyChanges:
    """What became of messages, for those that come in after they were changed: a newer version, or nothing at all."""

    def __init__(self) -> None:
        self._versions = Recent[Key, Inbound | None](KEPT)

    def amend(self, inbound: Inbound) -> bool:
        """Remember the version of a message; false where a later one is known, or that it is deleted."""
        return self._keep(_key(inbound.place, inbound.message_id), inbound)

    def erase(self, place: Place, message_ids: Sequence[str]) -> None:
        """Remember that messages are deleted."""
        for message_id in message_ids:
            self._keep(_key(place, message_id), None)

    def is_erased(self, place: Place, message_id: str) -> bool:
        """Whether a message is known to be deleted."""
        key = _key(place, message_id)
        return key in self._versions and self._versions[key] is None

    def apply(self, inbound: Inbound) -> Inbound | None:
        """The message as it stands now; nothing when it was deleted meanwhile."""
        key = _key(inbound.place, inbound.message_id)
        version = self._versions.get(key, inbound)
        if version is None:
            return None
        addressed = inbound.addressed or version.addressed
        if inbound.edited_at is not None and not inbound.is_before(version):
            self._keep(key, inbound)  # read with its edits, of which an older one may still be delivered
            version = inbound
        return version if version.addressed == addressed else replace(version, addressed=addressed)

    def _keep(self, key: Key, version: Inbound | None) -> bool:
        known = self._versions.get(key)
        if known is None and key in self._versions:
            return False  # what is deleted stays so
        if known and version and version.is_before(known):
            return False
        self._versions[key] = version
        return True


def _key(place: Place, message_id: str) -> Key:
    return place.platform, place.space, place.channel, message_id
