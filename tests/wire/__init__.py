"""What goes over the wire, as Postfix's smtp-sink and a wiretap see it: witnesses that share no code with us."""
