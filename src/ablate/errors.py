"""The one exception that a user can cause."""

import re


class AblateError(Exception):
    """A mistake in what the user gave: one line that names the thing, the place and the remedy.

    The command line prints the message alone and leaves with exit code 2.
    """


def one_line(text: str) -> str:
    """A message on one line that a terminal can be given: white space is one space, other control characters \\x1b."""
    plain = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in plain)


def without_passwords(text: str) -> str:
    """A text in which the passwords of URLs are stars: one that is given in a wrong place is told to a log too."""
    text = re.sub(r"(:/+[^\s/:@]*:)[^\s/]+@", r"\1***@", text)
    return re.sub(r"([?&]password=)[^\s&'\"]+", r"\1***", text)


def near(word: str, known: list[str] | tuple[str, ...]) -> str:
    """A hint such as ``; did you mean 'labels'?``, or an empty string where nothing is near."""
    from difflib import get_close_matches

    matches = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean '{matches[0]}'?" if matches else ""
