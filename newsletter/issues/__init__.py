"""Issues: dated numbers of a publication, their revisions, editions and sign-off."""
