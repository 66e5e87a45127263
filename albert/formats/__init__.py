"""Published checkpoint formats: a module each."""
