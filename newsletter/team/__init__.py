"""The people of the desk: who they are, how they come in, what they may do."""
