// Runs before the app: sets the theme that was chosen on this machine, so that the first paint already has it.
// Without a choice the system's setting applies, by `color-scheme: light dark`.
try {
  const theme = localStorage.getItem("latchkey.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is blocked: the system's setting applies.
}
