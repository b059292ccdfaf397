"""Proofing: a table of rules, one file per rule or family, over a Document; findings are Remarks."""

from newsletter.manuscripts.proofing.rules import RULES, blockers, proof

__all__ = ["RULES", "blockers", "proof"]
