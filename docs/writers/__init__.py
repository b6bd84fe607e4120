"""What of these pages is written by the code that they are about.

Each module has one function that returns MyST Markdown: the data format from the schema, the command line from
click, the theory table from its statements, the architecture from the imports. They import no Sphinx, so that
tests call them; :mod:`writers.written` puts them into pages.
"""
