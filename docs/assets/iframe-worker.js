// Worker for pages that are opened from disk, where browsers start none: the script runs in a hidden frame instead.
// The theme would fetch one with this name from another server.
if (location.protocol === "file:") window.Worker = class extends EventTarget {
  constructor(url) {
    super()
    this.frame = document.body.appendChild(Object.assign(document.createElement("iframe"), { hidden: true }))
    const inside = this.frame.contentWindow
    addEventListener("message", event => {
      if (event.source !== inside) return
      event.stopImmediatePropagation()
      this.dispatchEvent(new MessageEvent("message", { data: event.data }))
    })
    this.ready = new Promise(resolve => {
      const made = inside.document
      const add = (words, then) => {
        const script = Object.assign(made.createElement("script"), words)
        if (then) script.onload = then
        made.body.appendChild(script)
      }
      made.open()
      made.write("<body></body>")
      made.close()
      add({ text: "postMessage = data => parent.postMessage(data, '*')" })
      add({ src: new URL(url, document.baseURI).href }, resolve)
    })
  }
  postMessage(data) {
    const inside = this.frame.contentWindow
    this.ready.then(() => inside.dispatchEvent(new MessageEvent("message", { data, source: window })))
  }
  terminate() {
    this.frame.remove()
  }
}
