"""Every error of the project, one class per decision that a caller takes.

    ThreadkeeperError
    ├── SettingsError             fix the settings: every fault at once
    ├── ModelError                tell the person; the sentence is the class's docstring
    │   ├── ModelBusy             … and say when to try again
    │   ├── ModelUnreachable      … the endpoint is down, silent or broken
    │   ├── ModelMisconfigured    … and tell the operator: key, model name or address is wrong
    │   │   └── ModelUnpaid       … its account has no credit left
    │   ├── ModelRefused          … this request will never be answered
    │   ├── ContextTooLong        plan a smaller prompt, once
    │   ├── EmptyAnswer           … the model answered with nothing
    │   └── FoldRefused           keep the summary as it is, try again later
    ├── OriginalsExpired          tell the person; another try would not help
    ├── LimitReached              tell the person, with when it ends
    ├── PlatformError
    │   ├── PlatformMisconfigured fix the settings; this platform stays down, the others go on
    │   ├── PlatformUnreachable   connect again later
    │   └── ReplyImpossible       give up on this one reply
    │       ├── EditRefused       … on this one edit; a new message can take the words
    │       └── PlatformGone      … and on the platform: nothing brings it back while this process lives
    └── StorageError
        ├── DatabaseUnusable      stop: the file is not ours, corrupt or too new; it was left untouched
        ├── DatabaseInUse         stop: another process serves it
        └── StorageUnavailable    nothing was written; try again when the disk does

SDK errors are translated where the SDK lives, `from exc`. The first paragraph of a class's docstring is the sentence
that a person in the channel reads; what is handed to the constructor is for the log, and never holds a message's text
or a secret.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass

_MINUTE = 60


class ThreadkeeperError(Exception):
    """Something went wrong on my side; the operator can find it in the log.

    `detail` is what went wrong, and `cure` what mends it, where that is known; the error's text is both.
    """

    def __init__(self, detail: str = "", cure: str = "") -> None:
        super().__init__(f"{detail}; {cure}" if cure else detail)
        self.detail = detail
        self.cure = cure

    @property
    def sentence(self) -> str:
        """What a person may read: one short sentence, without details."""
        doc = inspect.cleandoc(type(self).__doc__ or ThreadkeeperError.__doc__ or "")
        return " ".join(doc.split("\n\n")[0].split())


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong setting: where it stands (`config.toml: memory.max_tokens`) and what is wrong, with the cure."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class SettingsError(ThreadkeeperError):
    """My settings are wrong; the operator has to mend them."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class ModelError(ThreadkeeperError):
    """The language model could not answer; please try again in a moment."""


class ModelBusy(ModelError):
    """The language model is busy right now; please try again in a moment."""

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after

    @property
    def sentence(self) -> str:
        """The class's sentence, with the wait where the server named one of a second or more.

        The wait that is kept may be shorter than the one that the server named, so minutes are told as the least.
        """
        if self.retry_after is None or self.retry_after < 1:
            return super().sentence
        seconds = round(self.retry_after)
        wait = "1 second" if seconds == 1 else f"{seconds} seconds"
        if seconds > _MINUTE:
            wait = f"{math.ceil(seconds / _MINUTE)} minutes, or later"
        return f"The language model is busy right now; please try again in {wait}."


class ModelUnreachable(ModelError):
    """I can't reach the language model right now; please try again in a moment."""


class ModelMisconfigured(ModelError):
    """The language model refuses my settings; the operator has to mend them."""


class ModelUnpaid(ModelMisconfigured):
    """The language model's account has no credit left; whoever runs me has to look at it."""


class ModelRefused(ModelError):
    """The language model would not take this request; try to put it differently."""


class ContextTooLong(ModelError):
    """This conversation does not fit into the language model; try a shorter message."""


class EmptyAnswer(ModelError):
    """The language model gave an empty answer; please try again."""


class FoldRefused(ModelError):
    """The new summary can't be believed, so the old one stays; I'll try again later."""


class OriginalsExpired(ThreadkeeperError):
    """Some of the messages behind this summary have expired, so it can't be made anew; it stays as it is."""


class LimitReached(ThreadkeeperError):
    """I have answered as much as I may for now."""

    def __init__(self, detail: str, sentence: str) -> None:
        super().__init__(detail)
        self._sentence = sentence

    @property
    def sentence(self) -> str:
        """Which limit it is, and when it ends."""
        return self._sentence


class PlatformError(ThreadkeeperError):
    """The chat platform gave me trouble; please try again."""


class PlatformMisconfigured(PlatformError):
    """The chat platform refuses my settings; the operator has to mend them."""


class PlatformUnreachable(PlatformError):
    """The chat platform can't be reached right now."""


class ReplyImpossible(PlatformError):
    """The reply can't be put there: the place is gone, closed or not mine to write in."""


class EditRefused(ReplyImpossible):
    """The message stands there, and I may not change its words any more."""


class PlatformGone(ReplyImpossible):
    """There is nobody left to talk to."""


class StorageError(ThreadkeeperError):
    """My memory is out of order right now; please try again in a moment."""


class DatabaseUnusable(StorageError):
    """My database can't be used; the operator has to look at it."""


class DatabaseInUse(StorageError):
    """Another process already serves this database."""


class StorageUnavailable(StorageError):
    """I can't write to my memory right now, so I did not take this in; please try again in a moment."""
