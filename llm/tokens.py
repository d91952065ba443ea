"""The token counter: tiktoken's `o200k_base`, from a vocabulary that ships with the project.

tiktoken fetches its vocabulary from the network at first use, which fails behind a firewall, so `o200k_base.xz` stands
beside this file: under xz, each token as one byte of length and then its bytes, in the order of the ranks (every rank
equals its position). The vocabulary and the pattern are tiktoken's, MIT licence, Copyright (c) 2022 OpenAI.

    python -m llm.tokens pack o200k_base.tiktoken    # makes o200k_base.xz anew from tiktoken's own file

Loading takes about 0.4 s and 80 MB, once; counting then takes about 2 ms for 20,000 characters of prose, and for the
worst texts tried (100,000 emoji, a base64 blob of 100,000 characters) 40 ms.
"""

from __future__ import annotations

import base64
import hashlib
import lzma
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import tiktoken

from errors import ThreadkeeperError
from memory.ports import Count
from memory.types import Finding

SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
"""Of `o200k_base.tiktoken`, as `tiktoken_ext.openai_public` pins it."""

_WORDS = (
    r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
    r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
    r"""\p{N}{1,3}""",
    r""" ?[^\s\p{L}\p{N}]+[\r\n/]*""",
    r"""\s*[\r\n]+""",
    r"""\s+(?!\S)""",
    r"""\s+""",
)
PATTERN = "|".join(_WORDS)
"""How `o200k_base` cuts a text into words before it makes tokens of them (`tiktoken_ext.openai_public`)."""

SPECIAL = {"<|endoftext|>": 199999, "<|endofprompt|>": 200018}
"""The special tokens of `o200k_base`; they are part of the encoding, but never made from a text."""

SLICE = 20_000
"""Characters counted at a time: a run of a million spaces overflows the stack of tiktoken's regular expressions."""

PACKED = Path(__file__).with_name("o200k_base.xz")


def load_counter() -> Count:
    """Return the function that counts the tokens of a text; the vocabulary is loaded by the first call in a process.

    Any text has a count: what looks like a special token (`<|endoftext|>`) is text like any other, and a lone
    surrogate counts as the U+FFFD that is sent in its place. A text of more than `SLICE` characters is counted in
    slices: exactly, where it has a space every 10,000 characters, else within a few tokens a slice.
    Raises: ThreadkeeperError when the vocabulary is missing or damaged.
    """
    encode = load_encoding().encode_ordinary

    def count(text: str) -> int:
        return sum(len(encode(piece)) for piece in slices(text, SLICE))

    return count


@cache
def load_encoding() -> tiktoken.Encoding:
    """Build `o200k_base`, once a process.

    Raises: ThreadkeeperError when the vocabulary is missing or damaged.
    """
    ranks = {token: rank for rank, token in enumerate(read_vocabulary())}
    return tiktoken.Encoding("o200k_base", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=SPECIAL)


def read_vocabulary() -> list[bytes]:
    """Read the shipped tokens, in the order of their ranks.

    Raises: ThreadkeeperError when the file is missing or damaged.
    """
    try:
        return unpack(PACKED.read_bytes())
    except (OSError, lzma.LZMAError, EOFError, ValueError) as exc:
        raise ThreadkeeperError(f"{PACKED.name} can't be read") from exc


def slices(text: str, size: int) -> Iterator[str]:
    """Cut a text into pieces of at most `size` characters (two or more) whose token counts add up to the whole's.

    A cut in front of a space that follows something visible changes no count, since `PATTERN` lets no word run across
    it and never looks back. Where the second half of a piece has no such place, the cut falls at its end and may
    change the count by a few tokens (three a cut at most, in the texts tried).
    """
    start = 0
    while len(text) - start > size:
        least = start + size // 2
        cut = text.rfind(" ", least, start + size)
        while cut > least and text[cut - 1].isspace():
            cut = text.rfind(" ", least, cut)
        if cut <= least:
            cut = start + size
        yield text[start:cut]
        start = cut
    yield text[start:]


def pack(source: bytes) -> bytes:
    """Turn the text of a `.tiktoken` file into the packed vocabulary.

    Raises: ValueError when a rank differs from its position, or a token is longer than 255 bytes.
    """
    tokens = []
    for position, line in enumerate(source.splitlines()):
        token, rank = line.split()
        if int(rank) != position:
            raise ValueError(f"line {position + 1} has rank {int(rank)}; ranks must equal positions")
        tokens.append(base64.b64decode(token))
    return lzma.compress(b"".join(bytes([len(token)]) + token for token in tokens), preset=9 | lzma.PRESET_EXTREME)


def unpack(packed: bytes) -> list[bytes]:
    """Return the tokens of a packed vocabulary, in the order of their ranks.

    Raises: lzma.LZMAError, EOFError or ValueError when it is damaged.
    """
    data = lzma.decompress(packed)
    tokens = []
    at = 0
    while at < len(data):
        end = at + 1 + data[at]
        tokens.append(data[at + 1 : end])
        at = end
    if at != len(data):
        raise ValueError("the last token is cut off")
    return tokens


def tiktoken_text(tokens: list[bytes]) -> bytes:
    """Give tokens back as the text of a `.tiktoken` file: a line each, of base64, a space and the rank."""
    return b"".join(b"%s %d\n" % (base64.b64encode(token), rank) for rank, token in enumerate(tokens))


def check() -> Finding:
    """Find out whether the vocabulary is the published one and counts as it should; for `bot.py check`."""
    cure = f"restore {PACKED.name} from the project's repository"
    try:
        found = hashlib.sha256(tiktoken_text(read_vocabulary())).hexdigest()
        tokens = load_counter()("hello world")
    except ThreadkeeperError as exc:
        return Finding("tokenizer", well=False, detail=str(exc), cure=cure)
    if found != SHA256 or tokens != 2:  # noqa: PLR2004 - "hello", " world": any broken build counts otherwise
        return Finding("tokenizer", well=False, detail="the vocabulary is not the published one", cure=cure)
    return Finding("tokenizer", well=True, detail=f"o200k_base, {len(load_encoding().token_byte_values()):,} tokens")


def _main(arguments: list[str]) -> int:
    match arguments:
        case ["pack", source]:
            packed = pack(Path(source).read_bytes())
            PACKED.write_bytes(packed)
            sys.stdout.write(f"{PACKED}: {len(packed):,} bytes\n")
            return 0
        case _:
            sys.stderr.write("usage: python -m llm.tokens pack o200k_base.tiktoken\n")
            return 2


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
