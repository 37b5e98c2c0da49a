// The bench: a picture, the sliders that move it, what the judge reads, and other faces under the same edit. While a slider is
// dragged the picture is asked for directly, so nothing waits for a rerun of the page; on release the page is told.
const TOLD = 250;
const IDLE = "Move a slider: here stands what changed, what came along, and whether it is the same person.";
const LARGEST = 25 << 20;

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".bench");
  const bench = root.bench ?? (root.bench = build(root));
  bench.tell = setTriggerValue;
  bench.show(data);
  return () => bench.rest();
}

function build(root) {
  const find = (name) => root.querySelector(`.${name}`);
  const [stage, after, before, handle, board, beside] = ["stage", "after", "before", "handle", "board", "beside"].map(find);
  const place = divider(stage);
  const figures = reader(find("figures"));
  const bench = { data: null, values: {}, told: "", timer: 0, tell: () => {} };
  const asking = asker({
    paint: async (url) => { await swap(after, url); root.dataset.painted = String(Number(root.dataset.painted ?? 0) + 1); },
    settle,
    busy: (on) => { find("busy").hidden = !on; },
    fail: (text) => { find("says").textContent = text; },
  });

  function address(route, query) {
    const edit = Object.entries(bench.values).filter(([, v]) => v !== 0).map(([k, v]) => `${k}:${v}`).join(",");
    return `${route}?${new URLSearchParams({ ...query, edit })}`;
  }

  function ask() { asking.ask(address("/picture", bench.data.query)); }

  async function settle() {
    const edited = bench.data.styles || Object.values(bench.values).some((v) => v !== 0);
    for (const card of beside.children) {
      if (!asking.quiet) return;
      const url = address("/picture", card.query);
      if (card.shown !== url) { card.shown = url; card.querySelector("img").src = url; await card.querySelector("img").decode().catch(() => {}); }
    }
    if (!edited) figures.clear(IDLE);
    else if (asking.quiet) figures.read(address("/reading", bench.data.query));
  }

  function release() {
    clearTimeout(bench.timer);
    bench.timer = setTimeout(() => {
      bench.told = JSON.stringify(cleaned(bench.values));
      bench.tell("strengths", { ...bench.values });
    }, TOLD);
  }

  function cards(others) {
    beside.replaceChildren(...others.map((one) => {
      const card = document.createElement("figure");
      card.setAttribute("role", "listitem");
      card.query = one.query;
      card.innerHTML = `<button type="button" class="open"><img alt=""></button><figcaption></figcaption>`;
      card.querySelector("img").alt = `${one.label} under the same edit`;
      card.querySelector(".open").title = `work on ${one.label}`;
      card.querySelector(".open").onclick = () => bench.tell("opened", one.face);
      card.querySelector("figcaption").append(one.label, button("×", `take ${one.label} away`, () => bench.tell("away", one.face)));
      return card;
    }));
  }

  function once(name, value, make) {
    const text = JSON.stringify(value);
    if (bench[name] !== text) { bench[name] = text; make(value); }
  }

  bench.show = (data) => {
    bench.data = data;
    once("groups", data.groups, (groups) => {
      lay(board, groups, (name, value) => { bench.values[name] = value; ask(); }, release);
      bench.key = null;
    });
    once("others", data.others, cards);
    after.alt = data.alt;
    if (before.getAttribute("src") !== data.before) before.src = data.before;
    before.alt = data.tags[0];
    [find("tag-before").textContent, find("tag-after").textContent] = data.tags;
    before.hidden = handle.hidden = false;
    const key = JSON.stringify([data.query, cleaned(data.strengths), data.others]);
    if (key === bench.key) return;
    bench.key = key;
    const own = JSON.stringify(cleaned(data.strengths)) === bench.told;
    bench.told = "";
    if (!own) {
      bench.values = { ...data.strengths };
      for (const line of board.querySelectorAll(".row")) line.paint(bench.values[line.dataset.name] ?? 0);
    }
    ask();
  };
  bench.rest = () => { clearTimeout(bench.timer); asking.rest(); };
  landing(stage, (name, content) => bench.tell("dropped", { name, content }), (text) => { find("says").textContent = text; });
  after.src = EMPTY;
  place(0);
  figures.clear(IDLE);
  return bench;
}

function cleaned(values) {
  return Object.entries(values).filter(([, v]) => v !== 0).sort();
}

// A file that is dropped on the picture goes to the page, which knows what it is.
function landing(stage, give, refuse) {
  const light = (on) => (event) => { event.preventDefault(); stage.classList.toggle("under", on); };
  stage.addEventListener("dragover", light(true));
  stage.addEventListener("dragleave", light(false));
  stage.addEventListener("drop", (event) => {
    light(false)(event);
    const file = event.dataTransfer?.files?.[0];
    if (!file) return;
    if (file.size > LARGEST) { refuse(`The file has ${Math.round(file.size / (1 << 20))} MB; at most 25 can be opened here.`); return; }
    const reading = new FileReader();
    reading.onload = () => give(file.name, String(reading.result).split(",")[1] ?? "");
    reading.readAsDataURL(file);
  });
}
