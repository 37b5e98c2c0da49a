// The face of the point under the pointer, beside it; listens to the plot that stands before this component on the page.
export default function (component) {
  const { data, parentElement } = component;
  const card = parentElement.querySelector("img");
  let bound = null;
  const bind = () => {
    const plot = document.querySelector(".js-plotly-plot");
    if (!plot || plot === bound || typeof plot.on !== "function") return;
    bound = plot;
    plot.on("plotly_hover", (event) => {
      const point = event.points[0];
      const query = new URLSearchParams({ desk: data.desk, face: `seed:${point.customdata}`, psi: "1", side: "160" });
      card.src = `${data.route}?${query}`;
      card.alt = `the face of seed ${point.customdata}`;
      card.style.left = `${event.event.clientX + 18}px`;
      card.style.top = `${event.event.clientY + 18}px`;
      card.hidden = false;
    });
    plot.on("plotly_unhover", () => { card.hidden = true; });
  };
  const timer = setInterval(bind, 500);
  bind();
  return () => clearInterval(timer);
}
