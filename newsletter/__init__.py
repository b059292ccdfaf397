"""Newsletter Desk: from a manuscript to every reader's inbox."""

__version__ = "0.1.0"
