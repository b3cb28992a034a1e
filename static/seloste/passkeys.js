// Tells what went wrong with a passkey: allauth only writes it into the console.
document.addEventListener("allauth.error", (event) => {
  const told = document.getElementById("sel-passkey-trouble");
  if (!told) return;
  event.preventDefault();
  const byName = event.detail?.exception?.name === "SecurityError";
  told.textContent = byName ? told.dataset.address : told.dataset.other;
  told.hidden = false;
});
