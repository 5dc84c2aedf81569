"use strict";
// Selection, sorting, filtering, theme and copying. The page says everything without it too.
const all = (query, root = document) => Array.from(root.querySelectorAll(query));
const table = document.getElementById("layer-table");
const filter = document.getElementById("filter");
const onlyDifferent = document.getElementById("only-different");
const bodies = () => all("tbody", table);

function select(index, { scroll = false } = {}) {
  all(".selected").forEach((element) => element.classList.remove("selected"));
  all(`[data-layer="${index}"]`).forEach((element) => element.classList.add("selected"));
  const body = document.getElementById(`layer-${index}`);
  if (!scroll || !body) return;
  if (body.hidden) showAll();
  body.scrollIntoView({ block: "center" });
  body.querySelector(".row").focus({ preventScroll: true });
}

function fold(body) {
  const details = body.querySelector(".details");
  details.hidden = !details.hidden;
  body.querySelector(".fold").setAttribute("aria-expanded", String(!details.hidden));
}

function value(body, column, kind) {
  const text = body.rows[0].cells[column].dataset.value;
  if (kind === "text") return text.toLowerCase();
  return text === "" ? -1 : text === "nan" ? Infinity : text === "inf" ? Infinity : Number(text);
}

function sortBy(head) {
  const column = head.cellIndex;
  const kind = head.dataset.sort;
  const first = kind === "text" || column === 0 ? "ascending" : "descending";
  const other = first === "ascending" ? "descending" : "ascending";
  const order = head.getAttribute("aria-sort") === first ? other : first;
  all("th", table).forEach((each) => each.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", order);
  const sign = order === "ascending" ? 1 : -1;
  const keyed = bodies().map((body) => [value(body, column, kind), Number(body.dataset.layer), body]);
  keyed.sort((x, y) => (x[0] < y[0] ? -sign : x[0] > y[0] ? sign : x[1] - y[1]));
  table.append(...keyed.map((entry) => entry[2]));
}

function applyFilter() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const body of bodies()) {
    const text = body.rows[0].textContent.toLowerCase();
    const wanted = !onlyDifferent.checked || body.dataset.status === "different";
    body.hidden = !wanted || !words.every((word) => text.includes(word));
    shown += body.hidden ? 0 : 1;
  }
  const count = bodies().length;
  document.getElementById("shown").textContent = shown === count ? `${count} layers` : `${shown} of ${count} layers`;
}

function showAll() {
  filter.value = "";
  onlyDifferent.checked = false;
  applyFilter();
}

function toggleTheme(button) {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const now = document.documentElement.dataset.theme || system;
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  button.textContent = next === "dark" ? "Light" : "Dark";
}

function copy(button) {
  const range = document.createRange();
  range.selectNodeContents(button.parentElement.querySelector("code"));
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  // The clipboard object is not there for a page opened from a file; the old command is.
  button.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
}

for (const mark of all("a[data-layer]")) {
  mark.addEventListener("click", (event) => {
    event.preventDefault();
    select(mark.dataset.layer, { scroll: true });
  });
}
for (const body of bodies()) {
  body.querySelector(".row").addEventListener("click", () => {
    select(body.dataset.layer);
    fold(body);
  });
}
for (const head of all("th[data-sort]", table)) {
  head.tabIndex = 0;
  head.addEventListener("click", () => sortBy(head));
  head.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      sortBy(head);
    }
  });
}
filter.addEventListener("input", applyFilter);
onlyDifferent.addEventListener("change", applyFilter);
filter.form.addEventListener("submit", (event) => event.preventDefault());
for (const button of all(".copy")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}
const theme = document.getElementById("theme");
theme.textContent = matchMedia("(prefers-color-scheme: dark)").matches ? "Light" : "Dark";
theme.hidden = false;
theme.addEventListener("click", () => toggleTheme(theme));
filter.form.hidden = false;
applyFilter();
