// The line to the class server: a stream of events that is opened anew when it falls silent, and one call for the whole state.
/** @typedef {import("./wire.d.ts").State} State */
/** @typedef {import("./wire.d.ts").ScreenState} ScreenState */
/** @typedef {import("./wire.d.ts").Kept} Kept */
/** @typedef {import("./wire.d.ts").Mine} Mine */

{
  const SILENT_MS = 40_000; // the server is heard each 15 s; after this long it is gone, whatever the browser believes
  const LOOK_MS = 5_000;
  const SOON_MS = 1_000; // a new try comes after this long, then after twice as long, and so on up to
  const LATE_MS = 15_000;
  const HURRY_MS = 1_000; // what wakes a page comes as several events at once

  /** Waits before try number `tries`, spread so that a hall does not come back in one instant. */
  const pause = (tries) => Math.min(LATE_MS, SOON_MS * 2 ** tries) * (0.5 + Math.random());

  const read = async (answer) => {
    try {
      return await answer.json();
    } catch {
      return {};
    }
  };

  /** One call; the status is 0 where no answer came. A page that was told to sleep in mid-call may never hear: so it ends by itself. */
  async function call(method, address, body = undefined) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), LATE_MS);
    try {
      const headers = body === undefined ? {} : { "Content-Type": "application/json" };
      const answer = await fetch(address, { method, headers, body: body && JSON.stringify(body), cache: "no-store", signal: stop.signal });
      return { status: answer.status, ok: answer.ok, told: await read(answer) };
    } catch {
      return { status: 0, ok: false, told: {} };
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Follows a class. `take(state, whole)`: a state has come, whole from `GET state`; `linked(yes)`: whether the server is heard;
   * `refused(problem)`: it does not know who asks, and the line is closed; `over()`: it has ended the class, which may yet go on.
   * `first`: the state, if it is there already. Returns {look, stop}.
   * @param {{ query: string, first?: State, take: (state: State, whole: boolean) => void, linked: (yes: boolean) => void,
   *   refused: (problem: string) => void, over: () => void }} how
   */
  function follow({ query, first, take, linked, refused, over }) {
    /** @type {EventSource} */
    let source = null;
    let [heard, opened, tries, retry, stopped] = [0, 0, 0, undefined, false];

    const hear = () => ([heard, tries] = [Date.now(), 0], linked(true));
    const lost = () => {
      source?.close();
      if (stopped) return;
      heard = Date.now(); // the watchdog waits for what this try brings
      linked(false);
      clearTimeout(retry);
      retry = setTimeout(reopen, pause(tries++));
    };

    function open() {
      clearTimeout(retry);
      source?.close();
      heard = opened = Date.now();
      source = new EventSource(`events${query}`);
      source.addEventListener("open", hear);
      source.addEventListener("beat", hear);
      for (const name of ["state", "screen"]) source.addEventListener(name, ({ data }) => (hear(), take(JSON.parse(data), false)));
      source.addEventListener("over", over);
      source.addEventListener("error", lost); // a proxy's 503 would close it for good, so each try is ours
    }

    async function look() {
      const { ok, status, told } = await call("GET", `state${query}`);
      if (stopped) return;
      if (ok) hear(), take(told, true);
      else if ([401, 403].includes(status)) stop(), refused(told.problem);
    }

    function reopen() {
      if (stopped) return;
      open();
      look();
    }

    const wake = () => document.visibilityState === "visible" && Date.now() - opened > HURRY_MS && reopen();
    const watchdog = setInterval(() => Date.now() - heard > SILENT_MS && lost(), LOOK_MS);
    const offline = () => linked(false);
    const wakers = /** @type {[EventTarget, string, () => void][]} */ ([
      [document, "visibilitychange", wake], [globalThis, "pageshow", wake], [globalThis, "online", wake], [globalThis, "offline", offline],
    ]);
    for (const [target, name, act] of wakers) target.addEventListener(name, act);

    function stop() {
      stopped = true;
      source?.close();
      clearTimeout(retry);
      clearInterval(watchdog);
      for (const [target, name, act] of wakers) target.removeEventListener(name, act);
    }

    open();
    first ? take(first, true) : look();
    return { look, stop };
  }

  Object.assign(parts, { call, follow, pause });
}
