"""The Discord adapter, on discord.py: its face is what `bot.py` needs."""

from adapters.discord.gateway import Discord
from adapters.discord.preflight import check, invite_url, manifest

__all__ = ["Discord", "check", "invite_url", "manifest"]
