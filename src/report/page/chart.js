"use strict";
for (const figure of document.querySelectorAll("figure")) {
  const scroll = figure.querySelector(".scroll"), chart = figure.querySelector(".chart");
  const detail = figure.querySelector(".detail"), mark = figure.querySelector(".mark");
  const lanes = [...figure.querySelectorAll(".track")].map(track => [...track.querySelectorAll("a")]).filter(lane => lane.length);
  const all = lanes.flat();
  const start = figure.querySelector("a.guilty") || all[0];
  let zoom = 1;
  const left = thing => thing.getBoundingClientRect().left;
  // On a narrow screen the words beside the mark need what room there is.
  const callout = figure.querySelector(".callout");
  const share = () => scroll.clientWidth > 480 || !callout ? 0.7 : callout.classList.contains("west") ? 0.88 : 0.45;
  const centre = thing => { scroll.scrollLeft += left(thing) - left(scroll) - scroll.clientWidth * share(); };
  const tell = thing => { detail.textContent = thing ? thing.getAttribute("aria-label") : ""; };
  const resize = factor => {
    const middle = (scroll.scrollLeft + scroll.clientWidth / 2) / scroll.scrollWidth;
    zoom = Math.min(16, Math.max(1, zoom * factor));
    chart.style.setProperty("--zoom", zoom);
    if (mark) centre(mark); else scroll.scrollLeft = middle * scroll.scrollWidth - scroll.clientWidth / 2;
  };
  figure.querySelector(".tools").hidden = false;
  figure.querySelector("[data-zoom=in]").addEventListener("click", () => resize(1.6));
  figure.querySelector("[data-zoom=out]").addEventListener("click", () => resize(1 / 1.6));
  const go = figure.querySelector("[data-go]");
  if (mark) go.addEventListener("click", () => { centre(mark); if (start) start.focus({ preventScroll: true }); }); else go.hidden = true;
  // One stop for the Tab key; the arrow keys go on from there.
  for (const thing of all) {
    thing.tabIndex = thing === start ? 0 : -1;
    thing.addEventListener("mouseenter", () => tell(thing));
    thing.addEventListener("focus", () => tell(thing));
  }
  figure.addEventListener("keydown", event => {
    const row = lanes.findIndex(lane => lane.includes(document.activeElement));
    if (row < 0) return;
    const lane = lanes[row], place = lane.indexOf(document.activeElement);
    const nearest = other => other && other.reduce((best, thing) =>
      Math.abs(left(thing) - left(lane[place])) < Math.abs(left(best) - left(lane[place])) ? thing : best);
    const next = { ArrowRight: lane[place + 1], ArrowLeft: lane[place - 1], ArrowDown: nearest(lanes[row + 1]), ArrowUp: nearest(lanes[row - 1]) }[event.key];
    if (!next) return;
    event.preventDefault();
    for (const thing of all) thing.tabIndex = thing === next ? 0 : -1;
    next.focus();
  });
  if (mark) centre(mark);
}
