"""The web: pages and answers over HTTP; the only floor that knows status codes."""
