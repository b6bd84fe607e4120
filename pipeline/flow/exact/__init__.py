"""The exact solver: kernels alone, on plain arrays.

Its idea is read in this order: ``boost`` (one neuron, constant D), ``patterns`` (neurons that share their D),
``carrying`` (the groups through a step), ``residual`` (what couples them), ``following`` and ``crossings``
(where D changes), ``attempt`` (one step), ``pace`` (its length), ``stepping`` (the loop), ``sampling`` (reading
the run). ``compiled`` and ``warm`` turn them into machine code. Knows numbers; the labels are around it.
"""
