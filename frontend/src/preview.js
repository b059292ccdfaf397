// The preview beside the text: shows what was chosen, comes up to date with every version that is saved (the event
// "desk:version" on the document), and says how large the mail is. Without it its links open in the frame.
const pane = document.getElementById("preview-pane");
const links = pane ? [...pane.querySelectorAll("[data-look]")] : [];
const frames = pane?.querySelector(".frames");
const size = document.getElementById("mail-size");
let chosen = links[0];
let version = 0;

function press() {
  for (const link of links) {
    link.setAttribute("role", "button");
    link.setAttribute("aria-pressed", String(link === chosen));
  }
}

// The next picture comes up behind the one that stands, so that nothing flickers while one writes.
function show() {
  frames.querySelector(".coming")?.remove();
  const next = document.createElement("iframe");
  const url = new URL(chosen.href);
  if (version) url.searchParams.set("version", version);
  next.title = frames.querySelector("iframe").title;
  next.className = `seen ${chosen.dataset.look || "desktop"} coming`;
  next.src = url.href;
  next.addEventListener("load", () => {
    if (!next.isConnected) return;
    for (const old of frames.querySelectorAll("iframe")) if (old !== next) old.remove();
    next.classList.remove("coming");
    next.id = "preview";
    next.name = "preview";
  });
  frames.append(next);
}

async function weigh() {
  const answer = await fetch(pane.dataset.size, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) return;
  const told = await answer.json();
  size.textContent = told.said;
  size.classList.toggle("over", told.clipped);
}

if (pane) {
  press();
  weigh();
  for (const link of links) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      chosen = link;
      press();
      show();
    });
    link.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); link.click(); } });
  }
  document.addEventListener("desk:version", (event) => {
    version = event.detail;
    show();
    weigh();
  });
}
