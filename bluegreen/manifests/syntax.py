"""The YAML parser's complaints, in words that say what to do."""

from __future__ import annotations

import re

import yaml

from bluegreen.manifests.source import Mark, Source

TEMPLATE = ("a template, not a manifest", "render it first (helm template, for instance)")
"""What to say of text with {{ }} in it."""

_COLON = 'look at the indentation, and for a colon missing above; a text that holds ": " needs quotes'
_INDENTATION = "look at the indentation of this line and of the one above"
_REMEDIES = (
    # (what the parser says, what to say instead, what to do)
    ("found unexpected end of stream", "the quote that opens here is never closed", "close it"),
    ("found unexpected document indicator", "the quote that opens here is never closed", "close it"),
    ("mapping values are not allowed", "a field cannot begin here", _COLON),
    ("could not find expected ':'", "neither a field nor its value: a colon is missing", 'write "name: value"'),
    (
        "did not find expected ',' or",
        "this bracket is not closed where it should be",
        "look for a missing , or bracket",
    ),
    ("did not find expected node content", "a value is missing here", "look for a bracket that is not closed"),
    ("did not find expected '-' indicator", "this line is no item of the list above", _INDENTATION),
    ("did not find expected key", "this line does not belong to what is above it", _INDENTATION),
    ("did not find expected <document start>", "this does not go on with what is above", _INDENTATION),
    ("block sequence entries are not allowed", "a list item cannot begin here", "begin the list on a line of its own"),
    ("expected alphabetic or numeric", "a text cannot begin with * or &", "put it in quotes"),
    ("found unknown escape character", "a backslash in double quotes with nothing it could mean", "use single quotes"),
    ("found invalid Unicode character escape", "half a character: \\u escapes in pairs", "write the character itself"),
)
# Complaints about something that was opened: where it was opened is what a person has to look at.
_FROM_THE_START = (
    "found unexpected end of stream",
    "found unexpected document indicator",
    "expected ',' or",
    "expected ':'",
)


def explained(error: yaml.YAMLError, source: Source) -> tuple[Mark, str, str]:
    """Where the text cannot be read, why, and what to do."""
    problem = str(getattr(error, "problem", None) or error)
    at = getattr(error, "problem_mark", None)
    if any(part in problem for part in _FROM_THE_START):
        at = getattr(error, "context_mark", None) or at
    mark = _within(Mark(at.line, at.column) if at else Mark(0, 0), source)
    line = source.lines[mark.line] if mark.line < len(source.lines) else ""
    if "{{" in line:
        return mark, *TEMPLATE
    character = line[mark.column : mark.column + 1]
    if "cannot start any token" in problem or "found a tab" in problem:
        if character == "\t" or re.match(r" *\t", line):
            tab = Mark(mark.line, line.index("\t"))
            return tab, "a tab cannot indent", "indent with spaces"
        return mark, f"a text cannot begin with {character}", "put it in quotes"
    for said, message, remedy in _REMEDIES:
        if said in problem:
            return mark, message, remedy
    return mark, f"not YAML: {problem}", ""


def _within(mark: Mark, source: Source) -> Mark:
    """The end of a text, where nothing can be shown, is the end of the last line that holds something."""
    if any(line.strip() for line in source.lines[mark.line :]):
        return mark
    last = max((number for number, line in enumerate(source.lines) if line.strip()), default=0)
    return Mark(last, len(source.lines[last].rstrip()))
