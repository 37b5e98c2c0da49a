// What the judge reads: a sentence, and a bar for each attribute that came along; the place is kept while it is read.
function reader(root) {
  const sentence = root.querySelector(".sentence");
  const bars = root.querySelector(".bars");
  let turn = 0;

  function bar(row, widest) {
    const line = document.createElement("div");
    line.className = "bar";
    line.setAttribute("role", "listitem");
    line.innerHTML = `<span class="what"></span><span class="lane"><i></i></span><span class="much"></span>`;
    const [what, lane, much] = line.children;
    what.textContent = row.label;
    much.textContent = row.written;
    const share = Math.min(Math.abs(row.sd) / widest, 1) * 50;
    Object.assign(lane.firstChild.style, { width: `${share}%`, left: row.sd < 0 ? `${50 - share}%` : "50%" });
    line.title = `${row.label} ${row.written}, ${row.sd.toFixed(2)} standard deviations of the network's samples`;
    return line;
  }

  return {
    async read(url) {
      const mine = ++turn;
      root.classList.add("reading");
      if (!bars.children.length) sentence.textContent = "reading the face …";
      try {
        const answer = await fetch(url, { credentials: "same-origin" });
        if (mine !== turn) return;
        if (!answer.ok) { sentence.textContent = await answer.text(); return; }
        const found = await answer.json();
        sentence.textContent = found.sentence;
        root.classList.remove("idle");
        bars.replaceChildren(...found.rows.map((row) => bar(row, 2)));
      } finally {
        if (mine === turn) root.classList.remove("reading");
      }
    },
    clear(text) { turn += 1; root.classList.remove("reading"); root.classList.add("idle"); sentence.textContent = text; bars.replaceChildren(); },
  };
}

