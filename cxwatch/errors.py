"""Errors that a command shows as one or two plain lines, with the exit code they end with."""

from __future__ import annotations


class CxwatchError(Exception):
    """Base: its text is for the user, and says what to do next."""

    exit_code = 1


class CannotStart(CxwatchError):
    """Something outside this process is in the way: an address, a lock, a file, a log."""


class RestartMe(CxwatchError):
    """This process lost what it owned to another one, or its storage: a supervisor should start it again."""

    exit_code = 75
