"""The Panel application: people look at runs and move lambda with their hand.

In come the front doors of ``pipeline`` and ``catalog``; out go pages. This package computes nothing that a
stage computes.
"""
