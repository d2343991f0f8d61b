"""What changed, as records for others to build on: windows and incidents, each with a revision. docs/export.md."""
