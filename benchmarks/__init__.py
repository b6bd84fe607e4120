"""Measurements, printed as tables; never part of a test. ``make bench`` runs them all."""
