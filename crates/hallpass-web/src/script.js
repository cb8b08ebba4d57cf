// Optional buttons of the default pages. Each page works without this script. The labels of the
// buttons are in data-hp-* attributes.
"use strict";

function button(label) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "hp-touch";
  made.textContent = label;
  return made;
}

// Shows and hides a password. The password is hidden again before the form is submitted, because
// password managers look for a field of the type "password".
for (const field of document.querySelectorAll("input[data-hp-show]")) {
  const { hpShow, hpHide } = field.dataset;
  const toggle = button(hpShow);
  const turn = (shown) => {
    field.type = shown ? "text" : "password";
    toggle.textContent = shown ? hpHide : hpShow;
    toggle.setAttribute("aria-label", `${toggle.textContent}: ${field.labels[0].textContent}`);
  };
  turn(false);
  toggle.addEventListener("click", () => turn(field.type === "password"));
  field.form.addEventListener("submit", () => turn(false));
  field.after(toggle);
}

// Copies the key, or the recovery codes with one code per line, and prints the recovery codes.
for (const secret of document.querySelectorAll("[data-hp-copy]")) {
  const { hpCopy, hpCopied, hpPrint } = secret.dataset;
  const lines = [...secret.querySelectorAll("li")];
  const text = lines.length ? lines.map((line) => line.textContent.trim()).join("\n") : secret.textContent.trim();
  const row = document.createElement("p");
  row.className = "hp-touches";
  if (navigator.clipboard) {
    const copy = button(hpCopy);
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text);
      copy.textContent = hpCopied;
      setTimeout(() => (copy.textContent = hpCopy), 2500);
    });
    row.append(copy);
  }
  if (hpPrint) {
    const print = button(hpPrint);
    print.addEventListener("click", () => window.print());
    row.append(print);
  }
  secret.after(row);
}
