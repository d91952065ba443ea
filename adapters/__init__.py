"""One adapter a platform: its events become `Inbound`, the core's deltas become its messages."""
