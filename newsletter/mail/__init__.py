"""Mail as the RFCs have it: envelopes, SMTP, DKIM, and a catcher for trying things. No database, no web."""
