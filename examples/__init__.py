"""Examples; each one runs."""
