"""The one error of this room."""


class StackError(Exception):
    """A server cannot be started or kept; the message is a French sentence for the person at the
    keyboard.
    """
