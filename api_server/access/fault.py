"""Why access control cannot be set up, said to the person who starts the server."""


class AccessUnusable(Exception):
    """One sentence that says what is wrong and what to do; it never holds a secret."""
