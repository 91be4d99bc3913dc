// What makes the page wider than the screen, and words of drawings that are too small to read or lie beyond their drawing. Boxes
// that scroll by themselves may hold more than they show.
((screen) => {
  const complaints = [];
  const scrolls = (element) =>
    element && (!["visible", "clip"].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
  const width = Math.max(document.scrollingElement.scrollWidth, innerWidth);
  if (width > screen) {
    const wide = [...document.body.querySelectorAll("*")].filter(
      (element) => element.getBoundingClientRect().right > screen + 0.5 && !scrolls(element.parentElement),
    );
    const names = wide.slice(0, 5).map((element) => element.outerHTML.slice(0, 80));
    complaints.push(`the page is ${width} px wide on a screen of ${screen} px: ${names.join(" | ")}`);
  }
  for (const text of document.querySelectorAll("svg text")) {
    const matrix = text.getScreenCTM();
    const size = parseFloat(getComputedStyle(text).fontSize) * Math.hypot(matrix.a, matrix.b);
    if (size < 9) complaints.push(`the text "${text.textContent}" is ${size.toFixed(1)} px high`);
    const [own, drawing] = [text, text.ownerSVGElement].map((element) => element.getBoundingClientRect());
    const beyond = own.left < drawing.left - 1 || own.right > drawing.right + 1 || own.bottom > drawing.bottom + 1;
    if (beyond) complaints.push(`the text "${text.textContent}" lies beyond its drawing`);
  }
  return complaints;
})
