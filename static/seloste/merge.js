// Whichever record stays, its values are proposed, except where somebody chose already;
// and a second click on "Merge" orders nothing more.
"use strict";

(() => {
  const form = document.getElementById("sel-merge");
  if (!form) return;
  const chosen = new Set();
  form.addEventListener("change", (event) => {
    const { name, value } = event.target;
    if (name.startsWith("field-")) chosen.add(name);
    if (name !== "kept") return;
    for (const input of form.querySelectorAll('input[name^="field-"]')) {
      if (!chosen.has(input.name)) input.checked = input.value === value;
    }
  });
  let isSent = false;
  form.addEventListener("submit", (event) => {
    if (isSent) event.preventDefault();
    isSent = true;
  });
  // Back from the next page the form can be sent again; the server refuses what is done.
  window.addEventListener("pageshow", () => { isSent = false; });
})();
