"""What a designer finds on a page, asked of a browser: texts that are cut off, and the families of fonts."""

CUT = """() => {
  const found = []
  const canvas = document.createElement("canvas").getContext("2d")
  const walk = (root) => root.querySelectorAll("*").forEach((element) => {
    if (element.shadowRoot) {
      walk(element.shadowRoot)
    }
    const style = getComputedStyle(element)
    const text = element.matches("input[placeholder]") ? !element.value && element.placeholder
      : element.matches("select:not([multiple])") && element.selectedOptions[0]?.text
    let needed = element.scrollWidth
    if (text) {
      canvas.font = style.font
      needed = canvas.measureText(text).width + parseFloat(style.paddingLeft) + parseFloat(style.paddingRight)
    } else if (style.textOverflow !== "ellipsis" || !element.textContent.trim()) {
      return
    }
    if (element.offsetWidth > 1 && needed > element.clientWidth + 1) {
      found.push(text || element.textContent.trim())
    }
  })
  walk(document)
  return found
}"""
"""The texts of fields and cells that are wider than their place."""

FAMILIES = """() => {
  const found = new Set()
  const walk = (root) => root.querySelectorAll("*").forEach((element) => {
    if (element.shadowRoot) {
      walk(element.shadowRoot)
    }
    const written = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())
    if (element.offsetWidth > 0 && written && !element.matches("code, pre, code *, pre *")) {
      found.add(getComputedStyle(element).fontFamily)
    }
  })
  walk(document)
  return [...found]
}"""
"""The families in which the page's texts are written, code apart."""
