// Sets the chosen theme before the first paint; a classic script, because modules run after it.
(() => {
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch { /* storage is blocked: follow the system */ }
})();
