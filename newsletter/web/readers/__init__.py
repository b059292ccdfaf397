"""The readers' own pages: leaving with one click, and choosing what to get."""

from newsletter.web.readers.pages import router

__all__ = ["router"]
