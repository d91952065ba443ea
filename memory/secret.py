"""What looks like a secret: it is never kept as a fact, and never copied into a summary's details."""

from __future__ import annotations

import re

_KEYS = re.compile(
    r"\b(?:sk|pk|rk)[-_](?:[A-Za-z0-9_-]{16,})"  # OpenAI, Stripe
    r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}"  # GitHub
    r"|\bglpat-[\w-]{16,}"  # GitLab
    r"|\bxox[abeprs]-[\w-]{10,}|\bxapp-[\w-]{10,}"  # Slack
    r"|\bA(?:KIA|SIA)[A-Z0-9]{16}\b"  # AWS
    r"|\bAIza[\w-]{30,}"  # Google
    r"|\beyJ[\w-]{10,}\.[\w-]{10,}"  # JSON web tokens
    r"|\b[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,}"  # Discord bots
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|://[^\s/:@]+:[^\s/@]+@"  # an address with its password
)
"""What the services' own tools look for when they scan for secrets (GitHub's secret scanning patterns)."""

_NAMED = re.compile(
    r"\b(?:passwords?|passwd|passphrase|passcode|pwd|cvv2?|cvc|ssn|social security|credentials?|seed phrase"
    r"|(?:api|access|secret|auth|bearer|private|bot|refresh|login|ssh|licen[sc]e)[ -]?(?:token|key|code)s?"
    r"|(?:pin|token|secret|clave|senha)(?: (?:code|number))?(?= ?(?:is|ist|es|é|[:=]|$))"
    r"|kennw[oö]rt\w*|passw[oö]rt\w*|geheimzahl|mot de passe|code secret|contraseña|wachtwoord|pincode)\b"
    r"|パスワード|暗証番号|密码|密碼|口令|비밀번호",
    re.IGNORECASE,
)
"""What people call a secret; tokens, keys and pins are other things too, unless they are told."""

_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
_LONG = re.compile(r"[A-Za-z0-9+/_=-]{32,}")
_HEX = re.compile(r"[0-9a-fA-F-]+")


def looks_secret(text: str) -> bool:
    """Whether a text holds what looks like a password, a key, a token or the number of a card or an account.

    Hashes and UUIDs do not: they name commits and things.
    """
    return names_secret(text) or bool(_KEYS.search(text)) or _has_number(text) or _has_random(text)


def names_secret(text: str) -> bool:
    """Whether a text speaks of a password, a key or the like."""
    return bool(_NAMED.search(text.replace("_", " ")))


def _has_number(text: str) -> bool:
    return bool(_IBAN.search(text)) or any(_checks(re.sub(r"\D", "", match[0])) for match in _CARD.finditer(text))


def _checks(digits: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1, annex B: Luhn)."""
    doubled = (int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(digits)))
    return sum(digit - 9 * (digit > 9) for digit in doubled) % 10 == 0  # noqa: PLR2004 - the sum of two digits


def _has_random(text: str) -> bool:
    """Whether it holds a long run of letters of both cases and digits, as generated keys are."""
    return any(
        not _HEX.fullmatch(run[0])
        and any(char.islower() for char in run[0])
        and any(char.isupper() for char in run[0])
        and any(char.isdigit() for char in run[0])
        for run in _LONG.finditer(text)
    )
