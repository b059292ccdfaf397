// <drop-area> around a form with one file input: files may be dropped anywhere on it. With at-once it is sent as soon
// as they are there; else what was chosen is shown and the button sends it.
class DropArea extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.input = this.querySelector('input[type="file"]');
    this.chosen = this.querySelector(".chosen");
    this.depth = 0;
    this.addEventListener("dragenter", (event) => this.over(event, +1));
    this.addEventListener("dragleave", (event) => this.over(event, -1));
    this.addEventListener("dragover", (event) => event.preventDefault());
    this.addEventListener("drop", (event) => this.drop(event));
    this.input.addEventListener("change", () => this.show());
    this.form.addEventListener("submit", (event) => event.submitter?.formAction === this.form.action && this.busy());
    window.addEventListener("pageshow", () => this.idle());
  }

  over(event, step) {
    event.preventDefault();
    this.depth += step;
    this.classList.toggle("is-over", this.depth > 0);
  }

  drop(event) {
    event.preventDefault();
    this.depth = 0;
    this.classList.remove("is-over");
    if (!event.dataTransfer.files.length) return;
    this.input.files = event.dataTransfer.files;
    this.show();
    if (this.hasAttribute("at-once")) this.form.requestSubmit();
    else this.form.querySelector("button.primary").focus();
  }

  show() {
    this.chosen.replaceChildren(
      ...[...this.input.files].map((file) => Object.assign(document.createElement("li"), { textContent: file.name })),
    );
  }

  busy() {
    const button = this.form.querySelector("button.primary");
    button.dataset.calm ??= button.textContent;
    button.textContent = button.dataset.busy;
    // Not disabled: a disabled button would take its own submission along.
    button.setAttribute("aria-disabled", "true");
  }

  idle() {
    const button = this.form.querySelector("button.primary");
    if (button.dataset.calm) button.textContent = button.dataset.calm;
    button.removeAttribute("aria-disabled");
  }
}

customElements.define("drop-area", DropArea);
