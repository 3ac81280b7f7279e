const tabs = JSON.parse(document.getElementById("board").textContent);
const buttons = [...document.querySelectorAll(".tabs button")];
const chosen = name => document.getElementById(name)?.selectedIndex ?? 0;
let tab = Math.max(0, tabs.findIndex(t => "#" + encodeURIComponent(t.name) === location.hash));

// A part for a choice.
const part = p => p.html[p.by.map(chosen).join("|")] ?? `<p class="note">${p.name}: nothing for this choice</p>`;
function draw() {
  document.getElementById("tab").innerHTML = tabs[tab].parts.map(p => `<section class="part">${part(p)}</section>`).join("");
  buttons.forEach((button, at) => button.setAttribute("aria-selected", at === tab));
}
buttons.forEach((button, at) => button.addEventListener("click", () => {
  tab = at;
  history.replaceState(null, "", "#" + encodeURIComponent(tabs[at].name));
  draw();
}));
// Another template's name keeps Voilà from answering with the page it holds warm, which is of the default month.
document.querySelectorAll(".filters select").forEach(select => select.addEventListener("change", () =>
  select.id === "month" ? location.assign("?template=month&month=" + encodeURIComponent(select.value) + location.hash) : draw()));
draw();
