"""Readers: who subscribes to what, on what grounds, and whom we must not write to. Knows nothing of issues."""
