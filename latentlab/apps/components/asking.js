// Pictures of the bench: one request under way, and the newest wish next; when the picture rests, what can wait is asked for.
const EMPTY = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
const REST = 160;

function asker({ paint, settle, busy, fail }) {
  let wanted = null, flying = false, timer = 0;

  async function next() {
    if (flying || wanted === null) return;
    const url = wanted;
    wanted = null;
    flying = true;
    busy(true);
    try {
      const answer = await fetch(url, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(await answer.text());
      await paint(URL.createObjectURL(await answer.blob()));
      fail("");
    } catch (error) {
      fail(error instanceof TypeError ? "The app does not answer; is it still running?" : String(error.message ?? error).slice(0, 300));
    } finally {
      flying = false;
      busy(false);
      next();
      clearTimeout(timer);
      timer = setTimeout(() => { if (!flying) settle(); }, REST);
    }
  }

  return {
    ask(url) { wanted = url; clearTimeout(timer); next(); },
    get quiet() { return !flying && wanted === null; },
    rest() { clearTimeout(timer); },
  };
}

function swap(image, url) {
  const old = image.src;
  return new Promise((done) => { image.onload = image.onerror = done; image.src = url; })
    .finally(() => { if (old.startsWith("blob:")) URL.revokeObjectURL(old); });
}

