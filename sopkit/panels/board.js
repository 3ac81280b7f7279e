let tabs = [], tab = 0;
const buttons = [...document.querySelectorAll(".tabs button")];
const filters = [...document.querySelectorAll(".filters select")];
const chosen = name => document.getElementById(name)?.selectedIndex ?? 0;
const said = {family: "family", market: "market", measure: "units or money", size: "months or quarters"};
const whole = {family: "is of the whole company", market: "is of all markets together", measure: "is in the unit that it names", size: "is not summed by quarter"};

// A part for a choice, and the filters that leave it as it is; one that lists families marks the chosen.
const part = p => p.html[p.by.map(chosen).join("|")] ?? `<p class="note">${p.name} is not drawn of this choice: choose a family, all families or all markets</p>`;
const unmoved = p => filters.filter(f => f.selectedIndex && whole[f.id] && !p.by.includes(f.id) && part(p) && !(f.id === "family" && part(p).includes("data-family")));
function draw() {
  const parts = tabs[tab].parts, grey = new Set(parts.flatMap(unmoved));
  const told = [...grey].map(f => `<p class="part whole">${f.selectedOptions[0].innerHTML}: what is grey below ${whole[f.id]}</p>`);
  document.getElementById("tab").innerHTML = told.join("") + parts.map(p => `<section class="part${p.half ? " half" : ""}${unmoved(p).length ? " grey" : ""}">${part(p)}</section>`).join("");
  document.querySelectorAll("a[data-family]").forEach(a => a.closest("tr").classList.toggle("chosen", chosen("family") && a.dataset.family === filters.find(f => f.id === "family").value));
  document.querySelectorAll("figure>div").forEach(plot => {  // where it is wider than the screen, it opens at the plan's start
    const start = plot.querySelector("#start");
    if (start) plot.scrollLeft = start.getBoundingClientRect().left - plot.getBoundingClientRect().left - 80;
  });
  buttons.forEach((button, at) => button.setAttribute("aria-selected", at === tab));
  filters.filter(f => f.id !== "month").forEach(f => {
    const at = (p, place) => p.html[p.by.map(name => name === f.id ? place : chosen(name)).join("|")];
    f.disabled = !parts.some(p => [...f.options].some((_, place) => at(p, place) !== at(p, f.selectedIndex)));
    f.parentNode.classList.toggle("off", f.disabled);
    f.parentNode.title = f.disabled ? `Nothing shown under ${tabs[tab].name} changes with ${said[f.id]}` : "";
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
filters.forEach(select => select.addEventListener("change", () =>
  select.id === "month" ? location.assign("?month=" + encodeURIComponent(select.value) + location.hash) : draw()));
// A server has a page of steps beside each board; it is asked every minute whether what it answered with still stands.
const served = "served" in document.querySelector(".filters").dataset;
if (location.protocol !== "file:" && !served) document.querySelector(".pages").remove();
const stands = () => fetch(location.pathname, {method: "HEAD"}).then(answer => answer.ok && answer.headers.get("etag"));
async function watch(first) {
  await new Promise(done => setTimeout(done, 60_000));
  const now = await stands().catch(() => first);
  if (!now || now === first) return watch(first);
  const home = /board\.html$/.test(location.pathname) ? "../" : "./";
  document.querySelector(".filters").insertAdjacentHTML("beforebegin", `<a class="newer" href="${home}">A newer pack stands: show it</a>`);
}
const held = Uint8Array.from(atob(document.getElementById("board").textContent), c => c.charCodeAt(0));
new Response(new Blob([held]).stream().pipeThrough(new DecompressionStream("deflate"))).json().then(unpacked => {
  tabs = unpacked;
  tab = Math.max(0, tabs.findIndex(t => "#" + encodeURIComponent(t.name) === location.hash));
  draw();
});
if (served) stands().then(watch);
