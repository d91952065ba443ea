"""Tests: pure parts with plain asserts, everything else against fakes at the far ends, over loopback sockets."""
