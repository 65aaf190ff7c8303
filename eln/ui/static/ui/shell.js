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

function prepare(scope) {
  timesLocal(scope);
  for (const name of COMPONENTS) {
    if (!customElements.get(name) && scope.querySelector(name)) import(`./components/${name}.js`);
  }
}

document.addEventListener("click", (event) => {
  const theme = event.target.closest("[data-theme-set]");
  if (theme) themeSet(theme.dataset.themeSet);
  const copy = event.target.closest("[data-copy]");
  if (copy) navigator.clipboard?.writeText(document.querySelector(copy.dataset.copy).textContent.trim());
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});
document.addEventListener("htmx:afterSwap", (event) => prepare(event.detail.elt.parentElement ?? document));
themeShow();
prepare(document);
