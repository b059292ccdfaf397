"""Inlining: a style sheet written into style attributes, because some mail programs drop every other style."""

from __future__ import annotations

import re

from premailer import Premailer

_COMMENT = re.compile(r"(<!--.*?-->)", re.DOTALL)
_KEPT_ATTRIBUTES = [
    "width", "height", "bgcolor", "align", "valign", "background", "border", "cellpadding", "cellspacing",
]  # fmt: skip
_DOCTYPE = "<!DOCTYPE html>"


def inlined(html: str, css: str) -> str:
    """Return *html* with *css* in its style attributes; its own ``<style>`` blocks and comments stay as they are."""
    done = Premailer(
        _DOCTYPE + "\n" + _own_styles_ignored(re.sub(r"(?i)^\s*<!doctype html>\s*", "", html)),
        css_text=[css],
        # What stands in our own blocks overrides inline styles on purpose: columns, dark mode.
        strip_important=False,
        keep_style_tags=False,
        remove_classes=False,
        exclude_pseudoclasses=True,
        # width="590" would become width="100%", which Outlook obeys.
        disable_basic_attributes=_KEPT_ATTRIBUTES,
        align_floating_images=False,
        disable_validation=True,
        allow_network=False,
        allow_loading_external_files=False,
    ).transform(pretty_print=False)
    body = re.sub(r"(?i)^\s*<!doctype[^>]*>\s*", "", str(done))
    # Left on blocks with a media attribute, which premailer passes over before it looks for its own.
    body = body.replace('<style data-premailer="ignore"', "<style")
    return f"{_DOCTYPE}\n{body}"


def _own_styles_ignored(html: str) -> str:
    """Mark every style block for premailer to leave alone, but not those inside comments, which only Outlook reads."""
    return "".join(
        piece if piece.startswith("<!--") else re.sub(r"<style\b", '<style data-premailer="ignore"', piece)
        for piece in _COMMENT.split(html)
    )
