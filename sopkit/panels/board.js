const tabs = JSON.parse(document.getElementById("board").textContent);
const buttons = [...document.querySelectorAll(".tabs button")];
const filters = [...document.querySelectorAll(".filters select")];
const chosen = name => document.getElementById(name)?.selectedIndex ?? 0;
let tab = Math.max(0, tabs.findIndex(t => "#" + encodeURIComponent(t.name) === location.hash));

// A part for a choice; what it cannot be asked for is said beside it.
function part(p) {
  const html = p.html[p.by.map(chosen).join("|")] ?? `<p class="note">${p.name}: choose all families or all markets; the numbers below hold both</p>`;
  const whole = filters.filter(f => ["family", "market"].includes(f.id) && f.selectedIndex && !p.by.includes(f.id));
  const said = whole.map(f => f.options[0].text).join(", ");
  return html && said ? `<p class="whole">${said}: not planned by ${whole.map(f => f.id).join(" and ")} here</p>${html}` : html;
}
function draw() {
  const parts = tabs[tab].parts;
  document.getElementById("tab").innerHTML = parts.map(p => `<section class="part${p.half ? " half" : ""}">${part(p)}</section>`).join("");
  buttons.forEach((button, at) => button.setAttribute("aria-selected", at === tab));
  filters.filter(f => f.id !== "month").forEach(f => {
    f.disabled = !parts.some(p => p.by.includes(f.id));
    f.parentNode.classList.toggle("off", f.disabled);
    f.parentNode.title = f.disabled ? `Nothing under ${tabs[tab].name} differs by ${f.id}` : "";
  });
}
function open(at) {
  tab = at;
  history.replaceState(null, "", "#" + encodeURIComponent(tabs[at].name));
  draw();
}
buttons.forEach((button, at) => button.addEventListener("click", () => open(at)));
document.getElementById("tab").addEventListener("click", event => {
  const family = event.target.dataset.family;
  if (family === undefined) return;
  const select = document.getElementById("family");
  select.selectedIndex = Math.max(0, [...select.options].findIndex(option => option.text === family));
  open(tabs.findIndex(t => t.parts.some(p => p.name === "Family page")));
});
// Another template's name keeps Voilà from answering with the page it holds warm, which is of the default month.
filters.forEach(select => select.addEventListener("change", () =>
  select.id === "month" ? location.assign("?template=month&month=" + encodeURIComponent(select.value) + location.hash) : draw()));
if (location.protocol !== "file:") document.querySelector(".pages").remove();
draw();
