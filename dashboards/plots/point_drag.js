// One drag in a plot: called when it begins, at each move, and when it ends, with the arguments of point_drag.py.
const columns = points.data instanceof Map ? Object.fromEntries(points.data) : points.data
const { x, y, event_name } = cb_obj

if (event_name === "panstart") {
  const across = plot.inner_width / (plot.x_range.end - plot.x_range.start)
  const up = plot.inner_height / (plot.y_range.end - plot.y_range.start)
  const away = Array.from(columns.x, (_, k) => Math.hypot((columns.x[k] - x) * across, (columns.y[k] - y) * up))
  const dot = away.indexOf(Math.min(...away))
  // A tool that a person has selected takes precedence.
  const free = plot.toolbar.gestures.pan.active == null && !points.tags.includes(fixed)
  points.grasp = free && away[dot] < reach ? { dot, dx: columns.x[dot] - x, dy: columns.y[dot] - y, told: 0 } : null
}

const { grasp } = points
if (grasp != null && event_name === "pan") {
  columns.x[grasp.dot] = x + grasp.dx
  columns.y[grasp.dot] = y + grasp.dy
  points.change.emit()
}
if (grasp != null && event_name !== "panstart") {
  const now = performance.now()
  if (event_name === "panend" || now - grasp.told >= pause) {
    grasp.told = now
    // Without check_eq: the present columns have moved already and would compare as equal.
    points.setv({ data: { x: Array.from(columns.x), y: Array.from(columns.y) } }, { check_eq: false })
  }
}
