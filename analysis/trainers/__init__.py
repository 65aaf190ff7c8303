"""Trainers: plugins that learn from features; see docs/how-to/add-a-trainer.md."""
