"""The end of a step: who slides there, and what the record keeps of it."""

from __future__ import annotations

from pipeline.flow.collocation.comparing import change_in_step, copy_force, root_mean_square
from pipeline.flow.collocation.compiling import inner
from pipeline.flow.collocation.correction import ON
from pipeline.flow.collocation.events import PLAN, PLAN_AFTER, TIME, UNTIL, UP
from pipeline.flow.collocation.network import balance, choose_units
from pipeline.flow.collocation.projection import find_basis, put_on_boundaries
from pipeline.flow.collocation.workspace import CROSSINGS, NOW, REPELLED, SLIDINGS, VANISHED

NEAR = 1e-4
"""How near to 0 the w of a neuron comes on its way through a step, over that way, if it meets 0."""
VANISHING = 1e-5
"""|w|/|a| of a shrinking neuron that is on its way to 0: its steps become ever shorter there."""


@inner
def meets_zero(network, j):
    """Whether the w of neuron j reaches 0: where |a| > |w| a sliding one does in finite time."""
    if not network.conserved[j] > 0.0:
        return False
    along, way, start, end = 0.0, 0.0, 0.0, 0.0
    for c in range(network.end_w.shape[1]):
        change = network.end_w[j, c] - network.start_w[j, c]
        along -= network.start_w[j, c] * change
        way += change * change
        start += network.start_w[j, c] ** 2
        end += network.end_w[j, c] ** 2
    if end < start and end <= VANISHING * VANISHING * network.conserved[j]:
        return True
    if not 0.0 < along <= way:
        return False
    left = 0.0
    for c in range(network.end_w.shape[1]):
        left += (network.start_w[j, c] + along / way * (network.end_w[j, c] - network.start_w[j, c])) ** 2
    return left <= NEAR * NEAR * way


@inner
def accept(points, state, which):
    """Go to the step's end; who slides there is put on the boundary to rounding, and noted in ``held``."""
    network, now, held = state.network, state.notes[which], state.held
    m, d = network.end_w.shape
    count, basis = 0, state.corners.basis
    for e in range(now.number[0]):
        j = now.neuron[e]
        if now.values[e, UNTIL] > 0.0 and network.start_a[j] * network.end_a[j] < 0.0:
            state.counts[REPELLED] += 1
        if now.values[e, UNTIL] >= 1.0:
            held.neuron[count], held.point[count] = now.neuron[e], now.point[e]
            held.values[count, TIME], held.values[count, UP] = 0.0, 1.0
            held.values[count, PLAN], held.values[count, PLAN_AFTER] = 1.0, 0.0
            count += 1
        if now.values[e, TIME] > 0.0:
            state.counts[CROSSINGS] += 1
    held.number[0] = count
    state.counts[SLIDINGS] = max(state.counts[SLIDINGS], count)
    for j in range(m):
        state.counts[VANISHED] += meets_zero(network, j)
        network.start_a[j] = network.end_a[j]
        for c in range(d):
            network.start_w[j, c] = network.end_w[j, c]
    balance(network)
    for j in range(m if count > 0 else 0):
        rank = find_basis(j, (held.neuron, held.point, count), points, basis)
        if rank > 0:
            put_on_boundaries(network.start_w[j], rank, basis)
    choose_units(network)


@inner
def write_start(state, record, place, pairs):
    """Write where a step starts; return how many pairs that slide are in the record then."""
    network, held = state.network, state.held
    m, d = network.start_w.shape
    record.time[place] = state.clock[NOW]
    for j in range(m):
        record.a[place, j] = network.start_a[j]
        record.scale[place, j] = network.scale[j]
        for c in range(d):
            record.w[place, j, c] = network.start_w[j, c]
    record.held[place, 0] = pairs
    for e in range(held.number[0]):
        record.pairs[pairs, 0], record.pairs[pairs, 1] = held.neuron[e], held.point[e]
        pairs += 1
    record.held[place, 1] = pairs
    return pairs


@inner
def write_end(state, record, place, step, scale):
    """Write the force over an accepted step, and how far the network went in it."""
    record.length[place] = step
    record.corrected[place] = state.correction.control[ON]
    copy_force(state.network.force, record.force[place])
    copy_force(state.network.force, state.force)
    outputs = root_mean_square(state.outputs[2], state.outputs[0]) / scale
    record.movement[place] = change_in_step(state.network) + outputs
    for k in range(state.outputs.shape[1]):
        state.outputs[0, k] = state.outputs[2, k]
