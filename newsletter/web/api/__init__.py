"""What programs may ask for: to sign somebody up, and to keep the members of a publication."""
