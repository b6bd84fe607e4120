"""The Panel application: people look at runs and move lambda with their hand.

In come the front doors of ``pipeline`` and ``catalog``; out go pages. ``application`` serves them, ``security``
says who may ask, ``frame`` is what all pages share, ``visit`` what a page knows of its visitor. ``plots`` are pure
functions from labelled data to pictures, ``views`` wire them to widgets. This package computes nothing that a
stage computes.
"""
