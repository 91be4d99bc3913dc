// Text that stands out from what is behind it by less than 4.5, and shapes of charts that do by less than 3, as WCAG 2 counts.
(() => {
  const parts = (color) => {
    const numbers = /^rgba?\(/.test(color) && color.match(/[\d.]+/g).map(Number);
    if (!numbers) throw new Error(`no contrast is known for ${color}`);
    return [numbers[0], numbers[1], numbers[2], numbers[3] ?? 1];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const luminance = (color) => {
    const [r, g, b] = color.slice(0, 3).map((channel) => {
      const share = channel / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const paper = matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0, 1] : [255, 255, 255, 1];
  const behindBox = (element) => {
    if (!element) return paper;
    const own = parts(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, behindBox(element.parentElement));
  };
  const filled = (shape) => {
    const style = getComputedStyle(shape);
    if (style.fill === "none") return [0, 0, 0, 0];
    const [r, g, b, a] = parts(style.fill);
    return [r, g, b, a * Number(style.fillOpacity)];
  };
  // Shapes of a drawing that come before an element lie below it where they cover its centre.
  const behind = (element) => {
    const drawing = element.ownerSVGElement;
    if (!drawing) return behindBox(element);
    const place = element.getBoundingClientRect();
    const [x, y] = [(place.left + place.right) / 2, (place.top + place.bottom) / 2];
    const below = [...drawing.querySelectorAll("rect")].filter((shape) => {
      const box = shape.getBoundingClientRect();
      const before = element.compareDocumentPosition(shape) & Node.DOCUMENT_POSITION_PRECEDING;
      return before && box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
    });
    return below.reduce((color, shape) => over(filled(shape), color), behindBox(drawing));
  };
  const complaints = new Set();
  let checked = 0;
  const demand = (color, element, least, what) => {
    const under = behind(element);
    const found = ratio(over(color, under), under);
    checked += 1;
    if (found < least) complaints.add(`${what}: ${found.toFixed(2)} to 1, and ${least} is the least`);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const [text, element] = [texts.currentNode.data.trim(), texts.currentNode.parentElement];
    if (!text || !element.getClientRects().length) continue;
    const color = element.ownerSVGElement ? filled(element) : parts(getComputedStyle(element).color);
    demand(color, element, 4.5, `the text "${text.slice(0, 60)}" of <${element.localName}>`);
  }
  for (const shape of document.querySelectorAll("svg .line, svg .marker, svg .part, svg .chip")) {
    const { stroke } = getComputedStyle(shape);
    const edge = shape.matches(".line, .published") && stroke !== "none" ? parts(stroke) : filled(shape);
    demand(edge, shape.ownerSVGElement, 3, `the shape <${shape.localName} class="${shape.getAttribute("class")}">`);
  }
  return { checked, complaints: [...complaints] };
})()
