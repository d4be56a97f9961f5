"""What the data say of published claims: one module a family of statements, and ``check`` that runs them all."""
