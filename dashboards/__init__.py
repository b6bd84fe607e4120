"""The Panel application: people look at runs and change lambda with a slider.

It takes the public names of ``pipeline`` and ``catalog`` and makes pages. ``application`` serves the pages
and ``security`` decides which requests are answered. ``page_template`` is what all pages share, and
``page_context`` what a page knows of its visitor. ``plots`` are pure functions from labelled data to plots;
``views`` connect them to widgets. This package computes nothing that a stage computes.
"""
