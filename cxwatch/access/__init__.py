"""Who may ask for what: bearer tokens with scopes, and the rules for a machine where nobody set any up."""
