// Keys in lists and on pages of one thing: j k move, letters press the button that names them, / searches, n shows new.
// Letters do nothing inside fields, and nothing at all once switched off. Every key is also a button or a link.
"use strict";
(() => {
  const KEPT = "cxwatch-letters-off";
  const off = () => { try { return localStorage.getItem(KEPT) === "1"; } catch { return false; } };
  const box = document.getElementById("letters");
  if (box) {
    box.checked = !off();
    box.addEventListener("change", () => { try { localStorage.setItem(KEPT, box.checked ? "0" : "1"); } catch { /* not kept */ } });
  }
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const at = () => document.activeElement?.closest("[data-row]") ?? document.querySelector("[data-row].chosen, [data-row].first");

  function move(step) {
    const all = rows(), here = document.querySelector("[data-row].chosen") ?? document.activeElement?.closest("[data-row]");
    const next = all[here ? Math.min(all.length - 1, Math.max(0, all.indexOf(here) + step)) : 0];
    if (!next) return;
    for (const row of all) row.classList.toggle("chosen", row === next);
    next.querySelector("a[data-open]")?.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  function press(key) {
    const row = at();
    const button = row?.querySelector(`[data-key="${key}"]`) ?? [...document.querySelectorAll(`[data-key="${key}"]`)].find((one) => !one.closest("[data-row]"));
    if (!button) return false;
    if (button.matches("input")) button.focus(); else button.click();
    return true;
  }

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && field?.form) { field.form.requestSubmit(); return; }
    if (field && !["checkbox", "radio"].includes(field.type)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || off()) return;
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "?") document.getElementById("letters")?.focus();
    else if (event.key === "n") document.getElementById("show-new")?.click();
    else if (event.key.length !== 1 || !/[a-z/]/.test(event.key) || !press(event.key)) return;
    event.preventDefault();
  });

  for (const form of document.querySelectorAll("form[data-send]")) {
    form.addEventListener("change", () => form.requestSubmit());
  }
  document.addEventListener("submit", (event) => {  // empty choices make long addresses, and a second click is no second deed
    if (event.target.method === "get") {
      for (const one of event.target.elements) if (one.name && one.value === "") one.disabled = true;
    } else if (event.target.dataset.sent) {
      event.preventDefault();
    } else {
      event.target.dataset.sent = "1";
    }
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) { delete form.dataset.sent; for (const one of form.elements) if (one.disabled) one.disabled = false; }
  });
})();
