// What makes the page wider than the screen; boxes that scroll by themselves may hold more than they show.
((screen) => {
  const width = Math.max(document.scrollingElement.scrollWidth, innerWidth);
  if (width <= screen) return [];
  const scrolls = (element) =>
    element && (!["visible", "clip"].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
  const wide = [...document.body.querySelectorAll("*")].filter(
    (element) => element.getBoundingClientRect().right > screen + 0.5 && !scrolls(element.parentElement),
  );
  const names = wide.slice(0, 5).map((element) => element.outerHTML.slice(0, 80));
  return [`the page is ${width} px wide on a screen of ${screen} px: ${names.join(" | ")}`];
})
