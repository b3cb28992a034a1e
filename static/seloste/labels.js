// What Unfold leaves out for those who listen to a page or use it without a mouse.
"use strict";

(() => {
  // Controls that show nothing but an icon, and the words for them.
  const NAMELESS = {
    "a[href='/admin/']:has(> .material-symbols-outlined:only-child)": "home",
    "[x-on\\:click*='sidebarDesktopOpen'], [x-on\\:click*='sidebarMobileOpen']": "menu",
    "#searchbar-submit": "search",
    "[x-on\\:click*='showActions ='], [x-on\\:click*='openRelatedWidgetWrapper =']": "more",
    "a[id^='calendarlink']": "calendar",
    "[x-on\\:click='openTheme = !openTheme']": "theme",
  };
  // Buttons made of elements that no key reaches.
  const FAKE = "[x-on\\:click]:not(button, input, select, textarea, a[href], #changelist-filter-close)";

  const word = (name) => document.querySelector(`meta[name='seloste-${name}']`)?.content;

  const nameControls = () => {
    for (const [selector, name] of Object.entries(NAMELESS)) {
      for (const control of document.querySelectorAll(selector)) {
        if (word(name)) control.setAttribute("aria-label", word(name));
      }
    }
    // The label of a date with a time is tied to neither of its two inputs.
    for (const input of document.querySelectorAll(":is(.vDateField, .vTimeField):not([aria-label])")) {
      const label = input.closest(":has(label)")?.querySelector("label");
      if (label && !input.labels.length) {
        input.setAttribute("aria-label", label.textContent.replace("*", "").trim());
      }
    }
    // In a table of rows to fill in, the name of a field stands above its column alone.
    for (const input of document.querySelectorAll(".field-tabular[data-label] :is(input:not([type=hidden]), select, textarea):not([aria-label])")) {
      if (!input.labels.length) {
        input.setAttribute("aria-label", input.closest("[data-label]").dataset.label);
      }
    }
    // A field that completes what is typed calls itself by what was chosen, at first nothing.
    for (const box of document.querySelectorAll(".select2-container")) {
      const label = box.previousElementSibling?.labels?.[0];
      const shown = box.querySelector("[role=textbox]");
      if (!label || !shown) continue;
      label.id ||= `label-of-${shown.id}`;
      shown.setAttribute("aria-labelledby", label.id);
      box.querySelector("[role=combobox]")?.setAttribute("aria-labelledby", `${label.id} ${shown.id}`);
    }
    // The words of an icon font are the names of its pictures.
    for (const icon of document.querySelectorAll(".material-symbols-outlined:not([x-on\\:click])")) {
      icon.setAttribute("aria-hidden", "true");
    }
  };

  const makeButtons = () => {
    for (const fake of document.querySelectorAll(FAKE)) {
      fake.setAttribute("role", "button");
      fake.tabIndex = 0;
    }
  };

  // On a telephone each cell of a list bears the name of its column.
  const nameCells = () => {
    const heading = document.querySelector("#result_list th:first-child .text > :is(a, span)");
    if (heading) {
      for (const cell of document.querySelectorAll("#result_list .data-row > :first-child")) {
        cell.dataset.label = heading.textContent.trim();
      }
    }
    for (const cell of document.querySelectorAll("[data-label]")) {
      const label = cell.dataset.label;
      cell.dataset.label = label.charAt(0).toLocaleUpperCase() + label.slice(1);
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    if (window.SimpleBar && word("scrollable")) {
      window.SimpleBar.defaultOptions.ariaLabel = word("scrollable");
    }
    nameControls();
    makeButtons();
    nameCells();
  });

  // Django's calendars are added when all has been loaded.
  window.addEventListener("load", () => setTimeout(nameControls));

  // Fields that complete what is typed are made by the same event.
  document.addEventListener("formset:added", () => setTimeout(nameControls));

  document.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && event.target.matches(FAKE)) {
      event.preventDefault();
      event.target.click();
    }
  });

  // The filters stand after the list; whoever opens them wants to be there.
  document.addEventListener("click", (event) => {
    if (event.target.closest("[x-on\\:click='filterOpen = true']")) {
      setTimeout(() => {
        document.querySelector("#changelist-filter :is(a[href], button, input:not([type=hidden]), select)")?.focus();
      });
    }
  });
})();
