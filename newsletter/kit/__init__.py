"""What every floor stands on: settings, database, tokens, errors, clock, templates, audit."""
