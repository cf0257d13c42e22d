// Elements made by hand. Text only ever becomes text nodes: nothing that people wrote is read as HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.setAttribute("class", value);
    else if (name === "text") node.textContent = value;
    else if (name === "width%") node.style.width = `${value}%`;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);
export const s = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

// Text from outside: set apart, so that what turns the direction of writing turns nothing else.
export const said = (text, props) => h("bdi", props, text === null || text === undefined ? "" : String(text));

// A link to where a post came from; nothing where it leads anywhere but to the web.
export function out(url, ...children) {
  let target = null;
  try {
    target = new URL(url);
  } catch {
    return null;
  }
  if (target.protocol !== "https:" && target.protocol !== "http:") return null;
  return h("a", { class: "open", href: target.href, target: "_blank", rel: "noopener nofollow noreferrer" }, ...children);
}

// Where the focus is in a node, so that it can go back there when all in it is made anew: a link by where it leads, anything else by
// its place.
function focused(node) {
  const active = document.activeElement, path = [];
  if (active === node || !node.contains(active)) return null;
  for (let at = active; at !== node; at = at.parentNode) path.unshift([...at.parentNode.children].indexOf(at));
  return { href: active.getAttribute("href"), tag: active.tagName, path };
}

function refocus(node, was) {
  const link = was.href && node.querySelector(`a[href="${CSS.escape(was.href)}"]`), same = was.path.reduce((at, i) => at && at.children[i], node);
  const to = link || (same && same.tagName === was.tag ? same : null);
  if (to) to.focus({ preventScroll: true });
}

export function put(node, ...children) {
  const was = focused(node);
  node.replaceChildren(...children.flat(3).filter(Boolean));
  if (was) refocus(node, was);
}

// A table. Columns: {name, num, get, cell}; every row is an object.
export function table(caption, columns, rows, props) {
  return h("table", props,
    h("caption", { class: props && props.shown ? null : "hidden" }, caption),
    h("thead", {}, h("tr", {}, columns.map((c) => h("th", { scope: "col", class: c.num ? "num" : null }, c.name)))),
    h("tbody", {}, rows.map((row, i) => h("tr", {}, columns.map((c, k) =>
      h(k === 0 ? "th" : "td", { scope: k === 0 ? "row" : null, class: c.num ? "num" : c.class, "data-label": c.name }, c.get(row, i)))))));
}

// A field to look for names with; `changed` is called once the typing rests. What no name can have is not looked for.
export function finder(label, changed) {
  let due = null, before = "";
  const input = h("input", { type: "search", placeholder: label, "aria-label": label, autocomplete: "off", spellcheck: "false", maxlength: 64, oninput: () => {
    clearTimeout(due);
    due = setTimeout(() => value() !== before && ((before = value()), changed()), 150);
  } });
  const value = () => input.value.toLowerCase().replace(/\s+/g, "-").replace(/[^a-z0-9._-]/g, "");
  return { node: h("div", { class: "filter" }, input), value };
}

// The numbers of small charts, for who wants to read them.
export const asTable = (caption, columns, rows) => h("details", {}, h("summary", {}, "As a table"), table(caption, columns, rows, { class: "compact" }));

// Puts a fresh `details` in the place of the one before, open if that was.
export function redraw(node, details, wanted) {
  details.open = !!node.querySelector("details[open]");
  put(node, wanted ? details : null);
}

export const empty = (title, ...text) => h("div", { class: "empty" }, h("p", { class: "empty-title" }, title), text.map((t) => h("p", {}, t)));
