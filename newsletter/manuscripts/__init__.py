"""Manuscripts: reading them into a Document, writing them back, proofing them. Values in, values out."""
