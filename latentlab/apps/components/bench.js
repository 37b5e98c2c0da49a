// The bench: a picture and the sliders that move it. While a slider is dragged the picture is asked for directly, with one
// request under way and the newest wish next, so nothing waits for a rerun of the page; on release the page is told.
const EMPTY = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".bench");
  const bench = root.bench ?? (root.bench = build(root));
  bench.tell = (name, value) => setStateValue(name, value);
  bench.show(data);
  return () => bench.rest();
}

function build(root) {
  const stage = root.querySelector(".stage");
  const after = root.querySelector(".after");
  const before = root.querySelector(".before");
  const handle = root.querySelector(".handle");
  const place = divider(stage);
  const busy = root.querySelector(".busy");
  const says = root.querySelector(".says");
  const board = root.querySelector(".board");
  const bench = { data: null, values: {}, wanted: null, flying: false, timer: 0, tell: () => {} };

  function address(values) {
    const edit = Object.entries(values).filter(([, v]) => v !== 0).map(([k, v]) => `${k}:${v}`).join(",");
    const query = new URLSearchParams({ ...bench.data.query, edit });
    return `${bench.data.route}?${query}`;
  }

  async function fetchNewest() {
    if (bench.flying || bench.wanted === null) return;
    const url = bench.wanted;
    bench.wanted = null;
    bench.flying = true;
    busy.hidden = false;
    try {
      const answer = await fetch(url, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(await answer.text());
      const picture = URL.createObjectURL(await answer.blob());
      const old = after.src;
      await new Promise((done) => { after.onload = after.onerror = done; after.src = picture; });
      if (old.startsWith("blob:")) URL.revokeObjectURL(old);
      root.dataset.painted = String(Number(root.dataset.painted ?? 0) + 1);
      says.textContent = "";
    } catch (error) {
      says.textContent = String(error.message ?? error).slice(0, 300);
    } finally {
      bench.flying = false;
      busy.hidden = true;
      fetchNewest();
    }
  }

  function ask() {
    bench.wanted = address(bench.values);
    fetchNewest();
  }

  function release() {
    clearTimeout(bench.timer);
    bench.timer = setTimeout(() => bench.tell("strengths", { ...bench.values }), 250);
  }

  function written(slider, value) {
    const amount = slider.per_step * value;
    const digits = Math.abs(slider.per_step) < 1 ? 2 : 0;
    return `${amount > 0 ? "+" : amount < 0 ? "−" : ""}${Math.abs(amount).toFixed(digits)} ${slider.unit}`.trim();
  }

  function row(slider) {
    const line = document.createElement("div");
    line.className = "row";
    line.innerHTML = `<label></label><input type="range"><output></output><button type="button" class="reset">↺</button>`;
    const [label, input, output, reset] = line.children;
    input.id = `slider-${slider.name}`;
    label.htmlFor = input.id;
    label.textContent = slider.label;
    label.title = slider.help ?? "";
    Object.assign(input, { min: slider.low, max: slider.high, step: slider.step });
    reset.setAttribute("aria-label", `reset ${slider.label}`);
    reset.title = `reset ${slider.label}`;
    const paint = (value) => {
      input.value = value;
      output.textContent = written(slider, value);
      input.setAttribute("aria-valuetext", output.textContent);
      line.classList.toggle("moved", value !== 0);
    };
    const move = (value) => { bench.values[slider.name] = value; paint(value); ask(); };
    input.addEventListener("input", () => move(Number(input.value)));
    input.addEventListener("change", release);
    input.addEventListener("dblclick", () => { move(0); release(); });
    reset.addEventListener("click", () => { move(0); release(); });
    line.paint = paint;
    line.dataset.name = slider.name;
    return line;
  }

  function lay(groups) {
    board.replaceChildren();
    for (const group of groups) {
      const part = document.createElement("details");
      part.open = group.open;
      const title = document.createElement("summary");
      title.textContent = group.title;
      part.append(title, ...group.sliders.map(row));
      board.append(part);
    }
  }

  bench.show = (data) => {
    const groups = JSON.stringify(data.groups);
    if (groups !== bench.groups) { lay(data.groups); bench.groups = groups; }
    const key = JSON.stringify([data.query, data.strengths]);
    const fresh = key !== bench.key;
    bench.data = data;
    after.alt = data.alt;
    if (data.before && before.getAttribute("src") !== data.before) before.src = data.before;
    before.hidden = handle.hidden = !data.before;
    if (!data.before) place(0);
    if (fresh) {
      bench.key = key;
      bench.values = { ...data.strengths };
      for (const line of board.querySelectorAll(".row")) line.paint(bench.values[line.dataset.name] ?? 0);
      ask();
    }
  };
  bench.rest = () => { clearTimeout(bench.timer); };
  after.src = EMPTY;
  place(0);
  return bench;
}
