"""The commands: one module per sub-command."""
