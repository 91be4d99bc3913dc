// Remembers what may have the focus and how it looks without; the focus then reports itself.
(() => {
  const look = (element) =>
    [element, ...element.querySelectorAll("*")].map((part) => {
      const style = getComputedStyle(part);
      const outline = style.outlineStyle === "none" ? "" : `${style.outlineStyle} ${style.outlineWidth}`;
      return [outline, style.boxShadow, style.stroke, style.strokeWidth, style.visibility].join();
    }).join(";");
  const candidates = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex='-1'])");
  const plain = new Map([...candidates].filter((element) => element.checkVisibility()).map((element) => [element, look(element)]));
  const reached = new Set();
  const unseen = new Set();
  const name = (element) => `${element.outerHTML.slice(0, 100)}`;
  document.addEventListener("focusin", ({ target }) => {
    reached.add(target);
    if (plain.get(target) === look(target)) unseen.add(target);
  });
  window.keyboardOutcome = () => ({
    reached: reached.size,
    complaints: [
      ...[...plain.keys()].filter((element) => !reached.has(element)).map((element) => `Tab never reaches ${name(element)}`),
      ...[...unseen].map((element) => `the focus is not seen on ${name(element)}`),
    ],
  });
  return plain.size;
})()
