"""Programs to read and run; ``python -m examples.train`` runs the main ones."""
