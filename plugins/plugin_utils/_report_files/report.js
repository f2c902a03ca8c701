"use strict";
// Draws tests of many nodes on canvases: a million pairs would be too many elements. Everything it shows is in the page itself.

// Up to so many nodes a matrix of all of them can be read.
const FEW = 128;
const byId = (id) => document.getElementById(id);
const element = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};
const median = (values) => {
  const ordered = [...values].sort((a, b) => a - b);
  const middle = ordered.length >> 1;
  return ordered.length % 2 ? ordered[middle] : (ordered[middle - 1] + ordered[middle]) / 2;
};
const percent = (ratio) => `${(100 * ratio).toFixed(1)}%`;
const colours = () => {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(["s0", "s1", "s2", "s3", "s4", "none", "self", "line", "soft", "ink"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
};

function Drawing(holder, data) {
  const groupOf = new Int32Array(data.nodes.length);
  data.groups.forEach((group, place) => groupOf.fill(place, group.first, group.first + group.count));
  // The first matrix shows each node where that can be read, or else each leaf.
  const whole = data.nodes.length <= FEW;
  const names = whole ? data.nodes : data.groups.map((group) => group.name);
  const step = (ratio) => `s${data.steps.filter((limit) => ratio < limit).length}`;
  const told = element("p", { className: "told" });
  const rail = element("select", {}, new Option("all rails", "-1"), ...data.rails.map((number, place) => new Option(`rail ${number}`, place)));
  const shown = element("select", {}, new Option("median of the pairs", "median"), new Option("slowest pair", "slowest"));
  const leavesAt = element("canvas", { tabIndex: 0 });
  const detail = element("div", { hidden: true });
  const detailTitle = element("h3");
  const detailAt = element("canvas");
  detail.append(detailTitle, detailAt);
  const nodesAt = element("canvas");
  rail.ariaLabel = "rail";
  shown.ariaLabel = "what a cell shows";
  nodesAt.ariaLabel = "nodes by rail";
  const word = data.groups.every((group) => group.name.includes(" to ")) ? "groups of nodes" : "leaves";
  const title = whole ? "Pairs of nodes" : `Pairs between ${word}`;
  const help = whole ? "Point at a cell to read it." : "Point at a cell to read it; click one to see its nodes.";
  leavesAt.ariaLabel = title;
  holder.append(
    element("div", { className: "controls" }, rail, shown, element("span", { className: "soft small", textContent: help })),
    element("h3", { textContent: title }), leavesAt, told, detail,
    element("h3", { textContent: data.rails.length > 1 ? "Each node, rail by rail (rails from top to bottom)" : "Each node" }), nodesAt,
  );
  let selected = null;

  const railsShown = () => (rail.value === "-1" ? data.rails.map((_number, place) => place) : [Number(rail.value)]);
  // Calls back with row, place of the rail, and ratio: null where nothing came of the measurement, undefined where nothing is expected.
  const each = (row, places, callback) => {
    for (const place of places) {
      const rate = row[5 + place];
      if (rate !== -1) callback(place, rate === null ? null : data.expected[row[4]] ? rate / data.expected[row[4]] : undefined, rate);
    }
  };
  const cellOf = (cells, key) => cells.get(key) || cells.set(key, { ratios: [], silent: 0, lines: [] }).get(key);
  const add = (cell, ratio) => (ratio === null ? (cell.silent += 1) : ratio !== undefined && cell.ratios.push(ratio));
  const value = (cell, slowest) => (cell.ratios.length ? (slowest ? Math.min(...cell.ratios) : median(cell.ratios)) : null);
  const words = (cell) => {
    const silent = cell.silent ? `, ${cell.silent} without a result` : "";
    if (!cell.ratios.length) return `nothing was measured${silent}`;
    return `${cell.ratios.length} measurements, median ${percent(median(cell.ratios))} of what is expected, slowest ${percent(Math.min(...cell.ratios))}${silent}`;
  };

  function prepare(canvas, width, height) {
    const scale = window.devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    context.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    return context;
  }
  function paint(context, palette, x, y, size, cell, slowest) {
    const ratio = cell && value(cell, slowest);
    context.fillStyle = cell ? (ratio === null ? palette.none : palette[step(ratio)]) : palette.self;
    context.fillRect(x, y, size, size);
  }
  const at = (canvas, event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * parseFloat(canvas.style.width)) / box.width, ((event.clientY - box.top) * parseFloat(canvas.style.height)) / box.height];
  };

  function square(canvas, labels, most, cells, describe) {
    const palette = colours();
    const left = Math.min(180, Math.max(...labels[0].map((name) => name.length)) * 6.6 + 12);
    const top = Math.min(150, Math.max(...labels[1].map((name) => name.length)) * 6.6 + 12);
    const room = Math.max(300, holder.clientWidth - left - 4);
    const size = Math.max(3, Math.min(most, Math.floor(room / labels[1].length)));
    const gap = size > 8 ? 1 : 0;
    const context = prepare(canvas, left + labels[1].length * size, top + labels[0].length * size);
    const slowest = shown.value === "slowest";
    const every = Math.ceil(12 / size);
    context.fillStyle = palette.soft;
    labels[0].forEach((name, row) => row % every || context.fillText(name, 0, top + row * size + size / 2 + 4, left - 6));
    labels[1].forEach((name, column) => {
      if (column % every) return;
      context.save();
      context.translate(left + column * size + size / 2 + 4, top - 6);
      context.rotate(-Math.PI / 2);
      context.fillText(name, 0, 0, top - 8);
      context.restore();
    });
    for (let row = 0; row < labels[0].length; row += 1)
      for (let column = 0; column < labels[1].length; column += 1) paint(context, palette, left + column * size, top + row * size, size - gap, cells.get(row * labels[1].length + column), slowest);
    const find = (event) => {
      const [x, y] = at(canvas, event);
      const column = Math.floor((x - left) / size);
      const row = Math.floor((y - top) / size);
      return row >= 0 && column >= 0 && row < labels[0].length && column < labels[1].length ? [row, column] : null;
    };
    canvas.onmousemove = (event) => {
      const found = find(event);
      if (found) told.textContent = describe(found[0], found[1], cells.get(found[0] * labels[1].length + found[1]));
    };
    return find;
  }

  function drawLeaves() {
    const count = names.length;
    const cells = new Map();
    const places = railsShown();
    for (const row of data.rows) {
      const a = whole ? row[0] : groupOf[row[0]];
      const b = whole ? row[1] : groupOf[row[1]];
      each(row, places, (_place, ratio) => {
        add(cellOf(cells, a * count + b), ratio);
        if (a !== b) add(cellOf(cells, b * count + a), ratio);
      });
    }
    const find = square(leavesAt, [names, names], 26, cells, (a, b, cell) => `${names[a]} with ${names[b]}: ${cell ? words(cell) : "not measured"}`);
    leavesAt.onclick = (event) => {
      selected = (!whole && find(event)) || selected;
      drawDetail();
    };
  }

  function drawDetail() {
    detail.hidden = !selected;
    if (!selected) return;
    const [down, across] = selected.map((place) => data.groups[place]);
    const inside = (node, group) => node >= group.first && node < group.first + group.count;
    const cells = new Map();
    const places = railsShown();
    for (const row of data.rows)
      for (const [a, b] of [[row[0], row[1]], [row[1], row[0]]])
        if (inside(a, down) && inside(b, across))
          each(row, places, (place, ratio, rate) => {
            const cell = cellOf(cells, (a - down.first) * across.count + (b - across.first));
            add(cell, ratio);
            const against = ratio ? `${rate} ${data.unit}, ${percent(ratio)} of ${data.expected[row[4]].toPrecision(4)}` : rate === null ? "nothing came of it" : `${rate} ${data.unit}`;
            cell.lines.push(`rail ${data.rails[place]}, round ${row[2]}${row[3] ? " (to confirm)" : ""}: ${against}`);
          });
    const shownNames = [down, across].map((group) => data.nodes.slice(group.first, group.first + group.count));
    detailTitle.textContent = down === across ? `Pairs within ${down.name}` : `Pairs of ${down.name} with ${across.name}`;
    square(detailAt, shownNames, 22, cells, (a, b, cell) => `${shownNames[0][a]} with ${shownNames[1][b]}: ${cell ? cell.lines.slice(0, 8).join("; ") : "not measured"}`);
  }

  function drawNodes() {
    const palette = colours();
    const rails = data.rails.length;
    const cells = new Map();
    const places = data.rails.map((_number, place) => place);
    for (const row of data.rows)
      each(row, places, (place, ratio) => {
        add(cellOf(cells, row[0] * rails + place), ratio);
        add(cellOf(cells, row[1] * rails + place), ratio);
      });
    const size = rails > 1 ? 8 : 14;
    const width = Math.max(300, holder.clientWidth);
    let x = 0;
    let y = 0;
    const blocks = data.groups.map((group) => {
      const wide = Math.max(group.count * size, group.name.length * 7) + 16;
      if (x && x + wide > width) {
        x = 0;
        y += rails * size + 30;
      }
      const block = { group, x, y: y + 18 };
      x += wide;
      return block;
    });
    const context = prepare(nodesAt, width, y + rails * size + 30);
    for (const block of blocks) {
      context.fillStyle = palette.soft;
      context.fillText(block.group.name, block.x, block.y - 5);
      for (let node = 0; node < block.group.count; node += 1)
        for (let place = 0; place < rails; place += 1)
          paint(context, palette, block.x + node * size, block.y + place * size, size - 1, cells.get((block.group.first + node) * rails + place), false);
    }
    nodesAt.onmousemove = (event) => {
      const [left, top] = at(nodesAt, event);
      for (const block of blocks) {
        const node = Math.floor((left - block.x) / size);
        const place = Math.floor((top - block.y) / size);
        if (node >= 0 && node < block.group.count && place >= 0 && place < rails) {
          const cell = cells.get((block.group.first + node) * rails + place);
          nodesAt.title = `${data.nodes[block.group.first + node]}${rails > 1 ? `, rail ${data.rails[place]}` : ""}: ${cell ? words(cell) : "not measured"}`;
          return;
        }
      }
      nodesAt.title = "";
    };
  }

  const draw = () => {
    drawLeaves();
    drawDetail();
    drawNodes();
  };
  rail.onchange = draw;
  shown.onchange = draw;
  draw();
  return draw;
}

const drawings = [...document.querySelectorAll(".drawing")].map((holder) => Drawing(holder, JSON.parse(byId(holder.dataset.from).textContent)));
const redraw = () => drawings.forEach((draw) => draw());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
let later = 0;
window.addEventListener("resize", () => {
  clearTimeout(later);
  later = setTimeout(redraw, 150);
});

const search = byId("search");
if (search) {
  search.hidden = false;
  search.oninput = () => {
    const wanted = search.value.trim().toLowerCase();
    for (const finding of document.querySelectorAll("details.finding")) finding.hidden = Boolean(wanted) && !finding.textContent.toLowerCase().includes(wanted);
    for (const group of document.querySelectorAll("details.group")) {
      group.hidden = !group.querySelector("details.finding:not([hidden])");
      if (wanted) group.open = !group.hidden;
    }
  };
}
// A link to a finding opens it, and what it is in.
const reveal = () => {
  const target = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
  for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  if (target) target.scrollIntoView();
};
window.addEventListener("hashchange", reveal);
reveal();
window.addEventListener("beforeprint", () => document.querySelectorAll("details.finding").forEach((finding) => finding.closest("details.group") || (finding.open = true)));
document.documentElement.dataset.drawn = "yes";
