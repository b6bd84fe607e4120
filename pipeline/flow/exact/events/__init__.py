"""Where an activation pattern changes: which neurons reach a boundary, when, and what they do there."""
