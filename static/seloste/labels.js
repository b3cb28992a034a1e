// What Unfold's scroll bars tell those who listen to a page, in the page's language.
document.addEventListener("DOMContentLoaded", () => {
  const label = document.querySelector("meta[name='seloste-scrollable']");
  if (label && window.SimpleBar) {
    window.SimpleBar.defaultOptions.ariaLabel = label.content;
  }
});
