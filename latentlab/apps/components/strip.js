// A row of small pictures, each a way back to what it shows.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const strip = parentElement.querySelector(".strip");
  strip.setAttribute("aria-label", data.label);
  const text = JSON.stringify(data.shots);
  if (strip.shown === text) return;
  strip.shown = text;
  strip.replaceChildren(...data.shots.map((shot) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "shot";
    made.title = shot.label;
    made.innerHTML = `<img alt="" loading="lazy">`;
    made.firstChild.src = shot.url;
    made.firstChild.alt = shot.label;
    if (shot.current) made.setAttribute("aria-current", "true");
    made.onclick = () => setTriggerValue("chosen", shot.place);
    return made;
  }));
  const now = strip.querySelector("[aria-current]");
  if (now) strip.scrollLeft = now.offsetLeft - strip.clientWidth / 2;
}
