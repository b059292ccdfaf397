// What every page of the desk brings: htmx, and the small elements that make forms quicker. Nothing needs it.
import "htmx.org/dist/htmx.esm.js";
import "./parts/drop-area.js";

document.documentElement.classList.add("htmx-on");
