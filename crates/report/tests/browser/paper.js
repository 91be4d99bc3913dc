// Text that is not on paper, and what is cut off at its edge. What only a screen has a use for may be missing.
((width) => {
  const complaints = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const [text, element] = [texts.currentNode.data.trim(), texts.currentNode.parentElement];
    if (!text || element.closest("nav, .skip, .reader, style, svg title, svg desc")) continue;
    const shown = element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
    if (!shown) complaints.push(`"${text.slice(0, 60)}" of <${element.localName}> is not printed`);
  }
  for (const element of document.body.querySelectorAll("*")) {
    const clips = getComputedStyle(element).overflowX !== "visible";
    if (clips && !element.closest("svg") && element.scrollWidth > element.clientWidth) {
      complaints.push(`${element.outerHTML.slice(0, 80)} is cut off`);
    }
  }
  const wide = [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > width + 0.5);
  for (const element of wide.slice(0, 5)) complaints.push(`${element.outerHTML.slice(0, 80)} goes beyond the sheet`);
  return complaints;
})
