"""Which code blocks are open at a place of a text, and the fences that close them and open them again.

Where the platforms differ, Discord is right. There ``` opens and closes a block wherever it stands in a line, unless it
stands in inline code, and nothing else does (its client's rule, as all open parsers of its Markdown have it). Renderers
of CommonMark know a fence by the start of its line, and ~~~ and ```` are fences to them as well. So a text is read by
both rules at once (`OpenCode`). What follows for the corner cases:

- A message always has an even number of ```, and so is balanced on Discord, whatever else is in it.
- A ~~~ or longer fence is open until CommonMark's end of it; a ``` that is open within is closed first.
- What is no fence to CommonMark (``` in the middle of a line) is one here; what closes a ``` there is what closes it on
  Discord. Of ```` closed by ``````, which opens a block anew on Discord, a block is open here too.
- Inline code is looked for within its line; on Discord it can go on in the next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TICKS = "```"

_LEAD, _MARKS, _LANGUAGE = 8, 8, 16
"""How much is written again of a fence's indentation, marks and language; a longer run of marks is a line, no fence."""

CLOSING_ROOM = (1 + _LEAD + _MARKS) + (1 + _LEAD + len(_TICKS))
"""Characters that `OpenCode.closing` has at most: two blocks can be open, one within the other."""

OPENING_ROOM = CLOSING_ROOM + 2 * _LANGUAGE
"""Characters that `OpenCode.opening` has at most."""

# Any indentation will do: within a list item, four spaces and more are still a fence, and one line cannot tell. A list
# item or a quotation may also begin with its fence (https://spec.commonmark.org/0.31.2/#fenced-code-blocks).
_INDENT = re.compile(r"(?:[ \t>]|[-*+][ \t]|\d{1,3}[.)][ \t])*")
_LANGUAGE_NAME = rf"(?P<language>[A-Za-z0-9_+\-.#]{{0,{_LANGUAGE}}})"
_LONG_FENCE = re.compile(
    rf"{_INDENT.pattern}(?P<marks>`{{4,{_MARKS}}}(?=[^`]*\Z)|~{{3,{_MARKS}}}(?!~))[ \t]*(?:{_LANGUAGE_NAME}(?!\S))?"
)
_FENCE = re.compile(rf"{_TICKS}|^{_INDENT.pattern}~~~", re.MULTILINE)
_IN_BLOCK = re.compile(_TICKS)
_OUTSIDE = re.compile(rf"{_TICKS}|(?<!`)(`{{1,2}})(?!`).*?(?<!`)\1(?!`)")
_REST = re.compile(rf"[ \t]*{_LANGUAGE_NAME}\s*")
_END = re.compile(rf"{_TICKS}`{{0,2}}(?!`)")


def has_fence(text: str) -> bool:
    """Whether there may be a fence in the text; never false for a text that a fence was read in."""
    return _FENCE.search(text) is not None


@dataclass(frozen=True, slots=True)
class Fence:
    """What opened a block: its indentation and quote marks, its run of marks, its language or nothing."""

    lead: str
    marks: str
    language: str

    @property
    def opening(self) -> str:
        """The line that opens the block again."""
        return f"{self.lead}{self.marks}{self.language}\n"

    @property
    def closing(self) -> str:
        """The line that closes it, with the line break before it."""
        return f"\n{self.lead}{self.marks}"

    def missing(self, line: str) -> str:
        """The marks that make a closing fence of a line that is one or two of them, else nothing: three are a fence."""
        run = self._bare(line).rstrip()
        return self.marks[len(run) :] if run in {self.marks[:1], self.marks[:2]} else ""

    def end(self, line: str) -> str:
        """The part of a line, from its start, that does nothing but close the block; empty when it does not."""
        if self.marks != _TICKS:
            return line if self.closed_by(line) else ""
        run = _END.match(line, len(line) - len(self._bare(line)))
        return line[: run.end()] if run else ""

    def closed_by(self, line: str) -> bool:
        """Whether the line is, as CommonMark has it, a run of this mark, at least as long, and nothing else."""
        run = self._bare(line).rstrip()
        return len(run) >= len(self.marks) and set(run) == {self.marks[0]}

    def _bare(self, line: str) -> str:
        return line.lstrip(f"{self.lead} \t")


@dataclass(frozen=True, slots=True)
class OpenCode:
    """What is open at a place: Discord's `block`, and CommonMark's `fence` where that is ~~~ or longer than ```."""

    fence: Fence | None = None
    block: Fence | None = None

    @property
    def blocks(self) -> tuple[Fence, ...]:
        """What is to be closed so that nothing is open by either rule: none, one, or an outer and an inner one.

        A fence of an odd number of ``` is Discord's block too; where that is not so any more, a ``` stands within it.
        """
        if self.fence is None:
            return (self.block,) if self.block else ()
        if (self.fence.marks.count(_TICKS) % 2 == 1) == (self.block is not None):
            return (self.fence,)
        return self.fence, self.block or Fence(self.fence.lead, _TICKS, "")

    @property
    def opening(self) -> str:
        """The lines that open it all again."""
        return "".join(block.opening for block in self.blocks)

    def closing(self, line: str) -> str:
        """The lines that close it all after this last one; a closing fence that it begins is completed."""
        if not self.blocks:
            return ""
        *outer, inner = self.blocks
        return "".join([inner.missing(line) or inner.closing, *(block.closing for block in outer)])

    def after(self, text: str) -> OpenCode:
        """What is open after some more lines."""
        code = self
        for line in text.split("\n"):
            code = OpenCode(code._fence_after(line), code._block_after(line))
        return code

    def opens(self, later: OpenCode) -> bool:
        """Whether a block was opened between here and there that is still open."""
        return any(new is not None and new not in (self.fence, self.block) for new in (later.fence, later.block))

    def _fence_after(self, line: str) -> Fence | None:
        if self.fence:
            return None if self.fence.closed_by(line) else self.fence
        match = None if self.block else _LONG_FENCE.match(line)
        return Fence(_lead(line), match["marks"], match["language"] or "") if match else None

    def _block_after(self, line: str) -> Fence | None:
        block, end = self.block, 0
        while match := (_IN_BLOCK if block else _OUTSIDE).search(line, end):
            end = match.end()
            if match[0] == _TICKS:
                rest = _REST.fullmatch(line, end)
                block = None if block else Fence(_lead(line), _TICKS, rest["language"] if rest else "")
        return block


def _lead(line: str) -> str:
    """What stands before a fence in its line and must stand there again; a list item's mark becomes space."""
    indent = _INDENT.match(line)
    return re.sub(r"[^\s>]", " ", indent[0])[:_LEAD] if indent else ""
