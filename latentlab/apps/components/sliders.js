// The board: a slider for every direction, filled from nothing to its strength, in groups that can be reset.
function written(slider, value) {
  const amount = slider.per_step * value;
  const digits = slider.unit && Math.abs(slider.per_step) >= 1 ? 0 : 2;
  const number = Math.abs(amount).toFixed(digits);
  const sign = Number(number) === 0 ? "" : amount > 0 ? "+" : "−";
  return `${sign}${number}${slider.unit}`;
}

function button(text, says, press) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "reset", textContent: text, title: says, onclick: press });
  made.setAttribute("aria-label", says);
  return made;
}

function row(slider, move, release) {
  const line = document.createElement("div");
  line.className = "row";
  line.innerHTML = `<label></label><span class="range"><input type="range"></span><output></output>`;
  const [label, range, output] = line.children;
  const input = range.firstChild;
  const share = (value) => (value - slider.low) / (slider.high - slider.low || 1);
  input.id = `slider-${slider.name}`;
  label.htmlFor = input.id;
  label.textContent = slider.label;
  label.title = slider.help ?? "";
  Object.assign(input, { min: slider.low, max: slider.high, step: slider.step });
  range.style.setProperty("--zero", share(0));
  line.paint = (value) => {
    input.value = value;
    output.textContent = written(slider, value);
    input.setAttribute("aria-valuetext", output.textContent);
    const ends = [share(0), share(Math.min(Math.max(value, slider.low), slider.high))].sort((a, b) => a - b);
    range.style.setProperty("--from", ends[0]);
    range.style.setProperty("--to", ends[1]);
    line.classList.toggle("moved", value !== 0);
  };
  line.clear = () => { move(slider.name, 0); line.paint(0); };
  input.addEventListener("input", () => { const value = Number(input.value); move(slider.name, value); line.paint(value); });
  input.addEventListener("change", release);
  input.addEventListener("dblclick", () => { line.clear(); release(); });
  line.append(button("↺", `reset ${slider.label}`, () => { line.clear(); release(); input.focus(); }));
  line.dataset.name = slider.name;
  return line;
}

function lay(board, groups, move, release) {
  const open = Object.fromEntries([...board.querySelectorAll("details")].map((part) => [part.dataset.title, part.open]));
  board.replaceChildren(...groups.map((group) => {
    const part = document.createElement("details");
    part.open = open[group.title] ?? group.open;
    part.dataset.title = group.title;
    const title = document.createElement("summary");
    const name = document.createElement("span");
    name.textContent = group.title;
    const rows = group.sliders.map((slider) => row(slider, move, release));
    const clear = button("↺", `reset ${group.title}`, (event) => {
      event.preventDefault();
      rows.filter((line) => line.classList.contains("moved")).forEach((line) => line.clear());
      release();
    });
    title.append(name, clear);
    part.append(title, ...rows);
    return part;
  }));
}

