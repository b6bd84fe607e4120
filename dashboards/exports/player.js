// The page's own player: a range, a button, the time in words. Expects `words`, one a frame.
const MILLISECONDS = 80
const frame = document.getElementById("frame")
const play = document.getElementById("play")
const when = document.getElementById("when")
let timer = null
function show() {
  when.value = words[frame.value]
  frame.setAttribute("aria-valuetext", words[frame.value])
  const now = window.Bokeh?.documents[0]?.get_model_by_name("now")
  if (now) now.tags = [Number(frame.value)]
}
function stop() {
  clearInterval(timer)
  timer = null
  play.textContent = "▶ Play"
  play.setAttribute("aria-label", "Play")
}
function start() {
  if (frame.value === frame.max) frame.value = 0
  play.textContent = "❚❚ Pause"
  play.setAttribute("aria-label", "Pause")
  timer = setInterval(() => {
    frame.stepUp()
    show()
    if (frame.value === frame.max) stop()
  }, MILLISECONDS)
}
play.addEventListener("click", () => (timer === null ? start() : stop()))
frame.addEventListener("input", show)
