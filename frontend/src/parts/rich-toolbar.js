// The toolbar of a rich field: one stop for Tab, arrows within (WAI-ARIA toolbar pattern), words from the page's template.

export class Toolbar {
  // *act* is told the name of the button that was pressed.
  constructor(field, { lineOnly, controls, act }) {
    this.dom = document.getElementById("rich-toolbar").content.firstElementChild.cloneNode(true);
    this.dom.setAttribute("aria-controls", controls);
    if (lineOnly) this.dom.querySelectorAll("[data-blocks]").forEach((one) => one.remove());
    if (!document.getElementById("comment-text")) this.button("comment")?.remove();
    if (!field.dataset.pictures) this.button("figure")?.remove();
    this.dom.addEventListener("mousedown", (event) => { if (event.target.closest("button")) event.preventDefault(); });
    this.dom.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button && button.getAttribute("aria-disabled") !== "true") act(button.dataset.deed);
    });
    this.dom.addEventListener("keydown", (event) => this.move(event));
    this.dom.addEventListener("focusin", (event) => this.settle(event.target));
    this.settle(this.buttons[0]);
  }

  get buttons() {
    return [...this.dom.querySelectorAll("button")].filter((one) => !one.closest("[hidden]"));
  }

  button(name) {
    return this.dom.querySelector(`[data-deed="${name}"]`);
  }

  settle(here) {
    for (const one of this.dom.querySelectorAll("button")) one.tabIndex = one === here ? 0 : -1;
  }

  focus() {
    (this.buttons.find((one) => one.tabIndex === 0) ?? this.buttons[0]).focus();
  }

  move(event) {
    const { buttons } = this;
    const at = buttons.indexOf(event.target);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    buttons[(to + buttons.length) % buttons.length].focus();
  }

  // *state* by button: whether it is on (undefined: it has no such thing) and whether it can be pressed.
  show(stateOf, { inTable, markdown }) {
    for (const group of this.dom.querySelectorAll("[data-in-table]")) group.hidden = !inTable || markdown;
    for (const button of this.dom.querySelectorAll("button")) {
      const { on, able } = stateOf(button.dataset.deed);
      if (on === undefined) button.removeAttribute("aria-pressed");
      else button.setAttribute("aria-pressed", String(on));
      button.setAttribute("aria-disabled", String(!able));
    }
    if (!this.buttons.some((one) => one.tabIndex === 0)) this.settle(this.buttons[0]);
  }
}
