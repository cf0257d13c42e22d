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

// A link to where a post came from; plain text where it leads anywhere but to the web.
export function out(url, ...children) {
  let target = null;
  try {
    target = new URL(url);
  } catch {
    return h("span", {}, ...children);
  }
  if (target.protocol !== "https:" && target.protocol !== "http:") return h("span", {}, ...children);
  return h("a", { href: target.href, target: "_blank", rel: "noopener nofollow noreferrer" }, ...children);
}

export function put(node, ...children) {
  node.replaceChildren(...children.flat(3).filter(Boolean));
}

// A table. Columns: {name, num, get, cell}; every row is an object.
export function table(caption, columns, rows, props) {
  return h("table", props,
    h("caption", { class: props && props.shown ? null : "hidden" }, caption),
    h("thead", {}, h("tr", {}, columns.map((c) => h("th", { scope: "col", class: c.num ? "num" : null }, c.name)))),
    h("tbody", {}, rows.map((row, i) => h("tr", {}, columns.map((c, k) =>
      h(k === 0 ? "th" : "td", { scope: k === 0 ? "row" : null, class: c.num ? "num" : c.class, "data-label": c.name }, c.get(row, i)))))));
}

export const empty = (title, ...text) => h("div", { class: "empty" }, h("p", { class: "empty-title" }, title), text.map((t) => h("p", {}, t)));
