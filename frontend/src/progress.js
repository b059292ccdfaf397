// Follows a sending: takes what the server says each second and shows it. Survives lost connections and restarts.
const LATER = [1000, 2000, 5000, 10000];

class SendingProgress extends HTMLElement {
  #source;
  #lost = 0;
  #timer;

  connectedCallback() {
    this.#open();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  #open() {
    this.#source = new EventSource(this.dataset.events);
    this.#source.addEventListener("progress", (event) => {
      this.#lost = 0;
      this.#text("connection", "");
      this.#show(JSON.parse(event.data));
    });
    this.#source.addEventListener("end", () => this.#source.close());
    this.#source.addEventListener("error", () => {
      this.#text("connection", this.dataset.lost);
      // A browser comes back by itself after a lost line; after an answer that was none (a restart) it gives up.
      if (this.#source.readyState === EventSource.CLOSED) {
        this.#timer = setTimeout(() => this.#open(), LATER[Math.min(this.#lost++, LATER.length - 1)]);
      }
    });
  }

  #show(seen) {
    if (seen.state !== this.dataset.state) {
      location.reload(); // other buttons, other words
      return;
    }
    const bar = this.querySelector("progress");
    bar.max = seen.max || 1;
    bar.value = seen.value;
    for (const place of this.querySelectorAll("[data-shows]")) {
      const value = place.dataset.shows.split(".").reduce((within, name) => within?.[name], seen);
      if (typeof value === "string" && place.textContent !== value) place.textContent = value;
    }
    this.#destinations(seen.destinations);
  }

  #destinations(rows) {
    const body = this.querySelector("[data-shows=destinations]");
    body.closest(".table-frame").hidden = rows.length === 0;
    body.replaceChildren(
      ...rows.map((row) => {
        const line = document.createElement("tr");
        row.forEach((text, place) => {
          const cell = document.createElement(place ? "td" : "th");
          if (!place) cell.scope = "row";
          if (place && place < 5) cell.className = "number";
          cell.textContent = text;
          line.append(cell);
        });
        return line;
      }),
    );
  }

  #text(name, text) {
    const place = this.querySelector(`[data-shows=${name}]`);
    if (place.textContent !== text) place.textContent = text;
  }
}

customElements.define("sending-progress", SendingProgress);
