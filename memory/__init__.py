"""The memory core: what is kept of a conversation, and what of it goes into the next prompt."""
