"""Stage 3: what happens along the trajectory, in the paper's words.

In come the labelled data and trajectory; out go the roles of the neurons, the plateaus, the four phases and
their times, measured beside predicted. Knows nothing of how the trajectory was computed.
"""

from pipeline.phases.label import label_phases

__all__ = ["label_phases"]
