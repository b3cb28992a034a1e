// The search box of every page: / or Ctrl-K leads there, arrows choose, Enter opens.
"use strict";

(() => {
  const box = () => document.querySelector("#find-box");
  const list = () => document.querySelector("#find-results");
  const options = () => [...list().querySelectorAll("[role=option]")];
  const chosen = () => list().querySelector("[aria-selected=true]");

  const show = (isOpen) => {
    list().hidden = !isOpen;
    box().setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) choose(null);
  };

  const choose = (option) => {
    chosen()?.setAttribute("aria-selected", "false");
    if (option) {
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      box().setAttribute("aria-activedescendant", option.id);
    } else {
      box().removeAttribute("aria-activedescendant");
    }
  };

  const step = (by) => {
    const all = options();
    if (!all.length) return;
    const at = all.indexOf(chosen());
    choose(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length]);
  };

  const forget = () => {
    list().replaceChildren();
    show(false);
  };

  const isTyping = (target) => target.closest("input, textarea, select, [contenteditable=true]");

  document.addEventListener("keydown", (event) => {
    if (!box()) return;
    const isShortcut = (event.key === "/" && !isTyping(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey)
      || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey);
    if (isShortcut) {
      event.preventDefault();
      box().focus();
      box().select();
      return;
    }
    if (event.target !== box()) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list().hidden && options().length) show(true);
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && chosen()) {
      event.preventDefault();
      chosen().click();
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (!list().hidden) show(false);
      else if (box().value) box().value = "";
      else box().blur();
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    if (!box()) return;
    box().addEventListener("input", () => { if (!box().value.trim()) forget(); });
    box().addEventListener("focus", () => { if (list().childElementCount) show(true); });
    // An answer to words that are no longer there says nothing.
    list().addEventListener("htmx:beforeSwap", (event) => {
      if (!box().value.trim() || event.detail.xhr.status >= 400) event.detail.shouldSwap = false;
    });
    list().addEventListener("htmx:afterSwap", () => show(document.activeElement === box()));
    document.addEventListener("click", (event) => {
      if (!event.target.closest("#find")) show(false);
    });
    box().form.addEventListener("focusout", (event) => {
      if (!event.relatedTarget?.closest?.("#find")) setTimeout(() => {
        if (!document.activeElement.closest("#find")) show(false);
      });
    });
  });

  // Names must not come back from the memory of the browser after a log-out.
  window.addEventListener("pagehide", () => {
    if (box()) { box().value = ""; forget(); }
  });
})();
