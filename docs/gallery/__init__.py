"""The gallery: a page for each experiment, written from runs of the catalog by ``make gallery``.

In go the presets and the texts in ``prose/``; out come the pages (``*.md``) and ``pictures/``, which are not kept
in the repository, but for those of the slow experiments. ``experiments`` says which runs a page tells of,
``recording`` makes them by the commands that the page shows and keeps what they said, ``rendering`` puts their
numbers into the texts: none is typed by hand. ``excess`` draws the sweep's figure, ``make_gallery`` strings it
together.
"""
