"""From words to notebooks: outline, build, check, lint, template of a new lesson."""
