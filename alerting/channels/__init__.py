"""Where messages go: one module a place, all behind `protocol.Channel`."""
