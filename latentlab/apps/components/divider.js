// Two pictures, one over the other, for comparing them.
export default function (component) {
  const { data, parentElement } = component;
  const stage = parentElement.querySelector(".stage");
  for (const name of ["after", "before"]) {
    const image = stage.querySelector(`.${name}`);
    if (image.getAttribute("src") !== data[name]) image.src = data[name];
    image.alt = data[`${name}_alt`];
    stage.querySelector(`.tag-${name}`).textContent = data[`${name}_alt`];
  }
  stage.style.maxWidth = data.wide ?? "760px";
  stage.style.setProperty("--ratio", String(data.ratio ?? 1));
  if (stage.place === undefined) { stage.place = divider(stage); stage.place(0.5); }
}
