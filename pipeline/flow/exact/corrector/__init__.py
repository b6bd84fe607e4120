"""One step: the residual that is assumed, what the network gives instead, and how long a step may be."""
