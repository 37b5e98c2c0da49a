// Faces to mark as less or more; a second press takes a mark away.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const marks = parentElement.querySelector(".marks");
  const seeds = JSON.stringify(data.faces.map((face) => face.url));
  if (marks.shown !== seeds) {
    marks.shown = seeds;
    marks.replaceChildren(...data.faces.map((face) => {
      const card = document.createElement("figure");
      card.setAttribute("role", "listitem");
      card.innerHTML = `<img alt="" loading="lazy"><div><button type="button" class="mark">less</button><button type="button" class="mark">more</button></div>`;
      card.firstChild.src = face.url;
      card.firstChild.alt = face.label;
      for (const press of card.querySelectorAll("button")) {
        press.setAttribute("aria-label", `${face.label}: ${press.textContent}`);
        press.onclick = () => marks.tell({ seed: face.seed, said: press.getAttribute("aria-pressed") === "true" ? "" : press.textContent });
      }
      card.seed = face.seed;
      return card;
    }));
  }
  marks.tell = (value) => { data.said[value.seed] = value.said; paint(); setTriggerValue("marked", value); };
  const paint = () => {
    for (const card of marks.children) {
      const said = data.said[card.seed] ?? "";
      card.dataset.said = said;
      for (const press of card.querySelectorAll("button")) press.setAttribute("aria-pressed", String(press.textContent === said));
    }
  };
  paint();
}
