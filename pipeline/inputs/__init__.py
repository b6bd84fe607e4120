"""What comes in: the numbers that public functions take are checked, and what is refused is one line.

``arguments`` checks numbers and tables; ``errors`` has the exceptions that a command prints as one line. They
import nothing of ours, and no library that takes time to load.
"""
