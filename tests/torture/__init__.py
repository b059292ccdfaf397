"""Torture: everything that may fail while mail goes out, and an account at the end that must balance."""
