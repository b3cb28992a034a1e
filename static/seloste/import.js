// A file that is too large is refused before it is sent; the server refuses it as well.
"use strict";

(() => {
  const form = document.getElementById("import-upload");
  const input = form && form.querySelector("input[type=file]");
  if (!input) return;
  // Unfold would write the name of the file, which may name a person, into the title.
  input.hasChangeListener = true;
  const said = document.createElement("p");
  said.className = "sel-error";
  said.setAttribute("role", "alert");
  input.after(said);
  const isTooLarge = () => {
    const file = input.files[0];
    const tooLarge = Boolean(file) && file.size > Number(form.dataset.maxBytes);
    said.textContent = tooLarge ? form.dataset.tooLarge : "";
    return tooLarge;
  };
  input.addEventListener("change", isTooLarge);
  form.addEventListener("submit", (event) => {
    if (isTooLarge()) event.preventDefault();
  });
})();
