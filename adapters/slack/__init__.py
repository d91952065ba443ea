"""The Slack adapter, on slack-bolt with Socket Mode: its face is what `bot.py` needs."""

from adapters.slack.gateway import Slack
from adapters.slack.manifest import manifest
from adapters.slack.preflight import check

__all__ = ["Slack", "check", "manifest"]
