"""Rendering: one Document to four editions. Pure: same input, same bytes; no database, no clock."""
