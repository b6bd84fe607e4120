// Draws one frame. Bound by Bokeh: frames, states, functions, neurons, curve, cursor, dot (whose tag is its number).
const i = dot.tags[0]
for (const group of neurons) {
  const [all, held, free] = group.tags
  const across = [], up = [], edge = []
  for (const j of group.data.index) {
    across.push(states.data.across[i * all + j])
    up.push(states.data.up[i * all + j])
    edge.push(states.data.sliding[i * all + j] ? held : free)
  }
  group.data = {index: group.data.index, across, up, edge}
}
if (curve !== null) {
  const count = curve.data.x.length
  curve.data = {x: curve.data.x, y: functions.data.y.slice(i * count, (i + 1) * count)}
}
cursor.location = frames.data.time[i]
dot.data = {time: [frames.data.time[i]], loss: [frames.data.loss[i]]}
