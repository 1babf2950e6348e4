"""The one exception that a user can cause."""


class AblateError(Exception):
    """A mistake in what the user gave: one line that names the thing, the place and the remedy.

    The command line prints the message alone and leaves with exit code 2.
    """


def near(word: str, known: list[str] | tuple[str, ...]) -> str:
    """A hint such as ``; did you mean 'labels'?``, or an empty string where nothing is near."""
    from difflib import get_close_matches

    matches = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean '{matches[0]}'?" if matches else ""
