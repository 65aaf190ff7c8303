// What every page does: theme buttons, times in the reader's zone, components loaded when a page holds them.
const root = document.documentElement;
const COMPONENTS = ["lab-plot", "drop-files"];

function themeShow() {
  const chosen = root.dataset.theme ?? "auto";
  for (const button of document.querySelectorAll("[data-theme-set]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeSet === chosen));
  }
}

function themeSet(theme) {
  if (theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (theme === "auto") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme);
  } catch { /* storage is blocked: the choice lasts for this page */ }
  themeShow();
}

function two(number) {
  return String(number).padStart(2, "0");
}

function timesLocal(scope) {
  for (const time of scope.querySelectorAll("time[datetime][data-local]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const minutes = `${two(at.getHours())}:${two(at.getMinutes())}`;
    const clock = time.dataset.local === "m" ? minutes : `${minutes}:${two(at.getSeconds())}`;
    const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    time.textContent = time.dataset.local === "t" ? clock : `${day} ${clock}`;
    time.title = time.dateTime;
    delete time.dataset.local;
  }
}

/** Fields of times show the reader's zone and are sent as UTC. */
function timeFields(scope) {
  for (const field of scope.querySelectorAll("input[type=datetime-local][data-utc]")) {
    const at = new Date(field.dataset.utc);
    delete field.dataset.utc;
    if (Number.isNaN(at.getTime())) continue;
    field.value = new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
  }
}

function timesSent(form) {
  for (const field of form.querySelectorAll("input[type=datetime-local][name][data-zoned]")) {
    const at = new Date(field.value);
    const sent = document.createElement("input");
    sent.type = "hidden";
    sent.name = field.name;
    sent.value = Number.isNaN(at.getTime()) ? "" : at.toISOString();
    field.removeAttribute("name");
    form.append(sent);
  }
}

async function copied(button) {
  await navigator.clipboard?.writeText(document.querySelector(button.dataset.copy).textContent.trim());
  const said = document.getElementById("ui-text")?.dataset.copied;
  if (!said) return;
  const before = button.textContent;
  button.textContent = said;
  setTimeout(() => { button.textContent = before; }, 1500);
}

function prepare(scope) {
  timesLocal(scope);
  timeFields(scope);
  for (const name of COMPONENTS) {
    if (!customElements.get(name) && scope.querySelector(name)) import(`./components/${name}.js`);
  }
}

document.addEventListener("click", (event) => {
  const theme = event.target.closest("[data-theme-set]");
  if (theme) themeSet(theme.dataset.themeSet);
  const copy = event.target.closest("[data-copy]");
  if (copy) copied(copy);
});
document.addEventListener("submit", (event) => timesSent(event.target), true);
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});
document.addEventListener("htmx:afterSwap", (event) => prepare(event.detail.elt.parentElement ?? document));
themeShow();
prepare(document);
