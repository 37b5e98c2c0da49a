// A divider over two pictures that lie one on the other: moved by the pointer and by the arrow keys.
function divider(stage) {
  const veil = stage.querySelector(".veil");
  const handle = stage.querySelector(".handle");
  let at = 0;
  const place = (share) => {
    at = Math.min(1, Math.max(0, share));
    veil.style.clipPath = `inset(0 ${100 - at * 100}% 0 0)`;
    handle.style.left = `clamp(16px, ${at * 100}%, calc(100% - 16px))`;
    stage.classList.toggle("split", at > 0.02 && at < 0.98);
    handle.setAttribute("aria-valuenow", String(Math.round(at * 100)));
  };
  handle.onpointerdown = (event) => { handle.setPointerCapture(event.pointerId); event.preventDefault(); handle.focus(); };
  handle.onpointermove = (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const box = stage.getBoundingClientRect();
    place((event.clientX - box.left) / box.width);
  };
  handle.onkeydown = (event) => {
    const step = { ArrowLeft: -0.05, ArrowRight: 0.05, Home: -1, End: 1 }[event.key];
    if (step !== undefined) { place(at + step); event.preventDefault(); }
  };
  return place;
}

