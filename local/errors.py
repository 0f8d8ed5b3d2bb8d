class StackError(Exception):
    """The local stack cannot start or go on. The message is one line for a person at a terminal."""
